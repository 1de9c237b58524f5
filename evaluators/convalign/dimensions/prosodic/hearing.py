"""What one dialogue shows by itself: pitch, rate and level of each turn.

Two passes over the sound of each speaker. The first finds the level on which the speaker is
recorded, so that the pitch model hears everybody equally loud; the second measures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convalign.audio import SAMPLE_RATE, Place, Samples, Sounds
from convalign.dialogue import Dialogue, Turn
from convalign.dimensions.prosodic.pitch import (
    CONTEXT_S,
    FRAME_S,
    PEAK,
    QUANTILE,
    plausible_range,
    semitones,
    track,
)
from convalign.dimensions.prosodic.rate import contour, count_nuclei
from convalign.errors import AudioError

FEATURES = ("pitch", "rate", "intensity")
JOIN_S = 2.0
TRIM_S = 0.15
VOICED_S = 0.15
SHORTEST_S = 0.3
CLIPPED_SHARE = 0.01
FULL_SCALE = 0.999
FRAMES_A_SECOND = 100
SILENCE_DB = -120.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Unit:
    """A turn, or several of one speaker that no pause of over 2 s parts.

    Attributes
    ----------
    turn : index of the first turn
    slot : 0 for the speaker who has the first turn of the dialogue, 1 for the next, ...
    values : per feature of `FEATURES`: semitones re 100 Hz, log2 of syllables a second, dBFS; None = unscored
    reasons : per feature, why it is unscored, or None
    voiced, clipped, overlap : 0..1, shares of the unit's time
    out_of_range : 0..1, share of the voiced frames that were taken for octave errors
    """

    turn: int
    slot: int
    values: tuple[float | None, ...]
    reasons: tuple[str | None, ...]
    voiced: float = 0.0
    clipped: float = 0.0
    overlap: float = 0.0
    out_of_range: float = 0.0


@dataclass(slots=True)
class _Stretch:
    """One span after the first pass: powers of 10 ms frames, without samples."""

    span: tuple[float, float]
    sums: Array
    squares: Array
    sizes: Array
    hop_s: float


@dataclass(slots=True)
class _Ear:
    """What is known of one turn."""

    place: Place
    reason: str | None
    stretches: list[_Stretch] = field(default_factory=list)
    clipped: int = 0
    seconds: float = 0.0
    power: float = 0.0
    f0_hz: list[Array] = field(default_factory=list)
    frames: int = 0
    nuclei: int = 0


def hear(dialogue: Dialogue, engine: str) -> tuple[tuple[Unit, ...], tuple[str, ...]]:
    """Measure every turn of a dialogue.

    Parameters
    ----------
    dialogue : its texts are not looked at
    engine : pitch engine

    Returns
    -------
    [n_units] units in the order of the turns, and what is wrong with sound files, in sentences
    """
    with Sounds(dialogue) as sounds:
        ears = [_Ear(place, place.reason) for place in sounds.places]
        told: list[str] = list(sounds.messages)
        groups: dict[tuple[str, int, str], list[_Ear]] = defaultdict(list)
        for ear in ears:
            if ear.reason is None:
                groups[ear.place.path, ear.place.channel, ear.place.speaker].append(ear)
        for group in groups.values():
            _measure(sounds, group, engine, told)
    return tuple(_units(dialogue, ears)), tuple(dict.fromkeys(told))


def _measure(sounds: Sounds, group: Sequence[_Ear], engine: str, told: list[str]) -> None:
    """Both passes over one speaker on one channel."""
    loudness = _Loudness()
    for ear in group:
        try:
            for span in ear.place.spans:
                samples, _ = sounds.read(ear.place, span, sample_rate=None)
                rate = sounds.header(ear.place.path).sample_rate
                ear.stretches.append(_frames(samples, span, rate))
                ear.clipped += _clipped(samples)
                loudness.add(samples)
        except AudioError as error:
            _silence(ear, str(error), told)
    offset = loudness.mean
    threshold = _speech_threshold([_levels(s, offset) for ear in group for s in ear.stretches])
    for ear in group:
        if ear.reason is None:
            _trim(ear, offset, threshold)
    factor = loudness.factor
    for ear in group:
        if ear.reason is None:
            try:
                _listen(sounds, ear, offset, factor, engine)
            except AudioError as error:
                _silence(ear, str(error), told)


def _silence(ear: _Ear, message: str, told: list[str]) -> None:
    """A turn whose sound turned out to be unreadable."""
    ear.reason = "audio unreadable"
    ear.stretches = []
    told.append(message)


class _Loudness:
    """Mean of a channel and the 99.9th percentile of its excursions, without keeping samples."""

    def __init__(self) -> None:
        # The upper half of a float's bits is its logarithm in steps of .8 % of the value or finer.
        self._counts = np.zeros(1 << 16, np.int64)
        self._sum = 0.0
        self._size = 0

    def add(self, samples: Samples) -> None:
        """Take one stretch in."""
        if not len(samples):
            return
        self._sum += float(samples.sum(dtype=np.float64))
        self._size += len(samples)
        away = np.abs(samples - np.float32(samples.mean(dtype=np.float64)))
        self._counts += np.bincount(away.view(np.uint32) >> 16, minlength=1 << 16)

    @property
    def mean(self) -> float:
        """Mean of all samples: what a cheap sound card adds."""
        return self._sum / self._size if self._size else 0.0

    @property
    def factor(self) -> float:
        """What brings the 99.9th percentile to .5; 1 for digital silence."""
        if not self._size:
            return 1.0
        place = int(np.searchsorted(np.cumsum(self._counts), QUANTILE * self._size))
        peak = float(np.array([(place << 16) | 0x8000], np.uint32).view(np.float32)[0])
        return PEAK / peak if peak > 1e-7 else 1.0


def _frames(samples: Samples, span: tuple[float, float], rate: int) -> _Stretch:
    """Sums, sums of squares and sizes of 10 ms frames."""
    hop = max(1, round(rate / FRAMES_A_SECOND))
    starts = np.arange(0, len(samples), hop)
    if not len(starts):
        return _Stretch(span, np.zeros(0), np.zeros(0), np.zeros(0), hop / rate)
    wide = samples.astype(np.float64)
    sizes = np.diff(np.append(starts, len(samples))).astype(np.float64)
    return _Stretch(
        span, np.add.reduceat(wide, starts), np.add.reduceat(wide * wide, starts), sizes, hop / rate
    )


def _levels(stretch: _Stretch, offset: float) -> Array:
    """Level of each frame without the channel's offset; [n_frames], dBFS."""
    power = _powers(stretch, offset) / np.maximum(stretch.sizes, 1)
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (SILENCE_DB / 10))), np.float64)


def _powers(stretch: _Stretch, offset: float) -> Array:
    """Sum of squares of each frame about the offset."""
    return stretch.squares - 2 * offset * stretch.sums + stretch.sizes * offset**2


def _speech_threshold(levels: Sequence[Array]) -> float:
    """The level above which a speaker's frame is speech; follows the noise floor."""
    together = np.concatenate(levels) if levels else np.zeros(0)
    if not together.size:
        return SILENCE_DB
    q05, q98 = (float(q) for q in np.quantile(together, (0.05, 0.98)))
    return max(q05 + 0.35 * (q98 - q05), q98 - 35.0)


def _trim(ear: _Ear, offset: float, threshold: float) -> None:
    """Leave out silence of over 150 ms at the ends, then fix length and level of the turn."""
    kept: list[_Stretch] = []
    last = len(ear.stretches) - 1
    for index, stretch in enumerate(ear.stretches):
        speech = np.flatnonzero(_levels(stretch, offset) >= threshold)
        begin, end = 0, len(stretch.sizes)
        if len(speech):
            if index == 0 and speech[0] * stretch.hop_s > TRIM_S:
                begin = int(speech[0])
            if index == last and (end - 1 - speech[-1]) * stretch.hop_s > TRIM_S:
                end = int(speech[-1]) + 1
        start_s = stretch.span[0] + begin * stretch.hop_s
        end_s = stretch.span[1] if end == len(stretch.sizes) else stretch.span[0] + end * stretch.hop_s
        mean_square = float(_powers(stretch, offset)[begin:end].sum()) / max(
            1.0, stretch.sizes[begin:end].sum()
        )
        ear.power += mean_square * (end_s - start_s)
        ear.seconds += end_s - start_s
        kept.append(_Stretch((start_s, end_s), np.zeros(0), np.zeros(0), stretch.sizes, stretch.hop_s))
    ear.stretches = kept
    if ear.seconds < SHORTEST_S:
        ear.reason = "too short"


def _listen(sounds: Sounds, ear: _Ear, offset: float, factor: float, engine: str) -> None:
    """Second pass over one turn: pitch frames and syllable nuclei."""
    contours, voicing = [], []
    for stretch in ear.stretches:
        length = round((stretch.span[1] - stretch.span[0]) * SAMPLE_RATE)
        context_s = CONTEXT_S if ear.place.isolated else 0.0
        samples, lead = sounds.read(ear.place, stretch.span, context_s=context_s)
        even = ((samples - np.float32(offset)) * np.float32(factor)).astype(np.float32)
        if not len(even):
            continue
        times_s, f0_hz = track(even, engine)
        inside = (times_s >= lead / SAMPLE_RATE) & (times_s < (lead + length) / SAMPLE_RATE)
        times_s, f0_hz = times_s[inside] - lead / SAMPLE_RATE, f0_hz[inside]
        voiced = ~np.isnan(f0_hz)
        ear.f0_hz.append(f0_hz[voiced])
        ear.frames += len(f0_hz)
        contours.append(contour(even[lead : lead + length]))
        voicing.append((times_s, voiced))
    ear.nuclei = count_nuclei(contours, voicing)


def _clipped(samples: Samples) -> int:
    """Samples at full scale in runs of three or more."""
    full = np.abs(samples) >= FULL_SCALE
    if not full.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate(([0], full.astype(np.int8), [0]))))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= 3].sum())


def _units(dialogue: Dialogue, ears: Sequence[_Ear]) -> Iterable[Unit]:
    """Join turns, cut octave errors off per speaker, and take the values."""
    joined: list[list[_Ear]] = []
    for ear in ears:
        turn = dialogue.turns[ear.place.turn]
        if joined and _goes_on(dialogue.turns[joined[-1][-1].place.turn], turn):
            joined[-1].append(ear)
        else:
            joined.append([ear])
    slots = {speaker: slot for slot, speaker in enumerate(dialogue.speakers)}
    voices: dict[int, list[Array]] = defaultdict(list)
    for ear in ears:
        voices[slots[ear.place.speaker]] += ear.f0_hz
    ranges = {slot: plausible_range(np.concatenate(found)) for slot, found in voices.items() if found}
    for group in joined:
        slot = slots[group[0].place.speaker]
        yield _unit(group, slot, ranges.get(slot, (0.0, np.inf)))


def _goes_on(before: Turn, turn: Turn) -> bool:
    """Whether a turn continues the one before it."""
    if turn.speaker != before.speaker:
        return False
    if turn.start_s is None or before.end_s is None:
        return True
    return turn.start_s - before.end_s <= JOIN_S


def _unit(group: Sequence[_Ear], slot: int, plausible: tuple[float, float]) -> Unit:
    """The values of one unit, or why there are none."""
    heard = [ear for ear in group if ear.reason is None]
    turn = group[0].place.turn
    if not heard:
        reason = Counter(ear.reason for ear in group).most_common(1)[0][0]
        return Unit(turn, slot, (None,) * 3, (reason,) * 3, overlap=max(e.place.overlap for e in group))
    seconds = sum(ear.seconds for ear in heard)
    f0_hz = np.concatenate([np.zeros(0), *(part for ear in heard for part in ear.f0_hz)])
    kept = f0_hz[(f0_hz >= plausible[0]) & (f0_hz <= plausible[1])]
    nuclei = sum(ear.nuclei for ear in heard)
    power = sum(ear.power for ear in heard) / seconds
    samples = sum(float(s.sizes.sum()) for ear in heard for s in ear.stretches)
    clipped = sum(ear.clipped for ear in heard) / max(1.0, samples)
    values: list[float | None] = [None] * 3
    reasons: list[str | None] = [None] * 3
    if len(kept) * FRAME_S < VOICED_S:
        reasons[0] = "too little voicing"
    else:
        values[0] = float(np.median(semitones(kept)))
    if not nuclei:
        reasons[1] = "no rate"
    else:
        values[1] = float(np.log2(nuclei / seconds))
    if clipped > CLIPPED_SHARE:
        reasons[2] = "clipped"
    elif power <= 10 ** (SILENCE_DB / 10):
        reasons[2] = "silent"
    else:
        values[2] = float(10 * np.log10(power))
    return Unit(
        turn, slot, tuple(values), tuple(reasons),
        voiced=len(kept) / max(1, sum(ear.frames for ear in heard)),
        clipped=clipped,
        overlap=float(np.mean([ear.place.overlap for ear in heard])),
        out_of_range=1 - len(kept) / len(f0_hz) if len(f0_hz) else 0.0,
    )  # fmt: skip
