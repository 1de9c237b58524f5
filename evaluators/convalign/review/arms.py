"""The arms of a study: scored where they are not, comparable or refused, paired by dialogue."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from convalign import dimensions, logs
from convalign.errors import StudyError
from convalign.scale import Processes, Progress, Run, Stamp, Work, able, open_run, score_to_run, silent
from convalign.scores import Metric, Score, TurnScore
from convalign.scoring import scorers
from convalign.study import Arm as Declared
from convalign.study import Study

FREE_FIELDS = ("seed",)
"""Parts of a signature in which runs may differ and still be compared."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm with its scores.

    Attributes
    ----------
    declared : as the study says it
    run : the run it was scored in
    rows : all dialogue rows, in the baseline's scale
    index : dialogue id -> what was read of it
    source : the log, when it can be read again for quotes
    paired_by : ``id``, or ``prompt`` where no dialogue has the id of one of the baseline
    unpaired : dialogues without a partner in the baseline, by their own ids
    theirs : dialogue id -> id in the arm's own run and log, where it was paired by its prompt
    """

    declared: Declared
    run: Run
    rows: tuple[Score, ...]
    index: Mapping[str, Mapping[str, Any]]
    source: str | None
    paired_by: str = "id"
    unpaired: tuple[str, ...] = ()
    theirs: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As in the study."""
        return self.declared.name

    def table(self, dimension: str, metric: str, direction: str) -> dict[str, Score]:
        """Rows of one metric and direction by dialogue id."""
        return {
            r.dialogue: r
            for r in self.rows
            if r.dimension == dimension and r.metric == metric and r.direction == direction
        }

    def clusters(self, field: str | None) -> dict[str, str] | None:
        """Dialogue id -> value of the cluster field; None when dialogues are the unit."""
        if field is None:
            return None
        named = {dialogue: one["meta"].get(field) for dialogue, one in self.index.items()}
        return {dialogue: str(value) for dialogue, value in named.items() if value is not None}

    def turns(self, dimension: str, metric: str, direction: str) -> dict[tuple[str, int], TurnScore]:
        """Turn rows of one metric and direction by dialogue id and turn."""
        return {
            (r.dialogue, r.turn): r
            for r in self.turn_rows()
            if r.dimension == dimension and r.metric == metric and r.direction == direction
        }

    def turn_rows(self) -> Iterator[TurnScore]:
        """All turn rows, under the baseline's ids."""
        if not self.theirs:
            yield from self.run.turns()
            return
        named = {theirs: ours for ours, theirs in self.theirs.items()}
        for row in self.run.turns():
            if row.dialogue in named:
                yield replace(row, dialogue=named[row.dialogue])


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two arms side by side on one metric.

    Attributes
    ----------
    before, after : [n_dialogues] baseline and arm, raw score units; None where unscored
    ids : [n_dialogues] dialogues of both arms, sorted
    clusters : [n_dialogues] value of the cluster field, or None when dialogues are the unit
    dropped : why dialogues of the baseline give no pair, counted
    """

    before: list[float | None]
    after: list[float | None]
    ids: list[str]
    clusters: list[str] | None
    dropped: Counter[str]

    @property
    def n(self) -> int:
        """Dialogues scored in both arms."""
        return sum(b is not None and a is not None for b, a in zip(self.before, self.after, strict=True))

    @property
    def reason(self) -> str:
        """The most frequent reason for having no pair."""
        return self.dropped.most_common(1)[0][0] if self.dropped else "no dialogues"


def gather(study: Study, folder: Path, *, jobs: int | None = 1, progress: Progress = silent) -> list[Arm]:
    """Score what is not scored, and bring all arms on the baseline's scale.

    Parameters
    ----------
    study : declared arms, baseline first or named
    folder : receives ``runs/<arm>`` for arms that are logs
    jobs : worker processes; None = as many as there are cores, memory and work for

    Returns
    -------
    [n_arms], the baseline first.

    Raises
    ------
    StudyError
        Two arms were scored differently (the field is named), or share no dialogue.
    """
    ordered = sorted(study.arms, key=lambda arm: arm.name != study.baseline)
    arms: list[Arm] = []
    workers = Processes(jobs or able())
    with tempfile.TemporaryDirectory(dir=folder) as scratch, closing(workers):
        # Arms differ in words or in sound, rarely in both: what one has shown is not looked at again.
        memory, how = Path(scratch, "memory"), Work(jobs=jobs, workers=workers)
        for declared in ordered:
            run = _run(declared, study, folder, memory, arms[0].run if arms else None, how, progress)
            if arms:
                check_comparable(arms[0].run, run, arms[0].name, declared.name)
            rows = tuple(run.scores())
            if arms:
                rows = _rescaled(rows, run, arms[0].run)
            index = {one["dialogue"]: one for one in run.index()}
            made = Arm(declared, run, rows, index, _source(declared, run))
            arms.append(matched(arms[0], made) if arms else made)
    return arms


def matched(baseline: Arm, arm: Arm) -> Arm:
    """Put an arm's dialogues beside the baseline's: by id, or by prompt where no id is shared.

    Parameters
    ----------
    baseline, arm : as scored

    Returns
    -------
    The arm; its dialogues have the baseline's ids. A prompt that begins several dialogues of one arm pairs
    none of them.

    Raises
    ------
    StudyError
        Neither ids nor prompts are shared.
    """
    shared = set(arm.index) & set(baseline.index)
    if shared:
        return replace(arm, unpaired=tuple(sorted(set(arm.index) - shared)))
    ours, mine = _prompts(baseline.index), _prompts(arm.index)
    theirs = {ours[prompt]: mine[prompt] for prompt in ours.keys() & mine.keys()}
    if not theirs:
        raise StudyError(
            f"{arm.name}: shares neither a dialogue id nor a first turn with {baseline.name}; "
            "give dialogues that answer the same prompts the same ids"
        )
    named = {own: ours for ours, own in theirs.items()}
    index = {named[d]: {**one, "dialogue": named[d]} for d, one in arm.index.items() if d in named}
    rows = tuple(replace(r, dialogue=named[r.dialogue]) for r in arm.rows if r.dialogue in named)
    left = tuple(sorted(d for d in arm.index if d not in named))
    return replace(arm, rows=rows, index=index, paired_by="prompt", unpaired=left, theirs=theirs)


def _prompts(index: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Prompt -> dialogue, for prompts that begin one dialogue only."""
    counted = Counter(one.get("prompt") for one in index.values())
    return {
        str(one["prompt"]): dialogue
        for dialogue, one in index.items()
        if one.get("prompt") and counted[one["prompt"]] == 1
    }


def _run(
    declared: Declared,
    study: Study,
    folder: Path,
    memory: Path,
    baseline: Run | None,
    how: Work,
    progress: Progress,
) -> Run:
    """The arm's run, made now if the study names a log."""
    if declared.run is not None:
        return open_run(declared.run)
    chosen = scorers(columns(study), study.score)
    run, _ = score_to_run(
        [str(declared.log)],
        folder / "runs" / declared.name,
        chosen,
        read=logs.ReadOptions(),
        report=logs.Report(),
        how=how,
        memory=memory,
        stamp=stamp(study),
        references=baseline.info["reference"] if baseline else None,
        named=(str(declared.log), _named(declared, study)),
        progress=lambda what, done, total: progress(f"{declared.name}: {what}", done, total),
    )
    return run


def columns(study: Study) -> list[str]:
    """The dimensions that a study is about, those that arms target first.

    A declared study is about the dimensions that have a bound; one built from arms is about all of them.
    """
    known = dimensions.names()
    about = known if study.from_arms else [name for name in known if name in study.bounds]
    targeted = [arm.targets for arm in study.arms if arm.targets in about]
    return list(dict.fromkeys([name for name in targeted if name is not None] + list(about)))


def _named(declared: Declared, study: Study) -> str:
    """A log as the study names it, wherever the study lies."""
    log = Path(str(declared.log))
    return log.relative_to(study.folder).as_posix() if log.is_relative_to(study.folder) else log.name


def stamp(study: Study) -> Stamp:
    """What a run scored under a study carries of it."""
    return Stamp(study.hash, study.declared_at.isoformat() if study.declared_at else None)


def check_comparable(one: Run, other: Run, one_name: str, other_name: str) -> None:
    """Refuse runs that were scored differently, naming the field.

    Raises
    ------
    StudyError
        A dimension is missing in one of them, or a part of its signature differs (seeds may).
    """
    first, second = one.info["signature"], other.info["signature"]
    for name in sorted(set(first) | set(second)):
        if name not in first or name not in second:
            lacking = one_name if name not in first else other_name
            raise StudyError(f"{lacking}: was not scored on {name}; score both arms on the same dimensions")
        left, right = first[name].split("|"), second[name].split("|")
        for a, b in zip(left, right, strict=False):
            if a != b and a.startswith("canary:"):
                raise StudyError(
                    f"{other_name}: {name} was scored where numbers are others than {one_name}'s ({b}, {a}); "
                    "run `convalign doctor` on both machines, and score both arms on one that is all good"
                )
            if a != b and a.partition(":")[0] not in FREE_FIELDS:
                raise StudyError(
                    f"{other_name}: {name} was scored with {b}, {one_name} with {a}; score both arms alike"
                )
        if len(left) != len(right):
            raise StudyError(
                f"{other_name}: {name} has another signature than {one_name}; score both arms alike"
            )


def _rescaled(rows: tuple[Score, ...], run: Run, baseline: Run) -> tuple[Score, ...]:
    """The arm's rows in units of what the baseline run froze."""
    for name in dimensions.names():
        frozen = baseline.info["reference"].get(name)
        if frozen and run.info["reference"].get(name) != frozen:
            rescale = getattr(dimensions.load(name), "rescale", None)
            if rescale is not None:
                mine = tuple(rescale([r for r in rows if r.dimension == name], frozen))
                rows = tuple(r for r in rows if r.dimension != name) + mine
    return rows


def _source(declared: Declared, run: Run) -> str | None:
    """A log that can be read again, unchanged since it was scored as far as its size can tell."""
    if declared.log is not None:
        return str(declared.log)
    inputs = run.info["inputs"]
    if len(inputs) == 1 and Path(inputs[0]["path"]).is_file():
        return str(inputs[0]["path"])
    return None


def paired(
    baseline: Arm,
    arm: Arm,
    dimension: str,
    metric: Metric | str,
    study: Study,
    *,
    quantity: str | None = None,
) -> Pairs:
    """Put two arms side by side on one metric.

    Parameters
    ----------
    quantity : ``excess`` or ``value``; None = the study's. A metric without baseline has only values.

    Returns
    -------
    Pairs, with what dropped out and why.
    """
    name = metric if isinstance(metric, str) else metric.name
    quantity = quantity or study.quantity
    first = baseline.table(dimension, name, study.direction)
    second = arm.table(dimension, name, study.direction)
    pairs = Pairs([], [], [], [] if study.cluster else None, Counter())
    for dialogue in sorted(baseline.index):
        if dialogue not in arm.index:
            pairs.dropped["not in both arms"] += 1
            continue
        if pairs.clusters is not None:
            field = baseline.index[dialogue]["meta"].get(study.cluster)
            if field is None:
                pairs.dropped[f"no {study.cluster}"] += 1
                continue
            pairs.clusters.append(str(field))
        reason = _reason(first.get(dialogue), quantity) or _reason(second.get(dialogue), quantity)
        if reason:
            pairs.dropped[reason] += 1
        pairs.ids.append(dialogue)
        pairs.before.append(_number(first.get(dialogue), quantity))
        pairs.after.append(_number(second.get(dialogue), quantity))
    return pairs


def _number(score: Score | None, quantity: str) -> float | None:
    """The quantity of a row, None when there is no row."""
    return None if score is None else getattr(score, quantity)


def _reason(score: Score | None, quantity: str) -> str | None:
    """Why a row gives no number, or None when it gives one."""
    if score is None:
        return "no such direction"
    return None if getattr(score, quantity) is not None else score.reason


def directions(arms: Iterable[Arm]) -> Counter[str]:
    """Which directions the arms' dialogues have, counted."""
    return Counter(label for arm in arms for one in arm.index.values() for label in one["directions"])


def of_use_case(arm: Arm, use_case: str) -> Arm:
    """The arm's dialogues of one use case, where the log names use cases; else the whole arm."""
    named = {d: one["meta"].get("use_case") for d, one in arm.index.items()}
    if use_case not in named.values():
        return arm
    kept = {d: one for d, one in arm.index.items() if named[d] == use_case}
    return replace(arm, rows=tuple(r for r in arm.rows if r.dialogue in kept), index=kept)
