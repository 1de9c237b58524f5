"""A small log for tests of the whole line, made here so that nothing depends on files elsewhere."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

THINGS = ("kettle", "lamp", "jacket", "ticket", "router", "bicycle", "printer", "garden", "violin", "engine")
FEELINGS = (
    "I am so happy about the",
    "It is terrible, I hate this",
    "Please tell me about the",
    "I am worried about my",
)


def records(count: int = 10, *, turns: int = 12, seed: int = 3) -> list[dict[str, Any]]:
    """Dialogues of a user and an agent who takes up some of the user's words."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        thing = THINGS[number % len(THINGS)]
        lines = []
        for place in range(turns // 2):
            feeling = FEELINGS[draw.randrange(len(FEELINGS))]
            other = draw.choice(THINGS)
            lines.append({"speaker": "user", "text": f"{feeling} {thing} near the {other} number {place}."})
            taken = thing if draw.random() < 0.6 else draw.choice(THINGS)
            mood = draw.choice(("That is great", "I am sorry, how awful", "Let me look", "Wonderful"))
            lines.append(
                {"speaker": "agent", "text": f"{mood}, the {taken} is on the {draw.choice(THINGS)} list."}
            )
        made.append({"id": f"call-{number:02d}", "turns": lines, "roles": {"user": "user", "agent": "agent"}})
    return made


def write(path: Path, made: list[dict[str, Any]]) -> Path:
    """Write canonical JSON lines."""
    stream = io.StringIO()
    for record in made:
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    path.write_text(stream.getvalue(), encoding="utf-8")
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


RATE = 16_000


def voice(pitch_hz: float, syllables_per_s: float, level: float, seconds: float) -> np.ndarray:
    """A buzz with the given pitch, loudness beats and level: enough for pitch, rate and intensity."""
    time = np.arange(int(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * pitch_hz * k * time) / k for k in range(1, 20))
    beats = 0.55 - 0.45 * np.cos(2 * np.pi * syllables_per_s * time)
    sound = wave * beats**2
    return np.asarray(level * sound / np.abs(sound).max(), dtype=np.float64)


def with_sound(
    made: list[dict[str, Any]], folder: Path, *, seed: int = 5, suffix: str = "wav"
) -> list[dict[str, Any]]:
    """Give every dialogue a stereo call: the user left, the agent right, voices that differ."""
    draw = random.Random(seed)
    for number, record in enumerate(made):
        home = {"user": (110 * 1.12**number, 3 + 0.25 * number), "agent": (170.0, 4.0)}
        length = 1.4 * len(record["turns"]) + 0.5
        call = np.zeros((int(length * RATE), 2))
        for place, turn in enumerate(record["turns"]):
            channel = ("user", "agent").index(turn["speaker"])
            pitch, rate = home[turn["speaker"]]
            start = 0.2 + 1.4 * place
            pitch *= 2 ** draw.uniform(-0.1, 0.1)
            sound = voice(pitch, rate * 2 ** draw.uniform(-0.2, 0.2), draw.uniform(0.2, 0.5), 1.1)
            call[int(start * RATE) : int(start * RATE) + len(sound), channel] = sound
            turn |= {"start_s": round(start, 3), "end_s": round(start + 1.1, 3)}
        record["audio"] = {"path": f"{record['id']}.{suffix}", "channels": {"user": 0, "agent": 1}}
        soundfile.write(folder / f"{record['id']}.{suffix}", call, RATE)
    return made
