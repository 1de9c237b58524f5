"""Workers, memory, size and stages of long runs; rewrites its part of benchmarks/README.md.

    python benchmarks/scale.py DATA [--rounds N] [--only words,voices,stage,memory,sizes]

DATA holds ``sgd_1000``, ``sgd_10000`` and ``sgd_100000.jsonl.gz``, ``long/long_2000`` and
``long/long_8000.jsonl.gz``, which are not part of the project. Sound is the bundled corpus. Every run is a
process of its own; the runs of a round alternate, and a ratio is taken within its round. Wants a machine
with two idle cores.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- scale -->\n", "<!-- end of scale -->"


def child() -> None:
    """One run, its stages timed by what its progress tells; prints JSON."""
    from convalign import logs
    from convalign.scale import Work, score_to_run
    from convalign.scoring import scorers

    path, names, jobs = sys.argv[2], sys.argv[3].split(","), int(sys.argv[4])
    began, ends = time.perf_counter(), {}

    def tell(what: str, done: int, total: int | None) -> None:
        ends[what] = time.perf_counter() - began

    with tempfile.TemporaryDirectory() as folder:
        score_to_run(
            [path], Path(folder) / "run", scorers(names, {}), read=logs.ReadOptions(), report=logs.Report(),
            how=Work(jobs=jobs), progress=tell,
        )  # fmt: skip
    ends["written"] = time.perf_counter() - began
    # Not ru_maxrss, which remembers the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    ends["peak_mb"] = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps(ends))


def run(path: Path, names: str, jobs: int) -> dict[str, float]:
    """Seconds at which each stage ended, wall seconds of the process, its peak memory."""
    command = [sys.executable, __file__, "--child", str(path), names, str(jobs)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    said, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: ended with {process.returncode}")
    found: dict[str, float] = json.loads(said)
    return found | {"wall": time.perf_counter() - began}


def records(path: Path) -> list[dict[str, Any]]:
    """Dialogues of a canonical log."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def copies(found: list[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    """So many dialogues, the same ones again under other ids and with a word of their own."""
    for number in range(count):
        one = found[number % len(found)]
        again = number // len(found)
        turns = [turn | {"text": f"{turn['text']} x{again}"} for turn in one["turns"]]
        yield one | {"id": f"{one['id']}-{again}", "turns": turns}


def written(path: Path, found: Iterable[dict[str, Any]]) -> Path:
    """Dialogues as a log."""
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(one) + "\n" for one in found)
    return path


def spread(values: list[float]) -> str:
    """Median, least and most."""
    if len(values) == 1:
        return f"{values[0]:.2f} (one round)"
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def calls(folder: Path, times: int) -> Path:
    """The bundled calls, several times under other ids."""
    source = Path(str(resources.files("convalign.corpora") / "demo"))
    shutil.copytree(source / "audio", folder / "audio", dirs_exist_ok=True)
    found = [json.loads(line) for line in (source / "dialogues.jsonl").read_text("utf-8").splitlines()]
    return written(
        folder / "calls.jsonl", ({**one, "id": f"{one['id']}-{k}"} for k in range(times) for one in found)
    )


Row = tuple[str, Path, str, float, str]
"""Label, log, dimensions, amount, its unit."""


def compared(rows: Iterable[Row], rounds: int) -> tuple[list[str], dict[str, float]]:
    """Throughput of one process and of two; and the stages of the last run of one process."""
    lines = ["| what | one process, s | a second | two, s | speed-up (min to max) |", "|---|---|---|---|---|"]
    one: dict[str, float] = {}
    for label, path, names, amount, unit in rows:
        times = []
        for _ in range(1 if names == "lexical,emotional" else rounds):
            one, two = run(path, names, 1), run(path, names, 2)
            times.append((one["wall"], two["wall"]))
            print(label, times[-1], flush=True)
        firsts, seconds = (statistics.median(column) for column in zip(*times, strict=True))
        ratio, rate = spread([a / b for a, b in times]), f"{amount / firsts:,.0f} {unit}"
        lines.append(f"| {label} | {firsts:.1f} | {rate} | {seconds:.1f} | {ratio} |")
    return lines, one


def words(data: Path, folder: Path, rounds: int) -> list[str]:
    """One process and two on text, and where the time goes; the longest run is timed once."""
    del folder
    long = data / "sgd_100000.jsonl.gz"
    lines, stages = compared(
        (
            ("100,004 turns, lexical", long, "lexical", 100_004, "turns"),
            ("10,016 turns, emotional", data / "sgd_10000.jsonl.gz", "emotional", 10_016, "turns"),
            ("100,004 turns, lexical and emotional", long, "lexical,emotional", 100_004, "turns"),
        ),
        rounds,
    )
    ends = [0.0, stages["read"], stages["observed"], stages["scored"], stages["written"]]
    names = ("read", "look at each dialogue (model of affect)", "score beside strangers", "put together")
    parts = [
        f"{name} {b - a:.1f} s ({100 * (b - a) / ends[-1]:.0f} %)"
        for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)
    ]
    rate = 100_004 / stages["written"]
    return [
        *lines, "",
        f"100,004 turns on both text dimensions with 20 strangers, one process: {rate:,.0f} turns a second; "
        f"{'; '.join(parts)}.",
    ]  # fmt: skip


def voices(data: Path, folder: Path, rounds: int) -> list[str]:
    """One process and two on the bundled calls."""
    del data
    path = calls(folder, 4)
    heard = sum(max(turn["end_s"] for turn in one["turns"]) for one in map(json.loads, path.open("rb")))
    return compared([("192 calls of a minute, prosodic", path, "prosodic", heard, "s of sound")], rounds)[0]


def profile(data: Path, folder: Path, rounds: int) -> list[str]:
    """Whether the longest stage could be shorter."""
    del folder, rounds
    from stage import stage

    from convalign import logs

    return stage(list(logs.read([str(data / "sgd_1000.jsonl.gz")], logs.ReadOptions())))


def memory(data: Path, folder: Path, rounds: int) -> list[str]:
    """Peak memory and rate from a hundred to a hundred thousand dialogues."""
    del rounds
    found = records(data / "sgd_100000.jsonl.gz")
    lines = ["| dialogues | turns | seconds | turns a second | peak memory, MB |", "|---|---|---|---|---|"]
    peaks = {}
    for count in (100, 1_000, 10_000, 100_000):
        path = written(folder / "many.jsonl", copies(found, count))
        turns = sum(len(found[k % len(found)]["turns"]) for k in range(count))
        one = run(path, "lexical", 1)
        peaks[count] = one["peak_mb"]
        rate = f"{turns / one['wall']:,.0f}"
        lines.append(f"| {count:,} | {turns:,} | {one['wall']:.1f} | {rate} | {one['peak_mb']:.0f} |")
        print(lines[-1], flush=True)
        path.unlink()
    ratio = peaks[100_000] / peaks[10_000]
    return [
        *lines,
        "",
        f"Peak memory at 100,000 dialogues is {ratio:.2f} of that at 10,000 (lexical, one process).",
    ]


def sizes(data: Path, folder: Path, rounds: int) -> list[str]:
    """Long dialogues and long calls."""
    del rounds
    import numpy as np
    import soundfile

    others = records(data / "sgd_1000.jsonl.gz")
    lines = ["| one dialogue of | seconds, lexical and emotional | peak memory, MB |", "|---|---|---|"]
    longest = [records(data / "long" / f"long_{count}.jsonl.gz")[0] for count in (8_000, 2_000)]
    spoken = [turn for record in longest for turn in record["turns"]]
    for turns in (10, 100, 1_000, 10_000):
        path = written(folder / "long.jsonl", [longest[0] | {"turns": spoken[:turns]}, *others])
        one = run(path, "lexical,emotional", 1)
        lines.append(f"| {turns:,} turns (and 53 short ones) | {one['wall']:.1f} | {one['peak_mb']:.0f} |")
        print(lines[-1], flush=True)
    source = Path(str(resources.files("convalign.corpora") / "demo"))
    first = json.loads((source / "dialogues.jsonl").read_text("utf-8").splitlines()[0])
    sound, rate = soundfile.read(source / first["audio"]["path"])
    seconds = len(sound) / rate
    for minutes in (1, 10, 60, 120):
        again = max(1, round(60 * minutes / seconds))
        soundfile.write(folder / "call.wav", np.tile(sound, (again, 1)), rate)
        turns_ = [
            {**turn, "start_s": turn["start_s"] + k * seconds, "end_s": turn["end_s"] + k * seconds}
            for k in range(again)
            for turn in first["turns"]
        ]
        record = {**first, "turns": turns_, "audio": {**first["audio"], "path": "call.wav"}}
        one = run(written(folder / "call.jsonl", [record]), "prosodic", 1)
        lines.append(f"| {minutes} minutes of sound (prosodic) | {one['wall']:.1f} | {one['peak_mb']:.0f} |")
        print(lines[-1], flush=True)
    return lines


MEASURES = {"words": words, "voices": voices, "stage": profile, "memory": memory, "sizes": sizes}


def main() -> int:
    """Measure, and put the tables into the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default=",".join(MEASURES))
    given = options.parse_args()
    done: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in given.only.split(","):
            done[part] = MEASURES[part](given.data, Path(folder), given.rounds)
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    old, _, tail = rest.partition(END)
    kept = dict(zip(MEASURES, old.split("\n\n<!-- part -->\n\n"), strict=True))
    parts = ["\n".join(done[part]) if part in done else kept[part].strip() for part in MEASURES]
    PAGE.write_text(head + BEGIN + "\n\n<!-- part -->\n\n".join(parts) + "\n" + END + tail, encoding="utf-8")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child()
        sys.exit(0)
    sys.exit(main())
