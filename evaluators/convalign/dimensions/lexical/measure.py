"""From dialogues to rows: what is kept of a dialogue, and what each direction gets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np

from convalign import language
from convalign.dialogue import Dialogue
from convalign.dimensions.lexical.closed_classes import answered, coordination, style
from convalign.dimensions.lexical.direction import (
    Measured,
    TurnShares,
    direction,
    said_again,
    took_over,
)
from convalign.dimensions.lexical.offline import repetition
from convalign.dimensions.lexical.partners import bench, draw
from convalign.dimensions.lexical.settings import Settings
from convalign.dimensions.lexical.spoken import Ints, Lexer, Spoken, lexer
from convalign.dimensions.lexical.turn_pairs import Pairs, pairs
from convalign.errors import ConvalignError
from convalign.scores import Score, Scored, TurnScore, row, turn_row
from convalign.surrogates import FEWEST, Pool, Side, side

NAME = "lexical"
NAMES = (
    "entrainment", "uptake", "uptake.rest", "repetition", "repetition.offline", "initiated", "vocabulary",
    "coordination", "style", "similarity.lemmas", "similarity.tags",
)  # fmt: skip
EVERYBODY = -1
"""In place of a prime: all speakers but the replier."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What is kept of one dialogue.

    Attributes
    ----------
    dialogue : id
    sides : one per speaker, then, with more than two, one per speaker for all the others
    speakers : in order of the first turn
    turns : [n_turns] place of the speaker of each turn
    directions : (place of the replier, place of the prime or `EVERYBODY`, label)
    offline : (replier, prime) -> metrics that are read off the whole dialogue, without strangers
    classes : number of closed word classes of the language
    reason : why nothing can be scored, or None
    messages : what the user should hear of
    """

    dialogue: str
    sides: tuple[Side[Spoken], ...]
    speakers: tuple[str, ...]
    turns: tuple[int, ...]
    directions: tuple[tuple[int, int, str], ...]
    offline: Mapping[tuple[int, int], dict[str, Measured]]
    classes: int = 0
    reason: str | None = None
    messages: tuple[str, ...] = ()


def observe(dialogues: Sequence[Dialogue], settings: Settings) -> list[Observation]:
    """Find the words of every turn.

    Returns
    -------
    [n_dialogues], in order. A dialogue in a language that cannot be read has a reason.

    Raises
    ------
    UsageError, MissingExtraError
        The language or the pipeline of `settings` cannot be loaded.
    """
    default = lexer(settings.language or "en", settings.spacy, settings.choice)
    if settings.spacy is None:
        dialogues = [language.told(dialogue, settings.language) for dialogue in dialogues]
    readers = [_reader(dialogue, default, settings) for dialogue in dialogues]
    groups: dict[int, tuple[Lexer, list[int]]] = {}
    for number, (made, _) in enumerate(readers):
        if made is not None:
            groups.setdefault(id(made), (made, []))[1].append(number)
    observed: list[Observation | None] = [None] * len(dialogues)
    for made, numbers in groups.values():
        group = [dialogues[number] for number in numbers]
        for number, found in zip(numbers, _read(group, made, settings), strict=True):
            observed[number] = replace(found, messages=readers[number][1])
    return [
        found if found is not None else _unread(dialogue, messages)
        for found, dialogue, (_, messages) in zip(observed, dialogues, readers, strict=True)
    ]


def _read(dialogues: Sequence[Dialogue], made: Lexer, settings: Settings) -> Iterator[Observation]:
    """Dialogues of one language; all their texts are read in one go."""
    said = [_said(dialogue) for dialogue in dialogues]
    texts = [d.turns[turn].text or "" for d, turns in zip(dialogues, said, strict=True) for turn in turns]
    spoken = made.read([turn for turns in said for turn in turns], texts)
    words = list(spoken.split([len(turns) for turns in said]))
    who = [np.array(_places(d), np.int64)[w.turn] for d, w in zip(dialogues, words, strict=True)]
    offline = repetition(words, who)
    classes = len(made.functions.classes) if made.functions is not None else 0
    for dialogue, one, speaker, found in zip(dialogues, words, who, offline, strict=True):
        yield Observation(
            dialogue.id, _sides(dialogue, one, speaker, made, settings), dialogue.speakers,
            tuple(_places(dialogue)), _directions(dialogue), found, classes,
        )  # fmt: skip


def _said(dialogue: Dialogue) -> list[int]:
    """Turns that have a transcript; a speaker who has only empty ones has none."""
    speak = {turn.speaker for turn in dialogue.turns if turn.text}
    return [n for n, turn in enumerate(dialogue.turns) if turn.text is not None and turn.speaker in speak]


def _places(dialogue: Dialogue) -> list[int]:
    """The place of the speaker of each turn."""
    place = {speaker: number for number, speaker in enumerate(dialogue.speakers)}
    return [place[turn.speaker] for turn in dialogue.turns]


def _sides(
    dialogue: Dialogue, words: Spoken, who: Ints, made: Lexer, settings: Settings
) -> tuple[Side[Spoken], ...]:
    """Each speaker as a possible stranger, then, with more than two, all the others of each."""
    told = replace(dialogue, meta={**dialogue.meta, "language": made.reader.source.language})
    sides = []
    for place, speaker in enumerate(dialogue.speakers):
        mine = words.take(who == place)
        sides.append(side(told, speaker, mine, fingerprint=mine.form.tobytes().hex(), within=settings.within))
    if len(sides) > 2:
        sides += [
            replace(
                one,
                # A name of its own: a group is nobody's namesake in another dialogue.
                speaker=f"all but {one.speaker} of {dialogue.id}",
                role=f"all but {one.role or 'one'}",
                others=frozenset(dialogue.speakers),
                fingerprint=f"all but {one.fingerprint}",
                content=words.take(who != place),
            )
            for place, one in enumerate(sides)
        ]
    return tuple(sides)


def _directions(dialogue: Dialogue) -> tuple[tuple[int, int, str], ...]:
    """Ordered pairs, then, with more than two speakers, each against everybody else."""
    place = {speaker: number for number, speaker in enumerate(dialogue.speakers)}
    found = [(place[d.replier], place[d.prime], d.label) for d in dialogue.directions()]
    if len(place) > 2:
        found += [(a, EVERYBODY, f"{dialogue.label(name)}->all") for name, a in place.items()]
    return tuple(found)


def _reader(dialogue: Dialogue, default: Lexer, settings: Settings) -> tuple[Lexer | None, tuple[str, ...]]:
    """What reads a dialogue, and what to tell of it."""
    spoken = None if dialogue.language is None else language.code(dialogue.language) or dialogue.language
    if spoken in (None, language.NO_LANGUAGE, default.reader.source.language):
        return default, ()
    if spoken is None or spoken == language.NOT_SURE:
        return None, ()
    if settings.spacy is not None:
        return None, (
            f"language {spoken!r} is not that of the pipeline {settings.spacy!r}; score it by itself",
        )
    try:
        made = lexer(spoken, None, settings.choice)
    except ConvalignError as error:
        return None, (str(error),)
    if made.reader.source.lemmas == "form":
        return made, (f"language {spoken!r}: spaCy has no lemma table; lower-case forms were compared",)
    return made, ()


def _unread(dialogue: Dialogue, messages: tuple[str, ...]) -> Observation:
    """A dialogue in a language that cannot be read; it lends no strangers."""
    return Observation(
        dialogue.id, (), dialogue.speakers, tuple(_places(dialogue)), _directions(dialogue), {},
        reason="language not sure" if dialogue.language == language.NOT_SURE else "language not covered",
        messages=messages,
    )  # fmt: skip


def reference(observations: Iterable[Observation], pool: Pool[Spoken], settings: Settings) -> dict[str, Any]:
    """Nothing of this dimension is frozen over a run."""
    return {}


def score(
    observation: Observation, pool: Pool[Spoken], reference: Mapping[str, Any], settings: Settings
) -> Scored:
    """Score every direction of one dialogue, beside its strangers.

    Parameters
    ----------
    pool : sides of all dialogues of the log
    reference : not used

    Returns
    -------
    Scored, rows per direction and metric; turn rows of `entrainment`, value = taken over / types,
    baseline = mean over strangers in that turn, n = types.
    """
    if not observation.directions:
        reason = "one turn" if len(observation.turns) == 1 else "one speaker"
        return Scored(tuple(_null(observation, name, "-", reason) for name in NAMES))
    rows: list[Score] = []
    turns: list[TurnScore] = []
    answers, generator = answered(observation.turns), _generator(observation, settings)
    for replier, prime, label in observation.directions:
        if observation.reason is not None:
            rows += [_null(observation, name, label, observation.reason) for name in NAMES]
            continue
        place = prime if prime != EVERYBODY else len(observation.speakers) + replier
        partner = observation.sides[place]
        one = direction(observation.sides[replier].content, partner.content)
        made = bench(pool)
        strangers = draw(made, pool, partner, settings.surrogates)
        found, shares = took_over(
            one, made, strangers, history=settings.history, window=settings.uptake_turns
        )
        found |= said_again(one, made, strangers)
        adjacent = pairs(one, made, strangers)
        found["similarity.lemmas"] = adjacent.similarity()
        found["similarity.tags"] = _tags(adjacent)
        found["coordination"] = coordination(
            one, answers, observation.classes, settings.surrogates, generator
        )
        found["style"] = style(one, observation.classes, strangers)
        found |= observation.offline.get((replier, place), {})
        rows += [_row(observation, name, label, found[name], settings) for name in NAMES if name in found]
        turns += _turn_rows(observation, label, replier, shares)
    spoken = any(len(side.content.turn) for side in observation.sides)
    return Scored(tuple(rows), tuple(turns) if spoken else ())


def _tags(adjacent: Pairs) -> Measured:
    """The cosine over parts of speech, where somebody tagged them."""
    if adjacent.one.mine.tag is None and not adjacent.one.silent:
        return Measured(None, 0, "no tagger", np.zeros(0))
    return adjacent.tags()


def _generator(observation: Observation, settings: Settings) -> np.random.Generator:
    """Shuffles by dialogue: the same whatever else is in the log."""
    text = f"{settings.seed}\x00{observation.dialogue}".encode("utf-8", "surrogatepass")
    return np.random.Generator(np.random.PCG64(int.from_bytes(blake2b(text, digest_size=8).digest(), "big")))


def _null(observation: Observation, name: str, label: str, reason: str) -> Score:
    return row(observation.dialogue, NAME, name, label, value=None, n=0, reason=reason)


def _row(observation: Observation, name: str, label: str, found: Measured, settings: Settings) -> Score:
    """One metric of one direction; a chance level rests on 5 strangers at least."""
    chance = found.chance.tolist()
    if math.isnan(sum(chance)):
        chance = [one for one in chance if not math.isnan(one)]
    if len(chance) < min(FEWEST, settings.surrogates):
        chance = []
    reason = found.reason if found.value is None or chance else found.reason or "too few strangers"
    return row(
        observation.dialogue,
        NAME,
        name,
        label,
        value=found.value,
        n=found.n,
        reason=reason,
        surrogates=chance,
    )


def _turn_rows(observation: Observation, label: str, replier: int, shares: TurnShares) -> Iterator[TurnScore]:
    """One row per turn of the replier."""
    place = {turn: number for number, turn in enumerate(shares.turn.tolist())}
    value, baseline = shares.value.tolist(), shares.baseline.tolist()
    n, heard = shares.n.tolist(), shares.heard.tolist()
    for turn, speaker in enumerate(observation.turns):
        if speaker != replier:
            continue
        at = place.get(turn)
        reason = None
        if at is None:
            reason = "no words"
        elif not heard[at]:
            reason = "no partner history"
        elif not n[at]:
            reason = "no content words"
        real, chance = (value[at], baseline[at]) if at is not None else (None, None)
        yield turn_row(
            observation.dialogue, turn, observation.speakers[replier], NAME, "entrainment", label,
            value=None if reason else real,
            n=n[at] if at is not None and not reason else 0,
            reason=reason,
            baseline=None if reason or chance is None or math.isnan(chance) else chance,
        )  # fmt: skip
