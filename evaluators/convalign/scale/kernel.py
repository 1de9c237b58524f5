"""The kernel: one shard looked at, one shard scored. Plain functions, so that any engine can run them.

A worker gets places of files and gives back counts; dialogues and rows never travel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from convalign.errors import RunError
from convalign.scale import shards
from convalign.scale.memory import opened
from convalign.scores import dumps, line
from convalign.scoring import (
    BATCH,
    Failure,
    Outcome,
    Scorer,
    Seen,
    observe,
    score_seen,
)
from convalign.surrogates import Place, Pool, Side


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done with one shard.

    Attributes
    ----------
    folder : of the work, which every worker can reach
    number : of the shard, from 0
    size : dialogues in it
    chosen : dimensions and settings
    signatures : of each of these, where the task was made
    timeout_s : what one dialogue may take on one dimension; None = as long as it wants
    stage : ``observe`` or ``score``
    dead : places in the shard of dialogues that killed a worker by themselves
    only : places to try, to find out which of them kills; nothing is written
    named : (path, name): what the run calls a source instead of its path
    memory : file of what other arms of a study have shown already; None remembers nothing
    """

    folder: str
    number: int
    size: int
    chosen: tuple[Scorer, ...]
    signatures: tuple[str, ...]
    timeout_s: float | None
    stage: str = "observe"
    dead: frozenset[int] = frozenset()
    only: tuple[int, ...] | None = None
    named: tuple[str, str] | None = None
    memory: str | None = None

    def path(self, kind: str) -> Path:
        """The shard's file of a kind: ``in``, ``seen``, ``rows``."""
        return Path(self.folder, f"{self.number:06d}.{kind}")


@dataclass(frozen=True, slots=True)
class Census:
    """Who of a shard can stand in for others, on one dimension, without what they said.

    Attributes
    ----------
    dialogues : that lend a side
    speakers : how often each stands in one
    sides : (place in the pool, offset, bytes) of each
    """

    dialogues: int
    speakers: Counter[str]
    sides: tuple[tuple[Place, int, int], ...]


Pools = Mapping[str, Pool[Any]]
"""Dimension -> whoever can stand in for a partner."""


def work(task: Task, pools: Pools | None = None) -> int:
    """Do a task and leave its file.

    Parameters
    ----------
    pools : take the shard's sides at once; None leaves them in the file for another process

    Returns
    -------
    number of the shard

    Raises
    ------
    RunError
        This process makes other numbers of the canary than whoever sent the task.
    """
    for scorer, wanted in zip(task.chosen, task.signatures, strict=True):
        if scorer.signature != wanted:
            raise RunError(
                f"a worker scores {scorer.name} otherwise ({scorer.signature}, not {wanted}): run `convalign "
                "doctor` there, use machines that agree, and go on with --resume"
            )
    if task.stage == "observe":
        _observe(task, pools)
    else:
        _score(task)
    return task.number


def _observe(task: Task, pools: Pools | None) -> None:
    """First stage: what each dialogue shows by itself."""
    dialogues = shards.whole(task.path("in")).load("dialogues")
    wanted = range(len(dialogues)) if task.only is None else task.only
    seen: dict[int, Seen] = {}
    alive = [k for k in wanted if k not in task.dead]
    with opened(task.memory) as memory:
        for start in range(0, len(alive), BATCH):
            places = alive[start : start + BATCH]
            batch = [dialogues[k] for k in places]
            seen |= zip(places, observe(batch, task.chosen, memory, timeout_s=task.timeout_s), strict=True)
    if task.only is not None:
        return
    for k in sorted(task.dead):
        seen[k] = _died(observe([dialogues[k]], ())[0], task.chosen)
    ordered = [seen[k] for k in range(len(dialogues))]
    parts = {"seen": shards.dumps(ordered)}
    if pools is not None:
        _add(pools, ordered)
    else:
        censuses = {}
        for scorer in task.chosen:
            censuses[scorer.name], parts[f"sides {scorer.name}"] = _census(ordered, scorer)
        parts["census"] = shards.dumps(censuses)
    shards.write(task.path("seen"), {"turns": sum(one.index["turns"] for one in ordered)}, parts)


def _died(seen: Seen, chosen: Sequence[Scorer]) -> Seen:
    """What is kept of a dialogue that killed the worker."""
    labels = tuple(seen.index["directions"]) or ("-",)
    name = seen.index["dialogue"]
    message = "the process that worked on it alone was killed; it may need more memory than there is"
    failures = {s.name: Failure(name, message, labels, "worker died") for s in chosen}
    index = {**seen.index, "input": {s.name: True for s in chosen}}
    return Seen(index, failures)


def _census(seen: Sequence[Seen], scorer: Scorer) -> tuple[Census, bytes]:
    """Sides of a shard: where each stands, and all of them as bytes."""
    pool: Pool[Any] = Pool(seed=scorer.settings.seed)
    speakers: Counter[str] = Counter()
    places, data, lending = [], bytearray(), 0
    for one in seen:
        sides: tuple[Side[Any], ...] = one.observations[scorer.name].sides
        lending += bool(sides)
        for side in sides:
            written = shards.dumps(side)
            speakers[side.speaker] += 1
            places.append((pool.place(side), len(data), len(written)))
            data += written
    return Census(lending, speakers, tuple(places)), bytes(data)


def _add(pools: Pools, seen: Sequence[Seen]) -> None:
    """Let the sides of dialogues stand in for others."""
    for name, pool in pools.items():
        for one in seen:
            for side in one.observations[name].sides:
                pool.add(side)


def gather(pools: Pools, seen: shards.File) -> None:
    """Offer the sides of a shard to the pools; where they are listed, only those that are kept are read."""
    if "census" not in seen.parts:
        _add(pools, seen.load("seen"))
        return
    for name, census in seen.load("census").items():
        pools[name].count(census.dialogues, census.speakers)
        start = seen.parts[f"sides {name}"][0]
        with seen.path.open("rb") as stream:
            for place, offset, size in census.sides:

                def load(at: int = start + offset, size: int = size) -> Side[Any]:
                    stream.seek(at)
                    side: Side[Any] = shards.loads(stream.read(size))
                    return side

                pools[name].offer(place, load)


@dataclass(frozen=True, slots=True)
class Frozen:
    """What must be known of the whole run to score a dialogue: strangers, scales."""

    pools: dict[str, Pool[Any]]
    references: dict[str, dict[str, Any]]


_frozen: dict[str, Frozen] = {}
"""Of the run that this process works on, by its folder."""


def remember(folder: str, frozen: Frozen | None) -> None:
    """Hand this process what was frozen; None forgets it."""
    _frozen.clear()
    if frozen is not None:
        _frozen[folder] = frozen


def freeze_file(folder: Path, frozen: Frozen) -> None:
    """Leave what was frozen where workers find it."""
    sides = {name: (pool.seed, pool.kept(), pool.counts()) for name, pool in frozen.pools.items()}
    parts = {"sides": shards.dumps(sides), "references": shards.dumps(frozen.references)}
    shards.write(folder / "frozen", {}, parts)


def _recalled(folder: str) -> Frozen:
    """What was frozen, read once per process and run."""
    if folder not in _frozen:
        file = shards.whole(Path(folder, "frozen"))
        pools = {}
        for name, (seed, kept, (dialogues, speakers)) in file.load("sides").items():
            pools[name] = Pool[Any](seed=seed)
            pools[name].count(dialogues, speakers)
            for side in kept:
                pools[name].offer(pools[name].place(side), partial(_same, side))
        remember(folder, Frozen(pools, file.load("references")))
    return _frozen[folder]


def _same(side: Side[Any]) -> Side[Any]:
    return side


def _score(task: Task) -> None:
    """Second stage: rows of every dialogue, beside strangers."""
    frozen = _recalled(task.folder)
    seen: list[Seen] = shards.whole(task.path("seen")).load("seen")
    outcome = Outcome(references=frozen.references)
    dialogues, turns, index = [], [], []
    for k, one in enumerate(seen):
        if task.only is not None and k not in task.only:
            continue
        kept = _died(one, task.chosen) if k in task.dead else one
        scored = score_seen(kept, task.chosen, frozen.pools, outcome, timeout_s=task.timeout_s)
        dialogues += [line(row) + "\n" for row in scored.dialogues]
        turns += [line(row) + "\n" for row in scored.turns]
        index.append(dumps(_renamed(kept.index, task.named)) + "\n")
    if task.only is not None:
        return
    outcome.turns = sum(one.index["turns"] for one in seen)
    outcome.references = {}
    parts = {name: "".join(rows).encode() for name, rows in
             (("dialogues", dialogues), ("turns", turns), ("index", index))}  # fmt: skip
    parts["outcome"] = shards.dumps(outcome)
    shards.write(task.path("rows"), {}, parts)


def _renamed(index: dict[str, Any], named: tuple[str, str] | None) -> dict[str, Any]:
    """The index row, its source called by a name that holds wherever the run is carried."""
    if named is None or index["source"] is None:
        return index
    return {**index, "source": index["source"].replace(*named, 1)}
