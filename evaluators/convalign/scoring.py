"""From dialogues to scores: every dimension by itself, each above its own chance level.

Two passes. The first looks at one dialogue at a time and keeps only what a dimension needs of it
(`observe`); the second puts strangers in the partner's place (`finish`). A dimension is handed
only its own half of a dialogue: scorers of words get no sound, scorers of sound get no words.
"""

from __future__ import annotations

import hashlib
import pickle
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

from convalign import dimensions, language
from convalign.dialogue import Dialogue, Turn, to_record
from convalign.errors import UsageError
from convalign.limits import time_limit
from convalign.scores import Canary, Score, Scored, TurnScore, dumps, row
from convalign.summaries import Tally
from convalign.surrogates import Pool

IN_MEMORY = 8 << 20
"""Bytes of what was seen that are not written to disk."""

BATCH = 64
"""Dialogues that are observed together, so that a model can run full batches."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A dimension with the settings of this run.

    Attributes
    ----------
    name : of the dimension
    settings : instance of the module's ``Settings``
    """

    name: str
    settings: Any

    @property
    def module(self) -> dimensions.Dimension:
        """The dimension's module, imported on first use (also in a worker process)."""
        return dimensions.load(self.name)

    @property
    def reads(self) -> Literal["text", "audio", "both"]:
        """The half of a dialogue that it is handed; both only where an option asked for it."""
        both: Literal["text", "audio", "both"] = getattr(self.settings, "reads", self.module.NEEDS)
        return both

    @property
    def signature(self) -> str:
        """One line that says how the numbers of this dimension were made."""
        return self.module.signature(self.settings)

    @property
    def canary(self) -> Canary:
        """What this machine makes of an input that never changes."""
        return self.module.canary(self.settings)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of one dialogue after the first pass.

    Attributes
    ----------
    index : what the log said of it, without its words (id, source, turns, roles, meta, ...)
    observations : dimension -> observation, or the message of what went wrong
    """

    index: dict[str, Any]
    observations: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """A dimension could not look at this dialogue; `message` says why."""

    dialogue: str
    message: str
    directions: tuple[str, ...]
    reason: str = "failed"
    sides: tuple[Any, ...] = ()


class Gathered:
    """What the first pass saw of a log: on disk, apart from the sides that stand in as strangers.

    Parameters
    ----------
    chosen : the dimensions of the run

    Attributes
    ----------
    pools : dimension -> whoever can stand in for a partner
    turns : turns of all dialogues
    """

    def __init__(self, chosen: Sequence[Scorer]) -> None:
        self.chosen = tuple(chosen)
        self.pools: dict[str, Pool[Any]] = {s.name: Pool(seed=s.settings.seed) for s in chosen}
        self.turns = 0
        self._count = 0
        # Our own objects, in a file without a name: nobody else can have written what is loaded.
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, batch: Sequence[Seen]) -> None:
        """Keep some dialogues."""
        for one in batch:
            self.turns += one.index["turns"]
            for name, observation in one.observations.items():
                for side in observation.sides:
                    self.pools[name].add(side)
        self._count += len(batch)
        pickle.dump(list(batch), self._file, protocol=pickle.HIGHEST_PROTOCOL)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Seen]:
        self._file.seek(0)
        left = self._count
        while left:
            batch: list[Seen] = pickle.load(self._file)
            left -= len(batch)
            yield from batch

    def of(self, name: str) -> Iterator[Any]:
        """Observations of one dimension that did not fail."""
        return (o for one in self if not isinstance(o := one.observations[name], Failure))


class Memory(Protocol):
    """Observations by a key of dimension, settings and what the dimension was handed."""

    def recall(self, keys: Sequence[str]) -> dict[str, Any]:
        """Those that are known."""
        ...

    def keep(self, found: Mapping[str, Any]) -> None:
        """Add some."""
        ...


def scorers(names: Sequence[str] | None, options: Mapping[str, Any]) -> tuple[Scorer, ...]:
    """Choose dimensions and give each the options that it knows.

    Parameters
    ----------
    names : dimensions; None = all that there are
    options : option -> value; None values count as not given

    Returns
    -------
    [n_dimensions] scorers, in the order of `names`

    Raises
    ------
    UsageError
        Unknown dimension, an option that none of the chosen dimensions knows, a bad value.
    """
    given = {key: value for key, value in options.items() if value is not None}
    chosen = []
    known: set[str] = set()
    for name in names if names is not None else dimensions.names():
        kind = dimensions.load(name).Settings
        mine = {f.name for f in fields(kind)}
        known |= mine
        chosen.append(Scorer(name, kind(**{key: given[key] for key in given if key in mine})))
    stray = sorted(set(given) - known)
    if stray:
        asked, there = ", ".join(s.name for s in chosen), ", ".join(sorted(known))
        raise UsageError(f"no option {stray[0]!r} in {asked}; there are: {there}")
    return tuple(chosen)


def project(dialogue: Dialogue, needs: Literal["text", "audio", "both"]) -> Dialogue:
    """Leave of a dialogue only what a dimension may know; nested meta is nobody's.

    Returns
    -------
    For ``text``: no audio, no times. For ``audio``: every text replaced by None. For ``both``: both.
    """
    scalars = {k: v for k, v in dialogue.meta.items() if isinstance(v, (str, int, float, bool))}
    if dialogue.language is not None:
        scalars["language"] = dialogue.language
    if needs == "text":
        turns = tuple(Turn(turn.speaker, turn.text) for turn in dialogue.turns)
        return replace(dialogue, turns=turns, meta=scalars, audio=None, root=None)
    if needs == "both":
        return replace(dialogue, meta=scalars)
    return replace(dialogue, turns=tuple(replace(t, text=None) for t in dialogue.turns), meta=scalars)


def has_input(dialogue: Dialogue, needs: Literal["text", "audio"]) -> bool:
    """Whether the log gives this dialogue what a dimension needs at all."""
    if needs == "text":
        return any(turn.text for turn in dialogue.turns)
    return dialogue.audio is not None or any(turn.audio is not None for turn in dialogue.turns)


def observe(
    dialogues: Sequence[Dialogue],
    chosen: Sequence[Scorer],
    memory: Memory | None = None,
    *,
    timeout_s: float | None = None,
) -> list[Seen]:
    """First pass over some dialogues; a plain function, so that any worker can run it.

    Parameters
    ----------
    memory : what was seen before. Arms of a study differ in words or in sound, rarely in both:
        the same half of a dialogue under the same settings is not looked at twice.
    timeout_s : what one dialogue may take on one dimension

    Returns
    -------
    [n_dialogues], in order. A dimension that raises on a dialogue leaves a `Failure` there.
    """
    found = {s.name: _recall(dialogues, s, memory, timeout_s) for s in chosen}
    return [
        Seen(_index(dialogue, chosen), {name: column[i] for name, column in found.items()})
        for i, dialogue in enumerate(dialogues)
    ]


def _recall(
    dialogues: Sequence[Dialogue], scorer: Scorer, memory: Memory | None, timeout_s: float | None
) -> list[Any]:
    """Observations of one dimension, from memory where it has them."""
    halves = [project(dialogue, scorer.reads) for dialogue in dialogues]
    if memory is None:
        return _observe(halves, scorer, timeout_s)
    keys = [_key(scorer, half) for half in halves]
    known = memory.recall(keys)
    fresh = {key: half for key, half in zip(keys, halves, strict=True) if key not in known}
    made = dict(zip(fresh, _observe(list(fresh.values()), scorer, timeout_s), strict=True))
    memory.keep(made)
    known |= made
    return [known[key] for key in keys]


def _key(scorer: Scorer, half: Dialogue) -> str:
    """Hash of what a dimension was handed; a sound file that changed in place is another input."""
    paths = {half.audio.path} if half.audio else set()
    paths |= {turn.audio.path for turn in half.turns if turn.audio}
    files = []
    for path in sorted(paths):
        try:
            stat = Path(half.root or ".", path).stat()
            files.append([path, stat.st_size, stat.st_mtime_ns])
        except OSError:
            files.append([path])
    handed = dumps([scorer.name, repr(scorer.settings), to_record(half), half.root, files])
    return hashlib.blake2b(handed.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _observe(halves: Sequence[Dialogue], scorer: Scorer, timeout_s: float | None) -> list[Any]:
    """One dimension over a batch; when the batch fails, one by one to find out which."""
    if not halves:
        return []
    try:
        with time_limit(None if timeout_s is None else timeout_s * len(halves)):
            return scorer.module.observe(halves, scorer.settings)
    except UsageError:
        raise
    except Exception as error:
        if len(halves) > 1:
            return [found for half in halves for found in _observe([half], scorer, timeout_s)]
        return [failure(halves[0], error)]


def failure(dialogue: Dialogue, error: Exception) -> Failure:
    """What stands in place of an observation that could not be made."""
    labels = tuple(d.label for d in dialogue.directions()) or ("-",)
    return Failure(dialogue.id, f"{type(error).__name__}: {error}", labels, _reason(error))


def _reason(error: Exception) -> str:
    return "timed out" if isinstance(error, TimeoutError) else "failed"


def _index(dialogue: Dialogue, chosen: Sequence[Scorer]) -> dict[str, Any]:
    """What the run remembers of a dialogue besides its scores."""
    scalars = {k: v for k, v in dialogue.meta.items() if isinstance(v, (str, int, float, bool))}
    return {
        "dialogue": dialogue.id,
        "source": dialogue.source,
        "turns": len(dialogue.turns),
        "roles": {speaker: dialogue.roles.get(speaker) for speaker in dialogue.speakers},
        "directions": [d.label for d in dialogue.directions()],
        "words": _words(dialogue),
        "prompt": _prompt(dialogue),
        "language": _language(dialogue, chosen),
        "input": {s.name: has_input(dialogue, s.module.NEEDS) for s in chosen},
        "meta": scalars,
    }


def _words(dialogue: Dialogue) -> dict[str, int]:
    """Words per speaker, split at blanks; a speaker without text has none."""
    counted: Counter[str] = Counter()
    for turn in dialogue.turns:
        if turn.text:
            counted[dialogue.label(turn.speaker)] += len(turn.text.split())
    return dict(counted)


def _language(dialogue: Dialogue, chosen: Sequence[Scorer]) -> str | None:
    """The language that words were read in; None where nobody read any."""
    readers = [s for s in chosen if s.reads != "audio"]
    if not readers or not has_input(dialogue, "text"):
        return None
    found = language.of(dialogue, readers[0].settings.language)
    return None if found == language.NO_LANGUAGE else found


def _prompt(dialogue: Dialogue) -> str | None:
    """What the first turn says, as a hash: enough to pair dialogues that began alike."""
    text = next((turn.text for turn in dialogue.turns if turn.text), None)
    if text is None:
        return None
    return hashlib.sha256(" ".join(text.casefold().split()).encode("utf-8")).hexdigest()[:16]


@dataclass(slots=True)
class Outcome:
    """Rows and counts of a whole run; filled while `rows` is consumed."""

    turns: int = 0
    references: dict[str, dict[str, Any]] = field(default_factory=dict)
    scored: Counter[str] = field(default_factory=Counter)
    unscored: dict[str, Counter[str]] = field(default_factory=dict)
    without_input: Counter[str] = field(default_factory=Counter)
    messages: list[str] = field(default_factory=list)
    headlines: dict[tuple[str, str, str], Tally] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)

    def extend(self, later: Outcome) -> None:
        """Add what was counted of the dialogues that follow."""
        self.scored.update(later.scored)
        self.without_input.update(later.without_input)
        self.messages += later.messages
        self.languages.update(later.languages)
        for name, reasons in later.unscored.items():
            self.unscored.setdefault(name, Counter()).update(reasons)
        for key, tally in later.headlines.items():
            self.headlines.setdefault(key, Tally()).extend(tally)


def finish(
    gathered: Gathered,
    outcome: Outcome,
    *,
    references: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[Scored]:
    """Second pass: strangers, baselines, rows.

    Parameters
    ----------
    gathered : all dialogues of the run; strangers come from among them
    outcome : receives frozen references, counts and messages
    references : dimension -> what another run froze, to be used instead of this run's own

    Yields
    ------
    One `Scored` per dialogue, in the order of the log, rows in the order of the dimensions.
    """
    outcome.turns = gathered.turns
    outcome.references |= freeze(gathered.chosen, gathered.of, gathered.pools, references)
    for one in gathered:
        yield score_seen(one, gathered.chosen, gathered.pools, outcome)


def freeze(
    chosen: Sequence[Scorer],
    observed: Callable[[str], Iterable[Any]],
    pools: Mapping[str, Pool[Any]],
    references: Mapping[str, Mapping[str, Any]] | None,
) -> dict[str, dict[str, Any]]:
    """What each dimension must know of the whole run before it scores a dialogue.

    Parameters
    ----------
    observed : gives the observations of a dimension, in the order of the log
    references : dimension -> what another run froze, to be used instead
    """
    made = {}
    for s in chosen:
        given = (references or {}).get(s.name)
        made[s.name] = dict(
            given if given is not None else s.module.reference(observed(s.name), pools[s.name], s.settings)
        )
    return made


def score_seen(
    seen: Seen,
    chosen: Sequence[Scorer],
    pools: Mapping[str, Pool[Any]],
    outcome: Outcome,
    *,
    timeout_s: float | None = None,
) -> Scored:
    """Rows of one dialogue, counted in `outcome`, whose references are used."""
    if seen.index["language"] is not None:
        outcome.languages[seen.index["language"]] += 1
    parts = [_score(seen, s, pools[s.name], outcome, timeout_s) for s in chosen]
    return Scored(tuple(r for p in parts for r in p.dialogues), tuple(r for p in parts for r in p.turns))


def _score(seen: Seen, scorer: Scorer, pool: Pool[Any], outcome: Outcome, timeout_s: float | None) -> Scored:
    """Rows of one dialogue on one dimension, counted."""
    metrics = scorer.module.METRICS
    outcome.unscored.setdefault(scorer.name, Counter())
    made = _attempt(seen, scorer, pool, outcome.references[scorer.name], timeout_s)
    if isinstance(made, Failure):
        outcome.messages.append(f"{made.dialogue}: {scorer.name}: {made.message}")
        scored = _null(made, scorer)
    else:
        scored = made
        for message in getattr(seen.observations[scorer.name], "messages", ()):
            outcome.messages.append(f"{seen.index['dialogue']}: {message}")
    headline = [r for r in scored.dialogues if r.metric == metrics[0].name]
    for one in headline:
        key = (scorer.name, one.metric, one.direction)
        outcome.headlines.setdefault(key, Tally()).add(one)
    if not seen.index["input"][scorer.name]:
        outcome.without_input[scorer.name] += 1
    elif any(r.status == "scored" for r in scored.dialogues if _belongs(r.metric, metrics[0].name)):
        outcome.scored[scorer.name] += 1
    else:
        reason = headline[0].reason if headline else None
        outcome.unscored[scorer.name][reason or "failed"] += 1
    return scored


def _attempt(
    seen: Seen, scorer: Scorer, pool: Pool[Any], reference: Mapping[str, Any], timeout_s: float | None
) -> Scored | Failure:
    """Rows of a dimension, or why there are none."""
    observation = seen.observations[scorer.name]
    if isinstance(observation, Failure):
        return observation
    try:
        with time_limit(timeout_s):
            return scorer.module.score(observation, pool, reference, scorer.settings)
    except UsageError:
        raise
    except Exception as error:
        labels = tuple(seen.index["directions"]) or ("-",)
        return Failure(seen.index["dialogue"], f"{type(error).__name__}: {error}", labels, _reason(error))


def _null(failure: Failure, scorer: Scorer) -> Scored:
    """The rows of a dialogue that could not be scored: every metric, with the reason."""
    return Scored(
        tuple(
            row(failure.dialogue, scorer.name, metric.name, label, value=None, n=0, reason=failure.reason)
            for metric in scorer.module.METRICS
            if metric.asked(scorer.settings)
            for label in failure.directions
        )
    )


def _belongs(metric: str, headline: str) -> bool:
    """Whether a metric is the headline or one of its features (``proximity.pitch``)."""
    return metric == headline or metric.startswith(f"{headline}.")


def batches(dialogues: Iterable[Dialogue], size: int = BATCH) -> Iterator[list[Dialogue]]:
    """Cut a stream into lists of at most `size`."""
    stream = iter(dialogues)
    while batch := list(islice(stream, size)):
        yield batch


def gather(dialogues: Iterable[Dialogue], chosen: Sequence[Scorer]) -> Gathered:
    """First pass over a stream in this process."""
    gathered = Gathered(chosen)
    for batch in batches(dialogues):
        gathered.add(observe(batch, chosen))
    return gathered


def score(
    dialogues: Iterable[Dialogue],
    dimensions: Sequence[str] | None = None,
    *,
    turns: bool = False,
    **options: Any,
) -> list[Score] | list[TurnScore]:
    """Score dialogues in this process and hand back the rows.

    Parameters
    ----------
    dialogues : of one log; they are each other's strangers
    dimensions : names; None = all
    turns : True gives the rows per turn instead of the rows per dialogue
    options : as the command's options of the same names (``surrogates=50, seed=1``)

    Returns
    -------
    Rows as in ``dialogues.jsonl`` (or ``turns.jsonl``), in the order of the dialogues.

    Raises
    ------
    UsageError
        Unknown dimension or option.

    Examples
    --------
    >>> import convalign                                        # doctest: +SKIP
    >>> rows = convalign.score(convalign.read("calls/"), ["lexical"])  # doctest: +SKIP
    """
    chosen = scorers(dimensions, options)
    found = list(finish(gather(dialogues, chosen), Outcome()))
    if turns:
        return [r for s in found for r in s.turns]
    return [r for s in found for r in s.dialogues]
