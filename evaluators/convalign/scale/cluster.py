"""The Dask engine: the same kernel on the workers of a cluster that all reach the folder of the work."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from convalign.errors import MissingExtraError, RunError
from convalign.scale.engines import beyond, isolated
from convalign.scale.kernel import Task, work


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
        # What it warns of on its way (tasks moved, workers restarted) is no message of ours.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._cluster: Any = None
        self._scheduler = scheduler
        try:
            if scheduler is None:
                here: dict[str, Any] = {
                    "host": "127.0.0.1",
                    "dashboard_address": None,
                    "threads_per_worker": 1,
                }
                memory = "auto" if memory_mb is None else memory_mb * 1024 * 1024
                self._cluster = distributed.LocalCluster(
                    n_workers=jobs, memory_limit=memory, silence_logs=logging.CRITICAL, **here
                )
            self._client: Any = distributed.Client(
                scheduler or self._cluster, timeout="20s", set_as_default=False
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise RunError(
                f"--scheduler {scheduler}: cannot be reached ({error}); start it, or leave the option out"
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
        return self._client.submit(work, task, pure=False)

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
            The scheduler is gone, and with it what it was told.
        """
        from distributed import CancelledError
        from distributed.comm.core import CommClosedError

        try:
            number: int = future.result()
        except (CancelledError, CommClosedError, TimeoutError) as error:
            raise RunError(
                f"the scheduler {self._scheduler or 'of this machine'} went away ({type(error).__name__}); "
                "go on with --resume when it is back"
            ) from None
        return number

    def close(self) -> None:
        """Leave the cluster; end it when it was started here."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
