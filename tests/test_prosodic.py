"""Pitch, rate and level of turns, the measures on them, and the rows that come of it."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray
from voices import RATE, call, speak

from convalign.dialogue import AudioSegment, Dialogue, Recording, Turn, from_record
from convalign.dimensions import prosodic
from convalign.dimensions.prosodic.features import NAMES
from convalign.dimensions.prosodic.measures import convergences, synchronies, turn_proximities
from convalign.dimensions.prosodic.pitch import plausible_range
from convalign.dimensions.prosodic.units import Unit
from convalign.dimensions.prosodic.voices import observation
from convalign.errors import ConvalignError, UsageError
from convalign.scores import REASONS, Score
from convalign.surrogates import Pool

Shared = Callable[[str], Path]
Array = NDArray[np.floating[Any]]
Means = Sequence[float] | NDArray[np.floating[Any]]
AT_FIXED_GAIN = ["pitch", "rate", "intensity"]
SETTINGS = prosodic.Settings()

# ---------------------------------------------------------------- a voice whose truth is known


def little_call(folder: Path, name: str = "d") -> Dialogue:
    """20 turns with pitches, rates and levels that move."""
    draw = np.random.default_rng(3)
    turns = []
    for index in range(20):
        base = (2.0, -26.0) if index % 2 == 0 else (9.0, -20.0)
        pitch, level = base[0] + draw.normal(0, 1), base[1] + draw.normal(0, 2)
        turns.append(("ua"[index % 2], speak(pitch, 3 + int(draw.integers(0, 4)), level)))
    return call(folder, name, turns)


def rows_of(
    dialogues: Sequence[Dialogue],
    settings: prosodic.Settings = SETTINGS,
    given: dict[str, object] | None = None,
) -> list[Score]:
    observations = prosodic.observe(dialogues, settings)
    return finish(observations, settings, given)


def finish(
    observations: Sequence[prosodic.Observation],
    settings: prosodic.Settings = SETTINGS,
    given: dict[str, object] | None = None,
) -> list[Score]:
    pool = Pool((s for o in observations for s in o.sides), seed=settings.seed)
    frozen = prosodic.reference(observations, pool, settings) if given is None else given
    return [r for o in observations for r in prosodic.score(o, pool, frozen, settings).dialogues]


def table(rows: Sequence[Score], direction: str = "agent->user") -> dict[str, float | None]:
    return {r.metric: r.value for r in rows if r.direction == direction}


# ---------------------------------------------------------------- measures


def test_proximity_by_hand() -> None:
    assert prosodic.proximity([1, 2, 3, 4], [5, 5, 5, 5, None, math.nan]) == -2.5
    assert prosodic.proximity([1, 2, 3, None], [5, 5, 5, 5]) is None
    assert prosodic.proximity([1, 2, 3, None], [5, 5, 5], minimum=3) == -3
    assert prosodic.proximity([1, 1, 1, 1], [1, 1, 1, 1]) == 0
    # pairs (1, 2), (4, 2), (2, 2), (0, 2): distances 1, 2, 0, 2
    assert prosodic.turn_proximity([1, 4, None, 2, 0], [2, 2, 2, 2, 2]) == -1.25
    assert prosodic.turn_proximity([1, 4, None, 2], [2, 2, 2, None]) is None


def test_synchrony_by_hand() -> None:
    # means 2 and 2; products 1 + 0 + 0 - 0 = deviations (-1,0,1,0)*(-1,0,0,1) -> 1 / sqrt(2 * 2)
    assert prosodic.synchrony([1, 2, 3, 2], [1, 2, 2, 3], detrend=False, minimum=4) == pytest.approx(0.5)
    drift = np.arange(12.0)
    assert prosodic.synchrony(drift, drift + 1, detrend=False) == pytest.approx(1)
    assert prosodic.synchrony(drift, drift + 1) is None  # nothing but a trend
    assert prosodic.synchrony([3.0] * 12, drift) is None
    wave = np.sin(2 * drift)
    assert prosodic.synchrony(wave + 5 * drift, wave - 2 * drift) == pytest.approx(1)
    assert prosodic.synchrony(wave, -wave + drift) == pytest.approx(-1)
    assert prosodic.synchrony(wave[:9], wave[:9]) is None


def test_convergence_by_hand() -> None:
    reply, prime = [6.0, 8, 5, 3, 9, 1, 1, 3, 1], [2.0] * 9
    # first half 6 8 5 3: mean 5.5, gap 3.5; the middle is left out; second 1 1 3 1: mean 1.5, gap .5
    assert prosodic.convergence(reply, prime) == 3.0
    falling, minutes = [10.0 - k for k in range(8)], [30.0 * k for k in range(8)]
    assert prosodic.convergence(falling, [0.0] * 8, minutes, kind="local") == pytest.approx(1)
    assert prosodic.convergence(falling, [0.0] * 8, minutes, kind="slope") == pytest.approx(2)  # 1 per 30 s
    assert prosodic.convergence([1.0] * 8, [0.0] * 8, minutes, kind="slope") is None
    assert prosodic.convergence(falling[:7], [0.0] * 7) is None


@pytest.mark.parametrize("measure", [prosodic.turn_proximity, prosodic.synchrony, prosodic.convergence])
def test_unequal_lengths_are_refused(measure: Callable[..., float | None]) -> None:
    with pytest.raises(UsageError, match=r"^3 replies and 2 primes; give one prime per reply$"):
        measure([1, 2, 3], [1, 2])


def test_convergence_refuses_what_it_cannot_do() -> None:
    with pytest.raises(UsageError, match=r"^no convergence 'golbal'; there are: global, local, slope$"):
        prosodic.convergence([1.0] * 8, [1.0] * 8, kind="golbal")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="there are no times; give times in seconds"):
        prosodic.convergence([1.0] * 8, [1.0] * 8, kind="slope")
    with pytest.raises(UsageError, match=r"^8 replies and 2 times; give one time per reply$"):
        prosodic.convergence([1.0] * 8, [1.0] * 8, [1, 2], kind="local")


def test_many_at_once_is_the_same_as_one_by_one() -> None:
    draw = np.random.default_rng(1)
    reply = draw.normal(size=30)
    primes = draw.normal(size=(7, 30))
    primes[draw.random(primes.shape) < 0.2] = np.nan
    reply[4] = np.nan
    for k, prime in enumerate(primes):
        assert prosodic.synchrony(reply, prime) == pytest.approx(synchronies(reply, primes)[k], abs=1e-12)
        assert prosodic.convergence(reply, prime) == pytest.approx(convergences(reply, primes)[k], abs=1e-12)
        assert prosodic.turn_proximity(reply, prime) == pytest.approx(
            turn_proximities(reply, primes)[k], abs=1e-12
        )
        there = ~np.isnan(reply + prime)
        index = np.flatnonzero(there)
        rest = [v[there] - np.polyval(np.polyfit(index, v[there], 1), index) for v in (reply, prime)]
        assert prosodic.synchrony(reply, prime) == pytest.approx(np.corrcoef(*rest)[0, 1], abs=1e-9)


# From the true values of the four calls: independent figures of methods/prosodic.md, section 8.
# proximity, turn_proximity, convergence, local, slope per minute, synchrony as published, detrended
TRUE_VALUES = {
    ("d_s0", "f0"): (-9.7639, -9.7639, -0.6957, -0.0291, -0.2458, -0.4080, -0.4569),
    ("d_s0", "rate"): (-0.3406, -0.3866, -0.3857, -0.3682, -0.3287, -0.4846, -0.5237),
    ("d_s0", "level"): (-9.7832, -9.7832, -0.1912, -0.0324, -0.1945, 0.5521, 0.4319),
    ("d_s0.6", "f0"): (-7.4295, -7.4295, 2.3607, 0.7661, 3.9430, 0.7928, 0.6655),
    ("d_s0.6", "rate"): (-0.4062, -0.4146, -0.1038, -0.0793, -0.0498, 0.6768, -0.1489),
    ("d_s0.6", "level"): (-6.8284, -6.8284, 3.4785, 0.6917, 6.3819, 0.1584, 0.2666),
    ("d_s0.9", "f0"): (-5.1281, -5.1281, 4.8542, 0.9848, 9.0951, 0.4904, 0.8106),
    ("d_s0.9", "rate"): (-0.2483, -0.2748, -0.0921, 0.1087, 0.0727, 0.4757, 0.0326),
    ("d_s0.9", "level"): (-4.8125, -4.8802, 4.1801, 0.9089, 8.1250, 0.3696, 0.8094),
}


@pytest.mark.parametrize(("name", "feature"), TRUE_VALUES)
def test_measures_on_true_values(shared: Shared, name: str, feature: str) -> None:
    turns = json.loads(shared(f"data/stereo_dialogues/{name}.json").read_text())["turns"]
    values = [turn["truth"][feature] for turn in turns]
    if feature == "rate":
        values = [math.log2(v) for v in values]
    a, b, start = values[1::2], values[0::2], [turn["start"] for turn in turns[1::2]]
    found = (
        prosodic.proximity(a, b),
        prosodic.turn_proximity(a, b),
        prosodic.convergence(a, b),
        prosodic.convergence(a, b, start, kind="local"),
        prosodic.convergence(a, b, start, kind="slope"),
        prosodic.synchrony(a, b, detrend=False),
        prosodic.synchrony(a, b),
    )
    assert found == pytest.approx(TRUE_VALUES[name, feature], abs=1e-3)


# ---------------------------------------------------------------- pitch and rate


@pytest.mark.parametrize("pitch_st", [-4.0, 0.0, 5.0, 12.0])
@pytest.mark.parametrize("level_db", [-14.0, -50.0])
def test_pitch_of_a_known_voice_at_any_level(pitch_st: float, level_db: float) -> None:
    _, f0_hz = prosodic.pitch_track(speak(pitch_st, 5, level_db), RATE)
    voiced = f0_hz[~np.isnan(f0_hz)]
    assert len(voiced) > 0.7 * len(f0_hz)
    assert np.median(prosodic.semitones(voiced)) == pytest.approx(pitch_st, abs=0.15)


@pytest.mark.parametrize("syllables", [3, 5, 8])
def test_rate_of_a_known_voice(syllables: int) -> None:
    found = prosodic.speech_rate(speak(3, syllables, -20, seconds=2), RATE)
    assert found == pytest.approx(syllables / 2)
    loud = prosodic.speech_rate(speak(3, syllables, -50, seconds=2), RATE)
    assert loud == found


def test_noise_has_no_rate_and_silence_no_pitch() -> None:
    assert prosodic.speech_rate(np.zeros(RATE), RATE) is None
    assert np.isnan(prosodic.pitch_track(np.zeros(RATE), RATE)[1]).all()


def test_semitones_refuse_zero() -> None:
    with pytest.raises(ConvalignError, match=r"^f0_hz\[1\] is 0 Hz; write unvoiced frames as NaN$"):
        prosodic.semitones(np.array([100.0, 0.0]))


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((10, 2)), r"^samples have shape \(10, 2\); give one channel"),
        (np.zeros(0), "^there are no samples"),
        (np.array([0.0, np.nan]), r"^samples\[1\] is nan; give finite numbers"),
    ],
)
def test_samples_that_cannot_be_heard(samples: Array, message: str) -> None:
    with pytest.raises(ConvalignError, match=message):
        prosodic.pitch_track(samples, RATE)
    with pytest.raises(ConvalignError, match=message):
        prosodic.speech_rate(samples, RATE)


def test_engines_are_named() -> None:
    with pytest.raises(UsageError, match=r"^no pitch engine 'reaper'; there are: swift-f0, pyin, praat$"):
        prosodic.Settings(pitch_engine="reaper")
    with pytest.raises(UsageError, match="there are: swift-f0, pyin"):
        prosodic.pitch_track(np.zeros(RATE), RATE, "crepe")


def test_octave_errors_are_cut_off() -> None:
    frames = np.concatenate([np.full(200, 110.0), np.full(20, 220.0), np.full(20, 55.0)])
    low, high = plausible_range(frames)
    assert (low, high) == (82.5, 165.0)
    assert plausible_range(frames[:100]) == (60.0, 500.0)


def rpa50(times_s: Array, f0_hz: Array, truth: Array) -> float:
    """Share of voiced reference frames found voiced and within 50 cents, best offset within 30 ms."""
    at, f0 = truth.T
    best = 0.0
    for offset in np.arange(-0.03, 0.0301, 0.002):
        near = np.abs(times_s[None] - (at + offset)[:, None]).argmin(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            close = np.abs(1200 * np.log2(f0_hz[near] / f0)) <= 50
        best = max(best, float((close & (f0 > 0)).sum() / (f0 > 0).sum()))
    return 100 * best


# swift-f0 measured by the method page: P clean 96.3, 0 dB 95.3, W 85.9
@pytest.mark.parametrize(("names", "least"), [("P*_clean", 95.0), ("P*_0", 90.0), ("W*", 85.4)])
def test_pitch_against_truth(shared: Shared, names: str, least: float) -> None:
    found = []
    for path in sorted(shared("vectors/prosodic/truth").glob(f"{names}.wav")):
        samples, rate = soundfile.read(path)
        with path.with_suffix(".csv").open() as stream:
            truth = np.array([[float(r["time_s"]), float(r["f0_hz"])] for r in csv.DictReader(stream)])
        times_s, f0_hz = prosodic.pitch_track(samples, rate)
        found.append(rpa50(times_s, f0_hz, truth))
        voiced = truth[truth[:, 1] > 0, 1]
        apart = np.nanmedian(12 * np.log2(f0_hz / 100)) - np.median(12 * np.log2(voiced / 100))
        assert abs(apart) < (0.35 if path.name.startswith("W") else 0.25), path.name
    assert len(found) >= 2
    assert np.mean(found) >= least


def telephone(samples: Array, rate: int) -> Array:
    """8 kHz, 300-3,400 Hz with a fourth-order lower edge, 8-bit mu-law, noise at -55 dBFS."""
    half = np.fft.rfft(samples)[: len(samples) * 4000 // rate + 1]
    at = np.linspace(0, 4000, len(half))
    half[1:] *= (at[1:] < 3400) / np.sqrt(1 + (300 / at[1:]) ** 8)
    half[0] = 0
    sound = np.fft.irfft(half)
    sound = 0.5 * sound / np.abs(sound).max()
    code = np.round(127 * np.sign(sound) * np.log1p(255 * np.abs(sound)) / np.log(256)) / 127
    noise = 10 ** (-55 / 20) * np.random.default_rng(0).standard_normal(len(sound))
    return np.asarray(np.sign(code) * (256 ** np.abs(code) - 1) / 255 + noise)


def test_pitch_of_telephone_copies(shared: Shared) -> None:
    for path in sorted(shared("vectors/prosodic/truth").glob("P*_clean.wav")):
        samples, rate = soundfile.read(path)
        with path.with_suffix(".csv").open() as stream:
            truth = np.array([float(r["f0_hz"]) for r in csv.DictReader(stream)])
        _, f0_hz = prosodic.pitch_track(telephone(samples, rate), 8000)
        apart = np.nanmedian(12 * np.log2(f0_hz / 100)) - np.median(12 * np.log2(truth[truth > 0] / 100))
        assert abs(apart) < 0.4, path.name


def test_rate_against_truth(shared: Shared) -> None:
    errors = []
    for one in json.loads(shared("vectors/prosodic/truth_syllables.json").read_text()):
        if one.get("audio"):
            samples, rate = soundfile.read(shared(f"vectors/prosodic/{one['audio']}"))
            part = samples[round(one["start_s"] * rate) : round(one["end_s"] * rate)]
            errors.append((prosodic.speech_rate(part, rate) or 0.0) / one["rate_syll_s"] - 1)
    assert len(errors) == 56
    assert np.mean(np.abs(errors)) <= 0.065


# ---------------------------------------------------------------- one dialogue, from its sound


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calls")


@pytest.fixture(scope="module")
def plain(folder: Path) -> Dialogue:
    return little_call(folder)


@pytest.fixture(scope="module")
def plain_rows(plain: Dialogue) -> list[Score]:
    return rows_of([plain])


def test_turn_values_are_true(folder: Path) -> None:
    turns = [("u", speak(1.0, 4, -30)), ("a", speak(8.0, 6, -17.5)), ("u", speak(2.5, 3, -27))]
    (one,) = prosodic.observe([call(folder, "values", turns)], SETTINGS)
    found = np.array([unit.values[:3] for unit in one.units])
    wanted = np.array(
        [(1.0, math.log2(4 / 1.2), -30), (8.0, math.log2(6 / 1.2), -17.5), (2.5, math.log2(2.5), -27)]
    )
    np.testing.assert_allclose(found, wanted, atol=0.15)
    np.testing.assert_allclose(found[:, 1:], wanted[:, 1:], atol=0.01)


def test_every_metric_and_direction_has_a_row(plain_rows: list[Score]) -> None:
    wanted = [(m, d) for d in ("user->agent", "agent->user") for m in ALWAYS]
    assert [(r.metric, r.direction) for r in plain_rows] == wanted
    agent = [r for r in plain_rows if r.direction == "agent->user"]
    main = [r for r in agent if r.metric.endswith(("pitch", "rate", "intensity"))]
    assert {r.reason for r in main if r.value is not None} == {"too few strangers"}
    # Composites need strangers, regression 12 pairs, and TAMA a longer call.
    missing = {r.metric.partition(".")[0]: r.reason for r in main if r.value is None}
    assert missing == {"partner_effect": "too few pairs", "tama_synchrony": "too few windows"}
    composites = {r.metric: r.value is None for r in agent if "." not in r.metric}
    assert composites == {"proximity": True, "synchrony": False, "convergence": True}
    # Every turn comes .3 s after the one before.
    latency = {r.metric: r.value for r in agent if r.metric.endswith("latency")}
    assert latency["proximity.latency"] == pytest.approx(0, abs=1e-3)
    assert latency["synchrony.latency"] is None
    user = {r.metric: (r.reason, r.n) for r in plain_rows if r.direction == "user->agent"}
    assert user["synchrony"] == user["synchrony.pitch"] == ("too few pairs", 9)


SUFFIXED = [m.name for m in prosodic.METRICS if m.when is not None and m.when[0] == "rate_text"]
ALWAYS = [m.name for m in prosodic.METRICS if m.asked(SETTINGS)]


def test_the_docstring_names_the_metrics() -> None:
    text = (prosodic.__doc__ or "").split("Metrics\n-------\n")[1].split("\n\nLimits")[0]
    named = [line.split(" : ")[0] for line in text.splitlines()]
    groups = [re.sub(r"\.\w+$", ".<feature>", m.name) for m in prosodic.METRICS if m.name not in SUFFIXED]
    assert named == [*dict.fromkeys(groups), "rate_agreement_text", "rate_ratio_text"]
    assert {m.name for m in prosodic.METRICS if m.name.endswith("_text")} == set(SUFFIXED)
    parts = ["What is measured", "Conventions", "Metrics", "Limits", "References"]
    assert re.findall(r"^([\w ]+)\n-{4,}$", prosodic.__doc__ or "", re.M) == parts
    assert prosodic.METRICS[0].name == "proximity"
    assert [m.name for m in prosodic.METRICS if m.beside] == ["synchrony"]


def test_same_input_same_rows_and_other_words_too(plain: Dialogue, plain_rows: list[Score]) -> None:
    other = replace(
        plain, turns=tuple(replace(t, text=None if i % 3 else "else") for i, t in enumerate(plain.turns))
    )
    assert rows_of([other]) == plain_rows
    (one,), (two,) = prosodic.observe([plain], SETTINGS), prosodic.observe([other], SETTINGS)
    assert one.units == two.units


def test_names_of_speakers_do_not_matter(plain: Dialogue, plain_rows: list[Score]) -> None:
    names = {"u": "Zoe", "a": "Abel"}
    turns = tuple(replace(t, speaker=names[t.speaker]) for t in plain.turns)
    renamed = replace(
        plain,
        turns=turns,
        roles={"Zoe": "user", "Abel": "agent"},
        audio=Recording("d.wav", {"Zoe": 0, "Abel": 1}),
    )
    assert rows_of([renamed]) == plain_rows


def test_container_and_order_of_channels_do_not_matter(
    folder: Path, plain: Dialogue, plain_rows: list[Score]
) -> None:
    samples, rate = soundfile.read(folder / "d.wav", dtype="int16")
    soundfile.write(folder / "d.flac", samples, rate)
    soundfile.write(folder / "swap.wav", samples[:, ::-1], rate)
    for name, channels in (("d.flac", {"u": 0, "a": 1}), ("swap.wav", {"u": 1, "a": 0})):
        assert rows_of([replace(plain, audio=Recording(name, channels))]) == plain_rows


OF_PLACE = ("proximity", "turn_proximity", "convergence", "convergence_local", "gap_slope")


def test_gain_on_one_channel_moves_static_intensity_alone(folder: Path, plain: Dialogue) -> None:
    samples, rate = soundfile.read(folder / "d.wav")
    samples[:, 1] *= 10 ** (-12 / 20)
    soundfile.write(folder / "gain.wav", samples, rate, subtype="PCM_24")
    quiet = replace(plain, audio=Recording("gain.wav", {"u": 0, "a": 1}))
    before, after = table(rows_of([plain])), table(rows_of([quiet]))
    for metric, value in before.items():
        if metric.endswith(".intensity") and metric.partition(".")[0] in OF_PLACE:
            continue
        tolerance = 0.03 if metric.endswith("rate") else 0.1
        if "synchrony" in metric or "local" in metric:
            tolerance = 0.02
        assert after[metric] == pytest.approx(value, abs=tolerance), metric
    (one,), (two,) = prosodic.observe([plain], SETTINGS), prosodic.observe([quiet], SETTINGS)
    for a, b in zip(one.units, two.units, strict=True):
        assert b.values[0] == pytest.approx(a.values[0], abs=0.1)
        assert b.values[1] == pytest.approx(a.values[1], abs=0.03)
        assert b.values[2] == pytest.approx((a.values[2] or 0) - 12 * a.slot, abs=0.02)
    assert before["proximity.intensity"] is not None
    assert abs((after["proximity.intensity"] or 0) - before["proximity.intensity"]) > 1


def test_an_offset_and_another_sample_rate_do_not_matter(folder: Path, plain: Dialogue) -> None:
    samples, rate = soundfile.read(folder / "d.wav")
    spectrum = np.fft.rfft(samples, axis=0)
    length = len(samples) * 3
    up = np.fft.irfft(np.pad(spectrum, ((0, length // 2 + 1 - len(spectrum)), (0, 0))), length, axis=0) * 3
    soundfile.write(folder / "up.wav", up + 0.02, 3 * rate, subtype="PCM_24")
    (one,) = prosodic.observe([plain], SETTINGS)
    (two,) = prosodic.observe([replace(plain, audio=Recording("up.wav", {"u": 0, "a": 1}))], SETTINGS)
    for a, b in zip(one.units, two.units, strict=True):
        assert b.values[0] == pytest.approx(a.values[0], abs=0.1)
        assert b.values[1] == pytest.approx(a.values[1], abs=0.03)
        assert b.values[2] == pytest.approx(a.values[2], abs=0.1)


def test_turns_up_to_two_seconds_apart_are_one(folder: Path) -> None:
    turns = [
        ("u", speak(2, 4, -26)),
        ("a", speak(9, 4, -20)),
        ("a", speak(7, 4, -20)),
        ("u", speak(2, 4, -26)),
    ]
    dialogue = call(folder, "joined", turns)
    (one,) = prosodic.observe([dialogue], SETTINGS)
    assert [(unit.turn, unit.slot) for unit in one.units] == [(0, 0), (1, 1), (3, 0)]
    late = replace(dialogue.turns[2], start_s=dialogue.turns[2].start_s + 2.0)  # type: ignore[operator]
    (two,) = prosodic.observe([replace(dialogue, turns=(*dialogue.turns[:2], late))], SETTINGS)
    assert [(unit.turn, unit.slot) for unit in two.units] == [(0, 0), (1, 1), (2, 1)]


def test_clipped_short_unvoiced_and_silent_turns(folder: Path) -> None:
    clipped = np.clip(speak(2, 4, -3) * 3, -1, 1)
    noise = 0.05 * np.random.default_rng(0).standard_normal(RATE)
    short = speak(2, 4, -20)[: RATE // 5]
    (one,) = prosodic.observe(
        [call(folder, "bad", [("u", clipped), ("a", noise), ("u", short), ("a", speak(2, 4, -20))])], SETTINGS
    )
    assert [unit.reasons[:3] for unit in one.units] == [
        (None, None, "clipped"),
        ("too little voicing", "no rate", None),
        ("too short",) * 3,
        (None, None, None),
    ]
    soundfile.write(folder / "silent.wav", np.zeros((RATE * 3, 2)), RATE)
    turns = (Turn("u", "x", 0, 1), Turn("a", "x", 1.2, 2))
    (two,) = prosodic.observe(
        [Dialogue("s", turns, {}, Recording("silent.wav", {"u": 0, "a": 1}), {}, str(folder))], SETTINGS
    )
    assert {unit.reasons[:3] for unit in two.units} == {("too little voicing", "no rate", "silent")}


def nan_file(path: Path) -> None:
    soundfile.write(path, np.full((RATE * 40, 2), np.nan, np.float32), RATE, subtype="FLOAT")


def cut_file(path: Path) -> None:
    soundfile.write(path, np.zeros((RATE * 40, 2)), RATE)
    path.write_bytes(path.read_bytes()[:100_000])


def lying_file(path: Path) -> None:
    soundfile.write(path, np.zeros((RATE, 2)), RATE)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = (40 * RATE * 4).to_bytes(4, "little")
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.touch(), r"is empty \(0 bytes\); export it again"),
        (cut_file, "is truncated: its header says"),
        (lying_file, "is truncated: its header says"),
        (nan_file, "has samples that are no numbers at"),
    ],
    ids=["missing", "empty", "cut", "lying", "nan"],
)
def test_sound_that_cannot_be_read_is_a_reason(
    tmp_path: Path, plain: Dialogue, make: Callable[[Path], None], sentence: str
) -> None:
    make(tmp_path / "d.wav")
    broken = replace(plain, root=str(tmp_path))
    (one,) = prosodic.observe([broken], SETTINGS)
    assert re.search(rf"^d\.wav.*{sentence}", one.messages[0])
    rows = finish([one])
    assert len(rows) == 2 * len(ALWAYS)
    assert {(r.value, r.reason) for r in rows} == {(None, "audio unreadable")}


def test_one_bad_file_leaves_the_others(tmp_path: Path) -> None:
    turns = []
    for index in range(10):
        soundfile.write(tmp_path / f"{index}.wav", speak(2 + 5 * (index % 2), 4, -20), RATE)
        turns.append(Turn("ua"[index % 2], "x", audio=AudioSegment(f"{index}.wav")))
    (tmp_path / "4.wav").write_bytes(b"RIFF")
    (one,) = prosodic.observe([Dialogue("d", tuple(turns), root=str(tmp_path))], SETTINGS)
    assert [unit.reasons[0] for unit in one.units] == [None] * 4 + ["audio unreadable"] + [None] * 5
    assert len(one.messages) == 1
    assert table(finish([one]), "a->u")["proximity.pitch"] == pytest.approx(-5, abs=0.1)


def test_dialogues_without_sound_times_or_partner(plain: Dialogue, folder: Path) -> None:
    mute = replace(plain, id="mute", audio=None)
    samples, rate = soundfile.read(folder / "d.wav")
    soundfile.write(folder / "mono.wav", samples.sum(axis=1), rate)
    bare = tuple(replace(t, start_s=None, end_s=None) for t in plain.turns)
    timeless = replace(plain, id="timeless", turns=bare, audio=Recording("mono.wav"))
    alone = replace(plain, id="alone", turns=plain.turns[:1])
    twice = replace(plain, id="twice", turns=(plain.turns[0], plain.turns[2]))
    brief = replace(plain, id="brief", turns=plain.turns[:6])
    observations = prosodic.observe([mute, timeless, alone, twice, brief], SETTINGS)
    pool = Pool((s for o in observations for s in o.sides), seed=0)
    found = {o.dialogue: prosodic.score(o, pool, {}, SETTINGS) for o in observations}
    reasons = {name: {r.reason for r in scored.dialogues} for name, scored in found.items()}
    assert reasons["mute"] == {"no audio"}
    assert found["mute"].turns == ()
    assert reasons["timeless"] == {"no turn times"}
    assert reasons["alone"] == {"one turn"}
    assert reasons["twice"] == {"one speaker"}
    assert {r.direction for r in found["twice"].dialogues} == {"-"}
    assert reasons["brief"] == {"too few turns", "too few pairs", "too few windows"}
    near = [t for t in found["brief"].turns if t.metric.startswith("turn_proximity")]
    assert {(t.status, t.reason) for t in near if t.turn > 1} == {("scored", None)}
    assert [(t.turn, t.direction) for t in near if t.metric.endswith(".pitch")] == [
        (2, "user->agent"), (4, "user->agent"), (1, "agent->user"), (3, "agent->user"), (5, "agent->user"),
    ]  # fmt: skip


def test_strength_orders_the_four_calls(shared: Shared) -> None:
    lines = shared("data/stereo_dialogues/stereo.jsonl").read_text().splitlines()
    root = str(shared("data/stereo_dialogues"))
    dialogues = [from_record(json.loads(line), root=root) for line in lines]
    observations = prosodic.observe(dialogues, SETTINGS)
    truth = {}
    for one in observations:
        turns = json.loads(shared(f"data/stereo_dialogues/{one.dialogue}.json").read_text())["turns"]
        wanted = np.array(
            [(t["truth"]["f0"], math.log2(t["truth"]["rate"]), t["truth"]["level"]) for t in turns]
        )
        errors = np.abs(np.array([unit.values[:3] for unit in one.units]) - wanted)
        assert errors[:, 0].mean() < 0.25
        assert errors[:, 1].mean() < 0.12
        assert errors[:, 2].mean() < 0.1
        truth[one.dialogue] = -np.abs(wanted[0::2].mean(axis=0) - wanted[1::2].mean(axis=0))
    rows = finish(observations)
    by_call = {one.dialogue: table([r for r in rows if r.dialogue == one.dialogue]) for one in observations}
    for metric in ("proximity.pitch", "proximity.intensity"):
        found = [by_call[name][metric] for name in ("d_s0", "d_s0.3", "d_s0.6", "d_s0.9")]
        assert found == sorted(found)  # type: ignore[type-var]
    for name, values in by_call.items():
        assert values["proximity.pitch"] == pytest.approx(truth[name][0], abs=0.3)
        assert values["proximity"] is None  # three strangers are no reference


# ---------------------------------------------------------------- strangers and the frozen scale


def unit(turn: int, slot: int, values: Sequence[float | None], reason: str = "no words") -> Unit:
    """A unit of 3 s every 4 s that has the first features only."""
    rest = [None] * (len(NAMES) - len(values))
    reasons = [None if v is not None else "no rate" for v in values] + [reason for _ in rest]
    return Unit(turn, slot, (*values, *rest), tuple(reasons), start_s=4.0 * turn, end_s=4.0 * turn + 3)


def drawn(
    name: str, user: Means, agent: Means, turns: int = 12, meta: dict[str, Any] | None = None
) -> prosodic.Observation:
    """An observation with given means (pitch, log2 rate, level) and a little spread."""
    draw = np.random.default_rng(int.from_bytes(name.encode(), "big") % 2**32)
    values = draw.normal(size=(turns, 2, 3)) * (1, 0.1, 4)
    values += np.array((user, agent)) - values.mean(axis=0)
    made = tuple(unit(i, i % 2, values[i // 2, i % 2].tolist()) for i in range(2 * turns))
    listed = tuple(Turn(f"{name}-{'ua'[i % 2]}", None) for i in range(2 * turns))
    roles = {f"{name}-u": "user", f"{name}-a": "agent"}
    return observation(Dialogue(name, listed, roles, meta=meta or {}), made, (), within=None)


def corpus(
    count: int = 8, agent: Means = (9.0, 2.4, -20.0), meta: dict[str, Any] | None = None
) -> list[prosodic.Observation]:
    users = [(float(k), 2 + 0.05 * k, -30.0 + k) for k in range(count)]
    return [drawn(f"d{k}", user, agent, meta=meta) for k, user in enumerate(users)]


def test_the_scale_and_the_headline_by_hand() -> None:
    observations = corpus(8)
    pool = Pool((s for o in observations for s in o.sides), seed=0)
    frozen = prosodic.reference(observations, pool, SETTINGS)
    # agent 9 st against users 0..7: every stranger of d0 is 1..7, and so on; 8 x 7 ordered pairs, both ways
    gaps = [9 - k for i in range(8) for k in range(8) if k != i]
    assert frozen["features"] == ["pitch", "rate"]
    assert {f: frozen["n"][f] for f in AT_FIXED_GAIN} == dict.fromkeys(AT_FIXED_GAIN, 112)
    assert frozen["G"]["pitch"] == pytest.approx((np.mean(gaps) + np.mean(gaps)) / 2)
    rates = [abs(2.4 - (2 + 0.05 * k)) for i in range(8) for k in range(8) if k != i]
    assert frozen["G"]["rate"] == pytest.approx(np.mean(rates))
    rows = {(r.dialogue, r.metric): r for r in finish(observations) if r.direction == "agent->user"}
    r = rows["d2", "proximity"]
    own = np.mean([1 - 7 / frozen["G"]["pitch"], 1 - 0.3 / frozen["G"]["rate"]])
    others = [k for k in range(8) if k != 2]
    chance = np.mean(
        [
            np.mean([1 - (9 - k) / frozen["G"]["pitch"], 1 - (0.4 - 0.05 * k) / frozen["G"]["rate"]])
            for k in others
        ]
    )
    assert r.value == pytest.approx(own)
    assert r.baseline == pytest.approx(chance)
    assert r.excess == pytest.approx(own - chance)
    assert (r.n, r.surrogates, r.p) == (12, 7, None)
    assert rows["d2", "proximity.pitch"].value == pytest.approx(-7)
    assert rows["d2", "proximity.pitch"].baseline == pytest.approx(-np.mean([9 - k for k in others]))


def test_closing_the_gap_raises_value_and_never_lowers_excess() -> None:
    before = corpus(10)
    pool = Pool((s for o in before for s in o.sides), seed=0)
    frozen = prosodic.reference(before, pool, SETTINGS)
    found = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        arm = []
        for k in range(10):
            user = np.array((float(k), 2 + 0.05 * k, -30.0 + k))
            agent = np.array((9.0, 2.4, -20.0))
            arm.append(drawn(f"d{k}", user, agent + share * (user - agent)))
        rows = [
            r for r in finish(arm, given=frozen) if r.metric == "proximity" and r.direction == "agent->user"
        ]
        found.append([(r.value, r.excess) for r in rows])
    for one in zip(*found, strict=True):
        values, excesses = zip(*one, strict=True)
        assert all(b > a for a, b in pairwise(values))
        assert all(b >= a - 1e-12 for a, b in pairwise(excesses))
        assert values[-1] == pytest.approx(1)


def test_rescaling_recomposes_the_headline_alone() -> None:
    observations = corpus(8)
    pool = Pool((s for o in observations for s in o.sides), seed=0)
    own = prosodic.reference(observations, pool, SETTINGS)
    other = {**own, "G": {"pitch": 3.0, "rate": 0.5, "intensity": 7.0}}
    rows = finish(observations)
    wanted = finish(observations, given=other)
    again = prosodic.rescale(rows, other)
    for a, b, c in zip(rows, wanted, again, strict=True):
        if a.metric not in ("proximity", "convergence"):
            assert a == b == c
        else:
            assert (c.value, c.baseline, c.excess, c.n) == (b.value, b.baseline, b.excess, b.n)
            assert c.value != a.value
            assert c.p is None
    same = prosodic.rescale(rows, own)
    assert [(r.value, r.baseline) for r in same] == [(r.value, r.baseline) for r in rows]
    level = {**other, "features": ["pitch", "rate", "intensity"]}
    assert prosodic.rescale(rows, level)[0].value == pytest.approx(
        np.mean([1 - 9 / 3, 1 - 0.4 / 0.5, 1 - 10 / 7])
    )
    foreign = replace(rows[0], dimension="lexical")
    assert prosodic.rescale([foreign], other) == [foreign]


def test_features_of_the_headline() -> None:
    def features(observations: list[prosodic.Observation], settings: prosodic.Settings) -> list[str]:
        pool = Pool((s for o in observations for s in o.sides), seed=0)
        found: list[str] = prosodic.reference(observations, pool, settings)["features"]
        return found

    fixed = corpus(6, meta={"fixed_gain": True})
    assert features(fixed, SETTINGS) == AT_FIXED_GAIN
    assert features([*fixed[1:], corpus(1)[0]], SETTINGS) == ["pitch", "rate"]
    assert features(fixed, prosodic.Settings(fixed_gain=False)) == ["pitch", "rate"]
    assert features(corpus(6), prosodic.Settings(fixed_gain=True)) == AT_FIXED_GAIN


def test_p_needs_forty_strangers_and_a_baseline_five() -> None:
    for count, baseline, p in ((5, False, False), (6, True, False), (41, True, True)):
        rows = [r for r in finish(corpus(count)) if r.direction == "agent->user"]
        assert {r.baseline is not None for r in rows if r.value is not None} == {baseline}
        # One p needs no strangers: that of a regression on the call's own turns.
        alone = [r for r in rows if not r.metric.startswith("partner_effect")]
        assert {r.p is not None for r in alone if r.value is not None} == {p}
        assert all(r.p is not None for r in rows if r.value is not None and r not in alone)
        assert {r.reason for r in alone if r.value is not None} == (
            {None} if baseline else {"too few strangers"}
        )
    row = next(r for r in rows if r.metric == "proximity.pitch" and r.dialogue == "d9")
    # agent at 9 st, user 9 at 9 st: nobody is nearer
    assert row.p == pytest.approx(1 / 41)


def test_strangers_that_do_not_differ_are_no_scale() -> None:
    same = [drawn(f"d{k}", (9.0, 2.4, -20.0), (9.0, 2.4, -20.0)) for k in range(8)]
    assert {r.reason for r in finish(same) if r.metric == "proximity"} == {"strangers do not differ"}


def test_flat_levels_have_no_dynamics() -> None:
    observations = corpus(8)
    level = tuple(
        replace(u, values=(*u.values[:2], -20.0 + 0.1 * (i % 5), *u.values[3:]))
        for i, u in enumerate(observations[0].units)
    )
    flat = replace(observations[0], units=level)
    rows = {r.metric: r for r in finish([flat]) if r.direction == "agent->user"}
    assert rows["synchrony.intensity"].reason == "flat level"
    assert rows["convergence.intensity"].reason == "flat level"
    assert rows["turn_proximity.intensity"].value is not None


def test_a_missing_feature_leaves_the_others() -> None:
    observations = corpus(8)
    dropped = tuple(
        unit(i, u.slot, (u.values[0], None, u.values[2])) for i, u in enumerate(observations[0].units)
    )
    dialogue = Dialogue(
        "d0", tuple(Turn(f"x-{'ua'[u.slot]}", None) for u in dropped), {"x-u": "user", "x-a": "agent"}
    )
    one = observation(dialogue, dropped, (), within=None)
    rows = {
        r.metric: r
        for r in finish([one, *observations[1:]])
        if r.dialogue == "d0" and r.direction == "agent->user"
    }
    assert (rows["proximity"].value, rows["proximity"].reason) == (None, "feature missing")
    assert (rows["synchrony"].value, rows["synchrony"].reason) == (None, "feature missing")
    assert rows["proximity.rate"].reason == rows["synchrony.rate"].reason == "no rate"
    assert rows["proximity.pitch"].value == pytest.approx(-9)


def test_order_of_dialogues_and_names_do_not_matter() -> None:
    rows = finish(corpus(8))
    turned = finish(corpus(8)[::-1])
    assert sorted(rows, key=repr) == sorted(turned, key=repr)


def test_synchrony_is_joined_by_fishers_z() -> None:
    rows = {r.metric: r.value for r in finish(corpus(1)) if r.direction == "agent->user"}
    joined = math.tanh(
        (math.atanh(rows["synchrony.pitch"] or 0) + math.atanh(rows["synchrony.rate"] or 0)) / 2
    )
    assert rows["synchrony"] == pytest.approx(joined, abs=1e-12)


def test_reasons_are_known_and_signature_says_what_counts() -> None:
    used = {
        "silent",
        "clipped",
        "no rate",
        "too little voicing",
        "too short",
        "feature missing",
        "flat level",
    }
    assert used <= set(REASONS)
    assert re.fullmatch(
        r"prosodic\.proximity\|pitch:swift-f0-[\d.]+\|rate:nuclei-300-2500\|gain:as-logged\|join:2s"
        r"\|surrogates:199\|within:none\|lags:1\|seed:0\|v:2\|canary:[0-9a-f]{8}",
        prosodic.signature(SETTINGS),
    )
    changed = [
        prosodic.Settings(seed=1), prosodic.Settings(surrogates=50), prosodic.Settings(within="topic"),
        prosodic.Settings(pitch_engine="pyin"), prosodic.Settings(fixed_gain=True),
        prosodic.Settings(fixed_gain=False), prosodic.Settings(lags=2), prosodic.Settings(rate_text=True),
    ]  # fmt: skip
    assert len({prosodic.signature(s) for s in [SETTINGS, *changed]}) == 9
    with pytest.raises(UsageError, match=r"^surrogates is -1; give 0"):
        prosodic.Settings(surrogates=-1)
    with pytest.raises(UsageError, match=r"^lags is 4; give 1 to 3$"):
        prosodic.Settings(lags=4)


# ---------------------------------------------------------------- what the default path loads


def fresh(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(p for p in sys.path if p)
    env = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    env |= {"PYTHONPATH": paths, **environment}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


HEAVY = "print([m for m in ('numba', 'librosa', 'scipy', 'torch') if m in __import__('sys').modules])"


def test_the_default_path_compiles_nothing() -> None:
    head = (
        "import numpy as np; from convalign.dimensions import prosodic; x = np.sin(np.arange(16000) / 20)\n"
    )
    done = fresh(head + "prosodic.pitch_track(x, 8000); prosodic.speech_rate(x, 8000)\n" + HEAVY)
    assert (done.stdout, done.stderr, done.returncode) == ("[]\n", "", 0)


def test_pyin_works_is_announced_and_uses_a_user_cache(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    np.save(tmp_path / "x.npy", speak(5, 4, -20))
    code = (
        "import os, numpy as np; from convalign.dimensions import prosodic\n"
        f"_, f0 = prosodic.pitch_track(np.load({str(tmp_path / 'x.npy')!r}), 16000, 'pyin')\n"
        "print(round(float(np.nanmedian(prosodic.semitones(f0))), 1), os.environ['NUMBA_CACHE_DIR'])\n"
        + HEAVY
    )
    # What numba compiles is kept between test runs: the first takes half a minute.
    cache = pytestconfig.cache.mkdir("user") if pytestconfig.cache is not None else tmp_path
    done = fresh(code, XDG_CACHE_HOME=str(cache))
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == f"5.0 {cache / 'convalign' / 'numba'}"
    assert "librosa" in second
    assert "pitch engine pyin: the first call compiles" in done.stderr
