"""The agent takes up the partner's words: a short frame names what the partner just brought in.

"I lost the parcel with the blue kettle." - "We can help." becomes "About the blue kettle: We can
help." Frames are made of function words, so that nothing but the partner's terms is added. As
placebo the same frames name as many terms of somebody else. English only; the texts are never
shortened or changed, and sound, if there is any, is left as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from convalign import language
from convalign.dialogue import Dialogue, Direction
from convalign.errors import UsageError
from convalign.interventions.lexical.naming import Phrase, capitals, phrases, quoted, stem, tokens
from convalign.interventions.lexical.words import OPENERS

NEEDS: Literal["text", "audio"] = "text"
SUMMARY = "the replier names one or two terms that its partner just brought in"

MOST = 2
"""Terms in one frame."""
NOUN_BEFORE = ("About {}: ", "As for {}: ", "So, {}. ", "{}, then. ", "{}, as you say. ")
NOUN_AFTER = (" And {}, as you say.", " So, that is it about {}.")
QUOTED_BEFORE = ("So, {}. ", "You say {}. ", "As you say, {}. ", "{}, as you say. ")
QUOTED_AFTER = (" And {}, as you say.", " So you say {}.")
"""Only function words, so that a frame brings no content of its own."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is edited, and with what.

    Attributes
    ----------
    strength : share of the replies that are edited, 0..1; more strength edits the same ones and others
    seed : which replies come first, and which frames
    placebo : name terms of a donor instead of the partner's
    terms : ``neutral`` leaves words of feeling out, ``affect`` names only those, ``any`` both; a
        placebo always names neutral ones

    Raises
    ------
    UsageError
        A value out of range.
    """

    strength: float = 1.0
    seed: int = 0
    placebo: bool = False
    terms: Literal["neutral", "any", "affect"] = "neutral"

    def __post_init__(self) -> None:
        if isinstance(self.strength, bool) or not isinstance(self.strength, (int, float)):
            raise UsageError(f"strength: {self.strength!r} is no number; give a share from 0 to 1")
        if not 0 <= self.strength <= 1:
            raise UsageError(f"strength: {self.strength:g} is out of range; give a share from 0 to 1")
        if self.terms not in ("neutral", "any", "affect"):
            raise UsageError(f"terms: no choice {self.terms!r}; there are: neutral, any, affect")


@dataclass(frozen=True, slots=True)
class Plan:
    """The edit of one reply, the same at every strength."""

    turn: int
    number: int
    phrases: tuple[Phrase, ...]


def edit(
    dialogue: Dialogue,
    direction: Direction,
    settings: Settings,
    *,
    donor: Dialogue | None = None,
    folder: Path | None = None,
) -> Dialogue:
    """Let the replier name its partner's terms.

    Parameters
    ----------
    dialogue : English
    direction : whose turns are edited (replier), whose terms they take up (prime)
    donor : another dialogue, whose side in the prime's role gives the placebo's terms
    folder : not used, no sound is written

    Returns
    -------
    Dialogue with the same id; only turns of the replier that answer the prime differ, and hold
    their old text as it was. ``meta["intervention"]`` has dimension, strength, placebo, seed,
    terms, replies, edited_turns and terms_added. A reply for which there is no term is not edited.

    Raises
    ------
    UsageError
        The dialogue is not English, or a placebo has no donor.
    """
    if (spoken := language.of(dialogue)) not in ("en", language.NOT_SURE, language.NO_LANGUAGE):
        raise UsageError(
            f"{dialogue.id}: language is {spoken!r}; the lexical intervention writes English only"
        )
    if settings.placebo and donor is None:
        raise UsageError(f"{dialogue.id}: no donor for the placebo; give a log of at least two dialogues")
    plans = _plans(dialogue, direction, settings)
    if settings.placebo and donor is not None:
        plans = _swap(plans, dialogue, direction, donor)
    turns = list(dialogue.turns)
    edited = added = 0
    for plan in plans:
        if _draw(settings.seed, dialogue.id, plan.turn) / 2**64 < settings.strength and plan.phrases:
            turn = turns[plan.turn]
            offset = _draw(settings.seed, dialogue.id, "frame")
            turns[plan.turn] = replace(turn, text=_framed(turn.text or "", plan, offset))
            edited += 1
            added += sum(len(phrase.stems) for phrase in plan.phrases)
    done = {
        "dimension": "lexical",
        "strength": settings.strength,
        "placebo": settings.placebo,
        "seed": settings.seed,
        "terms": settings.terms,
        "replies": sum(1 for _ in _replies(dialogue, direction)),
        "edited_turns": edited,
        "terms_added": added,
    }
    return replace(dialogue, turns=tuple(turns), meta={**dialogue.meta, "intervention": done})


def _replies(dialogue: Dialogue, direction: Direction) -> Iterator[int]:
    """Turns of the replier with text, right after a turn of the prime."""
    for place, turn in enumerate(dialogue.turns[1:], 1):
        before = dialogue.turns[place - 1].speaker
        if turn.speaker == direction.replier and before == direction.prime and turn.text:
            yield place


def _plans(dialogue: Dialogue, direction: Direction, settings: Settings) -> list[Plan]:
    """What each reply would name, whether or not it is drawn, so that edits are nested."""
    used: set[str] = set()
    heard: list[list[Phrase]] = []
    plans: list[Plan] = []
    replies = set(_replies(dialogue, direction))
    names = capitals(turn.text for turn in dialogue.turns if turn.speaker == direction.prime)
    for place, turn in enumerate(dialogue.turns):
        if turn.speaker == direction.prime and turn.text:
            heard.append(phrases(turn.text, settings.terms, names))
        if turn.speaker != direction.replier or not turn.text:
            continue
        used |= {stem(token.form) for token in tokens(turn.text)}
        if place in replies:
            chosen: tuple[Phrase, ...] = ()
            for offered in reversed(heard):
                chosen = _choose(offered, used)
                if chosen:
                    break
            used |= {stem for phrase in chosen for stem in phrase.stems}
            plans.append(Plan(place, len(plans), chosen))
    return plans


def _choose(offered: Sequence[Phrase], used: set[str]) -> tuple[Phrase, ...]:
    """Up to `MOST` terms that the replier has not said, nouns rather than quotes."""
    fresh = [phrase for phrase in offered if used.isdisjoint(phrase.stems)]
    for noun in (True, False):
        chosen: list[Phrase] = []
        stems: set[str] = set()
        for phrase in fresh:
            room = len(stems) + len(phrase.stems) <= MOST
            if phrase.noun == noun and room and stems.isdisjoint(phrase.stems):
                chosen.append(phrase)
                stems |= set(phrase.stems)
        if chosen:
            return tuple(chosen)
    return ()


def _swap(plans: list[Plan], dialogue: Dialogue, direction: Direction, donor: Dialogue) -> list[Plan]:
    """The same plans with as many neutral terms of the donor, none of which the partner ever said."""
    said = {
        stem(token.form)
        for turn in dialogue.turns
        if turn.speaker in (direction.prime, direction.replier)
        for token in tokens(turn.text or "")
    }
    speaker = _counterpart(dialogue, direction, donor)
    texts = [turn.text for turn in donor.turns if turn.speaker == speaker and turn.text]
    names = capitals(texts)
    shaped = [p for t in texts for p in phrases(t, "neutral", names) if said.isdisjoint(p.stems)]
    single = [p for t in texts for p in quoted(t, names) if said.isdisjoint(p.stems)]
    swapped = []
    spent: set[str] = set()
    for plan in plans:
        chosen = _alike(plan.phrases, shaped, spent)
        if len(chosen) < len(plan.phrases):
            terms = [stem for phrase in plan.phrases for stem in phrase.stems]
            chosen = _alike([Phrase(term, (term,), noun=False) for term in terms], single, spent)
        spent |= {stem for phrase in chosen for stem in phrase.stems}
        swapped.append(replace(plan, phrases=tuple(chosen)))
    return swapped


def _alike(wanted: Sequence[Phrase], stock: Sequence[Phrase], spent: set[str]) -> list[Phrase]:
    """Phrases of the same make, unspent where there are any, no term twice."""
    chosen: list[Phrase] = []
    for phrase in wanted:
        here = {stem for one in chosen for stem in one.stems}
        alike = [
            one
            for one in stock
            if (one.noun, len(one.stems)) == (phrase.noun, len(phrase.stems)) and here.isdisjoint(one.stems)
        ]
        fresh = [one for one in alike if spent.isdisjoint(one.stems)]
        chosen += (fresh or alike)[:1]
    return chosen


def _counterpart(dialogue: Dialogue, direction: Direction, donor: Dialogue) -> str | None:
    """Who in the donor stands where the prime stands: same role, else same name, else same place."""
    role = dialogue.roles.get(direction.prime)
    for speaker in donor.speakers:
        if role is not None and donor.roles.get(speaker) == role:
            return speaker
    if direction.prime in donor.speakers:
        return direction.prime
    place = dialogue.speakers.index(direction.prime)
    return donor.speakers[place] if place < len(donor.speakers) else None


def _framed(text: str, plan: Plan, offset: int) -> str:
    """The reply with its frame, before it or, after a greeting or an answer, behind it."""
    noun = plan.phrases[0].noun
    named = " and ".join(phrase.text if noun else f'"{phrase.text}"' for phrase in plan.phrases)
    first = next(iter(tokens(text)), None)
    behind = first is not None and first.form in OPENERS
    frames = (NOUN_AFTER if behind else NOUN_BEFORE) if noun else (QUOTED_AFTER if behind else QUOTED_BEFORE)
    frame = frames[(offset + plan.number) % len(frames)]
    if frame.startswith("{"):
        named = named[0].upper() + named[1:]
    if not behind:
        return frame.format(named) + text
    stop = "" if text.rstrip("\"')").endswith((".", "!", "?", "…")) else "."
    return text + stop + frame.format(named)


def _draw(*parts: object) -> int:
    """A number below 2 ** 64 that depends on nothing but the parts."""
    text = "\x00".join(map(str, parts))
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )
