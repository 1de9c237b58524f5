"""The agent meets the partner's affect, in other words: a short sentence that feels along.

"My parcel is lost and I am so upset." - "Which address?" becomes "Oh no, that is awful. Which
address?" The sentence holds at most one content word, and none that the partner has just used, so
that neither echo nor vocabulary is taken up. As placebo a neutral sentence of the same make stands
in its place. English only; the old words stay, and sound, if there is any, is left as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from convalign import language
from convalign.dialogue import Dialogue, Direction
from convalign.errors import UsageError
from convalign.interventions.emotional.words import DEGREES, NEGATIONS, NEGATIVE, POSITIVE

NEEDS: Literal["text", "audio"] = "text"
SUMMARY = "the replier meets its partner's affect with a short sentence, in other words"

Feeling = Literal["negative", "strongly negative", "positive", "strongly positive"]

SENTENCES: dict[Feeling, tuple[str, ...]] = {
    "negative": ("I am sorry about that.", "That is sad.", "That is rough.", "That hurts."),
    "strongly negative": ("Oh no, that is awful.", "That is terrible.", "How horrible.", "That is so sad."),
    "positive": ("That is nice.", "How good.", "I am glad about that.", "That is sweet."),
    "strongly positive": ("That is wonderful!", "How lovely!", "That is great!", "I am so happy about that!"),
}
PLACEBOS = ("Well, that is noted.", "So that is how it stands.", "That is one part.", "I am at it.")
"""As long as the sentences, with no feeling in them."""

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
OPENING = re.compile(r"\w+(?: \w+)?[.!?] +(?=\S)")
"""One or two words and a stop: Hello. Thank you. Really?"""
REACH = 3
"""How many words before a cue a negation may stand."""
STEM = 4
"""Letters by which two forms of a word are recognised."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is edited.

    Attributes
    ----------
    strength : share of the replies that are edited, 0..1; more strength edits the same ones and others
    seed : which replies come first, and which sentences
    placebo : a neutral sentence instead of one that meets the affect

    Raises
    ------
    UsageError
        A value out of range.
    """

    strength: float = 1.0
    seed: int = 0
    placebo: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.strength, bool) or not isinstance(self.strength, (int, float)):
            raise UsageError(f"strength: {self.strength!r} is no number; give a share from 0 to 1")
        if not 0 <= self.strength <= 1:
            raise UsageError(f"strength: {self.strength:g} is out of range; give a share from 0 to 1")


def edit(
    dialogue: Dialogue,
    direction: Direction,
    settings: Settings,
    *,
    donor: Dialogue | None = None,
    folder: Path | None = None,
) -> Dialogue:
    """Let the replier meet its partner's affect.

    Parameters
    ----------
    dialogue : English
    direction : whose turns are edited (replier), whose affect they meet (prime)
    donor, folder : not used

    Returns
    -------
    Dialogue with the same id; only turns of the replier that answer the prime differ, and keep all their
    old words. ``meta["intervention"]`` has dimension, strength, placebo, seed, replies and
    edited_turns. A reply to a turn without a cue of feeling is not edited.

    Raises
    ------
    UsageError
        The dialogue is not English.
    """
    if (spoken := language.of(dialogue)) not in ("en", language.NOT_SURE, language.NO_LANGUAGE):
        found = f"{dialogue.id}: language is {spoken!r}"
        raise UsageError(f"{found}; the emotional intervention writes English only")
    turns = list(dialogue.turns)
    replies = edited = 0
    for place in _replies(dialogue, direction):
        replies += 1
        prime, reply = turns[place - 1].text or "", turns[place].text or ""
        felt = feeling(prime)
        if felt is None or _draw(settings.seed, dialogue.id, place) / 2**64 >= settings.strength:
            continue
        offset = _draw(settings.seed, dialogue.id, "sentence") + place
        sentence = _sentence(PLACEBOS if settings.placebo else SENTENCES[felt], offset, prime, reply)
        if sentence is not None:
            turns[place] = replace(turns[place], text=_joined(sentence, reply))
            edited += 1
    done = {
        "dimension": "emotional",
        "strength": settings.strength,
        "placebo": settings.placebo,
        "seed": settings.seed,
        "replies": replies,
        "edited_turns": edited,
    }
    return replace(dialogue, turns=tuple(turns), meta={**dialogue.meta, "intervention": done})


def feeling(text: str) -> Feeling | None:
    """What a turn sounds like by its cue words; None without one, or where they cancel out.

    Parameters
    ----------
    text : of one turn

    Returns
    -------
    The side with more cues; ``strongly`` from two on, counting words of degree and an exclamation mark. A
    negation shortly before a cue turns it round.

    Examples
    --------
    >>> feeling("I am so upset, it is broken."), feeling("I am not happy."), feeling("It is a kettle.")
    ('strongly negative', 'negative', None)
    """
    words = [found.group().lower() for found in WORD.finditer(text.replace("\u2019", "'"))]
    total, force = 0, 0
    for place, word in enumerate(words):
        sign = (word in POSITIVE) - (word in NEGATIVE)
        if not sign:
            continue
        before = words[max(0, place - REACH) : place]
        total += -sign if NEGATIONS & set(before) else sign
        force += bool(before and before[-1] in DEGREES)
    if not total:
        return None
    strong = abs(total) + force + text.count("!") >= 2
    if total > 0:
        return "strongly positive" if strong else "positive"
    return "strongly negative" if strong else "negative"


def _replies(dialogue: Dialogue, direction: Direction) -> Iterator[int]:
    """Turns of the replier with text, right after a turn of the prime."""
    for place, turn in enumerate(dialogue.turns[1:], 1):
        before = dialogue.turns[place - 1].speaker
        if turn.speaker == direction.replier and before == direction.prime and turn.text:
            yield place


def _sentence(stock: tuple[str, ...], offset: int, prime: str, reply: str) -> str | None:
    """The next sentence whose words neither the partner has just used nor the reply holds already."""
    taken = {stem for text in (prime, reply) for stem in _stems(text)}
    for step in range(len(stock)):
        sentence = stock[(offset + step) % len(stock)]
        if not {stem for stem in _stems(sentence) if len(stem) >= STEM and stem != "that"} & taken:
            return sentence
    return None


def _joined(sentence: str, reply: str) -> str:
    """The sentence before the reply, or behind a greeting that opens it."""
    opening = OPENING.match(reply)
    if opening is None:
        return f"{sentence} {reply}"
    return f"{opening.group()}{sentence} {reply[opening.end() :]}"


def _stems(text: str) -> Iterator[str]:
    """First letters of every word."""
    for found in WORD.finditer(text.lower()):
        yield found.group()[:STEM]


def _draw(*parts: object) -> int:
    """A number below 2 ** 64 that depends on nothing but the parts."""
    text = "\x00".join(map(str, parts))
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )
