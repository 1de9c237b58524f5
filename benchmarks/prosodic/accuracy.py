"""Pitch, rate and level against known truth."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from convalign.dialogue import from_record
from convalign.dimensions import prosodic
from convalign.dimensions.prosodic.features import NAMES
from convalign.dimensions.prosodic.pitch import ENGINES
from convalign.errors import UsageError

Array = NDArray[np.float64]
CENTS = 50
SHIFT_S = 0.03


def telephone(sound: Array, rate: int, *, order: int = 4) -> tuple[Array, int]:
    """300 to 3,400 Hz (lower edge: Butterworth of that order), peak .5, 8 kHz mu-law, noise at -45 dBFS."""
    spectrum = np.fft.rfft(sound)
    hertz = np.maximum(np.fft.rfftfreq(len(sound), 1 / rate), 1.0)
    edge = np.exp(np.minimum(2 * order * np.log(300 / hertz), 60))
    spectrum *= (hertz < 3400) / np.sqrt(1 + edge)
    narrow = soxr.resample(np.fft.irfft(spectrum, len(sound)), rate, 8000)
    narrow *= 0.5 / np.abs(narrow).max()
    narrow = narrow + 10 ** (-45 / 20) * np.random.default_rng(0).standard_normal(len(narrow))
    stream = io.BytesIO()
    soundfile.write(stream, np.clip(narrow, -1, 1), 8000, subtype="ULAW", format="WAV")
    stream.seek(0)
    heard, _ = soundfile.read(stream)
    return heard, 8000


def noisy(sound: Array, snr_db: float) -> Array:
    """With white noise at that distance from the sound's power."""
    noise = np.random.default_rng(1).standard_normal(len(sound))
    return np.asarray(sound + noise * np.sqrt(np.mean(sound**2)) * 10 ** (-snr_db / 20))


def compared(times_s: Array, f0_hz: Array, truth_s: Array, truth_hz: Array) -> dict[str, float]:
    """One file: shares in per cent, errors of the median in semitones (frames that both call voiced; own)."""
    voiced = truth_hz > 0
    best: dict[str, float] = {}
    for shift in np.arange(-SHIFT_S, SHIFT_S + 1e-9, 0.005):
        at = np.clip(np.searchsorted(times_s, truth_s + shift), 1, len(times_s) - 1)
        at -= (truth_s + shift - times_s[at - 1]) < (times_s[at] - truth_s - shift)
        found = f0_hz[at]
        heard = ~np.isnan(found)
        cents = np.full(len(found), np.inf)
        both = voiced & heard
        cents[both] = 1200 * np.abs(np.log2(found[both] / truth_hz[both]))
        near = 100 * float(np.mean(cents[voiced] <= CENTS))
        if not best or near > best["within 50 cents"]:
            both_st = [
                float(np.median(12 * np.log2(hz[both]))) if both.any() else np.nan for hz in (found, truth_hz)
            ]
            best = {
                "median, st": abs(both_st[0] - both_st[1]),
                "within 50 cents": near,
                "gross": 100 * float(np.mean(cents[both] > 1200 * np.log2(1.2))) if both.any() else np.nan,
                "voicing": 100 * float(np.mean(voiced != heard)),
            }
    median = np.median(12 * np.log2(truth_hz[voiced]))
    own = np.nanmedian(12 * np.log2(f0_hz)) if not np.isnan(f0_hz).all() else np.nan
    best["own median, st"] = abs(float(own - median))
    return best


def pitch_table(vectors: Path) -> Iterator[tuple[str, ...]]:
    """Rows: engine, files, shares, median error (mean, worst)."""
    for engine in ENGINES:
        try:
            prosodic.Settings(pitch_engine=engine)
        except UsageError as error:
            print(error)
            continue
        found: dict[str, list[dict[str, float]]] = defaultdict(list)
        for path in sorted((vectors / "prosodic" / "truth").glob("*.wav")):
            sound, rate = soundfile.read(path)
            with path.with_suffix(".csv").open() as lines:
                rows = [(float(r["time_s"]), float(r["f0_hz"])) for r in csv.DictReader(lines)]
            truth_s, truth_hz = (np.array(column) for column in zip(*rows, strict=True))
            kind = path.stem[0]
            group = "W" if kind == "W" else f"P, {path.stem.rsplit('_', 1)[1]}"
            group = group.replace("clean", "no noise") + (" dB" if group[-1].isdigit() else "")
            found[group].append(compared(*prosodic.pitch_track(sound, rate, engine), truth_s, truth_hz))
            if kind == "W" or path.stem.endswith("clean"):
                for name, order in (("P and W by telephone", 4), ("the same, edge of a wall", 200)):
                    narrow = prosodic.pitch_track(*telephone(sound, rate, order=order), engine)
                    found[name].append(compared(*narrow, truth_s, truth_hz))
        for group, files in sorted(found.items()):
            # A file in which nothing voiced is found has no error of pitch: it counts under voicing.
            mean = {key: float(np.nanmean([one[key] for one in files])) for key in files[0]}
            worst, own = (
                float(np.nanmax([one[k] for one in files])) for k in ("median, st", "own median, st")
            )
            yield (
                engine, f"{group} ({len(files)})", f"{mean['within 50 cents']:.1f}", f"{mean['gross']:.2f}",
                f"{mean['voicing']:.1f}", f"{mean['median, st']:.2f} / {worst:.2f}",
                f"{mean['own median, st']:.2f} / {own:.2f}", _bounds(engine, group, mean, worst),
            )  # fmt: skip


def _bounds(engine: str, group: str, mean: dict[str, float], worst: float) -> str:
    """What the default engine must reach, and whether it does."""
    if engine != ENGINES[0]:
        return ""
    least = {"P, no noise": 95, "P, 0 dB": 90, "W": 85}.get(group)
    said = []
    if least is not None:
        said.append((f"{least} within", mean["within 50 cents"] >= least))
    if group in ("P, no noise", "W"):
        said.append(("median .25", max(worst, mean["own median, st"]) <= 0.25))
    if group == "P, no noise":  # the voicing of W is what another analysis found, not truth
        said.append(("voicing 6", mean["voicing"] <= 6))
    if "telephone" in group:
        said.append(("median .4", max(worst, mean["own median, st"]) <= 0.4))
    return "; ".join(f"{what}: {'met' if held else 'MISSED'}" for what, held in said)


def rate_table(vectors: Path) -> Iterator[tuple[str, ...]]:
    """Rows: from what, utterances, bias, mean absolute error, r, bound."""
    records = json.loads((vectors / "prosodic" / "truth_syllables.json").read_text())
    truths, found = defaultdict(list), defaultdict(list)
    for one in records:
        counted = prosodic.syllable_count(one["text"])
        truths["transcript"].append(one["rate_syll_s"])
        found["transcript"].append((counted or np.nan) / one["duration_s"])
        path = vectors / "prosodic" / (one.get("audio") or "-")
        if not path.is_file():
            continue
        sound, rate = soundfile.read(path)
        first, last = round(one["start_s"] * rate), round(one["end_s"] * rate)
        heard = {
            "sound": (sound, rate), "sound, 10 dB SNR": (noisy(sound, 10), rate),
            "sound by telephone": telephone(sound, rate),
        }  # fmt: skip
        for name, (samples, hertz) in heard.items():
            cut = samples[first * hertz // rate : last * hertz // rate]
            truths[name].append(one["rate_syll_s"])
            found[name].append(prosodic.speech_rate(cut, hertz) or np.nan)
    for name, values in found.items():
        truth, got = np.array(truths[name]), np.array(values)
        error = 100 * (got / truth - 1)
        bound = {"transcript": 1.0, "sound": 6.5}.get(name)
        held = "" if bound is None else f"{bound:g}: {'met' if np.mean(np.abs(error)) <= bound else 'MISSED'}"
        yield (
            name, str(len(got)), f"{error.mean():+.1f}", f"{np.abs(error).mean():.1f}",
            f"{np.corrcoef(truth, got)[0, 1]:.3f}", held,
        )  # fmt: skip


def turn_table(data: Path) -> Iterator[tuple[str, ...]]:
    """Rows: feature, turns, mean and worst error of turns of calls, bound."""
    folder = data / "stereo_dialogues"
    errors: dict[str, list[float]] = defaultdict(list)
    for line in (folder / "stereo.jsonl").read_text().splitlines():
        dialogue = from_record(json.loads(line), root=str(folder))
        (one,) = prosodic.observe([dialogue], prosodic.Settings())
        turns: list[dict[str, Any]] = json.loads((folder / f"{dialogue.id}.json").read_text())["turns"]
        for unit, turn in zip(one.units, turns, strict=True):
            true = turn["truth"]
            for name, value in (
                ("pitch", true["f0"]), ("rate", true["rate"]), ("intensity", true["level"]),
            ):  # fmt: skip
                got = unit.values[NAMES.index(name)]
                if got is not None:
                    errors[name].append(abs((2**got if name == "rate" else got) - value))
    for name, unit in (("pitch", "st"), ("rate", "syllables/s"), ("intensity", "dB")):
        mean = float(np.mean(errors[name]))
        bound = f".1 dB: {'met' if mean <= 0.1 else 'MISSED'}" if name == "intensity" else ""
        yield name, unit, str(len(errors[name])), f"{mean:.3f}", f"{max(errors[name]):.3f}", bound
