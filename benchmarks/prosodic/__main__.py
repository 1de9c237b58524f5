"""The prosodic dimension against truth, at zero alignment, and against the clock.

    python benchmarks/prosodic DATA VECTORS [--only PART,...] [--work FOLDER]

DATA holds ``stereo_dialogues``, VECTORS ``prosodic`` (synthetic speech with known pitch and syllables);
neither is part of the project. FOLDER keeps the calls that are synthesised. Rewrites its part of
benchmarks/README.md; with ``--only``, only those tables (pitch, rate, turns, series, sound, honesty,
invariance, speed). Speed wants a quiet machine.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from accuracy import pitch_table, rate_table, turn_table
from honesty import honest_table
from invariance import invariance_table
from recovery import from_series, from_sound
from speed import speed_table

PAGE = Path(__file__).parents[1] / "README.md"
ORDER = "own knob | full order, one dialogue | full order, 30 dialogues | with other users at each strength"
HEADS = {
    "pitch": (
        "engine | files | within 50 cents, % | gross errors, % | voicing errors, % | "
        "median where both are voiced, st (mean / worst file) | own medians (mean / worst file) | bound"
    ),
    "rate": "rate from | utterances | bias, % | mean absolute error, % | r | bound, %",
    "turns": "turns of calls | unit | turns | mean error | worst | bound",
    "series": f"turns | metric | {ORDER} | own knob from 0 to .9, sd | the other knob, sd",
    "sound": f"metric | {ORDER} | own knob from 0 to .9, sd | the other knob, sd | bound",
    "honesty": "series | p of | 20 turns | 40 turns | 100 turns | 3 to 7 %",
    "invariance": (
        "change | pitch, st | rate, log2 | level, dB | plain scores of pitch, rate, level | "
        "of all features (metric) | bounds"
    ),
    "speed": "what | median (min to max) | bound",
}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        parts: dict[str, Callable[[], Iterable[tuple[str, ...]]]] = {
            "pitch": lambda: pitch_table(given.vectors),
            "rate": lambda: rate_table(given.vectors),
            "turns": lambda: turn_table(given.data),
            "series": lambda: from_series(300),
            "sound": lambda: from_sound(given.work or folder / "calls", 60),
            "honesty": lambda: honest_table(600),
            "invariance": lambda: invariance_table(given.data, folder),
            "speed": lambda: speed_table(given.data, given.rounds),
        }
        chosen = [name for name in parts if name in (given.only.split(",") if given.only else parts)]
        for name in chosen:
            table = _table(HEADS[name], parts[name]())
            print(table, flush=True)
            _write(f"<!-- prosodic {name} -->", table)


def _write(mark: str, table: str) -> None:
    """Put a table between its two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(mark)
    _, _, after = rest.partition(mark)
    PAGE.write_text(f"{before}{mark}\n\n{table}\n{mark}{after}", encoding="utf-8")


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    columns = head.count(" | ") + 1
    lines = [f"| {head} |", "|" + "---|" * columns]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


if __name__ == "__main__":
    main()
