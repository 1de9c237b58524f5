"""Shared expressions: against dialign's own output, against full enumeration, and turn by turn."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convalign.dialogue import Dialogue, Turn, from_record
from convalign.dimensions.lexical import (
    ExpressionStream,
    expression_lexicon,
    incremental_expressions,
    repeats,
    shared_expressions,
)
from convalign.dimensions.lexical.expressions import dialign_tokens, script
from convalign.errors import UsageError

Find = Callable[[str], Path]
WITHIN = 1e-9


def dialogue(*turns: tuple[str, str | None]) -> Dialogue:
    return Dialogue("d", tuple(Turn(speaker, text) for speaker, text in turns))


LAMP = dialogue(
    ("A", "i need a cheap red lamp"), ("B", "a cheap red lamp costs ten"), ("A", "ok a cheap red lamp then")
)


def equal(found: Any, wanted: Any) -> bool:
    if found is None or wanted is None or isinstance(wanted, str):
        return bool(found == wanted)
    return abs(found - wanted) <= WITHIN


def rows(found: Dialogue, **options: Any) -> list[dict[str, Any]]:
    """The lexicon as dialign's table."""
    return [
        {
            "Freq.": e.frequency, "Free Freq.": e.free_frequency, "Size": e.size, "Surface Form": e.form,
            "Establishment turn": e.established, "Spanning": e.spanning, "Priming": e.priming,
            "First Speaker": e.first_speaker, "Turns": ", ".join(map(str, e.turns)),
        }
        for e in expression_lexicon(found, **options)
    ]  # fmt: skip


# ------------------------------------------------------------------ dialign's own numbers


def test_dialign_tiny(shared: Find) -> None:
    cases = json.loads(shared("vectors/lexical/tiny/dialign_tiny.json").read_text())
    assert len(cases) == 9
    for name, case in cases.items():
        one = dialogue(*map(tuple, case["turns"]))
        found = shared_expressions(one, "dialign", lowercase=False)
        assert list(found) == list(case["offline"]), name
        assert all(equal(found[key], value) for key, value in case["offline"].items()), name
        assert rows(one, compat="dialign", lowercase=False) == case["lexicon"], name
        online = incremental_expressions(one, "dialign", lowercase=False)
        for turn, wanted in zip(online, case["online"], strict=True):
            assert turn.repetition == pytest.approx(wanted["der"], abs=WITHIN)
            assert turn.self_repetition == pytest.approx(wanted["dser"], abs=WITHIN)
            assert set(turn.shared) == set((wanted["sharedExpressions"] or "").split(" | ")) - {""}
            new = set((wanted["establishedSharedExpressions"] or "").split(" | ")) - {""}
            assert set(turn.established) == new


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_dialign_readme(shared: Find) -> None:
    folder = shared("vectors/lexical/dialign_readme")
    lines = (folder / "excerpt-alice.tsv").read_text(encoding="utf-8").splitlines()
    one = dialogue(*(tuple(line.split(":\t", 1)) for line in lines if line))  # type: ignore[misc]
    found = shared_expressions(one, "dialign", lowercase=False)
    for name in ("metrics-speaker-independent.tsv", "metrics-speaker-dependent.tsv"):
        for key, value in table(folder / name)[0].items():
            if key != "ID":
                wanted = value if key in ("S1", "S2") else float(value)
                assert equal(found[key], wanted), key
    assert (found["Expression Repetition (ER)"], found["LMAX"]) == (pytest.approx(0.2, abs=WITHIN), 4)
    wanted = [
        {
            key: value if key in ("Surface Form", "First Speaker", "Turns") else int(value)
            for key, value in r.items()
        }
        for r in table(folder / "excerpt-alice_tsv-lexicon.tsv")
    ]
    assert rows(one, compat="dialign", lowercase=False) == wanted
    for speaker, letter in (("Agent", "A"), ("Human", "B")):
        selfs = expression_lexicon(one, "dialign", lowercase=False, speaker=speaker)
        wanted_selfs = {
            (int(r["Freq."]), int(r["Size"]), r["Surface Form"], int(r["Spanning"]), r["Turns"])
            for r in table(folder / f"excerpt-alice_tsv-lexicon-self-rep-{letter}.tsv")
        }
        assert {
            (e.frequency, e.size, e.form, e.spanning, ", ".join(map(str, e.turns))) for e in selfs
        } == wanted_selfs
    online = incremental_expressions(one, "dialign", lowercase=False)
    for turn, published in zip(online, table(folder / "online-published.tsv"), strict=True):
        assert turn.repetition == pytest.approx(float(published["der"]), abs=WITHIN)
        assert turn.self_repetition == pytest.approx(float(published["dser"]), abs=WITHIN)
        assert set(turn.shared) == set(published["sharedExpressions"].split("\n")) - {""}
        assert set(turn.established) == set(published["establishedSharedExpressions"].split("\n")) - {""}


def test_dialign_casino(shared: Find) -> None:
    expected = json.loads(shared("vectors/lexical/dialign_casino_100.json").read_text())["expected"]
    compared = 0
    with gzip.open(shared("data/casino.jsonl.gz"), "rt", encoding="utf-8") as stream:
        for line in stream:
            one = from_record(json.loads(line))
            if one.id not in expected:
                continue
            found = shared_expressions(one, "dialign")
            wrong = [key for key, value in expected[one.id].items() if not equal(found[key], value)]
            assert wrong == [], one.id
            compared += len(found)
    assert compared == 3100


# ------------------------------------------------------------------ where ours differs, with both values


def test_leading_punctuation_is_no_empty_token_of_ours() -> None:
    one = dialogue(("A", "? foo bar"), ("B", "foo bar !"))
    assert shared_expressions(one, "dialign")["Num. tokens"] == 7
    assert shared_expressions(one)["tokens"] == 6
    assert dialign_tokens("") == ("",)
    assert dialign_tokens("well... yes\tno") == ("well", "...", "yes\tno")


def test_self_repetition_is_over_the_speakers_own_tokens() -> None:
    theirs, ours = shared_expressions(LAMP, "dialign"), shared_expressions(LAMP)["speakers"]["A"]["self"]
    assert (theirs["SR/S1/EV"], theirs["SR/S1/ER"]) == (1 / 13, 8 / 13)
    assert (ours["variety"], ours["repetition"]) == (1 / 12, 8 / 12)


def test_nothing_shared_is_null_with_a_reason() -> None:
    one = dialogue(("A", "hello there"), ("B", "good morning"))
    theirs, ours = shared_expressions(one, "dialign"), shared_expressions(one)
    assert (theirs["ENTR"], theirs["L"], theirs["LMAX"]) == (0, None, 0)
    assert (ours["entropy"], ours["mean_length"], ours["max_length"]) == (None, None, None)
    assert ours["reasons"]["mean_length"] == "no shared expression"
    assert (ours["lexicon_size"], ours["variety"], ours["repetition"]) == (0, 0.0, 0.0)


def test_speakers_are_roles_and_not_in_alphabetical_order() -> None:
    one = Dialogue("d", (Turn("Zoe", "red lamp"), Turn("Ann", "red lamp")), {"Zoe": "user", "Ann": "agent"})
    assert shared_expressions(one, "dialign")["S1"] == "Ann"
    assert list(shared_expressions(one)["speakers"]) == ["user", "agent"]
    assert shared_expressions(one)["directions"]["agent->user"]["repetition"] == 1.0
    assert shared_expressions(one)["directions"]["user->agent"]["repetition"] == 0.0


def test_dialign_takes_two_speakers_and_ours_any() -> None:
    one = dialogue(("A", "red lamp"), ("B", "blue lamp"), ("C", "red lamp"))
    with pytest.raises(UsageError, match=r"two speakers, here are A, B, C; leave compat out"):
        shared_expressions(one, "dialign")
    # C takes "red lamp" from A; the pair B, C shares only "lamp".
    found = shared_expressions(one)["directions"]
    assert (found["C->A"]["repetition"], found["C->B"]["repetition"]) == (1.0, 0.5)
    # Turn by turn dialign counts a third label as the first one, without a word.
    assert [t.repetition for t in incremental_expressions(one, "dialign")] == [0.0, 0.5, 0.5]
    assert [t.repetition for t in incremental_expressions(one)] == [0.0, 0.5, 1.0]


def test_case_is_an_option() -> None:
    one = dialogue(("A", "The Lamp"), ("B", "the lamp"))
    assert shared_expressions(one)["lexicon_size"] == 1
    assert shared_expressions(one, lowercase=False)["lexicon_size"] == 0


def test_monologue_and_silence() -> None:
    alone = dialogue(("A", "red lamp"), ("A", "red lamp"))
    found = shared_expressions(alone, "dialign")
    assert (found["S2"], found["S2/Expression Repetition (ER_S2)"], found["Voc. Overlap S2"]) == (
        "NS",
        None,
        None,
    )
    assert shared_expressions(alone)["speakers"]["A"]["self"]["lexicon_size"] == 1
    silent = shared_expressions(dialogue(("A", "red lamp"), ("B", None)))
    assert silent["directions"]["B->A"]["repetition"] is None
    assert silent["reasons"]["B->A"] == "no words"
    assert shared_expressions(Dialogue("d", ()))["repetition"] is None


def test_unknown_compat_and_speaker() -> None:
    with pytest.raises(UsageError, match="write 'dialign'"):
        shared_expressions(LAMP, "align")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no speaker 'C'; there are: A, B"):
        expression_lexicon(LAMP, speaker="C")


# ------------------------------------------------------------------ against full enumeration

words = st.lists(st.sampled_from(["a", "b", "c", "."]), max_size=7)
scenes = st.lists(st.tuples(st.sampled_from("ABC"), words), min_size=1, max_size=7)


Places = dict[tuple[str, ...], list[tuple[int, int]]]


def enumerated(turns: Sequence[tuple[str, list[str]]]) -> tuple[Places, int]:
    """Free occurrences by the definition, longest first, and tokens in established expressions."""
    found: Places = {}
    for number, (_, tokens) in enumerate(turns):
        for start in range(len(tokens)):
            for end in range(start + 1, len(tokens) + 1):
                if any(form.isalpha() for form in tokens[start:end]):
                    found.setdefault(tuple(tokens[start:end]), []).append((number, start))
    shared = {g: at for g, at in found.items() if len({turns[t][0] for t, _ in at}) > 1}
    free: Places = {}
    for gram in sorted(shared, key=len, reverse=True):
        for turn, start in shared[gram]:
            inside = any(
                t == turn and s <= start and start + len(gram) <= s + len(longer)
                for longer, places in free.items() if longer != gram for t, s in places
            )  # fmt: skip
            if not inside:
                free.setdefault(gram, []).append((turn, start))
    hit = set()
    for gram, places in free.items():
        firsts: dict[str, int] = {}
        for turn, _ in shared[gram]:
            firsts.setdefault(turns[turn][0], turn)
        established = max(sorted(firsts.values())[1], min(turn for turn, _ in places))
        hit |= {(t, s + k) for t, s in places if t >= established for k in range(len(gram))}
    return free, len(hit)


@settings(max_examples=300, deadline=None)
@given(scenes)
def test_each_free_occurrence_counts_once(turns: list[tuple[str, list[str]]]) -> None:
    one = dialogue(*((speaker, " ".join(tokens)) for speaker, tokens in turns))
    free, hit = enumerated(turns)
    tokens = sum(len(words) for _, words in turns)
    found = shared_expressions(one)
    assert found["tokens"] == tokens
    assert found["lexicon_size"] == len(free)
    assert found["repetition"] == (hit / tokens if tokens else None)
    listed = {e.form: e.free_frequency for e in expression_lexicon(one)}
    assert listed == {" ".join(g): len({t for t, _ in places}) for g, places in free.items()}


@settings(max_examples=200, deadline=None)
@given(scenes)
def test_the_stream_agrees_with_the_arrays(turns: list[tuple[str, list[str]]]) -> None:
    stream = ExpressionStream()
    one = dialogue(*((speaker, " ".join(tokens)) for speaker, tokens in turns))
    tokens = script(one).tokens
    others, selfs = repeats.before(tokens), repeats.before(tokens, same=True)
    for number, (speaker, words) in enumerate(turns):
        found = stream.add_tokens(speaker, words)
        if not words:
            assert found.repetition is None
            continue
        here = tokens.turn == number
        assert found.repetition == pytest.approx(np.mean(others[here]), abs=1e-12)
        assert found.self_repetition == pytest.approx(np.mean(selfs[here]), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(scenes)
def test_names_do_not_matter_and_a_silent_partner_shares_nothing(turns: list[tuple[str, list[str]]]) -> None:
    texts = [(speaker, " ".join(tokens)) for speaker, tokens in turns]
    renamed = {"A": "z", "B": "y", "C": "x"}
    found, other = (
        shared_expressions(dialogue(*named)) for named in (texts, [(renamed[s], t) for s, t in texts])
    )
    keys = (
        "lexicon_size",
        "variety",
        "repetition",
        "vocabulary_overlap",
        "entropy",
        "mean_length",
        "max_length",
    )
    assert [found[key] for key in keys] == [other[key] for key in keys]
    alone = shared_expressions(dialogue(*((speaker, t if speaker == "A" else "") for speaker, t in texts)))
    assert alone["lexicon_size"] == 0


def test_identical_turns_are_one_expression() -> None:
    found = shared_expressions(dialogue(("A", "thank you very much"), ("B", "thank you very much")))
    assert (found["lexicon_size"], found["mean_length"], found["repetition"]) == (1, 4.0, 0.5)


def test_many_dialogues_in_one_array_are_each_by_itself() -> None:
    scenes = [dialogue(("A", f"red lamp {n % 3}"), ("B", f"the red lamp {n % 2}")) for n in range(20)]
    made = [script(one).tokens for one in scenes]
    joined = repeats.Tokens(
        np.concatenate([m.form + 100 for m in made]) % 7,
        np.concatenate([m.letter for m in made]),
        np.concatenate([m.turn + 2 * n for n, m in enumerate(made)]),
        np.concatenate([m.speaker for m in made]),
        np.concatenate([m.dialogue + n for n, m in enumerate(made)]),
    )
    together = repeats.shared(joined)
    alone = sum(len(repeats.shared(joined.take(joined.dialogue == n)).size) for n in range(20))
    assert len(together.size) == alone > 0
