"""What a rubric file says, and what is said about a run by it; nothing here reads or judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

Need = Literal["required", "optional", "monitor", "contraindicated"]
Word = Literal["met", "unmet", "unknown"]

GRADES = ("experiment", "correlational", "review", "note", "none")
"""Grades of evidence, strongest first."""
WEAK = ("review", "note", "none")
"""A required entry whose best support is one of these stands on weak ground."""
FAILING = ("required", "contraindicated")
"""Needs that can fail a system."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source for or against an entry.

    Attributes
    ----------
    source : who or where, so that it can be found
    finding : what it found, in our words
    grade : one of `GRADES`
    supports : False = it speaks against the entry, and is printed at the verdict
    population : whom it was found in; None = not known
    n : people, dialogues or whatever the finding counts; None = not known
    """

    source: str
    finding: str
    grade: str
    supports: bool
    population: str | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Contraindication:
    """What must not happen, whatever the target says.

    Attributes
    ----------
    when, why : in words
    metric : share of replies in which it happens; None = stated, not measured
    at_most : share tolerated beyond the measured false alarm rate, 0..1
    """

    when: str
    why: str
    metric: str | None = None
    at_most: float = 0.0


@dataclass(frozen=True, slots=True)
class Baseline:
    """Where the edges of a calibrated target come from.

    Attributes
    ----------
    source, sha256, population, date : of the human dialogues that were scored
    signature : how their scores were made; a run with another one is not judged by them
    n : dialogues
    quantiles : shares of the dialogues below the low and the high edge
    low_ci90, high_ci90 : bootstrap 90 % interval of each edge, over dialogues
    unstable : why the edges are not to be relied on, or None
    """

    source: str
    n: int
    quantiles: tuple[float, float]
    sha256: str | None = None
    signature: str | None = None
    population: str | None = None
    date: str | None = None
    low_ci90: tuple[float, float] | None = None
    high_ci90: tuple[float, float] | None = None
    unstable: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Which side is right.

    Attributes
    ----------
    kind : ``above_chance``, ``at_least``, ``at_most``, ``band`` or ``none``
    relative_to : ``strangers`` (the edge is an excess of 0), ``human_baseline`` (calibrated) or
        ``file`` (numbers that the team wrote down)
    low, high : edges in the unit of the judged quantity
    baseline : where calibrated edges come from
    """

    kind: str
    relative_to: str = "strangers"
    low: float | None = None
    high: float | None = None
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a use case needs of one metric; the fields of methods/use-cases.md, section 1.

    Attributes
    ----------
    path : where the entry stands in the file (``$.dimensions.lexical``)
    """

    path: str
    dimension: str
    need: Need
    metric: str
    target: Target
    serves: str
    evidence: tuple[Evidence, ...]
    metric_version: str | None = None
    quantity: Literal["excess", "value"] = "excess"
    direction: str = "agent->user"
    primes: str = "all"
    time_scale: str = "dialogue"
    minimum_turns: int = 1
    minimum_dialogues: int = 1
    contraindications: tuple[Contraindication, ...] = ()

    @property
    def grade(self) -> str:
        """Best grade among the supporting lines, ``none`` without one."""
        held = {line.grade for line in self.evidence if line.supports}
        return next((grade for grade in GRADES if grade in held), "none")

    @property
    def weak_ground(self) -> bool:
        """Whether the entry is required although no study that could be read supports it."""
        return self.need == "required" and self.grade in WEAK

    @property
    def contrary(self) -> tuple[Evidence, ...]:
        """Lines that speak against the entry; none is ever left out."""
        return tuple(line for line in self.evidence if not line.supports)

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions that must hold."""
        return ("agent->user", "user->agent") if self.direction == "mutual" else (self.direction,)

    @property
    def label(self) -> str:
        """How the entry is called in sentences: ``emotional match on positive primes``."""
        primes = "" if self.primes == "all" else f" on {self.primes} primes"
        return f"{self.dimension} {self.metric}{primes}"


@dataclass(frozen=True, slots=True)
class Rubric:
    """A checked rubric file.

    Attributes
    ----------
    entries : in the order of the file
    sha256 : of the file's bytes, 64 hexadecimal digits
    place : file name, for messages
    text : the file, from which a calibrated copy is made
    """

    name: str
    version: str
    schema_version: str
    use_case: str
    population: str
    entries: tuple[Entry, ...]
    notes: str | None
    sha256: str
    place: str
    text: str

    @property
    def signature(self) -> str:
        """What a verdict is stamped with; two reviews with different ones are not compared."""
        return f"{self.name}|v:{self.version}|sha256:{self.sha256}"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A dialogue, or a turn of one, that moved the mean most.

    Attributes
    ----------
    turn, speaker : None when it is a whole dialogue
    value, baseline, excess : as scored
    """

    dialogue: str
    turn: int | None
    speaker: str | None
    value: float | None
    baseline: float | None
    excess: float | None


@dataclass(frozen=True, slots=True)
class Floor:
    """What became of a contraindication.

    Attributes
    ----------
    verdict : ``met`` (rate below the limit), ``unmet`` (above it), ``unknown``; None = stated, not measured
    share : of the replies in question in which it happened, 0..1
    interval : of that share (Wilson), level 1 - 2 alpha
    limit : at_most and the upper limit of the false alarm rate, 0..
    n : replies in question
    turns : every turn so called, to look at, when rows per turn were given; none of them is a verdict
    """

    when: str
    why: str
    metric: str | None
    at_most: float
    verdict: Word | None
    reason: str
    share: float | None = None
    interval: tuple[float, float] | None = None
    limit: float | None = None
    n: int = 0
    turns: tuple[Weighed, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One direction of an entry, judged against the target.

    Attributes
    ----------
    value, baseline, excess : means over the `n` dialogues (with clusters: over cluster means)
    interval : of the mean of the judged quantity, level 1 - 2 alpha; None with one dialogue
    n : dialogues that count
    units : clusters, or n without clusters
    dropped : reason -> dialogues that do not count
    p : against strangers, given only with a single dialogue
    margin : how far the mean lies on the right side, negative on the wrong one; None without target
    """

    direction: str
    verdict: Word
    reason: str
    value: float | None
    baseline: float | None
    excess: float | None
    interval: tuple[float, float] | None
    n: int
    units: int
    dropped: Mapping[str, int]
    p: float | None
    margin: float | None
    weighed: tuple[Weighed, ...]
    cautions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said about one entry. The numbers are those of the direction that decided.

    Attributes
    ----------
    verdict : ``met``, ``unmet``, ``unknown``; None for what is only monitored
    reason : why, in words
    decided_by : the direction whose numbers these are
    sides : every direction (two when the entry is mutual)
    target, target_source : in words
    grade, weak_ground : see `Entry`
    contrary : every line of evidence against the entry
    contraindications : their outcomes
    """

    dimension: str
    need: Need
    metric: str
    quantity: str
    direction: str
    primes: str
    time_scale: str
    verdict: Word | None
    reason: str
    decided_by: str
    value: float | None
    baseline: float | None
    excess: float | None
    interval: tuple[float, float] | None
    n: int
    units: int
    dropped: Mapping[str, int]
    p: float | None
    target: str
    target_source: str
    grade: str
    weak_ground: bool
    serves: str
    population: str
    evidence: tuple[Evidence, ...]
    contrary: tuple[Evidence, ...]
    contraindications: tuple[Floor, ...]
    weighed: tuple[Weighed, ...]
    cautions: tuple[str, ...]
    sides: tuple[Side, ...]

    @property
    def fails(self) -> bool:
        """Whether this alone is a reason to say that the system fails the rubric."""
        return self.need in FAILING and self.verdict == "unmet"

    @property
    def undecided(self) -> bool:
        """Whether the system could still fail here."""
        return self.need in FAILING and self.verdict == "unknown"

    def record(self) -> dict[str, Any]:
        """The verdict as JSON would hold it."""
        return {name: plain(getattr(self, name)) for name in (f.name for f in fields(self))}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict per entry of a rubric; no word and no count over all of them.

    Attributes
    ----------
    rubric : name; signature : name, version and hash of the file
    alpha : the interval of every verdict has level 1 - 2 alpha
    """

    rubric: str
    version: str
    use_case: str
    population: str
    sha256: str
    signature: str
    alpha: float
    notes: str | None
    verdicts: tuple[Verdict, ...]

    def gate(self, *, strict: bool = False) -> tuple[Verdict, ...]:
        """The verdicts that stop a release: what can fail and did, with `strict` also what is open."""
        return tuple(v for v in self.verdicts if v.fails or (strict and v.undecided))

    def record(self) -> dict[str, Any]:
        """The judgement as JSON would hold it."""
        return {name: plain(getattr(self, name)) for name in (f.name for f in fields(self))}


def plain(value: Any) -> Any:
    """Records, mappings and tuples as JSON would hold them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value
