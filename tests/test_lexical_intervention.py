"""The lexical edit: what it may touch, what it names, and that the scorer sees it and not the placebo."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from statistics import fmean
from typing import Any

import pytest

from convalign.dialogue import Dialogue, Direction, Turn
from convalign.dimensions import lexical as dimension
from convalign.errors import UsageError
from convalign.interventions import apply, lexical
from convalign.interventions.lexical import Settings, words
from convalign.interventions.lexical.naming import phrases
from convalign.surrogates import Pool

AGENT = Direction("agent", "user", "agent->user")
ROLES = {"user": "user", "agent": "agent"}

THINGS = """
    kettle parcel lamp invoice tent rope boot map canoe ladder violin drawer hinge carpet zipper saddle
    candle bucket fiddle pillow tractor orchard garage sofa mirror jacket helmet bicycle stove curtain
"""
LOOKS = ["blue", "wooden", "round", "narrow", "striped", "yellow"]
SAYS = [
    "My {} came with the {}.",
    "I saw a {} near our {}.",
    "The {} does not fit the {}.",
    "So where is the {} from the {}?",
]
REPLIES = [
    "We can check it.",
    "Let me look into this for you.",
    "Sure, one moment.",
    "The order is open.",
    "I can ship it again.",
]
FRAMES = (
    *lexical.NOUN_BEFORE,
    *lexical.NOUN_AFTER,
    *lexical.QUOTED_BEFORE,
    *lexical.QUOTED_AFTER,
)


def corpus(size: int = 40, seed: int = 1) -> list[Dialogue]:
    """Service dialogues of our own: the user names things, the agent answers without naming them."""
    draw = random.Random(seed)
    found = []
    for number in range(size):
        turns = []
        for _ in range(5):
            first, second = draw.sample(THINGS.split(), 2)
            said = draw.choice(SAYS).format(f"{draw.choice(LOOKS)} {first}", second)
            turns += [Turn("user", said), Turn("agent", draw.choice(REPLIES))]
        found.append(Dialogue(f"d{number:02}", tuple(turns), ROLES))
    return found


def made(*texts: str | None, name: str = "d", **meta: Any) -> Dialogue:
    """User and agent in turn, the user first."""
    turns = tuple(Turn("agent" if place % 2 else "user", text) for place, text in enumerate(texts))
    return Dialogue(name, turns, ROLES, meta=meta)


def edited(dialogues: list[Dialogue], **options: Any) -> list[Dialogue]:
    return list(apply(dialogues, lexical, Settings(**options), "agent->user"))


def changed(before: Dialogue, after: Dialogue) -> dict[int, str | None]:
    pairs = zip(before.turns, after.turns, strict=True)
    return {place: new.text for place, (old, new) in enumerate(pairs) if old != new}


def means(dialogues: list[Dialogue], metric: str = "entrainment") -> tuple[float, float]:
    """Mean value and mean excess of the agent."""
    settings = dimension.Settings()
    seen = dimension.observe(dialogues, settings)
    pool = Pool((side for one in seen for side in one.sides), seed=0)
    rows = [
        row
        for one in seen
        for row in dimension.score(one, pool, {}, settings).dialogues
        if row.metric == metric and row.direction == "agent->user" and row.excess is not None
    ]
    assert len(rows) == len(dialogues)
    return fmean(row.value or 0 for row in rows), fmean(row.excess or 0 for row in rows)


# ------------------------------------------------------------------ the judge sees it


def test_excess_rises_with_strength_and_not_with_the_placebo() -> None:
    dialogues = corpus()
    nothing, half, full = (means(edited(dialogues, strength=s)) for s in (0.0, 0.5, 1.0))
    assert nothing == means(dialogues)
    assert nothing[1] + 0.1 < half[1]
    assert half[1] + 0.1 < full[1]
    placebo = means(edited(dialogues, placebo=True))
    assert placebo[0] <= nothing[0]
    assert placebo[1] < nothing[1] + 0.02


def test_uptake_rises_too() -> None:
    dialogues = corpus()
    assert means(edited(dialogues), "uptake")[1] > means(dialogues, "uptake")[1] + 0.3


def test_placebo_edits_as_much() -> None:
    dialogues = corpus()
    for real, sham in zip(edited(dialogues), edited(dialogues, placebo=True), strict=True):
        counts = [
            {k: d.meta["intervention"][k] for k in ("replies", "edited_turns", "terms_added")}
            for d in (real, sham)
        ]
        assert counts[0] == counts[1]
        assert counts[0]["edited_turns"] > 0


def test_placebo_names_nothing_that_the_partner_said() -> None:
    dialogues = corpus()
    for before, after in zip(dialogues, edited(dialogues, placebo=True), strict=True):
        theirs = {
            w for t in before.turns if t.speaker == "user" for w in dimension.content_lemmas(t.text or "")
        }
        for place, text in changed(before, after).items():
            own = before.turns[place].text or ""
            added = (text or "").replace(own, " ")
            assert theirs.isdisjoint(dimension.content_lemmas(added))


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", ["{}", "the {}", '"{}"'])
def test_frames_bring_no_content_of_their_own(frame: str, name: str) -> None:
    assert dimension.content_lemmas(frame.format(name.format("kettle"))) == ["kettle"]


# ------------------------------------------------------------------ what it touches


def test_only_replies_to_the_prime_change_and_keep_their_text() -> None:
    turns = (
        Turn("agent", "Hello, what is it?"), Turn("user", "My kettle broke."), Turn("agent", "We can help."),
        Turn("agent", "Or call us."), Turn("third", "And the parcel?"), Turn("agent", "Not there."),
        Turn("user", "The invoice, too."), Turn("user", None), Turn("agent", "Done."),
    )  # fmt: skip
    before = Dialogue("d", turns, ROLES, meta={"task": 1}, root="x", source="f:1")
    after = lexical.edit(before, AGENT, Settings())
    assert set(changed(before, after)) == {2, 8}
    for place, text in changed(before, after).items():
        assert (turns[place].text or "") in (text or "")
    assert (after.id, after.roles, after.root, after.source) == ("d", before.roles, "x", "f:1")
    assert after.meta["task"] == 1
    assert after.meta["intervention"] == {
        "dimension": "lexical", "strength": 1.0, "placebo": False, "seed": 0, "terms": "neutral",
        "replies": 2, "edited_turns": 2, "terms_added": 2,
    }  # fmt: skip


def test_strength_nought_changes_nothing_but_meta() -> None:
    for before, after in zip(corpus(), edited(corpus(), strength=0.0), strict=True):
        done = after.meta["intervention"]
        assert (done["edited_turns"], done["replies"], done["strength"]) == (0, 5, 0.0)
        assert replace(after, meta={}) == before


def test_more_strength_edits_the_same_and_more() -> None:
    dialogues = corpus()
    steps = [
        [changed(b, a) for b, a in zip(dialogues, edited(dialogues, strength=s), strict=True)]
        for s in (0.2, 0.5, 0.8, 1.0)
    ]
    sizes = [sum(map(len, step)) for step in steps]
    assert sizes == sorted(set(sizes))
    for less, more in pairwise(steps):
        for few, many in zip(less, more, strict=True):
            assert few.items() <= many.items()


def test_seed_and_names() -> None:
    dialogues = corpus()
    assert edited(dialogues, strength=0.5) == edited(dialogues, strength=0.5)
    assert edited(dialogues, strength=0.5) != edited(dialogues, strength=0.5, seed=1)
    named = [
        replace(
            d,
            turns=tuple(replace(t, speaker={"user": "Ann", "agent": "bot"}[t.speaker]) for t in d.turns),
            roles={},
        )
        for d in dialogues
    ]
    texts = [[t.text for t in d.turns] for d in apply(named, lexical, Settings(strength=0.5), "bot->Ann")]
    assert texts == [[t.text for t in d.turns] for d in edited(dialogues, strength=0.5)]


# ------------------------------------------------------------------ what it names


@pytest.mark.parametrize(
    ("said", "reply", "named"),
    [
        ("I lost the blue kettle.", "We can help.", ["the blue kettle"]),
        ("A really narrow ladder and my rope.", "We can help.", ["the narrow ladder"]),
        ("My ladder broke and the rope, too.", "We can help.", ["the ladder and the rope"]),
        ("It came without boots.", "We can help.", ["boots"]),
        ("I checked the remaining 12 boxes.", "We can help.", ['"checked" and "remaining"']),
        ("It broke by falling off.", "We can help.", ['"broke" and "falling"']),
        ("Buy firewood", "We can help.", ['"buy" and "firewood"']),
        ("The engine stalls.", "We can help.", ['"engine" and "stalls"']),
        ("I lost the blue kettle.", "Which kettle?", ['"blue"']),
        ("We flew to Chicago from Lima", "We can help.", ["Lima"]),
        ("It is what it is.", "We can help.", []),
        ("I am so happy about the horrible kettle.", "We can help.", ["the kettle"]),
    ],
)  # fmt: skip
def test_named_terms(said: str, reply: str, named: list[str]) -> None:
    after = lexical.edit(made(said, reply), AGENT, Settings()).turns[1].text or ""
    if not named:
        assert after == reply
        return
    assert named[0].lower() in after.lower()
    assert sorted(dimension.content_lemmas(after)) == sorted(dimension.content_lemmas(f"{named[0]} {reply}"))


def test_nothing_is_named_twice_in_a_dialogue() -> None:
    before = made(
        "The kettle leaks.", "Noted.", "Yes, my kettles do leak.", "Noted.", "The kettle!", "Noted."
    )
    after = lexical.edit(before, AGENT, Settings())
    texts = " ".join(t.text or "" for t in after.turns if t.speaker == "agent").lower()
    assert (texts.count("kettle"), texts.count("leak")) == (1, 1)


def test_earlier_terms_when_the_last_turn_has_none() -> None:
    before = made("My kettle and the rope and a lamp", "Yes, we can.", "So what is it?", "We can help.")
    assert "the lamp" in (lexical.edit(before, AGENT, Settings()).turns[3].text or "").lower()


def test_frame_comes_after_a_greeting_and_ends_the_sentence() -> None:
    text = lexical.edit(made("My kettle broke", "Hello, welcome"), AGENT, Settings()).turns[1].text or ""
    assert text.startswith("Hello, welcome. ")
    assert text.endswith("kettle, as you say.") or text.endswith("about the kettle.")


def test_words_of_feeling() -> None:
    said = "I am happy with the wonderful lamp, not angry and I don't really hate the rope"
    neutral, affect, both = (
        {s for p in phrases(said, kind, frozenset()) for s in p.stems}
        for kind in ("neutral", "affect", "any")
    )
    assert neutral == {"lamp", "rop"}
    # angry and hate stand behind a negation: to echo them would turn the words round.
    assert affect == {"happy", "wonderful"}
    assert both == neutral | affect


def test_affect_terms_are_named_when_asked() -> None:
    before = made("I am so happy about it.", "We can help.")
    assert lexical.edit(before, AGENT, Settings()).turns[1] == before.turns[1]
    assert '"happy"' in (lexical.edit(before, AGENT, Settings(terms="affect")).turns[1].text or "").lower()


def test_word_lists() -> None:
    assert len(words.AFFECT) > 500
    assert {"happy", "sadly", "frustrated", "worries", "thanks"} <= words.AFFECT
    lists = words.AFFECT | words.NO_TERMS
    assert all(word.isalpha() and word == word.lower() for word in lists)


# ------------------------------------------------------------------ refusals


def test_english_only() -> None:
    with pytest.raises(UsageError, match="d: language is 'de'; the lexical intervention writes English only"):
        lexical.edit(made("Die Lampe", "Gut", language="de"), AGENT, Settings())
    british = made("My kettle broke.", "We can help.", language="en-GB")
    assert lexical.edit(british, AGENT, Settings()).meta["intervention"]["edited_turns"] == 1


def test_placebo_needs_a_donor() -> None:
    with pytest.raises(UsageError, match="d: no donor for the placebo; give a log of at least two dialogues"):
        lexical.edit(made("My kettle broke.", "We can help."), AGENT, Settings(placebo=True))


def test_placebo_without_material_edits_nothing() -> None:
    before = made("My kettle broke.", "We can help.")
    after = lexical.edit(before, AGENT, Settings(placebo=True), donor=made("It is.", "Yes.", name="e"))
    assert after.turns == before.turns
    assert after.meta["intervention"]["edited_turns"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 1.5}, "strength: 1.5 is out of range; give a share from 0 to 1"),
        ({"strength": float("nan")}, "strength: nan is out of range"),
        ({"strength": "1"}, "strength: '1' is no number"),
        ({"terms": "all"}, "terms: no choice 'all'; there are: neutral, any, affect"),
    ],
)
def test_bad_settings(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Settings(**options)
