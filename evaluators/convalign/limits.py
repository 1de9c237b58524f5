"""What one dialogue may take: an alarm that Python hears, and an end for a worker that hears nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

GRACE_S = 30.0
"""A worker that does not react to its alarm for so long ends itself, and with it whatever hangs in it."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError in what runs longer.

    Parameters
    ----------
    seconds : None = no limit. Only a process's main thread can be interrupted; elsewhere nothing is limited.

    Notes
    -----
    A call into a compiled library is interrupted when it returns. In a worker process that does not return
    for `GRACE_S` more, the process ends with status 75, so that whoever waits for it can go on without.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError(f"took over {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    _watch.until(time.monotonic() + seconds + GRACE_S)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        _watch.until(None)


class _Watch:
    """Looks once a second whether a worker process is past its end; never in the user's own process."""

    def __init__(self) -> None:
        self._end: float | None = None
        self._running = False

    def until(self, end: float | None) -> None:
        """Set the end, or take it back."""
        self._end = end
        if end is not None and not self._running and multiprocessing.parent_process() is not None:
            self._running = True
            threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            time.sleep(1)
            end = self._end
            if end is not None and time.monotonic() > end:
                os._exit(75)


_watch = _Watch()


def memory_limit(megabytes: int | None) -> None:
    """Let this process have so much memory of its own; what needs more raises MemoryError (Linux).

    Parameters
    ----------
    megabytes : None = no limit
    """
    if megabytes is not None:
        import resource

        size = megabytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
