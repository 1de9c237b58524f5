"""What others' programs take for the same work, side by side in one run; rewrites its part of the page.

    python benchmarks/peers.py DATA --peers PYTHON [--base FOLDER] [--rounds N]

DATA holds ``sgd_10000.jsonl.gz``, ``goemotions`` and ``stereo_dialogues``, which are not part of the
project. PYTHON is that of an environment with ``convokit``, ``align``, ``transformers`` and ``torch`` from
PyPI, FOLDER the encoder that the affect model is made from (``build/affect_model/base/...``), so that the
pipeline runs as large a network as ours. Praat is timed where its extra is installed. Each program runs in a
process of its own and tells its CPU seconds, without its imports; the two of a row run in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from page import put

MARK = "<!-- peers -->"
LEXICAL = Path(__file__).parent / "lexical.py"
TEXTS = 512


# ------------------------------------------------------------------ programs: CPU seconds on one thread


def comments(data: Path) -> list[str]:
    """The first comments of the test split."""
    lines = (data / "goemotions" / "test.tsv").read_text(encoding="utf-8").split("\n")
    return [line.split("\t")[0] for line in lines[:TEXTS]]


def affect(data: Path, size: int) -> float:
    """The shipped model, `size` texts a call."""
    from convalign import affect as ours

    model, texts = ours.load(), comments(data)
    model.predict([f"warm up {k}" for k in range(8)])
    started = time.process_time()
    for begin in range(0, len(texts), size):
        model.predict(texts[begin : begin + size])
    return time.process_time() - started


def pipeline(data: Path, size: int, base: str) -> float:
    """The pipeline of transformers on torch, a network of the same size, `size` texts a batch."""
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    network = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=39)
    words = transformers.AutoTokenizer.from_pretrained(base)
    run = transformers.pipeline("text-classification", model=network, tokenizer=words, device="cpu")
    options = {"top_k": None, "function_to_apply": "sigmoid", "truncation": True, "max_length": 96}
    texts = comments(data)
    run(texts[:8], batch_size=size, **options)
    started = time.process_time()
    run(texts, batch_size=size, **options)
    return time.process_time() - started


def pitch(data: Path, engine: str) -> float:
    """Pitch of a call of 20 turns, both channels."""
    import soundfile

    from convalign.dimensions import prosodic

    sound, rate = soundfile.read(data / "stereo_dialogues" / "d_s0.flac", always_2d=True, dtype="float32")
    prosodic.pitch_track(sound[: 2 * rate, 0], rate, engine=engine)  # compiles
    started = time.process_time()
    for channel in sound.T:
        prosodic.pitch_track(channel, rate, engine=engine)
    return time.process_time() - started


# ------------------------------------------------------------------ the table


def told(command: list[str]) -> float:
    """CPU seconds that a program prints in its last line."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    last = json.loads(done.stdout.splitlines()[-1])
    return float(last["cpu"] if isinstance(last, dict) else last)


def rows(data: Path, peers: str, base: Path | None, rounds: int) -> Iterator[str]:
    """Lines of the table."""
    ours, log = sys.executable, str(data / "sgd_10000.jsonl.gz")

    def line(what: str, mine: list[str], theirs: list[str]) -> str:
        pairs = [(told(mine), told(theirs)) for _ in range(rounds)]
        ratios = sorted(b / a for a, b in pairs)
        seconds = " | ".join(f"{statistics.median(column):.3g}" for column in zip(*pairs, strict=True))
        return (
            f"| {what} | {seconds} | {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |"
        )

    for name, theirs, what in (
        ("coordination", "convokit", "coordination, 10,016 turns: ConvoKit 5.0.0"),
        ("cosines", "align", "cosines of turns, 10,016 turns: align 0.1.1, given tokens and tags"),
    ):
        yield line(
            what,
            [ours, str(LEXICAL), "--program", name, log],
            [peers, str(LEXICAL), "--program", theirs, log],
        )
    for size in (1, 8, 32) if base else ():
        yield line(
            f"affect of {TEXTS} comments, {size} a batch: transformers' pipeline on torch, fp32, one thread",
            [ours, __file__, "affect", str(data), str(size)],
            [peers, __file__, "pipeline", str(data), str(size), str(base)],
        )
    engines = ["pyin"] + (["praat"] if find_spec("parselmouth") else [])
    for engine in engines:
        name = {"pyin": "librosa's pyin", "praat": "Praat (parselmouth)"}[engine]
        yield line(
            f"pitch of a call, both channels: {name}",
            [ours, __file__, "pitch", str(data), "swift-f0"],
            [ours, __file__, "pitch", str(data), engine],
        )


def main() -> int:
    """Measure and write, or be one of the programs."""
    if sys.argv[1:2] == ["affect"]:
        print(affect(Path(sys.argv[2]), int(sys.argv[3])))
        return 0
    if sys.argv[1:2] == ["pipeline"]:
        print(pipeline(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
        return 0
    if sys.argv[1:2] == ["pitch"]:
        print(pitch(Path(sys.argv[2]), sys.argv[3]))
        return 0
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("data", type=Path)
    options.add_argument("--peers", metavar="PYTHON", required=True)
    options.add_argument("--base", type=Path)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    table = ["| what | ours, s | theirs, s | theirs / ours (min to max) |", "|---|---|---|---|"]
    for one in rows(given.data, given.peers, given.base, given.rounds):
        table.append(one)
        print(one, flush=True)
    put(MARK, table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
