"""A run on a Dask cluster is the run of one process, whatever becomes of the scheduler."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import example
import faults
import pytest
from faults import content, drive, made, one_line, resumed, said, undisturbed, unfinished

pytest.importorskip("distributed", reason="pip install '.[dask]' runs on a cluster")


class Cluster:
    """A scheduler of its own on the loopback address, and two workers."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self._port = found.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def scheduler(self) -> None:
        """Start the scheduler."""
        self._start("scheduler", "--host", "127.0.0.1", "--port", str(self._port))

    def listens(self) -> None:
        """Wait until the scheduler does."""
        for _ in range(1200):
            with socket.socket() as found:
                if found.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((self._folder / "scheduler.log").read_text(encoding="utf-8"))

    def workers(self, count: int = 2, **environment: str) -> None:
        """Start workers."""
        for _ in range(count):
            self._start("worker", self.address, "--nthreads", "1", **environment)

    def _start(self, kind: str, *options: str, **environment: str) -> None:
        quiet = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options, *quiet]
        with (self._folder / f"{kind}.log").open("ab") as stream:
            process = subprocess.Popen(
                command, stdout=stream, stderr=stream, start_new_session=True, cwd=self._folder,
                env=os.environ | environment,
            )  # fmt: skip
        self.processes.append(process)

    def kill_scheduler(self) -> None:
        """kill -9."""
        self.processes[0].kill()
        self.processes.pop(0).wait()

    def end(self) -> None:
        """Nothing of it is left."""
        for one in self.processes:
            # The nanny of a worker and the worker are a session.
            os.killpg(one.pid, signal.SIGKILL)
            one.wait()
        self.processes.clear()


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    made = Cluster(folder)
    try:
        made.scheduler()
        made.workers(workers)
        yield made
    finally:
        made.end()


def test_a_cluster_of_this_machine_changes_no_byte(tmp_path: Path) -> None:
    log, out = example.write(tmp_path / "log.jsonl", faults.records()), tmp_path / "run"
    expected = undisturbed(log)
    with socket.socket() as other:
        # The port that a cluster asks for unless told otherwise is somebody else's, now if not before.
        with suppress(OSError):
            other.bind(("127.0.0.1", 8787))
            other.listen()
        run = drive(log, out, "--engine", "dask", "--jobs", "2")
        assert run.wait(faults.PATIENCE_S) == 0, said(out)
    assert said(out) == ""
    assert content(out) == expected


def test_an_outside_cluster_remembers_nothing_of_another_run(tmp_path: Path) -> None:
    """Its workers live on; a run that takes the place of another one has strangers of its own."""
    out = tmp_path / "run"
    with cluster(tmp_path) as other:
        for count in (60, 40):
            shutil.rmtree(tmp_path / "undisturbed", ignore_errors=True)
            log = example.write(tmp_path / "log.jsonl", faults.records(60)[60 - count :])
            expected = undisturbed(log)
            process = drive(log, out, "--engine", "dask", "--scheduler", other.address, "--force")
            assert process.wait(faults.PATIENCE_S) == 0, said(out)
            assert said(out) == ""
            assert content(out) == expected


@pytest.mark.parametrize(("kind", "back"), [("seen", False), ("rows", True)], ids=["gone", "back at once"])
def test_a_scheduler_may_be_killed(tmp_path: Path, draw: random.Random, kind: str, back: bool) -> None:
    """The run ends in one line, and goes on later, wherever it was."""
    log, out = faults.written(tmp_path, draw), tmp_path / "run"
    expected = undisturbed(log)
    with cluster(tmp_path) as other:
        options = ("--engine", "dask", "--scheduler", other.address)
        process = drive(log, out, *options)
        wanted = made(out, kind) + draw.randrange(1, 20)
        while process.poll() is None and made(out, kind) < wanted:
            time.sleep(0.002)
        other.kill_scheduler()
        if back:
            other.scheduler()
        assert process.wait(faults.PATIENCE_S) == 3, said(out)
        assert one_line(said(out)).startswith(f"convalign: the scheduler {other.address} went away (")
        assert said(out).endswith("; go on with --resume when it is back\n")
        assert not out.exists()
        assert made(out, kind)
        if not back:
            other.scheduler()
        # Workers of the first scheduler may come back or not; these do.
        other.workers()
        assert resumed(log, out, *options) == expected
    assert said(out) == ""


def test_a_cluster_without_workers_is_said(tmp_path: Path) -> None:
    log, out = example.write(tmp_path / "log.jsonl", faults.records(5)), tmp_path / "run"
    impatient = "from convalign.scale import cluster\ncluster.PATIENCE_S = 5\n"
    with cluster(tmp_path, workers=0) as other:
        other.listens()
        process = drive(log, out, "--engine", "dask", "--scheduler", other.address, before=impatient)
        assert process.wait(faults.PATIENCE_S) == 3
        assert "has no workers; start some" in one_line(said(out))
    options = ("--resume", "--engine", "dask", "--scheduler", other.address)
    process = drive(log, out, *options, before=impatient)
    assert process.wait(faults.PATIENCE_S) == 3
    assert "cannot be reached" in one_line(said(out))


def test_a_worker_with_another_version_is_refused_by_name(tmp_path: Path) -> None:
    """Its numbers might be others; nobody would see which."""
    log, out = example.write(tmp_path / "log.jsonl", faults.records(5)), tmp_path / "run"
    other = tmp_path / "other" / "vadersentiment-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: vaderSentiment\nVersion: 0.0.1\n")
    with cluster(tmp_path, workers=0) as found:
        found.workers(1, PYTHONPATH=str(other.parent))
        process = drive(log, out, "--engine", "dask", "--scheduler", found.address)
        assert process.wait(faults.PATIENCE_S) == 3
        wanted = "a worker of the cluster has vaderSentiment 0.0.1, not "
        assert wanted in one_line(said(out))
    assert unfinished(out).exists()
