"""Where tasks are done: in this process, in several of this machine, or on a Dask cluster.

Every engine takes tasks and says which are done, in any order. A worker that dies takes no work with it:
its shards are done again, and a dialogue that kills whoever works on it is found and left out by name.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.connection import wait as wait_for
from typing import Protocol

from convalign.errors import RunError
from convalign.limits import memory_limit
from convalign.scale.kernel import Pools, Task, work
from convalign.scale.runs import versions

RARE = (100_000, 20, 20)
"""When rubbish is looked for: rows are many, and hardly ever hold each other in circles."""

STRIKES = 2
"""Times that a shard may be at work when a worker dies before it is done by itself."""


TRIES = 4
"""Times that a task must kill the process that does it alone before it is to blame."""


class Engine(Protocol):
    """Does tasks."""

    def run(self, tasks: Iterable[Task]) -> Iterator[int]:
        """Numbers of the shards as they are done, in any order."""
        ...

    def close(self) -> None:
        """End the workers."""
        ...


class Here:
    """This process, one task after the other.

    Parameters
    ----------
    pools : take the sides of what is observed at once
    """

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    def run(self, tasks: Iterable[Task]) -> Iterator[int]:
        """Numbers of the shards, in order."""
        for task in tasks:
            yield work(task, self._pools)

    def close(self) -> None:
        """There is nothing to end."""


class Processes:
    """Several processes of this machine.

    Parameters
    ----------
    jobs : how many
    memory_mb : what each may have; None = no limit
    """

    def __init__(self, jobs: int, memory_mb: int | None = None) -> None:
        self._jobs = jobs
        self._memory_mb = memory_mb
        self._pool: ProcessPoolExecutor | None = None

    def _started(self, jobs: int) -> ProcessPoolExecutor:
        # A forked child of a process with threads (onnxruntime) can hang; a spawned one cannot.
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_begin, initargs=(self._memory_mb,))

    def run(self, tasks: Iterable[Task]) -> Iterator[int]:
        """Numbers of the shards as they are done."""
        left = iter(tasks)
        again: list[Task] = []
        alone: list[Task] = []
        strikes: Counter[int] = Counter()
        waiting: dict[Future[int], Task] = {}
        while True:
            while len(waiting) < 2 * self._jobs:
                task = again.pop() if again else next(left, None)
                if task is None:
                    break
                self._pool = self._pool or self._started(self._jobs)
                try:
                    waiting[self._pool.submit(work, task)] = task
                except BrokenProcessPool:
                    again.append(task)
                    break
            if not waiting and not again:
                break
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            broken = not waiting
            for one in done:
                try:
                    number = one.result()
                except BrokenProcessPool:
                    broken = True
                else:
                    del waiting[one]
                    yield number
            if broken:
                for task in waiting.values():
                    strikes[task.number] += 1
                    (alone if strikes[task.number] >= STRIKES else again).append(task)
                waiting.clear()
                self.close()
        for task in alone:
            yield self._by_itself(task)

    def _by_itself(self, task: Task) -> int:
        """A task whose shard was at work when workers died."""
        self.close()
        if not self._survives(task):
            task = isolated(task, self._survives)
            if not self._survives(task):
                raise RunError(beyond(task))
        return task.number

    def _survives(self, task: Task) -> bool:
        """Whether a process of its own gets through a task, tried again: somebody else may have killed it."""
        for _ in range(TRIES):
            with self._started(1) as pool:
                try:
                    pool.submit(work, task).result()
                except BrokenProcessPool:
                    continue
            return True
        return False

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def work_alike(task: Task, wanted: Mapping[str, str | None]) -> int:
    """Do a task on another machine, if what is installed there gives the same numbers.

    Parameters
    ----------
    wanted : versions of whoever sent the task

    Raises
    ------
    RunError
        A version is another one.
    """
    for name, version in versions().items():
        if version != wanted[name]:
            raise RunError(
                f"a worker of the cluster has {name} {version}, not {wanted[name]}; "
                "install the same everywhere, and go on with --resume"
            )
    return work(task)


def isolated(task: Task, survives: Callable[[Task], bool]) -> Task:
    """A task that kills, without the dialogues that kill whoever works on them, found by halves."""

    def killers(places: Sequence[int], *, known: bool = False) -> list[int]:
        if not known and survives(replace(task, only=tuple(places))):
            return []
        if len(places) == 1:
            return list(places)
        middle = len(places) // 2
        return killers(places[:middle]) + killers(places[middle:])

    return replace(task, dead=task.dead | frozenset(killers(range(task.size), known=True)))


def beyond(task: Task) -> str:
    """What to say when workers die on a shard for no dialogue's sake."""
    return (
        f"shard {task.number}: workers die on it, though no dialogue of it kills one alone; "
        "use fewer --jobs, or more --worker-memory, and go on with --resume"
    )


def _begin(memory_mb: int | None) -> None:
    """What a worker does first: leave Ctrl-C to its parent, and not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    memory_limit(memory_mb)
    gc.set_threshold(*RARE)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    """End with the parent: a pool's worker would wait for ever for work that nobody sends."""
    process = multiprocessing.parent_process()
    if process is not None:
        wait_for([process.sentinel])
        os._exit(1)
