"""From dialogues to rows: what is kept of a dialogue, and its strangers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from convalign.dialogue import Dialogue
from convalign.dimensions.lexical.settings import Settings
from convalign.dimensions.lexical.takeover import (
    Exchange,
    Heard,
    Said,
    entrainment_of,
    exchange,
    taken_over,
    uptake_of,
)
from convalign.dimensions.lexical.words import Reader, base, reader
from convalign.errors import ConvalignError
from convalign.scores import Score, Scored, TurnScore, row, turn_row
from convalign.surrogates import FEWEST, Pool, Side, side

NAME = "lexical"
NAMES = ("entrainment", "uptake", "uptake.rest")
SILENT = -1
"""In place of a number of tokens: the turn has no transcript."""
EVERYBODY = -1
"""In place of a prime: all speakers but the replier."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What is kept of one dialogue: content lemmas, no text.

    Attributes
    ----------
    dialogue : id
    sides : one per speaker, then, with more than two, one per speaker for all the others;
        content = the lemmas in order, one a line
    speakers : in order of the first turn
    turns : for each turn, (place of its speaker, content tokens or `SILENT`)
    directions : (place of the replier, place of the prime or `EVERYBODY`, label)
    reason : why nothing can be scored, or None
    messages : what the user should hear of
    """

    dialogue: str
    sides: tuple[Side[str], ...]
    speakers: tuple[str, ...]
    turns: tuple[tuple[int, int], ...]
    directions: tuple[tuple[int, int, str], ...]
    reason: str | None = None
    messages: tuple[str, ...] = ()


def observe(dialogues: Sequence[Dialogue], settings: Settings) -> list[Observation]:
    """Find the content words of every turn.

    Returns
    -------
    [n_dialogues], in order. A dialogue in a language that cannot be read has a reason.

    Raises
    ------
    UsageError, MissingExtraError
        The language or the pipeline of `settings` cannot be loaded.
    """
    default = reader(settings.language, settings.spacy)
    readers: list[tuple[Reader | None, tuple[str, ...]]] = []
    wanted: dict[int, tuple[Reader, list[str]]] = {}
    for dialogue in dialogues:
        made, messages = _reader(dialogue, default, settings)
        readers.append((made, messages))
        if made is not None:
            texts = wanted.setdefault(id(made), (made, []))[1]
            texts.extend(turn.text for turn in dialogue.turns if turn.text)
    found = {key: iter(made.contents(texts, settings.choice)) for key, (made, texts) in wanted.items()}
    observed = []
    for dialogue, (made, messages) in zip(dialogues, readers, strict=True):
        if made is None:
            observed.append(_unread(dialogue, messages))
            continue
        lemmas = [
            next(found[id(made)]) if turn.text else None if turn.text is None else []
            for turn in dialogue.turns
        ]
        observed.append(_observation(dialogue, lemmas, made, messages, settings.within))
    return observed


def reference(observations: Sequence[Observation], pool: Pool[str], settings: Settings) -> dict[str, Any]:
    """Nothing of this dimension is frozen over a run."""
    return {}


def score(
    observation: Observation, pool: Pool[str], reference: Mapping[str, Any], settings: Settings
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
        blank = (row(observation.dialogue, NAME, m, "-", value=None, n=0, reason=reason) for m in NAMES)
        return Scored(tuple(blank))
    rows: list[Score] = []
    turns: list[TurnScore] = []
    said = _said(observation)
    for replier, prime, label in observation.directions:
        if observation.reason is not None:
            rows += [
                row(observation.dialogue, NAME, m, label, value=None, n=0, reason=observation.reason)
                for m in NAMES
            ]
            continue
        whom = None if prime == EVERYBODY else str(prime)
        given = exchange(said, str(replier), whom, history=settings.history)
        place = prime if prime != EVERYBODY else len(observation.speakers) + replier
        drawn = strangers(pool, observation.sides[place], given.length, settings.surrogates)
        streams = [Heard(stream) for stream in drawn]
        rows += _rows(observation, label, given, streams, settings)
        turns += _turn_rows(observation, label, replier, given, streams)
    return Scored(tuple(rows), tuple(turns) if any(lemmas is not None for _, lemmas in said) else ())


def strangers(pool: Pool[str], target: Side[str], length: int, count: int) -> list[list[str]]:
    """Draw streams that could stand in the partner's place.

    Parameters
    ----------
    target : the real partner
    length : content tokens that each stream must have, >= 0
    count : how many are wanted

    Returns
    -------
    [<= count][length] lemmas: each a stranger's, cut, or extended by further strangers in seeded
    order. [] when fewer than 5 dialogues are eligible, or all of them together are too short.
    """
    if not length:
        return []
    streams = []
    for number, one in enumerate(pool.strangers(target, count, accept=_speaks)):
        stream = one.content.split("\n")
        used, wanted = {one.dialogue}, 2
        while len(stream) < length:
            more = pool.strangers(target, wanted, accept=_speaks, salt=f"extend {number}")
            for other in more:
                if other.dialogue not in used:
                    used.add(other.dialogue)
                    stream += other.content.split("\n")
            if len(more) < wanted:
                break
            wanted *= 2
        if len(stream) >= length:
            streams.append(stream[:length])
    return streams


def _speaks(one: Side[str]) -> bool:
    """Whether a side has content words at all."""
    return bool(one.content)


def _rows(
    observation: Observation, label: str, given: Exchange, streams: list[Heard], settings: Settings
) -> list[Score]:
    """The dialogue rows of one direction."""
    rows = []
    for name in NAMES:
        window = settings.uptake_turns if name == "uptake" else None
        real, *chance = (
            entrainment_of(given, stream) if name == "entrainment" else uptake_of(given, stream, window)
            for stream in (Heard(given.stream), *streams)
        )
        values = [one.value for one in chance if one.value is not None]
        if len(values) < min(FEWEST, settings.surrogates):
            values = []
        reason = real.reason if real.value is None else None if values else "too few strangers"
        rows.append(
            row(
                observation.dialogue,
                NAME,
                name,
                label,
                value=real.value,
                n=real.n,
                reason=reason,
                surrogates=values,
            )
        )
    return rows


def _turn_rows(
    observation: Observation, label: str, replier: int, given: Exchange, streams: list[Heard]
) -> list[TurnScore]:
    """One row per turn of the replier."""
    real = taken_over(given, Heard(given.stream))
    chance = [sum(counts) for counts in zip(*(taken_over(given, s) for s in streams), strict=True)]
    numbers = {reply.turn: number for number, reply in enumerate(given.replies)}
    rows = []
    for turn, (speaker, _) in enumerate(observation.turns):
        if speaker != replier:
            continue
        number = numbers.get(turn)
        reason = "no words" if number is None else given.replies[number].reason
        value = baseline = None
        n = 0
        if number is not None and reason is None:
            n = len(given.replies[number].types)
            value = real[number] / n
            baseline = chance[number] / (n * len(streams)) if streams else None
        rows.append(
            turn_row(
                observation.dialogue,
                turn,
                observation.speakers[replier],
                NAME,
                "entrainment",
                label,
                value=value,
                n=n,
                reason=reason,
                baseline=baseline,
            )
        )
    return rows


def _said(observation: Observation) -> list[Said]:
    """Speaker (as place) and lemmas of each turn, cut out of the sides again."""
    streams = [s.content.split("\n") if s.content else [] for s in observation.sides]
    at = [0] * len(observation.speakers)
    said: list[Said] = []
    for speaker, tokens in observation.turns:
        if tokens == SILENT:
            said.append((str(speaker), None))
            continue
        said.append((str(speaker), streams[speaker][at[speaker] : at[speaker] + tokens]))
        at[speaker] += tokens
    return said


def _reader(dialogue: Dialogue, default: Reader, settings: Settings) -> tuple[Reader | None, tuple[str, ...]]:
    """What reads a dialogue, and what to tell of it."""
    language = dialogue.language
    if language is None or base(language) == default.source.language:
        return default, ()
    if settings.spacy is not None:
        return None, (
            f"language {language!r} is not that of the pipeline {settings.spacy!r}; score it by itself",
        )
    try:
        made = reader(language)
    except ConvalignError as error:
        return None, (str(error),)
    if made.source.lemmas == "form":
        return made, (f"language {language!r}: spaCy has no lemma table; lower-case forms were compared",)
    return made, ()


def _unread(dialogue: Dialogue, messages: tuple[str, ...]) -> Observation:
    """A dialogue in a language that cannot be read; it lends no strangers."""
    speakers = dialogue.speakers
    turns = tuple((speakers.index(turn.speaker), SILENT) for turn in dialogue.turns)
    directions = _directions(dialogue)
    return Observation(dialogue.id, (), speakers, turns, directions, "language not covered", messages)


def _observation(
    dialogue: Dialogue,
    lemmas: list[list[str] | None],
    made: Reader,
    messages: tuple[str, ...],
    within: str | None,
) -> Observation:
    """What is kept of a dialogue whose words were found."""
    speakers = dialogue.speakers
    words = {turn.speaker for turn in dialogue.turns if turn.text}
    turns: list[tuple[int, int]] = []
    streams: list[list[str]] = [[] for _ in speakers]
    texts: list[list[str]] = [[] for _ in speakers]
    others: list[list[str]] = [[] for _ in speakers]
    for turn, found in zip(dialogue.turns, lemmas, strict=True):
        place = speakers.index(turn.speaker)
        if found is None or turn.speaker not in words:
            turns.append((place, SILENT))
            continue
        turns.append((place, len(found)))
        streams[place] += found
        texts[place].append(turn.text or "")
        if len(speakers) > 2:
            for other in range(len(speakers)):
                if other != place:
                    others[other] += found
    sides = [
        side(dialogue, name, "\n".join(stream), fingerprint="\n".join(text), within=within)
        for name, stream, text in zip(speakers, streams, texts, strict=True)
    ]
    if len(speakers) > 2:
        sides += [
            replace(
                one,
                # A name of its own: a group is nobody's namesake in another dialogue.
                speaker=f"all but {one.speaker} of {dialogue.id}",
                role=f"all but {one.role or 'one'}",
                others=frozenset(speakers),
                fingerprint=f"all but {one.fingerprint}",
                content="\n".join(stream),
            )
            for one, stream in zip(sides, others, strict=True)
        ]
    language = made.source.language
    spoken = tuple(replace(one, language=language) for one in sides)
    return Observation(dialogue.id, spoken, speakers, tuple(turns), _directions(dialogue), None, messages)


def _directions(dialogue: Dialogue) -> tuple[tuple[int, int, str], ...]:
    """Ordered pairs, then, with more than two speakers, each against everybody else."""
    place = {speaker: number for number, speaker in enumerate(dialogue.speakers)}
    found = [(place[d.replier], place[d.prime], d.label) for d in dialogue.directions()]
    if len(place) > 2:
        found += [(a, EVERYBODY, f"{dialogue.label(name)}->all") for name, a in place.items()]
    return tuple(found)
