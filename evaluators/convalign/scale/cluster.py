"""The Dask engine: the same kernel on the workers of a cluster that all reach the folder of the work."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from convalign.errors import ConvalignError, MissingExtraError, RunError
from convalign.scale.engines import beyond, isolated, work_alike
from convalign.scale.kernel import Task
from convalign.scale.runs import versions

PATIENCE_S = 20
"""How long a scheduler may take to answer, and a first worker to come."""


class Dask:
    """A Dask cluster, or one of this machine on the loopback address.

    Parameters
    ----------
    scheduler : its address; None starts a cluster here
    jobs : workers of a cluster that is started here
    memory_mb : what each of those may have; None = Dask's own choice

    Raises
    ------
    MissingExtraError
        Dask is not installed.
    RunError
        Nobody answers at the address.
    """

    def __init__(self, scheduler: str | None, jobs: int, memory_mb: int | None = None) -> None:
        try:
            import distributed
        except ImportError:
            raise MissingExtraError("--engine dask needs Dask; pip install 'convalign[dask]'") from None
        # What it says on its way (tasks moved, workers restarted, tracebacks of lost connections) is no
        # message of ours; each of its loggers has a level of its own.
        for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._cluster: Any = None
        self._scheduler = scheduler
        self._versions = versions()
        try:
            if scheduler is None:
                here: dict[str, Any] = {
                    "host": "127.0.0.1",
                    "threads_per_worker": 1,
                    # Its pages are off, but it serves its state: on a free port, as 8787 may be taken.
                    "scheduler_kwargs": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                }
                memory = "auto" if memory_mb is None else memory_mb * 1024 * 1024
                self._cluster = distributed.LocalCluster(
                    n_workers=jobs, memory_limit=memory, silence_logs=logging.CRITICAL, **here
                )
            self._client: Any = distributed.Client(
                scheduler or self._cluster, timeout=PATIENCE_S, set_as_default=False
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise RunError(
                f"--scheduler {scheduler}: cannot be reached ({error}); start it, or leave the option out"
            ) from None
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError:
            self.close()
            raise RunError(
                f"--scheduler {scheduler}: has no workers; start some (dask worker {scheduler}), "
                "and go on with --resume"
            ) from None

    def run(self, tasks: Iterable[Task]) -> Iterator[int]:
        """Numbers of the shards as they are done."""
        from distributed import KilledWorker, as_completed

        waiting = {self._sent(task): task for task in tasks}
        alone: list[Task] = []
        for future in as_completed(list(waiting), loop=self._client.loop, raise_errors=False):
            task = waiting.pop(future)
            try:
                yield self._result(future)
            except KilledWorker:
                alone.append(task)
        for task in alone:
            left = isolated(task, self._survives)
            if not self._survives(left):
                raise RunError(beyond(left))
            yield left.number

    def _sent(self, task: Task) -> Any:
        """A task on its way; only places of files travel."""
        try:
            return self._client.submit(work_alike, task, self._versions, pure=False)
        except Exception as error:
            raise self._gone(error) from None

    def _survives(self, task: Task) -> bool:
        """Whether a worker gets through a task."""
        from distributed import KilledWorker

        try:
            self._result(self._sent(task))
        except KilledWorker:
            return False
        return True

    def _result(self, future: Any) -> int:
        """What a task gave.

        Raises
        ------
        RunError
            The scheduler is gone, and with it what it was told; a worker is not as this process is.
        """
        from distributed import KilledWorker

        try:
            number: int = future.result()
        except (KilledWorker, ConvalignError):
            raise
        except Exception as error:
            if future.status != "error":
                raise self._gone(error) from None
            said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise RunError(
                f"--scheduler {self._scheduler}: a task could not be done there ({said}); "
                "install the same convalign for the scheduler and all workers, and go on with --resume"
            ) from None
        return number

    def _gone(self, error: Exception) -> RunError:
        """What to say when nobody answers any more."""
        return RunError(
            f"the scheduler {self._scheduler or 'of this machine'} went away ({type(error).__name__}); "
            "go on with --resume when it is back"
        )

    def close(self) -> None:
        """Leave the cluster; end it when it was started here."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
