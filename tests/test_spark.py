"""The recipe for Spark gives the run of one process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import example
import faults
import pytest
from faults import content, undisturbed

RECIPE = Path(__file__).parents[1] / "recipes" / "spark" / "engine.py"

if not RECIPE.is_file():
    pytest.skip("needs the checkout, not only the installed package", allow_module_level=True)
if find_spec("pyspark") is None:
    pytest.skip("the recipe for Spark did not run; pyspark is not installed", allow_module_level=True)
if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
    pytest.skip("the recipe for Spark did not run; there is no Java", allow_module_level=True)


def spark(log: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The recipe, on this machine."""
    return subprocess.run(
        [sys.executable, str(RECIPE), str(log), "-o", str(out), *faults.OPTIONS, *options],
        capture_output=True, text=True, check=False, cwd=out.parent, timeout=faults.PATIENCE_S,
        env=os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"},
    )  # fmt: skip


def test_spark_changes_no_byte(tmp_path: Path) -> None:
    log, out = example.write(tmp_path / "log.jsonl", faults.records(200)), tmp_path / "run"
    expected = undisturbed(log)
    done = spark(log, out)
    assert done.returncode == 0, done.stderr
    assert content(out) == expected
    assert not faults.unfinished(out).exists()


def test_what_goes_wrong_there_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard that is gone is no traceback of a Java machine; the run goes on when it is back."""
    log, out = example.write(tmp_path / "log.jsonl", faults.records(200)), tmp_path / "run"
    expected = undisturbed(log)
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'pyspark.daemon' in sys.orig_argv:\n"
        "    from convalign.scale import shards\n"
        "    shards.open_file = lambda *_, **__: None\n",
        encoding="utf-8",
    )
    with monkeypatch.context() as hooked:
        hooked.setenv("PYTHONPATH", str(hook), prepend=os.pathsep)
        done = spark(log, out)
    assert done.returncode == 3, done.stderr
    ours = [line for line in done.stderr.splitlines() if line.startswith("convalign: ")]
    assert len(ours) == 1, done.stderr
    assert ours[0].endswith("do workers reach this folder? go on with --resume when they do")
    assert "Traceback" not in done.stderr
    done = spark(log, out, "--resume")
    assert done.returncode == 0, done.stderr
    assert content(out) == expected
