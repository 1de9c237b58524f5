"""Score records: what a dimension says about a dialogue, a direction and a metric.

A score that could not be given is a record with ``value=None`` and a reason from `REASONS`:
never NaN, never a made-up 0. This module also reads and writes the tables of a run.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from math import isfinite
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, TypeVar

from convalign.errors import RunError
from convalign.files import cleared, loads, readable

SCHEMA_VERSION = 1

REASONS: dict[str, str] = {
    # input that is not there
    "no audio": "the log names no sound for this dialogue",
    "audio unreadable": "the sound file is missing, truncated or not decodable",
    "no turn times": "a recording holds several turns and they have no times",
    "no words": "no turn of this speaker has text",
    "mostly unknown": "over half of the pieces of this text are unknown to the affect model",
    "no content words": "the replies hold no content word",
    "language not sure": "the words do not tell which language they are in; say it, by --language or meta",
    "language not covered": "the model or word lists do not cover this language",
    # not enough of it
    "one speaker": "nobody answers anybody",
    "one turn": "a single turn answers nothing",
    "no partner history": "the partner said nothing that could be taken up before",
    "no tagger": "the spaCy pipeline gives no parts of speech",
    "no function words": "neither speaker uses a word of a closed class",
    "no shared expression": "the speakers share no expression, so it has no length and no initiator",
    "no chance level": "this metric is printed without strangers; a companion has them",
    "no n-gram": "a turn has fewer tokens than the n-gram",
    "too few words": "under 50 words on a side",
    "too few pairs": "fewer reply pairs than the metric needs",
    "too few turns": "fewer turns with this feature than the metric needs",
    "too little voicing": "under 150 ms of voiced sound",
    "too short": "under .3 s of sound",
    "outside the file": "the turn's times lie outside the sound file",
    "overlap": "too little of the turn is free of the other speaker",
    "clipped": "over 1 % of the samples are clipped",
    "flat level": "the level hardly varies (gain control or synthetic speech)",
    "silent": "the turn holds no sound at all",
    "answers nobody": "the turn follows no other speaker's",
    "too few windows": "fewer 16 s windows with a value than the metric needs",
    "no syllable rule": "there is no rule for counting the syllables of this language",
    "no text model": "under 100 turns of a role to learn from which rate a text lets expect",
    "no rate": "no syllable nucleus was found in the sound",
    "no variation": "a series does not vary",
    "only echoed words": "nothing is left of the reply without the partner's words",
    "no negative prime": "the partner never sounded negative",
    "no spread in affect": "all affect values are equal",
    "english only": "the words by which this is told are listed for English alone",
    "model has no such label": "the affect model lacks a label that the metric needs",
    "feature missing": "a feature of the composite is missing in this dialogue",
    # no chance level
    "too few strangers": "fewer than 5 other dialogues can stand in for the partner",
    "strangers do not differ": "the reference speakers do not differ on this feature",
    # scoring itself failed
    "timed out": "the dialogue took longer than --timeout",
    "worker died": "the process that worked on this dialogue alone was killed (memory?)",
    "failed": "scoring raised an error, given in the run's messages",
}
"""Every reason that a row may carry, with its meaning in a sentence."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What a number means; the reference table of the docs is made from these.

    Attributes
    ----------
    name : as in the rows; ``proximity.pitch`` for one feature
    unit : ``share``, ``st``, ``1`` for a plain number
    low, high : range; None = unbounded
    good : which way is more aligned, or ``none`` when neither is better
    summary : one line
    source : paper or formula
    minimum : evidence below which the value is null, in words
    beside : a companion of the headline that reviews always print with it
    when : option and its least value with which the metric is printed; None = always
    route : one of the indicators, each by another route, that tell whether dimensions can be told apart
    by_turn : has turn rows that stand for the dimension where turns are related across dimensions
    """

    name: str
    unit: str
    low: float | None
    high: float | None
    good: Literal["higher", "lower", "none"]
    summary: str
    source: str
    minimum: str
    beside: bool = False
    when: tuple[str, int] | None = None
    route: bool = False
    by_turn: bool = False

    def asked(self, settings: object) -> bool:
        """Whether a run with these settings prints it."""
        return self.when is None or getattr(settings, self.when[0]) >= self.when[1]


@dataclass(frozen=True, slots=True)
class Score:
    """One row of ``dialogues.jsonl``.

    Attributes
    ----------
    direction : ``agent->user``: the agent adapts to the user
    value, baseline, excess : the metric, what surrogate partners get, the difference
    n : evidence in the metric's own count (content types, reply pairs, turns)
    reason : a key of `REASONS`, saying why whichever of value or baseline is null is null
    baseline_sd, surrogates, p : spread and number of surrogate values, permutation p
    """

    dialogue: str
    dimension: str
    metric: str
    direction: str
    value: float | None
    baseline: float | None
    excess: float | None
    n: int
    status: Literal["scored", "unscored"]
    reason: str | None
    baseline_sd: float | None = None
    surrogates: int = 0
    p: float | None = None


@dataclass(frozen=True, slots=True)
class TurnScore:
    """One row of ``turns.jsonl``; `turn` counts from 0 in the dialogue's own turns."""

    dialogue: str
    turn: int
    speaker: str
    dimension: str
    metric: str
    direction: str | None
    value: float | None
    baseline: float | None
    excess: float | None
    n: int
    status: Literal["scored", "unscored"]
    reason: str | None


_COLUMNS: dict[type, tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]] = {
    kind: (names, attrgetter(*names))
    for kind in (Score, TurnScore)
    for names in [tuple(f.name for f in fields(kind))]
}
"""Row type -> its columns, and what reads them."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a dimension returns for one dialogue."""

    dialogues: tuple[Score, ...]
    turns: tuple[TurnScore, ...] = ()


def row(
    dialogue: str,
    dimension: str,
    metric: str,
    direction: str,
    *,
    value: float | None,
    n: int,
    reason: str | None = None,
    surrogates: Iterable[float] = (),
    baseline: float | None = None,
    tail: Literal["upper", "two"] | None = "upper",
) -> Score:
    """Make one score row, with baseline, excess and p from the surrogate values.

    Parameters
    ----------
    value : finite, or None with a reason
    n : evidence
    surrogates : what surrogate partners got, [n_surrogates]; empty = no baseline
    baseline : when it is not the mean of `surrogates`
    tail : which surrogates count against the value in p; None = no p is given

    Returns
    -------
    Score. p = (1 + #{surrogate >= value}) / (1 + n_surrogates), upper tail, or twice the
    smaller tail, at most 1; None without surrogates.

    Raises
    ------
    RunError
        A value that is not finite, a null without reason, a reason that is not in `REASONS`:
        a defect of a scorer, caught before it reaches a file.

    Examples
    --------
    >>> r = row("d1", "lexical", "entrainment", "agent->user", value=0.5, n=8, surrogates=[0.25, 0.5, 0.0])
    >>> r.baseline, r.excess, r.p
    (0.25, 0.25, 0.5)
    """
    chance = list(map(float, surrogates))
    total = math.fsum(chance)
    base = baseline if baseline is not None else (total / len(chance) if chance else None)
    for number in (value, base, total):
        if number is not None and not math.isfinite(number):
            raise RunError(
                f"{dialogue}: {dimension}.{metric}: {number} is not finite; a scorer gives None with a reason"
            )
    if (value is None or base is None) and reason is None:
        raise RunError(
            f"{dialogue}: {dimension}.{metric}: null without a reason; there are: {', '.join(REASONS)}"
        )
    if reason is not None and reason not in REASONS:
        raise RunError(
            f"{dialogue}: {dimension}.{metric}: unknown reason {reason!r}; there are: {', '.join(REASONS)}"
        )
    if value is None:
        return Score(dialogue, dimension, metric, direction, None, None, None, n, "unscored", reason)
    excess = None if base is None else value - base
    p = None
    if chance and tail is not None:
        count = sum([s >= value for s in chance])
        if tail == "two":
            count = min(count, sum([s <= value for s in chance]))
        p = min(1.0, (1 if tail == "upper" else 2) * (1 + count) / (1 + len(chance)))
    return Score(
        dialogue, dimension, metric, direction, float(value), base, excess, n, "scored",
        reason if base is None else None, _sd(chance, total), len(chance), p,
    )  # fmt: skip


def turn_row(
    dialogue: str,
    turn: int,
    speaker: str,
    dimension: str,
    metric: str,
    direction: str | None,
    *,
    value: float | None,
    n: int,
    reason: str | None = None,
    baseline: float | None = None,
) -> TurnScore:
    """Make one row of ``turns.jsonl``; same rules as `row`, baseline optional."""
    for number in (value, baseline):
        if number is not None and not math.isfinite(number):
            raise RunError(
                f"{dialogue}: {dimension}.{metric}: {number} is not finite; a scorer gives None with a reason"
            )
    if value is None and reason not in REASONS:
        raise RunError(
            f"{dialogue}: {dimension}.{metric}: unknown reason {reason!r}; there are: {', '.join(REASONS)}"
        )
    if value is None:
        return TurnScore(
            dialogue, turn, speaker, dimension, metric, direction, None, None, None, n, "unscored", reason
        )
    excess = None if baseline is None else value - baseline
    return TurnScore(
        dialogue,
        turn,
        speaker,
        dimension,
        metric,
        direction,
        float(value),
        baseline,
        excess,
        n,
        "scored",
        None,
    )


def _sd(values: list[float], total: float) -> float | None:
    """Standard deviation (n - 1) of values with this sum, None under two values."""
    if len(values) < 2:
        return None
    mean = total / len(values)
    return math.sqrt(math.fsum([(v - mean) ** 2 for v in values]) / (len(values) - 1))


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Canary:
    """What a scorer makes of an input that never changes, and what it should make of it.

    Attributes
    ----------
    found : rounded numbers, as JSON
    expected : the same where numbers are right; None where nobody has said
    """

    found: Mapping[str, Any]
    expected: Mapping[str, Any] | None

    @property
    def stamp(self) -> str:
        """Eight characters: scores with different ones are never compared."""
        return hashlib.blake2b(dumps(self.found).encode(), digest_size=4).hexdigest()

    @property
    def wrong(self) -> str | None:
        """The first number that is not as expected, in words; None when all are, or nothing is expected."""
        for name, value in (self.expected or {}).items():
            if self.found.get(name) != value:
                return f"{name!r} gives {self.found.get(name)}, not {value}"
        return None


def dumps(record: Any) -> str:
    """One line of JSON: shortest exact numbers, no NaN, no ASCII escapes."""
    return _ENCODER.encode(record)


def dumps_pretty(record: Any) -> str:
    """A JSON file that a person may read: indented, ends with a line end, no NaN."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


_LINES = {
    kind: "{" + ", ".join(f"{dumps(name)}: %s" for name in names) + "}"
    for kind, (names, _) in _COLUMNS.items()
}
"""Row type -> its line with a gap for each value: rows are many, and their keys are always the same."""


def line(score: Score | TurnScore) -> str:
    """One row of a table as JSON, keys in the order of the record; exactly what `dumps` would give."""
    kind = type(score)
    return _LINES[kind] % tuple([_WRITE.get(type(value), dumps)(value) for value in _COLUMNS[kind][1](score)])


_WRITE: dict[type, Callable[[Any], str]] = {
    # The same names come again and again.
    str: lru_cache(maxsize=1024)(dumps),
    float: lambda value: repr(value) if isfinite(value) else dumps(value),
    int: repr,
    type(None): lambda _: "null",
}
"""What writes a value of each type."""


Row = TypeVar("Row", Score, TurnScore)


def read_rows(path: Path, kind: type[Row]) -> Iterator[Row]:
    """Read ``dialogues.jsonl`` (kind=Score) or ``turns.jsonl`` (kind=TurnScore) of a run.

    Raises
    ------
    RunError
        File missing, or a line that is no row; names file and line.
    """
    wanted = set(_COLUMNS[kind][0])
    try:
        with readable(path, most=None).open(encoding="utf-8") as stream:
            for number, text in enumerate(stream, 1):
                try:
                    record = loads(text)
                except ValueError as error:
                    raise RunError(f"{path}:{number}: {error}; score the log again") from None
                if not isinstance(record, dict) or set(record) != wanted:
                    raise RunError(
                        f"{path}:{number}: not a row of schema_version {SCHEMA_VERSION}; score the log again"
                    )
                yield kind(**record)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; name a run folder made by convalign score") from None


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all (temporary name in the same folder, then renamed)."""
    part = path.with_name(f".{path.name}.part")
    with cleared(part).open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    part.replace(path)
