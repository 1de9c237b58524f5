"""Make the bundled corpus again: scripts and voices in, speech and canonical dialogues out.

    python recipes/demo_corpus/make.py [--out corpora]

Reads ``texts/*.txt`` and ``voices.csv`` beside this file; needs espeak-ng on the path. See README.md.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import soundfile  # type: ignore[import-untyped]
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from convalign.errors import ConvalignError

HERE = Path(__file__).parent
SEED = 2026
SAMPLE_RATE = 16_000
COMPRESSION = 0.97
"""About 23 kbit/s for two channels of which one is silent; from .98 on the channels leak into each other."""

USE_CASES = ("customer_service", "mental_health", "tutoring")
SPEAKERS = {"U": "user", "A": "agent"}
CHANNELS = {"user": 0, "agent": 1}
SYSTEMS = {"C": "cold_service_desk", "W": "evasive_counsellor", "B": "balanced"}
SETS = {"synonym": ("l", "lexical"), "valence": ("e", "emotional"), "placebo": ("p", "none")}

PITCH_STEPS_SD = 5.0
"""One step of espeak-ng's -p is about .16 semitones, so turns differ by .8 semitones."""
SPEED_SD = 0.07
LEVEL_SD_DB = 1.8
PAUSE_S = (0.2, 0.7)
LEAD_S = 0.3
SILENT_DB = -50.0
"""Ends of a synthesised turn that are this far below its peak are cut, so that turn times are exact."""

Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Script:
    """One block of a text file: ``# id | use case | topic``, then ``X: text`` lines."""

    id: str
    use_case: str
    topic: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """How one speaker sounds on average: espeak-ng voice, -p, -s, and mean level in dB re full scale."""

    name: str
    pitch: int
    speed: int
    level_db: float


def read_scripts(path: Path, letters: str) -> list[Script]:
    """Blocks of one text file whose lines begin with one of `letters`."""
    blocks: list[tuple[list[str], list[tuple[str, str]]]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        place = f"{path.name}:{number}"
        if line.startswith("# "):
            head = [part.strip() for part in line[2:].split("|")]
            if len(head) != 3:
                raise ConvalignError(
                    f"{place}: {line!r} has {len(head)} parts; write # id | use case | topic"
                )
            blocks.append((head, []))
        elif line.strip():
            letter, mark, text = line.partition(": ")
            if not mark or letter not in letters or not blocks:
                raise ConvalignError(
                    f"{place}: {line[:30]!r} is no turn; begin with one of {letters} and ': '"
                )
            blocks[-1][1].append((letter, text.strip()))
    return [Script(head[0], head[1], head[2], tuple(lines)) for head, lines in blocks]


def read_voices(path: Path) -> dict[str, Voice]:
    """Voices by speaker: u01, u02, ... and agent."""
    with path.open(encoding="utf-8", newline="") as source:
        return {
            row["user"]: Voice(row["voice"], int(row["pitch"]), int(row["speed"]), float(row["level_db"]))
            for row in csv.DictReader(source)
        }


def delivery(voice: Voice, turns: int, chance: random.Random) -> Iterator[Voice]:
    """The voice as it is in each of a speaker's turns of one dialogue."""
    pitch, speed, level = (spread(turns, sd, chance) for sd in (PITCH_STEPS_SD, SPEED_SD, LEVEL_SD_DB))
    for i in range(turns):
        yield Voice(
            voice.name,
            min(99, max(0, round(voice.pitch + pitch[i]))),
            round(voice.speed * 2 ** speed[i]),
            voice.level_db + level[i],
        )


def spread(count: int, sd: float, chance: random.Random) -> list[float]:
    """Random offsets whose mean is 0 and whose sd is `sd`, so that no speaker comes out flat by chance."""
    drawn = [chance.random() for _ in range(count)]
    mean, found = fmean(drawn), stdev(drawn)
    return [(value - mean) * sd / found for value in drawn]


def synthesise(text: str, voice: Voice) -> Samples:
    """One turn at `SAMPLE_RATE`, silence at the ends cut, level set."""
    command = ["espeak-ng", "-v", voice.name, "-p", str(voice.pitch), "-s", str(voice.speed)]
    command += ["--stdout", text]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    spoken, rate = soundfile.read(io.BytesIO(made), dtype="float64")
    samples: Samples = np.asarray(soxr.resample(spoken, rate, SAMPLE_RATE), np.float64)
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 10 ** (SILENT_DB / 20))
    samples = samples[loud[0] : loud[-1] + 1]
    samples = samples * (10 ** (voice.level_db / 20) / np.sqrt(np.mean(samples**2)))
    peak = float(np.abs(samples).max())
    if peak >= 0.99:
        raise ConvalignError(f"{text[:40]!r} peaks at {peak:.2f}; lower level_db of this voice in voices.csv")
    return samples


def record_dialogue(script: Script, user: str, voices: dict[str, Voice]) -> tuple[dict[str, Any], Samples]:
    """The canonical record of one script and its two-channel recording, [n_samples, 2]."""
    chance = random.Random(f"{SEED}/{script.id}")
    speakers = [SPEAKERS[letter] for letter, _ in script.lines]
    spoken = {
        "user": delivery(voices[user], speakers.count("user"), chance),
        "agent": delivery(voices["agent"], speakers.count("agent"), chance),
    }
    pieces: list[tuple[str, int, Samples]] = []
    turns = []
    position = round(LEAD_S * SAMPLE_RATE)
    for speaker, (_, text) in zip(speakers, script.lines, strict=True):
        samples = synthesise(text, next(spoken[speaker]))
        end = position + len(samples)
        times = {"start_s": round(position / SAMPLE_RATE, 4), "end_s": round(end / SAMPLE_RATE, 4)}
        turns.append({"speaker": speaker, "text": text, **times})
        pieces.append((speaker, position, samples))
        position = end + round(chance.uniform(*PAUSE_S) * SAMPLE_RATE)
    recording = np.zeros((position, len(CHANNELS)))
    for speaker, start, samples in pieces:
        recording[start : start + len(samples), CHANNELS[speaker]] = samples
    meta = {"use_case": script.use_case, "topic": script.topic, "user": user, "language": "en"}
    audio = {"path": f"audio/{script.id}.opus", "channels": CHANNELS}
    record = {"id": script.id, "turns": turns, "roles": _roles(), "audio": audio}
    return {**record, "meta": {**meta, "fixed_gain": True}}, recording


def make_demo(out: Path) -> None:
    """Write ``dialogues.jsonl`` and ``audio/*.opus``."""
    voices = read_voices(HERE / "voices.csv")
    scripts = [script for case in USE_CASES for script in read_scripts(HERE / "texts" / f"{case}.txt", "UA")]
    (out / "audio").mkdir(parents=True, exist_ok=True)
    records = []
    for number, script in enumerate(scripts, 1):
        record, recording = record_dialogue(script, f"u{number:02d}", voices)
        soundfile.write(
            out / record["audio"]["path"],
            recording,
            SAMPLE_RATE,
            format="OGG",
            subtype="OPUS",
            compression_level=COMPRESSION,
        )
        records.append(record)
    write_lines(out / "dialogues.jsonl", records)


def choose(text: str, kind: str) -> str:
    """The text with ``{kind:base|edit}`` resolved to the edit where `kind` fits, else to the base."""
    return re.sub(r"\{(\w):([^|}]*)\|([^}]*)\}", lambda m: m[3] if m[1] == kind else m[2], text)


def minimal_pairs(name: str) -> Iterator[dict[str, Any]]:
    """Base and edit of every block, one after the other."""
    letter, edits = SETS[name]
    for script in read_scripts(HERE / "texts" / "minimal.txt", "UA"):
        for variant, kind in (("base", ""), ("edit", letter)):
            lines = tuple((who, choose(text, kind)) for who, text in script.lines)
            meta = {"pair": script.id, "variant": variant, "edits": edits}
            yield _plain(script, f"{script.id}.{name}.{variant}", lines, meta)


def system(letter: str) -> Iterator[dict[str, Any]]:
    """The dialogues of one designed system; ids are the same in every system."""
    for script in read_scripts(HERE / "texts" / "systems.txt", "U" + "".join(SYSTEMS)):
        lines = tuple(
            ("U" if who == "U" else "A", text) for who, text in script.lines if who in ("U", letter)
        )
        yield _plain(script, script.id, lines, {"system": SYSTEMS[letter]})


def _plain(
    script: Script, name: str, lines: tuple[tuple[str, str], ...], meta: dict[str, str]
) -> dict[str, Any]:
    """A record without sound; ``meta.user`` is the block, whose user says the same in all its variants."""
    turns = [{"speaker": SPEAKERS[who], "text": text} for who, text in lines]
    common = {"use_case": script.use_case, "topic": script.topic, "user": script.id, "language": "en"}
    return {"id": name, "turns": turns, "roles": _roles(), "meta": {**common, **meta}}


def _roles() -> dict[str, str]:
    """In this corpus a speaker is named by the role."""
    return {speaker: speaker for speaker in SPEAKERS.values()}


def write_lines(path: Path, records: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> None:
    """One object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="make the bundled corpus from its scripts")
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "corpora")
    parser.add_argument("--no-sound", action="store_true", help="only the pairs and systems (seconds)")
    options = parser.parse_args()
    for name in SETS:
        write_lines(options.out / "pairs" / f"{name}.jsonl", minimal_pairs(name))
    for letter, name in SYSTEMS.items():
        write_lines(options.out / "pairs" / "systems" / f"{name}.jsonl", system(letter))
    if not options.no_sound:
        make_demo(options.out / "demo")


if __name__ == "__main__":
    main()
