"""Measure what the datasheet says of the demo's speech, from the shipped files.

    python recipes/demo_corpus/measure.py [--demo corpora/demo]

Prints the spread of the users, the agent's place among them, the variation from turn to turn, and
how well a turn's window holds its speech. Takes about a minute; needs nothing but the package.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from convalign.dimensions.prosodic import pitch_track, semitones, speech_rate

Samples = NDArray[np.float64]
Found = dict[Any, list[float]]
"""Values by name, or by speaker and name."""

SCALED_PEAK = 0.5
"""The pitch tracker depends on level, so a turn is scaled before it is tracked."""
SILENT_DB = -120.0
EDGE_S = 0.05
"""The codec smears the edges of a turn by a few milliseconds; pauses are measured inside this margin."""


def level_db(samples: Samples) -> float:
    """Level of a stretch re full scale, not below `SILENT_DB`."""
    return max(SILENT_DB, 10 * float(np.log10(np.mean(samples**2) + 1e-30)))


def pitch_st(samples: Samples, rate: int) -> float:
    """Median pitch of a turn, semitones re 100 Hz."""
    scaled = samples * (SCALED_PEAK / np.quantile(np.abs(samples), 0.999))
    _, f0_hz = pitch_track(scaled, rate)
    return float(np.nanmedian(semitones(f0_hz)))


def measure(record: dict[str, Any], demo: Path) -> Found:
    """Turn values by speaker, and levels where there should be silence, of one dialogue."""
    found: Found = defaultdict(list)
    with soundfile.SoundFile(demo / record["audio"]["path"]) as sound:
        rate = sound.samplerate
        end = 0.0
        for turn in record["turns"]:
            speaker = turn["speaker"]
            channel = record["audio"]["channels"][speaker]
            gap = max(0.0, turn["start_s"] - end - 2 * EDGE_S)
            sound.seek(round((end + EDGE_S) * rate))
            found["pause_db"].append(level_db(sound.read(round(gap * rate))))
            sound.seek(round(turn["start_s"] * rate))
            both = sound.read(round((turn["end_s"] - turn["start_s"]) * rate))
            own, other = both[:, channel], both[:, 1 - channel]
            found["leak_db"].append(level_db(other) - level_db(own))
            count = speech_rate(own, rate)
            found[speaker, "pitch"].append(pitch_st(own, rate))
            found[speaker, "level"].append(level_db(own))
            if count is not None:
                found[speaker, "rate"].append(float(np.log2(count)))
            end = turn["end_s"]
        found["seconds"] = [sound.frames / rate]
        found["speech"] = [sum(turn["end_s"] - turn["start_s"] for turn in record["turns"])]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="measure the demo's speech")
    parser.add_argument("--demo", type=Path, default=Path(__file__).parents[2] / "corpora" / "demo")
    demo = parser.parse_args().demo
    lines = (demo / "dialogues.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    dialogues = [measure(record, demo) for record in records]
    print(f"dialogues {len(dialogues)}, turns {sum(len(r['turns']) for r in records)}")
    print(f"recorded {sum(d['seconds'][0] for d in dialogues) / 60:.1f} min", end=", ")
    print(f"speech {sum(d['speech'][0] for d in dialogues) / 60:.1f} min", end=", ")
    print(f"{sum(p.stat().st_size for p in (demo / 'audio').iterdir()) / 1e6:.2f} MB of sound")
    for feature, unit in (
        ("pitch", "st re 100 Hz"),
        ("rate", "log2 syllables/s"),
        ("level", "dB re full scale"),
    ):
        users = [fmean(d["user", feature]) for d in dialogues]
        agents = [fmean(d["agent", feature]) for d in dialogues]
        below = sum(user < fmean(agents) for user in users)
        within = {who: fmean(stdev(d[who, feature]) for d in dialogues) for who in ("user", "agent")}
        print(
            f"{feature} ({unit}): users mean {fmean(users):.2f}, sd {stdev(users):.2f}, "
            f"{min(users):.2f} to {max(users):.2f}; agent mean {fmean(agents):.2f}, sd over dialogues "
            f"{stdev(agents):.2f}, {below} of {len(users)} users below it; turn to turn sd user "
            f"{within['user']:.2f}, agent {within['agent']:.2f}; r(user, agent) over dialogues "
            f"{np.corrcoef(users, agents)[0, 1]:.2f}"
        )
    flattest = min(stdev(d[who, "level"]) for d in dialogues for who in ("user", "agent"))
    print(f"flattest speaker: level sd {flattest:.2f} dB")
    leaks = [leak for d in dialogues for leak in d["leak_db"]]
    print(f"other channel during a turn: median {median(leaks):.1f}, most {max(leaks):.1f} dB re the speaker")
    print(f"pauses: at most {max(max(d['pause_db']) for d in dialogues):.1f} dB re full scale")


if __name__ == "__main__":
    main()
