"""Minimal triples, and what the scorers make of them: whether dimensions can be told apart at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convalign import study as studies
from convalign.errors import StudyError
from convalign.independence import paired_equivalence
from convalign.review import separability
from convalign.review.separability import PERTURBED, SIDES, measured, text_scores, unseeded
from convalign.scoring import scorers

ROOT = Path(__file__).parents[1]
TRIPLES = ROOT / "corpora" / "pairs" / "triples.jsonl"


def triples() -> list[dict[str, Any]]:
    return [json.loads(line) for line in TRIPLES.read_text(encoding="utf-8").splitlines()]


def test_triples_exchange_single_words_of_the_agent() -> None:
    for one in triples():
        user = " ".join(one["turns"][::2]).lower().split()
        for swaps in one["swaps"].values():
            for turn, place, word, edit, placebo in swaps:
                assert turn % 2 == 1
                assert one["turns"][turn][place : place + len(word)] == word
                assert len({word, edit, placebo}) == 3
                assert not {edit, placebo} & set(user)


def test_a_side_has_its_words_in_place() -> None:
    one = next(one for one in triples() if one["swaps"]["lexical"])
    turn, place, word, edit, placebo = one["swaps"]["lexical"][0]
    texts = {side: separability._dialogue(one, "lexical", side).turns[turn].text or "" for side in SIDES}
    for side, new in zip(SIDES, (word, edit, placebo), strict=True):
        assert texts[side][place:].startswith(new)
        assert texts[side][:place] == one["turns"][turn][:place]


@pytest.mark.parametrize("name", PERTURBED)
def test_the_scores_that_ship_are_those_of_the_scorers(name: str) -> None:
    (scorer,) = scorers((name,), {})
    shipped = json.loads((TRIPLES.parent / "separability.json").read_text(encoding="utf-8"))[name]
    assert shipped["signature"] == unseeded(scorer.signature)
    assert shipped["scores"] == measured(scorer)
    # Another seed is no other scorer: everybody is everybody's stranger.
    (other,) = scorers((name,), {"seed": 7})
    assert text_scores(other) == shipped["scores"]


def study(bound: float) -> studies.Study:
    demo = studies.load(ROOT / "corpora" / "demo" / "study.json")
    declared = demo.bounds["emotional"]
    return replace(demo, bounds={**demo.bounds, "emotional": replace(declared, bound=bound)})


def test_what_a_test_without_power_says_is_not_known() -> None:
    # Differences of mean 0, sd 1.0541, n 10: the interval is ±1.833 * 1.0541 / sqrt(10) = ±.611, within ±.7.
    before, after = [0.0] * 10, [1.0, -1.0] * 5
    found = paired_equivalence(before, after, 0.7)
    state, power, smallest = separability._state(study(0.7), found)
    assert (state, found.within) == ("not known", True)
    assert power is not None
    assert smallest is not None
    assert power < 0.9
    assert smallest > 0.7
    state, power, again = separability._state(study(smallest), paired_equivalence(before, after, smallest))
    assert state == "separable"
    assert power == pytest.approx(0.9, abs=1e-3)
    assert again == smallest


def test_a_leak_is_not_separable() -> None:
    before, after = [0.0] * 12, [0.1 + 0.01 * (-1) ** k for k in range(12)]
    state, power, _ = separability._state(study(0.05), paired_equivalence(before, after, 0.05))
    assert state == "not separable"
    assert power is not None
    assert power > 0.9


@pytest.mark.parametrize("bound", [0.05])
def test_words_do_not_reach_affect_whoever_is_left_out(bound: float) -> None:
    (scorer,) = scorers(("emotional",), {})
    declared = study(bound)
    sides = text_scores(scorer)["lexical"]
    _, edit, placebo = separability._columns(sides, declared)
    people = separability._people(sides)
    everybody = sorted(set(people))
    for tenth in range(10):
        left = {one for k, one in enumerate(everybody) if k % 10 == tenth}
        kept = [k for k, one in enumerate(people) if one not in left]
        columns = ([column[k] for k in kept] for column in (placebo, edit))
        found = paired_equivalence(*columns, bound, cluster=[people[k] for k in kept])
        assert separability._state(declared, found)[0] == "separable"


def test_a_bound_that_the_pairs_cannot_support_is_refused_with_one_that_they_can() -> None:
    smallest = {"emotional": 0.0234, "lexical": 0.004}
    with pytest.raises(StudyError, match=r"bounds.emotional.bound: 0.02 is below 0.023, .*; write 0.024$"):
        separability.refuse_small(study(0.02), smallest)
    separability.refuse_small(study(0.0234), smallest)


def test_another_language_is_not_known() -> None:
    rows = separability._unknown(["lexical", "emotional"], "it takes pairs in that language")
    reasons = {separability._leaking(cell) for row in rows for cell in row["cells"] if not cell["own"]}
    assert reasons == {"not known: it takes pairs in that language"}
