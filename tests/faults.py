"""What tests of faults share: logs, processes that make runs, how often and from which seed faults strike.

`make soak` sets SOAK_ROUNDS to the rounds of every fault, with larger logs and seeds of the clock; a
seed stands in a test's name, and SOAK_SEED tries it again.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import example

from convalign.cli import main

TABLES = ("dialogues.jsonl", "turns.jsonl", "index.jsonl", "run.json")
ROUNDS = int(os.environ.get("SOAK_ROUNDS", "0"))
SEEDS = [int(os.environ.get("SOAK_SEED", time.time() if ROUNDS else 1)) + k for k in range(max(1, ROUNDS))]
OPTIONS = ("--dimensions", "lexical", "--surrogates", "6")
PATIENCE_S = 300
"""A process that takes longer hangs."""


def records(count: int = 40) -> list[dict[str, Any]]:
    """Dialogues of which no two are alike."""
    words = "lamp table chair window door garden kettle parcel train ticket paper river bridge".split()
    draw = random.Random(7)
    made = []
    for k in range(count):
        turns = [
            {"speaker": ("ann", "bot")[n % 2], "text": " ".join(draw.choices(words, k=9)) + f" number {k}"}
            for n in range(6)
        ]
        record = {"id": f"d{k:03d}", "turns": turns, "roles": {"ann": "user", "bot": "agent"}}
        made.append({**record, "meta": {"language": "en"}})
    return made


def written(folder: Path, draw: random.Random, least: int = 300) -> Path:
    """A log in shards of five; of any size where there is time."""
    return example.write(folder / "log.jsonl", records(draw.randrange(least, 3 * least) if ROUNDS else least))


def content(run: Path) -> dict[str, bytes]:
    """What must not differ between two runs."""
    return {name: (run / name).read_bytes() for name in TABLES}


def undisturbed(log: Path) -> dict[str, bytes]:
    """What a run holds that nothing happened to."""
    out = log.parent / "undisturbed"
    assert main(["score", str(log), "-o", str(out), *OPTIONS, "--jobs", "1", "--quiet"]) == 0
    return content(out)


COMMAND = """
import sys
from convalign.cli import main
from convalign.scale import shards

if __name__ == "__main__":
    shards.MOST, shards.GROWTH = 5, 1 << 30
    sys.exit(main(sys.argv[1:]))
"""
"""``convalign``, in shards of five dialogues."""


def drive(log: Path, out: Path, *options: str, before: str = "", **more: Any) -> subprocess.Popen[bytes]:
    """``convalign score`` as a process of its own; what it says goes to a file, if nowhere else.

    Parameters
    ----------
    before : program that the process begins with
    more : options of the process
    """
    script = out.parent / "command.py"
    script.write_text(before + COMMAND, encoding="utf-8")
    command = [sys.executable, str(script), "score", str(log), "-o", str(out), *OPTIONS, "--quiet", *options]
    with (out.parent / "said").open("wb") as stream:
        return subprocess.Popen(command, **({"stderr": stream, "start_new_session": True} | more))


def said(out: Path) -> str:
    """What the last process said on stderr."""
    return (out.parent / "said").read_text(encoding="utf-8")


def one_line(text: str) -> str:
    """What a process said: one line of ours and nothing else."""
    assert text.startswith("convalign: "), text
    assert text.count("\n") == 1, text
    return text


def resumed(log: Path, out: Path, *options: str) -> dict[str, bytes]:
    """The run, once it has been gone on with."""
    assert drive(log, out, "--resume", *options).wait(PATIENCE_S) == 0, said(out)
    assert not unfinished(out).exists()
    return content(out)


def workers(process: subprocess.Popen[bytes]) -> list[int]:
    """Worker processes of a process."""
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return [int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
    except OSError:
        return []


def gone(pid: int) -> bool:
    """Whether a process ends by itself; one that still loads its libraries hears of its parent later."""
    for _ in range(20 * PATIENCE_S):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False


def unfinished(out: Path) -> Path:
    """Where a run is made."""
    return out.parent / f".{out.name}.unfinished"


def made(out: Path, kind: str = "*") -> int:
    """Files of shards that are there."""
    return len(list(unfinished(out).glob(f"shards-*/0*.{kind}")))
