"""The emotional edit: it meets affect in other words, and a placebo in the same places does not."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import pytest

from convalign import interventions, scoring
from convalign.dialogue import Dialogue, Turn, from_record
from convalign.errors import UsageError
from convalign.interventions import emotional
from convalign.interventions.emotional import PLACEBOS, SENTENCES, Settings, edit, feeling


@pytest.fixture(scope="module")
def corpus() -> list[Dialogue]:
    """The bundled dialogues, without sound."""
    source = resources.files("convalign.corpora") / "demo" / "dialogues.jsonl"
    made = [from_record(json.loads(line)) for line in source.read_text(encoding="utf-8").splitlines()]
    return [replace(one, audio=None) for one in made]


def edited(corpus: list[Dialogue], **options: object) -> list[Dialogue]:
    return list(interventions.apply(corpus, emotional, Settings(**options), "agent->user"))  # type: ignore[arg-type]


def excess(corpus: list[Dialogue], dimension: str, metric: str) -> float:
    """Mean excess agent->user."""
    rows = scoring.score(corpus, [dimension])
    found = [
        r.excess for r in rows if r.metric == metric and r.direction == "agent->user" and r.excess is not None
    ]
    assert len(found) == len(corpus)
    return sum(found) / len(found)


@pytest.mark.parametrize(
    ("text", "felt"),
    [
        ("I am so upset, it is broken.", "strongly negative"),
        ("I am not happy.", "negative"),
        ("I don't worry.", "positive"),
        ("We laughed and laughed!", "strongly positive"),
        ("I am glad, but also worried.", None),
        ("It is a dark red kettle.", None),
        ("", None),
    ],
)
def test_feeling_by_cue_words(text: str, felt: str | None) -> None:
    assert feeling(text) == felt


def test_match_rises_with_strength_and_not_with_the_placebo(corpus: list[Dialogue]) -> None:
    none, half, full = (excess(edited(corpus, strength=s), "emotional", "match") for s in (0.0, 0.5, 1.0))
    placebo = excess(edited(corpus, placebo=True), "emotional", "match")
    assert none + 0.05 < half
    assert half + 0.05 < full
    assert placebo == pytest.approx(none, abs=0.05)


def test_what_it_adds_is_affect_and_not_the_partners_words(corpus: list[Dialogue]) -> None:
    before = excess(corpus, "emotional", "echo_share")
    after = excess(edited(corpus), "emotional", "echo_share")
    assert after <= before + 0.02
    assert excess(edited(corpus), "lexical", "uptake") == pytest.approx(
        excess(corpus, "lexical", "uptake"), abs=0.01
    )


def test_only_replies_change_and_keep_their_words(corpus: list[Dialogue]) -> None:
    sentences = {s for group in SENTENCES.values() for s in group}
    changed = 0
    for old, new in zip(corpus, edited(corpus), strict=True):
        assert new.id == old.id
        for place, (a, b) in enumerate(zip(old.turns, new.turns, strict=True)):
            if a == b:
                continue
            changed += 1
            assert a.speaker == "agent"
            assert old.turns[place - 1].speaker == "user"
            assert a.text is not None
            assert b.text is not None
            added = [s for s in sentences if s in b.text and b.text.replace(f"{s} ", "", 1) == a.text]
            assert len(added) == 1, b.text
        done = new.meta["intervention"]
        assert done["edited_turns"] == sum(a != b for a, b in zip(old.turns, new.turns, strict=True))
    assert changed > 100


def test_more_strength_edits_the_same_replies_and_others(corpus: list[Dialogue]) -> None:
    def places(strength: float) -> set[tuple[str, int]]:
        return {
            (old.id, k)
            for old, new in zip(corpus, edited(corpus, strength=strength), strict=True)
            for k, (a, b) in enumerate(zip(old.turns, new.turns, strict=True))
            if a != b
        }

    none, few, many = places(0.0), places(0.3), places(0.8)
    assert not none
    assert few < many


def test_placebos_stand_in_the_same_places_and_hold_no_cue(corpus: list[Dialogue]) -> None:
    assert all(feeling(sentence) is None for sentence in PLACEBOS)
    real, sham = edited(corpus), edited(corpus, placebo=True)
    for old, one, other in zip(corpus, real, sham, strict=True):
        moved = [k for k, (a, b) in enumerate(zip(old.turns, one.turns, strict=True)) if a != b]
        shammed = [k for k, (a, b) in enumerate(zip(old.turns, other.turns, strict=True)) if a != b]
        assert set(shammed) == set(moved)


def test_a_greeting_stays_first() -> None:
    turns = (Turn("user", "My bird died, I am so sad."), Turn("agent", "Hello. Which bird was it?"))
    dialogue = Dialogue("d", turns, {"user": "user", "agent": "agent"})
    found = edit(dialogue, dialogue.directions()[1], Settings()).turns[1].text
    assert found is not None
    assert found.startswith("Hello. ")
    assert found.endswith(" Which bird was it?")
    assert len(found) > len("Hello. Which bird was it?")


def test_other_languages_and_strengths_are_refused() -> None:
    turns = (Turn("user", "Ich bin traurig."), Turn("agent", "Oh."))
    dialogue = Dialogue("d", turns, {"user": "user", "agent": "agent"}, meta={"language": "de"})
    with pytest.raises(
        UsageError, match="d: language is 'de'; the emotional intervention writes English only"
    ):
        edit(dialogue, dialogue.directions()[1], Settings())
    with pytest.raises(UsageError, match=r"strength: 1\.5 is out of range; give a share from 0 to 1"):
        Settings(strength=1.5)
