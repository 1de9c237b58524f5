"""The folder of a run that is being made: one writer, a plan, and a file per shard and stage.

It lies beside the run's own folder under a hidden name and goes when the run is whole. The plan says what
the numbers depend on; a resumed run must be asked for the same, of the same input.

Shards lie in a folder of their own whose name no other run has had: a worker of a cluster that outlived the
run it worked for can neither write into another one nor take what it remembers for that one's.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from convalign.dialogue import Dialogue
from convalign.errors import RunError, UsageError
from convalign.scale import shards
from convalign.scale.runs import refuse_other
from convalign.scale.shards import full
from convalign.scores import dumps_pretty, write_text


class Folder:
    """Where a run is made; a context that holds the lock.

    Parameters
    ----------
    out : folder of the finished run
    resume : go on with what is there
    force : drop what is there

    Raises
    ------
    RunError
        Another process is making this run; there is an unfinished one and neither option is given.
    """

    def __init__(self, out: Path, *, resume: bool, force: bool) -> None:
        self.path = out.parent / f".{out.name}.unfinished"
        self._out = out
        self._resume, self._force = resume, force
        self._lock: IO[str] | None = None
        self.plan: dict[str, Any] | None = None
        self.shards = self.path

    def __enter__(self) -> Folder:
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.path.is_symlink() or self.path.stat().st_uid != os.geteuid():
                raise RunError(
                    f"{self.path}: is a link, or somebody else's; remove it, or choose another folder"
                )
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            self._lock = os.fdopen(lock, "a+", encoding="utf-8")
        except OSError as error:
            raise RunError(f"{self._out}: {str(error.strerror).lower()}; choose another folder") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            by = self._lock.read().strip() or "another process"
            self._lock.close()
            raise RunError(
                f"{self._out}: is being made by {by}; wait for it, or choose another folder"
            ) from None
        if not self._there():
            # Whoever held the lock has just ended, and taken the folder along.
            self._release()
            return self.__enter__()
        try:
            self._lock.truncate(0)
            self._lock.write(f"process {os.getpid()}")
            self._lock.flush()
            self._look()
        except OSError as error:
            self._release()
            raise full(self.path, error) from None
        return self

    def _there(self) -> bool:
        """Whether the file that is locked is the one that others find."""
        try:
            found = (self.path / "lock").stat()
            return self._lock is not None and os.path.samestat(found, os.fstat(self._lock.fileno()))
        except FileNotFoundError:
            return False

    def _look(self) -> None:
        """Find out what is there already."""
        try:
            self.plan = json.loads((self.path / "plan.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.plan = None
        if self.plan is not None and not self._force:
            if not self._resume:
                self._release()
                raise UsageError(
                    f"{self._out}: an unfinished run lies beside it; "
                    "go on with --resume, or drop it with --force"
                )
            self.shards = self.path / Path(self.plan["folder"]).name
            self.shards.mkdir(exist_ok=True)
            return
        self.plan = None
        for one in self.path.iterdir():
            if one.is_dir() and not one.is_symlink():
                # A worker that outlived its run may still write there.
                shutil.rmtree(one, ignore_errors=True)
            elif one.name != "lock":
                one.unlink()
        self.shards = Path(tempfile.mkdtemp(prefix="shards-", dir=self.path))

    def check(self, asked: Mapping[str, Any]) -> None:
        """Refuse to go on with a run that was asked for otherwise, naming what differs.

        Raises
        ------
        RunError
            An option, a version, a model or the input is another one.
        """
        if self.plan is not None:
            refuse_other(self._out, "the unfinished run", self.plan, asked)

    def keep(self, number: int, dialogues: list[Dialogue]) -> dict[str, Any]:
        """Leave a shard's dialogues for the workers.

        Returns
        -------
        what the plan says of it: hash, dialogues, the first one's place in the log
        """
        said = {
            "sha": shards.digest(dialogues),
            "dialogues": len(dialogues),
            "from": dialogues[0].source or dialogues[0].id,
        }
        listed = self.plan["shards"] if self.plan is not None else []
        if self.plan is not None and (number >= len(listed) or listed[number] != said):
            raise RunError(
                f"{said['from']}: the input changed since the unfinished run began; "
                "put it back, or start again with --force"
            )
        path = self.shards / f"{number:06d}.in"
        if self.plan is None or shards.open_file(path, check=True) is None:
            shards.write(path, {}, {"dialogues": shards.dumps(dialogues)})
        return said

    def write_plan(self, asked: Mapping[str, Any], listed: Iterable[Mapping[str, Any]]) -> None:
        """Say what this run is, once its input has been read."""
        plan = {**asked, "folder": self.shards.name, "shards": list(listed)}
        if self.plan is not None and len(plan["shards"]) != len(self.plan["shards"]):
            raise RunError(
                f"{self._out}: the input ends earlier than when the unfinished run began; "
                "put it back, or start again with --force"
            )
        try:
            write_text(self.path / "plan.json", dumps_pretty(plan))
        except OSError as error:
            raise full(self.path / "plan.json", error) from None
        self.plan = json.loads(json.dumps(plan))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Without a plan nothing was scored: there is nothing to go on with.
        if kind is None or not (self.path / "plan.json").is_file():
            shutil.rmtree(self.path, ignore_errors=True)
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            # What could not be written on a full disk cannot be on closing either.
            with suppress(OSError):
                self._lock.close()
            self._lock = None


def drop_leftover(out: Path) -> None:
    """Remove what was left beside a run by a process that was killed as soon as the run was whole.

    Raises
    ------
    RunError
        Another process makes this run anew.
    """
    left = Folder(out, resume=False, force=True)
    if left.path.exists():
        with left:
            pass
