"""Function words, coordination and style matching: lists, hand cases, edge cases, chance."""

from __future__ import annotations

import configparser
import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise as successive
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from convalign.dialogue import Dialogue, Turn
from convalign.dimensions.lexical import chance
from convalign.dimensions.lexical.coordinate import Coordination, Pair, SpeakerScore, coordinate
from convalign.dimensions.lexical.coordination import coordination, pairs_of, reply_pairs
from convalign.dimensions.lexical.function_words import CLASSES, function_words, languages, shipped
from convalign.dimensions.lexical.pairwise import pairwise, shuffled_means
from convalign.dimensions.lexical.style import matching, style_matching
from convalign.dimensions.lexical.tally import Thresholds
from convalign.dimensions.lexical.words import reader
from convalign.errors import UsageError

Find = Callable[[str], Path]
ROOT = Path(__file__).parents[1]
LISTS = ROOT / "evaluators" / "convalign" / "dimensions" / "lexical" / "markers"

CONVOKIT = 1e-9
LSM = 1e-6


def made(turns: Sequence[tuple[str, str | None]], name: str = "d", **more: Any) -> Dialogue:
    return Dialogue(name, tuple(Turn(speaker, text) for speaker, text in turns), **more)


def chain(turns: Sequence[tuple[str, int]], dialogue: str = "d") -> list[Pair]:
    """Every turn answers the one before it."""
    return [Pair(b, a, m, n, dialogue) for (a, m), (b, n) in successive(turns) if a != b]


def near(value: Any, **tolerance: Any) -> Any:
    """pytest's comparison; it has no type that may stand beside a number."""
    return pytest.approx(value, **tolerance)


def by_label(found: Coordination) -> dict[str, SpeakerScore]:
    return {one.label: one for one in found.speakers}


def quick(pairs: Sequence[Pair], classes: Sequence[str], **more: Any) -> Coordination:
    return coordinate(pairs, classes, **{"permutations": 0, "resamples": 0, **more})


# ------------------------------------------------------------------ the lists


def record(language: str) -> dict[str, Any]:
    if not LISTS.is_dir():
        pytest.skip("needs the checkout, not only the installed package")
    return dict(json.loads((LISTS / f"{language}.json").read_text(encoding="utf-8")))


def test_there_are_six_lists_and_they_are_shipped() -> None:
    assert languages() == ("ar", "de", "en", "es", "fr", "zh")
    if LISTS.is_dir():
        config = configparser.ConfigParser()
        config.read(ROOT / "setup.cfg", encoding="utf-8")
        assert config["options.package_data"]["convalign.dimensions.lexical"].split() == ["markers/*.json"]


@pytest.mark.parametrize("language", languages())
def test_each_list_says_what_it_is(language: str) -> None:
    found = record(language)
    assert found["language"] == language
    assert found["licence"] == "MIT"
    assert found["source"]
    assert found["notes"]
    # zh has no article, ar has it as a prefix only: left out, not empty.
    lacking = {"article"} if language in ("ar", "zh") else set()
    assert list(found["classes"]) == [name for name in CLASSES if name not in lacking]
    assert found["forms"] == len({form for forms in found["classes"].values() for form in forms})
    for forms in found["classes"].values():
        assert forms == sorted(set(forms))


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "ar"])
def test_each_form_is_one_token(language: str) -> None:
    # "split" names the unsplit spellings, for other tokenisers; a clitic with an apostrophe is a
    # token only after its word.
    found = record(language)
    tokenizer = spacy.blank(language).tokenizer
    forms = {form for held in found["classes"].values() for form in held if "'" not in form}
    split = {form for form in forms if [token.lower_ for token in tokenizer(form)] != [form]}
    assert split == set(found.get("split", ()))


@pytest.mark.parametrize("language", languages())
def test_forms_are_written_as_they_are_compared(language: str) -> None:
    words = function_words(language)
    written = {form for held in record(language)["classes"].values() for form in held}
    assert set(words.table) == written
    for form in written:
        assert form == form.lower()


SENTENCES = {
    "en": (
        "I don't think that she'll come, because the bus from town was very late.",
        set(CLASSES) - {"quantifier"},
    ),
    "de": ("Ich habe dem Mann nicht geglaubt, weil er für alle die Rechnung zahlt.", set(CLASSES)),
    "es": ("No creo que ella haya ido al cine con todos sus amigos.", set(CLASSES)),
    "fr": ("Je n'ai pas vu tous les films dont il parle avec toi, mais c'est bien.", set(CLASSES)),
    "ar": (
        "لم يكن هذا الرجل في البيت لأنه كان مع بعض أصدقائه.",
        set(CLASSES) - {"article"},
    ),
    "zh": ("我不会在这里等你和他，每个人都要走了。", set(CLASSES) - {"article"}),
}


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_a_sentence_holds_its_classes(language: str) -> None:
    text, held = SENTENCES[language]
    words = function_words(language)
    found = set(words.held(words.mask(reader(language).words([text])[0].forms)))
    assert held <= found
    assert "article" in found or language in ("ar", "zh")


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("en", "lamp red buy receipt kettle friend happy need house money"),
        ("de", "lampe rot kaufen freund wasser haus geld glücklich rechnung"),
        ("es", "lámpara rojo comprar amigo agua casa dinero feliz cuenta"),
        ("fr", "lampe rouge acheter ami eau maison argent heureux facture"),
        ("ar", "مصباح أحمر يشتري صديق ماء بيت مال سعيد ولد فكر"),
        ("zh", "灯 红 买 友 水 房 钱 茶"),
    ],
)
def test_content_words_have_no_class(language: str, content: str) -> None:
    words = function_words(language)
    assert [form for form in content.split() if words.of(form)] == []


def test_contractions_are_found_split_and_whole() -> None:
    words = function_words("en")
    for text in ("don't", "dont", "Don\u2019t"):
        split = words.mask(reader("en").words([text])[0].forms)
        assert {"auxiliary", "adverb"} <= set(words.held(split))
    assert {"auxiliary", "adverb"} <= set(words.held(words.of("don't")))
    assert set(words.held(words.of("i'm"))) == {"auxiliary", "personal_pronoun"}


def test_ambiguous_forms_are_in_each_class() -> None:
    words = function_words("en")
    assert {"conjunction", "impersonal_pronoun"} <= set(words.held(words.of("that")))
    assert {"adverb", "quantifier"} <= set(words.held(words.of("no")))
    assert set(function_words("de").held(function_words("de").of("zum"))) == {"article", "preposition"}


def test_vowel_signs_do_not_hide_an_arabic_word() -> None:
    words = function_words("ar")
    assert words.of("فِي") == words.of("في") != 0


def test_a_region_is_ignored_and_a_list_is_read_once() -> None:
    assert function_words("en-GB") == function_words("en")
    assert function_words("en") is shipped("en")


def test_a_language_without_a_list() -> None:
    assert shipped("fi") is None
    with pytest.raises(UsageError, match="no function words for language 'fi'; there are: ar, de, en, es"):
        function_words("fi")


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"classes": {"hedge": ["Maybe"], "no": ["no\u2019"]}}), encoding="utf-8")
    words = function_words("fi", path)
    assert (words.classes, dict(words.table)) == (("hedge", "no"), {"maybe": 1, "no'": 2})
    assert words.name == function_words("fi", {"hedge": ["maybe"], "no": ["no'"]}).name
    found = style_matching(made([("a", "maybe so"), ("b", "maybe not")]), markers={"hedge": ["maybe"]})
    assert found.pairs[0].value == 1.0


@pytest.mark.parametrize(
    ("markers", "message"),
    [
        ({}, "no classes; write"),
        ({"hedge": "maybe"}, "hedge: 'maybe' is no list"),
        ({"hedge": []}, "hedge: the class is empty"),
        ({"hedge": ["kind of"]}, "'kind of' is not one word"),
        ({"hedge": [3]}, "3 is not one word"),
        ({str(n): ["a"] for n in range(17)}, "17 classes; give at most 16"),
        ("nowhere.json", "nowhere.json: No such file"),
    ],
)
def test_a_bad_list(markers: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        function_words("en", markers)


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text("maybe", encoding="utf-8")
    with pytest.raises(UsageError, match=r"no JSON .*; write \{class: \[forms\]\}"):
        function_words("en", path)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match="no classes"):
        function_words("en", path)


def test_words_are_counted_without_punctuation() -> None:
    words = function_words("en")
    counts, size = words.counts(reader("en").words(["The lamp & the 3 tents, ... :-)"])[0].forms)
    assert size == 6  # the lamp & the 3 tents
    assert dict(zip(words.classes, counts.tolist(), strict=True))["article"] == 2


# ------------------------------------------------------------------ who answers whom


def test_the_last_turn_of_somebody_else_is_answered() -> None:
    turns = made([("a", "x"), ("a", "y"), ("b", "z"), ("b", "u"), ("c", "v"), ("a", "w")]).turns
    assert reply_pairs(turns) == [(1, 2), (1, 3), (3, 4), (4, 5)]


def test_a_turn_without_text_is_missing_and_not_markerless() -> None:
    turns = made([("a", None), ("b", "z"), ("a", "y"), ("b", None), ("a", "x"), ("b", ""), ("a", "y")]).turns
    assert reply_pairs(turns) == [(1, 2), (4, 5), (5, 6)]
    words = function_words("en")
    assert [pair.prime for pair in pairs_of(made([("a", ""), ("b", "the")]), words)] == [0]


def test_roles_join_dialogues_and_names_do_not() -> None:
    given = [
        made(
            [(f"u{k}", "the"), ("bot", "the"), (f"u{k}", "it")],
            f"d{k}",
            roles={f"u{k}": "user", "bot": "agent"},
        )
        for k in range(3)
    ]
    found = coordination(given, resamples=0, permutations=0)
    assert {one.label: one.replies for one in found.speakers} == {"agent->user": 3, "user->agent": 3}
    found = coordination(given, names=True, resamples=0, permutations=0)
    assert sorted(by_label(found)) == ["bot->u0", "bot->u1", "bot->u2", "u0->bot", "u1->bot", "u2->bot"]
    found = coordination(given, names=True, together=True, speakers=["bot"], resamples=0, permutations=0)
    assert [(one.label, one.replies) for one in found.speakers] == [("bot->u0,u1,u2", 3)]
    found = coordination(given, names=True, targets=["u1"], resamples=0, permutations=0)
    assert sorted(by_label(found)) == ["bot->u1"]
    assert coordination(given, names=True, targets="u1", resamples=0, permutations=0) == found


# ------------------------------------------------------------------ coordination


def tiny(shared: Find) -> tuple[dict[str, Any], list[Pair]]:
    case = json.loads(shared("vectors/lexical/tiny/convokit_tiny.json").read_text(encoding="utf-8"))
    bits = {"article": 1, "ppron": 2}
    masks = [sum(bits[name] for name in held) for held in case["liwc"].values()]
    return case, chain([(speaker, mask) for (speaker, _), mask in zip(case["turns"], masks, strict=True)])


def test_coordination_as_convokit(shared: Find) -> None:
    case, pairs = tiny(shared)
    found = by_label(quick(pairs, ("article", "ppron"), thresholds=Thresholds(target=case["target_thresh"])))
    for speaker, targets in case["coord"].items():
        for target, scores in targets.items():
            got = {m.marker: m.score for m in found[f"{speaker}->{target}"].markers if m.score is not None}
            assert got == near(scores, abs=CONVOKIT)


# A the / B the / A my / B the / A the / B - / A a / B the; the same turns as the shared vector.
HAND = [("A", 1), ("B", 1), ("A", 2), ("B", 1), ("A", 1), ("B", 0), ("A", 1), ("B", 1)]


def test_coordination_by_hand() -> None:
    # A answers B's 1, 1, 0 with 2, 1, 1. article: N 3, T 2, K 2, J 1: 1/2 - 2/3. ppron: K 0, undefined.
    # B answers A's 1, 2, 1, 1 with 1, 1, 0, 1. article: N 4, T 3, K 3, J 2: 2/3 - 3/4. ppron: T 0, K 1: 0.
    found = quick(chain(HAND), ("article", "ppron"), thresholds=Thresholds(target=1))
    a, b = by_label(found)["A->B"], by_label(found)["B->A"]
    counts = [(m.replies, m.with_marker, m.primes, m.both) for one in (a, b) for m in one.markers]
    assert counts == [(3, 2, 2, 1), (3, 1, 0, 0), (4, 3, 3, 2), (4, 0, 1, 0)]
    assert [m.score for m in a.markers] == [near(-1 / 6), None]
    assert [m.score for m in b.markers] == [near(-1 / 12), 0.0]
    assert (a.value, b.value) == (near(-1 / 6), near(-1 / 24))
    # agg1: only B has both. agg2: A's ppron is filled with the group's 0. agg3: each one's own mean.
    assert (found.agg1.value, found.agg1.speakers) == (near(-1 / 24), 1)
    assert (found.agg2.value, found.agg2.speakers) == (near((-1 / 12 - 1 / 24) / 2), 2)
    assert (found.agg3.value, found.agg3.speakers) == (near((-1 / 6 - 1 / 24) / 2), 2)


def test_undefined_is_null_with_counts_and_never_zero() -> None:
    # ConvoKit leaves the marker out of its table; a class that A never used is no 0 here either.
    found = quick(chain(HAND), ("article", "ppron"), thresholds=Thresholds(target=3))
    a, b = by_label(found)["A->B"], by_label(found)["B->A"]
    assert (a.value, a.reason, a.replies) == (None, "too few pairs", 3)
    assert a.markers[0].score is None
    assert (a.markers[0].primes, a.markers[0].p, a.markers[0].interval) == (2, None, None)
    assert b.value == near(-1 / 12)
    assert (found.agg1.value, found.agg1.speakers) == (None, 0)  # nobody has every class
    assert found.agg2.value is None  # ppron was scored for nobody
    assert (found.agg3.value, found.agg3.speakers) == (near(-1 / 12), 1)


def test_a_threshold_of_zero_still_needs_a_prime() -> None:
    found = quick(chain(HAND), ("article", "ppron"), thresholds=Thresholds(target=0))
    assert by_label(found)["A->B"].markers[1].score is None


@pytest.mark.parametrize(
    ("limits", "defined"),
    [
        (Thresholds(target=1, speaker=1), [True, False]),
        (Thresholds(target=1, utterances=4), [True, True]),
        (Thresholds(target=1, utterances=5), [False, False]),
        (Thresholds(target=2), [True, False]),
    ],
)
def test_thresholds_of_the_sum(limits: Thresholds, defined: list[bool]) -> None:
    found = by_label(quick(chain(HAND), ("article", "ppron"), thresholds=limits))["B->A"]
    assert [m.score is not None for m in found.markers] == defined


def test_thresholds_of_single_targets_drop_them_first() -> None:
    pairs = [Pair("b", "x", 1, 1), Pair("b", "x", 1, 0), Pair("b", "y", 1, 1), Pair("b", "y", 0, 1)]
    one = quick(pairs, ("m",), together=True, thresholds=Thresholds(target=1)).speakers[0].markers[0]
    assert (one.replies, one.with_marker, one.primes, one.both) == (4, 3, 3, 2)
    for limits, counts in (
        (Thresholds(target=1, target_indiv=2), (2, 1, 2, 1)),  # y has one prime with m
        (Thresholds(target=1, speaker_indiv=2), (2, 2, 1, 1)),  # one reply to x has m
        (Thresholds(target=1, utterances_indiv=3), (0, 0, 0, 0)),
    ):
        one = quick(pairs, ("m",), together=True, thresholds=limits).speakers[0].markers[0]
        assert (one.replies, one.with_marker, one.primes, one.both) == counts
    assert one.score is None


def test_three_speakers_and_self_replies() -> None:
    pairs = [*chain([("a", 1), ("b", 1), ("c", 1), ("a", 0)]), Pair("a", "a", 1, 1)]
    found = by_label(quick(pairs, ("m",), thresholds=Thresholds(target=1)))
    assert sorted(found) == ["a->c", "b->a", "c->b"]
    assert found["a->c"].replies == 1


@pytest.mark.parametrize(
    "turns", [[], [("a", "the lamp")], [("a", "x"), ("a", "y")], [("a", None), ("b", "x")]]
)
def test_nobody_answers(turns: list[tuple[str, str | None]]) -> None:
    found = coordination([made(turns)])
    assert found.speakers == ()
    for one in (found.agg1, found.agg2, found.agg3):
        assert (one.value, one.speakers, one.p, one.interval) == (None, 0, None, None)
    assert coordination([]).speakers == ()


def test_bad_arguments() -> None:
    given = [made([("a", "x"), ("b", "y")])]
    with pytest.raises(UsageError, match=r"no speaker 'c'; there are: a, b"):
        coordination(given, targets=["c"])
    with pytest.raises(UsageError, match=r"permutations: -1 does not fit; give a whole number from 0"):
        coordination(given, permutations=-1)
    with pytest.raises(UsageError, match=r"target: 1.5 does not fit"):
        coordination(given, target_thresh=1.5)  # type: ignore[arg-type]
    other = made([("a", "x")], meta={"language": "de-AT"})
    with pytest.raises(UsageError, match="dialogues are in de, en; measure one language at a time"):
        coordination([*given, other])


# ------------------------------------------------------------------ chance


@pytest.mark.parametrize(("n", "t", "k", "j"), [(4, 3, 3, 2), (10, 4, 5, 3), (60, 31, 22, 15), (5, 0, 2, 0)])
def test_exact_p_is_the_hypergeometric_tail(n: int, t: int, k: int, j: int) -> None:
    ways = sum(math.comb(k, i) * math.comb(n - k, t - i) for i in range(j, min(k, t) + 1))
    assert chance.exact_p(np.array([[n, t, k]]), j) == near(float(Fraction(ways, math.comb(n, t))))


def test_exact_p_over_strata_is_the_sum_of_their_tails() -> None:
    # two strata of two pairs, one prime and one reply each: both fall together in 1 of 2 ways.
    assert chance.exact_p(np.array([[2, 1, 1], [2, 1, 1]]), 2) == near(1 / 4)
    assert chance.exact_p(np.array([[2, 1, 1], [2, 1, 1]]), 1) == near(3 / 4)


def test_exact_and_drawn_p_agree() -> None:
    draw = random.Random(5)
    pairs = [
        Pair("b", "a", (p := draw.randrange(2)), p if draw.random() < 0.4 else draw.randrange(2))
        for _ in range(40)
    ]
    one = coordinate(pairs, ("m",), permutations=4999, resamples=0).speakers[0]
    exact = one.markers[0].p
    assert one.p is not None
    assert exact is not None
    assert one.p == near(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4999) + 1 / 5000)


def test_p_is_calibrated_without_alignment() -> None:
    draw = np.random.default_rng(11)
    drawn, exact = [], []
    for _ in range(300):
        masks = draw.integers(0, 16, (30, 2))
        one = coordinate(
            [Pair("b", "a", int(p), int(r)) for p, r in masks], "wxyz", permutations=99, resamples=0
        ).speakers[0]
        assert one.p is not None
        drawn.append(one.p)
        exact += [m.p for m in one.markers if m.p is not None]
    assert 0.02 <= fmean(p <= 0.05 for p in drawn) <= 0.085
    assert fmean(drawn) == near(0.5, abs=0.06)
    assert fmean(p <= 0.05 for p in exact) <= 0.06  # exact tails of few values are conservative


def test_alignment_is_found_and_the_interval_holds_it() -> None:
    draw = random.Random(3)
    pairs = [
        Pair(
            "b", "a", (p := draw.randrange(4)), p if draw.random() < 0.5 else draw.randrange(4), f"d{k // 8}"
        )
        for k in range(160)
    ]
    one = coordinate(pairs, ("m", "n")).speakers[0]
    assert one.value is not None
    assert one.interval is not None
    assert one.p == 1 / 200
    # In truth P(m | prime) = .5 + .5 * .5, P(m) = .5
    assert one.interval[0] < 0.25 < one.interval[1]
    assert one.interval[0] < one.value < one.interval[1]


def test_replies_that_stay_in_their_dialogue_keep_what_dialogues_have_in_common() -> None:
    # Every turn of half of the dialogues has m: no reply takes anything up, but dialogues differ.
    draw = random.Random(8)
    pairs = [
        Pair("b", "a", int(draw.random() < rate), int(draw.random() < rate), f"d{k}")
        for k in range(40)
        for rate in ((0.9 if k % 2 else 0.1),)
        for _ in range(8)
    ]
    free = coordinate(pairs, ("m",), resamples=0).speakers[0]
    held = coordinate(pairs, ("m",), resamples=0, within_dialogue=True).speakers[0]
    assert free.value == held.value
    assert (free.p or 1) < 0.01
    assert (free.markers[0].p or 1) < 0.01
    assert (held.p or 0) > 0.05
    assert (held.markers[0].p or 0) > 0.05


def test_many_speakers_are_drawn_themselves() -> None:
    draw = random.Random(2)
    pairs = [
        Pair(f"b{k}", "a", draw.randrange(4), draw.randrange(4), f"d{k}")
        for k in range(12)
        for _ in range(20)
    ]
    found = coordinate(pairs, ("m", "n"))
    assert found.agg3.speakers == 12
    assert found.agg3.interval is not None
    values = [one.value or 0.0 for one in found.speakers]
    wide = 1.96 * float(np.std(values)) / math.sqrt(12)
    assert found.agg3.interval[1] - found.agg3.interval[0] == near(2 * wide, rel=0.2)


# ------------------------------------------------------------------ what must not change

MASKS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=12)
LOG = st.lists(MASKS, min_size=1, max_size=5)
CHEAP = settings(max_examples=40, deadline=None)


def log(given: list[list[tuple[int, int]]], a: str = "a", b: str = "b") -> list[list[Pair]]:
    return [
        [Pair(*((b, a) if n % 2 else (a, b)), p, r, f"d{k}") for n, (p, r) in enumerate(masks)]
        for k, masks in enumerate(given)
    ]


@CHEAP
@given(LOG, st.randoms(use_true_random=False))
def test_the_order_of_dialogues_changes_nothing(
    held: list[list[tuple[int, int]]], draw: random.Random
) -> None:
    parts = log(held)
    real = [
        coordinate(
            [pair for part in parts for pair in part], "xyz", permutations=19, resamples=20, within_dialogue=w
        )
        for w in (False, True)
    ]
    draw.shuffle(parts)
    again = [
        coordinate(
            [pair for part in parts for pair in part], "xyz", permutations=19, resamples=20, within_dialogue=w
        )
        for w in (False, True)
    ]
    assert again == real


@CHEAP
@given(LOG)
def test_renaming_speakers_changes_only_names(held: list[list[tuple[int, int]]]) -> None:
    one = coordinate([p for part in log(held) for p in part], "xyz", permutations=19, resamples=20)
    other = coordinate(
        [p for part in log(held, "z", "y") for p in part], "xyz", permutations=19, resamples=20
    )
    names = {"z": "a", "y": "b"}
    back = [replace(s, speaker=names[s.speaker], targets=(names[s.targets[0]],)) for s in other.speakers]
    assert sorted(back, key=lambda s: s.label) == list(one.speakers)
    assert (one.agg1, one.agg2, one.agg3) == (other.agg1, other.agg2, other.agg3)


@CHEAP
@given(LOG, st.integers(0, 3))
def test_ranges(held: list[list[tuple[int, int]]], least: int) -> None:
    found = coordinate(
        [p for part in log(held) for p in part],
        "xyz",
        thresholds=Thresholds(least),
        permutations=19,
        resamples=20,
    )
    for one in found.speakers:
        assert one.value is None or -1 <= one.value <= 1
        for m in one.markers:
            assert (m.score is None) == (m.primes < max(least, 1))
            assert m.score is None or -1 <= m.score <= 1
            assert m.p is None or 0 <= m.p <= 1
            assert max(m.with_marker, m.primes) <= m.replies
            assert m.both <= min(m.with_marker, m.primes)


@CHEAP
@given(MASKS, st.integers(1, 3))
def test_the_quick_form_gives_the_same(held: list[tuple[int, int]], least: int) -> None:
    slow = quick([Pair("b", "a", p, r) for p, r in held], "xyz", thresholds=Thresholds(least)).speakers[0]
    primes, replies = np.array(held, dtype=np.uint16).T
    fast = pairwise(primes, replies, 3, target_thresh=least)
    for bit, m in enumerate(slow.markers):
        assert (fast.replies, fast.primes[bit], fast.with_marker[bit], fast.both[bit]) == (
            m.replies, m.primes, m.with_marker, m.both,
        )  # fmt: skip
    assert [None if math.isnan(v) else v for v in fast.score.tolist()] == near(
        [m.score for m in slow.markers]
    )
    orders = np.random.default_rng(0).permuted(np.tile(np.arange(len(replies)), (7, 1)), axis=1)
    means = shuffled_means(primes, replies, orders, 3, target_thresh=least)
    assert means.tolist() == near(
        [pairwise(primes, replies[row], 3, target_thresh=least).mean for row in orders], nan_ok=True
    )
    if slow.value is None:
        assert math.isnan(fast.mean)
    else:
        assert fast.mean == near(slow.value)
        assert fast.n_defined == sum(m.score is not None for m in slow.markers)


def test_no_pairs_at_all() -> None:
    none = np.array([], dtype=np.uint16)
    found = pairwise(none, none, 8)
    assert (found.replies, math.isnan(found.mean), found.n_defined) == (0, True, 0)
    assert np.isnan(shuffled_means(none, none, np.zeros((3, 0), dtype=np.int64), 8)).all()


# ------------------------------------------------------------------ style matching


def test_style_matching_as_published(shared: Find) -> None:
    case = json.loads(shared("vectors/lexical/lsm/lsm_tiny.json").read_text(encoding="utf-8"))
    first, second = np.array(list(case["percentages"].values())).T
    value, mean = matching(first, 100, second, 100)
    expected = [v if sum(p) else None for v, p in zip(
        case["per_category_eps_0.0001"].values(), case["percentages"].values(), strict=True
    )]  # fmt: skip
    assert [None if math.isnan(v) else v for v in value.tolist()] == near(expected, abs=LSM)
    assert float(mean) == near(0.6309657, abs=LSM)
    value, mean = matching(first, 100, second, 100, count_unused=True)
    assert value.tolist() == near(list(case["per_category_eps_0.0001"].values()), abs=LSM)
    assert float(mean) == near(case["mean_eps_0.0001_all"], abs=LSM)


def test_rates_are_per_cent_and_not_shares() -> None:
    # 8 % against 6 %: 1 - 2 / 14.0001. With shares the constant weighs a hundred times more:
    # 1 - .02 / .1401 = .8572448, which is what tools that divide by the words give.
    value, _ = matching(np.array([8]), 100, np.array([6]), 100)
    assert float(value[0]) == near(0.8571438775, abs=1e-9)
    shares = 1 - 0.02 / (0.14 + 0.0001)
    assert shares == near(0.8572448, abs=1e-7)


def test_a_class_used_by_neither_is_left_out_and_counted() -> None:
    # Others score it 1 (mean 1.0 over 2) or drop it without a word.
    given = made([("a", "the red lamp"), ("b", "a red tent the tent lamp")])
    lists = {"article": ["the", "a"], "negation": ["not"]}
    one = style_matching(given, markers=lists).pairs[0]
    assert (one.unused, one.words) == (1, (3, 6))
    assert [(c.marker, c.rates, c.value) for c in one.classes] == [
        ("article", (near(100 / 3), near(100 / 3)), 1.0),
        ("negation", (0.0, 0.0), None),
    ]
    apart = made([("a", "the red lamp"), ("b", "red tent")])
    assert style_matching(apart, markers=lists).pairs[0].value == near(0.0, abs=1e-5)
    both = style_matching(apart, markers=lists, count_unused=True).pairs[0]
    assert both.value == near(0.5, abs=1e-5)
    assert both.unused == 1


def test_style_without_words_is_null() -> None:
    one = style_matching(made([("a", "the red lamp"), ("b", None)])).pairs[0]
    assert (one.value, one.reason, one.classes, one.words) == (None, "no words", (), (3, 0))
    one = style_matching(made([("a", "red lamp"), ("b", "... !")])).pairs[0]
    assert (one.value, one.reason) == (None, "no words")
    one = style_matching(made([("a", "red lamp"), ("b", "red lamp")])).pairs[0]
    assert (one.value, one.reason, one.unused) == (None, "no function words", 8)
    found = style_matching(made([("a", "the lamp")]))
    assert (found.pairs, found.directions) == ((), ())


def test_short_texts_are_warned_of() -> None:
    long = "the red lamp is on " * 10
    one = style_matching(made([("a", long), ("b", long)])).pairs[0]
    assert (one.words, one.warning) == ((50, 50), None)
    one = style_matching(made([("a", long), ("b", "the lamp")])).pairs[0]
    assert one.warning == "under 50 words on a side: a has 50, b has 2"


def test_each_reply_against_what_it_answers() -> None:
    lists = {"article": ["the"], "negation": ["not"]}
    turns = [("a", "the lamp"), ("b", "the tent"), ("a", "not the tent"), ("b", "no"), ("b", "the end")]
    found = style_matching(made(turns), markers=lists)
    ways = {(d.replier, d.prime): d for d in found.directions}
    assert [(t.turn, t.prime, t.words) for t in ways["b", "a"].turns] == [
        (1, 0, (2, 2)), (3, 2, (1, 3)), (4, 2, (2, 3)),
    ]  # fmt: skip
    # 50 % and 50 %: 1. Nothing against 33 % twice: 0. 50 against 33 (1 - 16.7 / 83.3 = .8), 0 against 33.
    assert [t.value for t in ways["b", "a"].turns] == near([1.0, 0.0, 0.4], abs=1e-5)
    assert ways["b", "a"].value == near(1.4 / 3, abs=1e-5)
    assert (ways["a", "b"].n, ways["a", "b"].value) == (1, near(0.4, abs=1e-5))
    silent = style_matching(made([("a", "the"), ("b", None)]), markers=lists)
    assert [(d.value, d.reason, d.n) for d in silent.directions] == [(None, "too few pairs", 0)] * 2


def test_three_speakers_are_three_pairs_and_six_directions() -> None:
    found = style_matching(made([("a", "the x"), ("b", "the y"), ("c", "a z")], roles={"a": "user"}))
    assert [one.speakers for one in found.pairs] == [("user", "b"), ("user", "c"), ("b", "c")]
    assert len(found.directions) == 6


COUNTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=8, max_size=8)


@CHEAP
@given(COUNTS, st.integers(1, 200), st.integers(0, 200))
def test_style_is_symmetric_bounded_and_one_for_the_same(
    held: list[tuple[int, int]], size: int, other: int
) -> None:
    a, b = np.array(held).T
    value, mean = matching(a, size, b, other)
    back, again = matching(b, other, a, size)
    np.testing.assert_array_equal(value, back)
    assert float(mean) == float(again) or (math.isnan(mean) and math.isnan(again))
    assert math.isnan(mean) or 0 <= mean <= 1
    same, one = matching(a, size, a * 3, size * 3)
    assert np.all(np.isnan(same) | (same > 1 - 1e-9))
    assert math.isnan(one) or one == near(1.0)


@CHEAP
@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_many_strangers_at_once(held: list[list[tuple[int, int]]]) -> None:
    rows = np.array(held)[..., 1]
    own = np.array(held[0])[:, 0]
    sizes = np.arange(len(rows)) * 20
    value, mean = matching(own, 50, rows, sizes)
    for number, row in enumerate(rows):
        single, alone = matching(own, 50, row, int(sizes[number]))
        np.testing.assert_array_equal(value[number], single)
        assert mean[number] == alone or (math.isnan(mean[number]) and math.isnan(alone))


# ------------------------------------------------------------------ real dialogues


def test_casino_coordinates(shared: Find) -> None:
    import gzip

    from convalign.dialogue import from_record

    path = shared("data/casino.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        given = [from_record(json.loads(line)) for line, _ in zip(lines, range(100), strict=False)]
    found = coordination(given)
    assert found.agg3.value is not None
    assert 0.0 < found.agg3.value < 0.1
    assert found.agg3.p == 1 / 200
    style = [style_matching(one).pairs[0].value for one in given]
    assert 0.6 < fmean(value for value in style if value is not None) < 0.9
