"""Stranger partners: who is drawn, who never is, and what must not change the draw."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from convalign.dialogue import Dialogue, Turn
from convalign.surrogates import FEWEST, Pool, Side, side


def make(
    number: int, *, user: str | None = None, agent: str = "bot", roles: bool = True, **meta: Any
) -> Dialogue:
    """Dialogue ``dN`` of a user of its own (or `user`) and an agent."""
    name = user or f"person {number}"
    turns = (Turn(name, f"text {number}"), Turn(agent, "reply"))
    return Dialogue(f"d{number}", turns, {name: "user", agent: "agent"} if roles else {}, meta=meta)


def sides(*dialogues: Dialogue, within: str | None = None) -> list[Side[str]]:
    return [
        side(d, s, f"{d.id}/{s}", fingerprint=f"{d.id}/{s}", within=within)
        for d in dialogues
        for s in d.speakers
    ]


def of(pool: list[Side[str]], dialogue: str, speaker: str) -> Side[str]:
    return next(one for one in pool if (one.dialogue, one.speaker) == (dialogue, speaker))


def drawn(
    all_sides: list[Side[str]], target: Side[str], count: int = 50, seed: int = 1, **more: Any
) -> set[str]:
    return {one.dialogue for one in Pool(all_sides, seed=seed).strangers(target, count, **more)}


def test_a_side_says_what_a_stranger_must_share() -> None:
    dialogue = make(1, language="en", task=3)
    one = side(dialogue, "bot", "words", fingerprint="x", within="task")
    assert (one.dialogue, one.speaker, one.role, one.order) == ("d1", "bot", "agent", 1)
    assert (one.others, one.language, one.topic, one.content) == (frozenset({"person 1"}), "en", "3", "words")
    assert side(dialogue, "bot", "", fingerprint="x").fingerprint == one.fingerprint
    assert side(dialogue, "bot", "", fingerprint="y").fingerprint != one.fingerprint
    assert side(dialogue, "bot", "", fingerprint="\ud800").topic is None


def test_the_order_of_the_log_does_not_change_the_draw() -> None:
    pool = sides(*(make(i) for i in range(40)))
    shuffled = list(pool)
    random.Random(5).shuffle(shuffled)
    target = of(pool, "d7", "person 7")
    first = Pool(pool, seed=3).strangers(target, 10)
    assert Pool(shuffled, seed=3).strangers(target, 10) == first
    assert Pool(pool, seed=3).strangers(target, 10) == first
    assert len(first) == 10


def test_seed_and_salt_make_other_draws() -> None:
    pool = sides(*(make(i) for i in range(60)))
    target = of(pool, "d7", "person 7")
    first = Pool(pool, seed=1).strangers(target, 10)
    assert Pool(pool, seed=2).strangers(target, 10) != first
    assert Pool(pool, seed=1).strangers(target, 10, salt="more") != first


def test_strangers_are_different_and_never_the_dialogue_itself() -> None:
    pool = sides(*(make(i) for i in range(12)))
    for number in range(12):
        found = Pool(pool, seed=1).strangers(of(pool, f"d{number}", f"person {number}"), 100)
        ids = [one.dialogue for one in found]
        assert len(ids) == len(set(ids)) == 11
        assert f"d{number}" not in ids
        assert {one.role for one in found} == {"user"}


def test_fewer_drawn_are_a_beginning_of_more() -> None:
    pool = sides(*(make(i) for i in range(30)))
    target = of(pool, "d3", "person 3")
    few, many = (Pool(pool, seed=1).strangers(target, count) for count in (6, 20))
    assert many[:6] == few


@pytest.mark.parametrize(
    ("dialogues", "count"), [(FEWEST, 0), (FEWEST + 1, FEWEST), (FEWEST + 2, FEWEST + 1)]
)
def test_with_too_few_there_is_no_chance_level(dialogues: int, count: int) -> None:
    pool = sides(*(make(i) for i in range(dialogues)))
    assert len(drawn(pool, of(pool, "d0", "person 0"))) == count


def test_nobody_shares_a_person_with_the_target() -> None:
    pool = sides(*(make(i, user="Ada" if i < 4 else None) for i in range(20)))
    assert drawn(pool, of(pool, "d0", "Ada")) == {f"d{i}" for i in range(4, 20)}
    # The agent's dialogues with Ada are no strangers for the agent of another dialogue with Ada.
    assert drawn(pool, of(pool, "d0", "bot")) == {f"d{i}" for i in range(4, 20)}


def test_a_name_of_most_dialogues_is_a_label_and_one_of_half_is_a_person() -> None:
    half = sides(*(make(i, agent="Bob" if i < 10 else f"agent {i}") for i in range(20)))
    assert drawn(half, of(half, "d0", "person 0")) == {f"d{i}" for i in range(10, 20)}
    most = sides(*(make(i, agent="Bob" if i < 11 else f"agent {i}") for i in range(20)))
    assert drawn(most, of(most, "d0", "person 0")) == {f"d{i}" for i in range(1, 20)}


def test_labels_that_name_a_role_are_never_persons() -> None:
    pool = sides(*(make(i, agent="agent" if i < 8 else f"agent {i}") for i in range(20)))
    assert drawn(pool, of(pool, "d0", "person 0")) == {f"d{i}" for i in range(1, 20)}


def test_without_roles_a_label_serves_as_role() -> None:
    pool = sides(*(make(i, roles=False) for i in range(12)))
    found = Pool(pool, seed=1).strangers(of(pool, "d0", "bot"), 50)
    assert {one.speaker for one in found} == {"bot"}
    assert len(found) == 11


def test_without_roles_and_labels_the_place_serves_as_role() -> None:
    pool = sides(*(make(i, agent=f"other {i}", roles=False) for i in range(12)))
    found = Pool(pool, seed=1).strangers(of(pool, "d0", "other 0"), 50)
    assert {one.order for one in found} == {1}
    assert len(found) == 11


def test_languages_are_kept_apart() -> None:
    pool = sides(*(make(i, language="en" if i % 2 else "de") for i in range(20)))
    assert drawn(pool, of(pool, "d2", "person 2")) == {f"d{i}" for i in range(0, 20, 2)} - {"d2"}


def test_within_keeps_topics_apart() -> None:
    dialogues = [make(i, task=i % 2) for i in range(20)]
    assert len(drawn(sides(*dialogues), of(sides(*dialogues), "d2", "person 2"))) == 19
    pool = sides(*dialogues, within="task")
    assert drawn(pool, of(pool, "d2", "person 2")) == {f"d{i}" for i in range(0, 20, 2)} - {"d2"}


def test_copies_are_no_strangers() -> None:
    dialogues = [make(i) for i in range(20)]
    pool = [
        side(d, s, "", fingerprint=f"{s}" if i >= 3 else "same")
        for i, d in enumerate(dialogues)
        for s in d.speakers
    ]
    assert drawn(pool, of(pool, "d0", "person 0")) == {f"d{i}" for i in range(3, 20)}


def test_accept_is_a_further_condition() -> None:
    pool = sides(*(make(i) for i in range(40)))
    target = of(pool, "d0", "person 0")
    even = {f"d{i}" for i in range(2, 40, 2)}
    assert drawn(pool, target, accept=lambda one: one.dialogue in even) == even
    few = {f"d{i}" for i in range(1, FEWEST)}
    assert drawn(pool, target, accept=lambda one: one.dialogue in few) == set()
    enough = {f"d{i}" for i in range(1, FEWEST + 1)}
    assert drawn(pool, target, accept=lambda one: one.dialogue in enough) == enough


def test_nobody_is_drawn_much_more_often_than_others() -> None:
    pool = sides(*(make(i) for i in range(60)))
    drawing = Pool(pool, seed=1)
    counts = Counter(
        one.dialogue for i in range(60) for one in drawing.strangers(of(pool, f"d{i}", f"person {i}"), 10)
    )
    # 600 draws of 60: each 10 times on average, binomial with a standard deviation of 3.
    assert len(counts) == 60
    assert max(counts.values()) <= 25
