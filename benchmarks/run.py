"""Measure what is claimed, as ratios within one run, and write benchmarks/README.md.

Each pair of commands runs alternately, so that a busy machine slows both alike. A ratio is printed
with the spread over rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "benchmarks" / "README.md"


def seconds(command: list[str], **environment: str) -> float:
    """Wall time of a command as a whole process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
    return time.perf_counter() - started


def pair(first: list[str], second: list[str], rounds: int, **environment: str) -> tuple[float, float, str]:
    """Median seconds of two commands, and the ratio second / first with its spread."""
    times = [(seconds(first, **environment), seconds(second, **environment)) for _ in range(rounds)]
    ratios = sorted(b / a for a, b in times)
    spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    return statistics.median(a for a, _ in times), statistics.median(b for _, b in times), spread


def many_dialogues(folder: Path, copies: int) -> Path:
    """The bundled demo dialogues without sound, many times over under new ids."""
    import json

    source = resources.files("convalign.corpora") / "demo" / "dialogues.jsonl"
    records = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    path = folder / "many.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for copy in range(copies):
            for record in records:
                turns = [{"speaker": t["speaker"], "text": f"{t['text']} {copy}"} for t in record["turns"]]
                one = {"id": f"{record['id']}-{copy}", "turns": turns, "roles": record["roles"]}
                out.write(json.dumps(one) + "\n")
    return path


def main() -> int:
    """Run everything; a few minutes."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    python, convalign = sys.executable, [sys.executable, "-m", "convalign"]
    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)

        def score(name: str, log: Path, *more: str) -> list[str]:
            command = [*convalign, "score", str(log), "-o", str(folder / name)]
            return [*command, "--force", "--quiet", "--jobs", "1", *more]

        def row(
            what: str, first: list[str], second: list[str], count: int = rounds, **environment: str
        ) -> None:
            a, b, ratio = pair(first, second, count, **environment)
            lines.append(f"| {what} | {a:.3g} | {b:.3g} | {ratio} |")
            print(lines[-1], flush=True)

        row(
            "`convalign --help` against `python -c pass`",
            [python, "-c", "pass"],
            [*convalign, "--help"],
            4 * rounds,
        )
        many = many_dialogues(folder, 20)
        row(
            "960 dialogues, lexical: two workers against one",
            score("one", many, "--dimensions", "lexical"),
            score("two", many, "--dimensions", "lexical", "--jobs", "2"),
        )
        row(
            "960 dialogues: emotional (lexicon model) against lexical",
            score("one", many, "--dimensions", "lexical"),
            score("two", many, "--dimensions", "emotional"),
        )
        with resources.as_file(resources.files("convalign.corpora") / "demo" / "dialogues.jsonl") as demo:
            prosody = ("--dimensions", "prosodic")
            row(
                "48 calls with sound: two workers against one",
                score("one", demo, *prosody),
                score("two", demo, *prosody, "--jobs", "2"),
                2,
            )
            few = (*prosody, "--limit", "6")
            row(
                "6 calls with sound: pyin against swift-f0, compile caches filled",
                score("one", demo, *few),
                score("two", demo, *few, "--pitch-engine", "pyin"),
                2,
                NUMBA_CACHE_DIR=str(folder / "numba"),
            )
            lines.append(cold(demo, folder, convalign))
            print(lines[-1])
    head = "| what | first, s | second, s | second / first (min to max) |\n|---|---|---|---|\n"
    before, _, after = PAGE.read_text(encoding="utf-8").partition("<!-- measured -->")
    rest = after.partition("\n## ")
    table = f"<!-- measured -->\n\n{head}" + "\n".join(lines) + "\n"
    PAGE.write_text(before + table + rest[1] + rest[2], encoding="utf-8")
    return 0


def cold(demo: Path, folder: Path, convalign: list[str]) -> str:
    """The default prosodic path with an empty compile cache against a filled one: no stall allowed."""
    command = [
        *convalign,
        "score",
        str(demo),
        "-o",
        str(folder / "cold"),
        "--force",
        "--quiet",
        "--limit",
        "1",
    ]
    command += ["--dimensions", "prosodic"]
    b, a = (_timed(command, folder / "first") for _ in range(2))
    return f"| one call with sound: empty compile cache against filled | {a:.3g} | {b:.3g} | {b / a:.2f} |"


def _timed(command: list[str], cache: Path) -> float:
    """Wall time with a compile cache of its own; the command may end with 4 or 5 (few strangers)."""
    started = time.perf_counter()
    done = subprocess.run(
        command, check=False, capture_output=True, env=os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    )
    if done.returncode not in (0, 4, 5):
        raise RuntimeError(done.stderr.decode())
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
