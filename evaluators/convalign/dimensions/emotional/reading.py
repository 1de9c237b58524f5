"""From dialogues to feelings: what the model says of every turn, and which turn answers which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign import affect, language
from convalign.dialogue import Dialogue, Turn
from convalign.dimensions.emotional.support import NEGATIVE
from convalign.dimensions.emotional.words import (
    LEMMAS,
    Edited,
    about_partner,
    bleak,
    clauses,
    has_words,
    sentences,
    to_partner,
    without_echo,
)
from convalign.surrogates import Side, side

MOST_UNKNOWN = 0.5
"""The share of unknown pieces from which a text counts as not read."""
UNREAD = "mostly unknown"


@dataclass(frozen=True, slots=True)
class Feeling:
    """What the model says of one text; None where it has no labels for it.

    Attributes
    ----------
    valence, graded : -1..1, as in `convalign.affect.scheme.Affect`
    intensity, compassion, regulation, distress, hostility : 0..1
    ekman : [7], 0..1, in the order of `convalign.affect.EKMAN`
    """

    valence: float
    graded: float
    intensity: float | None
    compassion: float | None
    regulation: float | None
    distress: float | None
    hostility: float | None
    ekman: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A reply and the turn that it answers.

    Attributes
    ----------
    turn : place of the reply in the dialogue's own turns (the first, where several were joined)
    prime, reply : None where they were not read
    reason : why one of them was not, or None
    edited : the reply without echoed words; None when nothing is left
    echoed : echoed content tokens
    last_regulation : regulation of the reply's last sentence, where the dialogue has a negative prime
    compassion : of the clause of the reply that has most of it, where the dialogue has a negative prime
    about_partner : whether the reply speaks of the partner or of what will happen
    hostility : of the clause to the partner that has most of it, without echo; where the dialogue has a
        negative prime
    bleak : whether it says, in words of its own, that things cannot get better
    after : valence of the partner's turn right after the reply; None when there is none
    """

    turn: int
    prime: Feeling | None
    reply: Feeling | None
    reason: str | None
    edited: Feeling | None
    echoed: int
    last_regulation: float | None
    compassion: float | None
    about_partner: bool
    hostility: float | None
    bleak: bool
    after: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a side lends as a stranger.

    Attributes
    ----------
    valence, graded : [n_primes] of the turns that somebody answered
    ekman : [n_primes, 7], or None when the model has no such classes
    course : [n_turns] valence of all turns with words
    """

    valence: NDArray[np.float64]
    graded: NDArray[np.float64]
    ekman: NDArray[np.float64] | None
    course: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observation:
    """What is kept of one dialogue: feelings, no text.

    Attributes
    ----------
    sides : one per speaker
    directions : (label, replier's place, prime's place, exchanges)
    turns : (place in the dialogue's own turns, speaker, feeling or why there is none, share of unknown
        pieces) of joined turns
    reason : why nothing can be scored, or None
    english : whether rules that list English words can be asked
    """

    dialogue: str
    sides: tuple[Side[Heard], ...]
    directions: tuple[tuple[str, int, int, tuple[Exchange, ...]], ...]
    turns: tuple[tuple[int, str, Feeling | str, float], ...]
    reason: str | None
    english: bool = True


@dataclass(frozen=True, slots=True)
class _Joined:
    """Consecutive turns of one speaker as one."""

    place: int
    speaker: str
    text: str


Feelings = Mapping[str, Feeling]


def observe_all(
    dialogues: Sequence[Dialogue], model: affect.Model, *, asked: str | None, within: str | None
) -> list[Observation]:
    """Predict every turn, whole and without echoed words, in one batch.

    Parameters
    ----------
    asked : code of the language, whatever dialogues say; None = as they say it, else as it is seen
    within : meta field in which strangers must agree

    Returns
    -------
    [n_dialogues], in order.
    """
    dialogues = [language.told(dialogue, asked) for dialogue in dialogues]
    joined = [_join(dialogue.turns) for dialogue in dialogues]
    reasons = [_reason(d, j, model) for d, j in zip(dialogues, joined, strict=True)]
    languages = [one.language if one.language in LEMMAS else "en" for one in dialogues]
    edits = [
        [] if reason else [_edit(turns, k, spoken) for k in range(len(turns))]
        for spoken, turns, reason in zip(languages, joined, reasons, strict=True)
    ]
    texts: list[str] = []
    for turns, edited in zip(joined, edits, strict=True):
        for turn, edit in zip(turns, edited, strict=False):
            texts += [turn.text, edit.text if edit else ""]
    known = feelings(texts, model)
    # Which replies answer a negative prime is drawn anew for every stranger: all of them are looked at.
    parts: list[str] = []
    for turns, edited in zip(joined, edits, strict=True):
        heard = [known.get(turn.text) for turn in turns]
        if any(one is not None and one.valence < NEGATIVE for one in heard[:-1]):
            parts += [part for turn in turns[1:] for part in (_last(turn.text), *clauses(turn.text))]
            parts += [part for edit in edited if edit for part in to_partner(edit.text)]
    known |= feelings((text for text in parts if text not in known), model)
    return [
        _observation(d, j, e, r, known, model, within)
        for d, j, e, r in zip(dialogues, joined, edits, reasons, strict=True)
    ]


def feelings(texts: Iterable[str], model: affect.Model) -> dict[str, Feeling]:
    """What a model says of every text that has words and is not mostly unknown to it; equal texts once."""
    listed = [text for text in dict.fromkeys(texts) if has_words(text)]
    shares = zip(listed, model.unknown(listed), strict=True)
    listed = [text for text, share in shares if share <= MOST_UNKNOWN]
    if not listed:
        return {}
    found = model.scheme.affect(model.predict(listed), model.labels)
    columns = (
        found.valence, found.graded, found.intensity,
        found.compassion, found.regulation, found.distress, found.hostility,
    )  # fmt: skip
    plain: list[list[Any]] = [[None] * len(listed) if one is None else one.tolist() for one in columns]
    plain.append([None] * len(listed) if found.ekman is None else list(map(tuple, found.ekman.tolist())))
    return {text: Feeling(*row) for text, row in zip(listed, zip(*plain, strict=True), strict=True)}


def _last(text: str) -> str:
    """The last sentence."""
    return (sentences(text) or [text])[-1]


def _join(turns: Sequence[Turn]) -> list[_Joined]:
    """Consecutive turns of one speaker become one."""
    joined: list[_Joined] = []
    for place, turn in enumerate(turns):
        text = turn.text or ""
        if joined and joined[-1].speaker == turn.speaker:
            last = joined[-1]
            joined[-1] = _Joined(last.place, last.speaker, f"{last.text} {text}".strip())
        else:
            joined.append(_Joined(place, turn.speaker, text))
    return joined


def _reason(dialogue: Dialogue, joined: list[_Joined], model: affect.Model) -> str | None:
    """Why a dialogue cannot be scored at all."""
    if len(dialogue.turns) == 1:
        return "one turn"
    if len(dialogue.speakers) < 2:
        return "one speaker"
    if not any(has_words(turn.text) for turn in joined):
        return "no words"
    if dialogue.language == language.NOT_SURE:
        return "language not sure"
    if dialogue.language == language.NO_LANGUAGE:
        return None  # emoji, whose names are English
    covered = dialogue.language in model.scheme.languages and dialogue.language in LEMMAS
    return None if covered else "language not covered"


def _edit(turns: list[_Joined], place: int, spoken: str) -> Edited | None:
    """A turn without the words of the one before it; None for the first."""
    return without_echo(turns[place].text, turns[place - 1].text, spoken) if place else None


def _observation(
    dialogue: Dialogue,
    joined: list[_Joined],
    edits: list[Edited | None],
    reason: str | None,
    known: Feelings,
    model: affect.Model,
    within: str | None,
) -> Observation:
    """Pairs and sides of one dialogue."""
    unknown = model.unknown([turn.text for turn in joined])
    if reason is None and not any(turn.text in known for turn in joined):
        reason = UNREAD
    speakers = dialogue.speakers
    answered: dict[str, list[Feeling]] = {speaker: [] for speaker in speakers}
    course: dict[str, list[float]] = {speaker: [] for speaker in speakers}
    pairs: dict[tuple[str, str], list[Exchange]] = {}
    turns = []
    for place, turn in enumerate(joined if reason is None else ()):
        own = known.get(turn.text)
        turns.append((turn.place, turn.speaker, own or _unread(turn.text), unknown[place]))
        if own is not None:
            course[turn.speaker].append(own.valence)
        edit = edits[place]
        if edit is None:
            continue
        prime = joined[place - 1]
        heard = known.get(prime.text)
        missing = next((text for text in (turn.text, prime.text) if text not in known), None)
        regulation = compassion = hostility = None
        if heard is not None:
            answered[prime.speaker].append(heard)
        last = known.get(_last(turn.text))
        if own is not None and last is not None:
            regulation = last.regulation
            said = [one.compassion for one in map(known.get, (turn.text, *clauses(turn.text))) if one]
            compassion = max((one for one in said if one is not None), default=None)
            aimed = [one.hostility for one in map(known.get, to_partner(edit.text)) if one]
            hostility = None if own.hostility is None else max([0.0, *(one for one in aimed if one)])
        pairs.setdefault((turn.speaker, prime.speaker), []).append(
            Exchange(
                turn.place, heard, own, None if missing is None else _unread(missing),
                known.get(edit.text), len(edit.echoed),
                regulation, compassion, about_partner(turn.text), hostility, bleak(edit.text),
                _after(joined, place, known),
            )
        )  # fmt: skip
    sides = tuple(
        side(
            dialogue,
            speaker,
            _heard(answered[speaker], course[speaker]),
            fingerprint="\x00".join(t.text for t in joined if t.speaker == speaker),
            within=within,
        )
        for speaker in speakers
    )
    directions = tuple(
        (
            d.label,
            speakers.index(d.replier),
            speakers.index(d.prime),
            tuple(pairs.get((d.replier, d.prime), ())),
        )
        for d in dialogue.directions()
    )
    return Observation(
        dialogue.id,
        sides,
        directions,
        tuple(turns),
        reason,
        dialogue.language in ("en", language.NO_LANGUAGE),
    )


def _unread(text: str) -> str:
    """Why the model was not asked about a text."""
    return UNREAD if has_words(text) else "no words"


def _after(joined: list[_Joined], reply: int, known: Feelings) -> float | None:
    """The partner's valence right after a reply."""
    if reply + 1 >= len(joined) or joined[reply + 1].speaker != joined[reply - 1].speaker:
        return None
    felt = known.get(joined[reply + 1].text)
    return None if felt is None else felt.valence


def _heard(answered: Sequence[Feeling], course: Sequence[float]) -> Heard:
    """A side as arrays."""
    classes = [one.ekman for one in answered if one.ekman is not None]
    return Heard(
        np.array([one.valence for one in answered]),
        np.array([one.graded for one in answered]),
        np.array(classes).reshape(-1, len(affect.EKMAN)) if len(classes) == len(answered) else None,
        np.array(course),
    )
