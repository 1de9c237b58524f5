"""What one dialogue sounds like: each turn heard by itself.

Two passes over the sound of each speaker. The first finds the level on which the speaker is
recorded, so that the pitch model hears everybody equally loud; the second measures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from convalign.audio import SAMPLE_RATE, Place, Samples, Sounds, propose, resampled
from convalign.audio.levels import Array, Stretch, frames, levels, speech_threshold
from convalign.dialogue import Dialogue
from convalign.dimensions.prosodic.levels import Cut, Loudness, clipped, snr_db, trim
from convalign.dimensions.prosodic.pitch import CONTEXT_S, track
from convalign.dimensions.prosodic.rate import contour, count_nuclei
from convalign.errors import AudioError

SHORTEST_S = 0.3
KEPT_SAMPLES = 1 << 23
"""Of one speaker: 32 MB, or nearly 9 minutes of speech at 16 kHz."""


@dataclass(slots=True)
class Ear:
    """What is heard of one turn.

    Attributes
    ----------
    place : where it is
    reason : why it cannot be heard, or None
    cuts : its spans without silence at the ends
    clipped, samples : number of clipped samples, and of all
    snr_db : speech over noise; None without speech
    f0_hz : per span, the voiced frames
    frames : all frames of pitch
    nuclei : syllables that were counted
    """

    place: Place
    reason: str | None
    cuts: list[Cut] = field(default_factory=list)
    clipped: int = 0
    samples: int = 0
    snr_db: float | None = None
    f0_hz: list[Array] = field(default_factory=list)
    frames: int = 0
    nuclei: int = 0

    @property
    def seconds(self) -> float:
        """Length without silence at the ends."""
        return sum(cut.span[1] - cut.span[0] for cut in self.cuts)


def hear(dialogue: Dialogue, engine: str) -> tuple[tuple[Ear, ...], tuple[str, ...]]:
    """Listen to every turn of a dialogue.

    Parameters
    ----------
    dialogue : its texts are not looked at
    engine : pitch engine

    Returns
    -------
    [n_turns], and what is wrong with sound files, in sentences. Where the log has no times but a channel
    for every speaker, the turns are those that were proposed.
    """
    with Sounds(dialogue) as sounds:
        ears = tuple(Ear(place, place.reason) for place in propose(sounds) or sounds.places)
        told: list[str] = list(sounds.messages)
        groups: dict[tuple[str, int, str], list[Ear]] = defaultdict(list)
        for ear in ears:
            if ear.reason is None:
                groups[ear.place.path, ear.place.channel, ear.place.speaker].append(ear)
        for group in groups.values():
            _measure(sounds, group, engine, told)
    return ears, tuple(dict.fromkeys(told))


def _measure(sounds: Sounds, group: Sequence[Ear], engine: str, told: list[str]) -> None:
    """Both passes over one speaker on one channel."""
    loudness, kept = Loudness(), _Kept()
    stretches: dict[int, list[Stretch]] = {}
    for number, ear in enumerate(group):
        stretches[number] = []
        try:
            rate = sounds.header(ear.place.path).sample_rate
            for span in ear.place.spans:
                samples = kept.first(sounds, ear.place, span)
                stretches[number].append(frames(samples, span, rate))
                ear.clipped += clipped(samples)
                ear.samples += len(samples)
                loudness.add(samples)
        except AudioError as error:
            _silence(ear, str(error), told)
            stretches[number] = []
    offset, factor = loudness.mean, loudness.factor
    known = {number: [levels(s, offset) for s in found] for number, found in stretches.items()}
    threshold = speech_threshold([one for found in known.values() for one in found])
    for number, ear in enumerate(group):
        if ear.reason is not None:
            continue
        ear.cuts = trim(stretches[number], offset, threshold)
        ear.snr_db = snr_db(known[number], threshold)
        if ear.seconds < SHORTEST_S:
            ear.reason = "too short"
            continue
        try:
            _listen(sounds, kept, ear, offset, factor, engine)
        except AudioError as error:
            _silence(ear, str(error), told)


def _silence(ear: Ear, message: str, told: list[str]) -> None:
    """A turn whose sound turned out to be unreadable."""
    ear.reason = "audio unreadable"
    told.append(message)


class _Kept:
    """Decoded stretches between the two passes, up to some memory: what is over it is decoded again."""

    def __init__(self) -> None:
        self._stretches: dict[tuple[Place, tuple[float, float]], tuple[int, int, Samples]] = {}
        self._room = KEPT_SAMPLES

    def first(self, sounds: Sounds, place: Place, span: tuple[float, float]) -> Samples:
        """Samples of a span as in the file; with what is around it, they are kept."""
        samples, lead = sounds.read(place, span, context_s=_context_s(place), sample_rate=None)
        rate = sounds.header(place.path).sample_rate
        begin, end = round(span[0] * rate), round(span[1] * rate)
        if len(samples) <= self._room:
            self._room -= len(samples)
            self._stretches[place, span] = begin - lead, rate, samples
        return samples[lead : lead + end - begin]

    def again(
        self, sounds: Sounds, place: Place, span: tuple[float, float], cut: tuple[float, float]
    ) -> tuple[Samples, int]:
        """Samples of a part of that span at `SAMPLE_RATE`, and how many of them come before it."""
        if (place, span) not in self._stretches:
            return sounds.read(place, cut, context_s=_context_s(place))
        origin, rate, samples = self._stretches[place, span]
        extra = round(_context_s(place) * rate)
        begin, end = round(cut[0] * rate), round(cut[1] * rate)
        first = max(origin, begin - extra)
        part, lead = samples[first - origin : end + extra - origin], begin - first
        return resampled(part, lead, rate)


def _context_s(place: Place) -> float:
    """Real sound around a stretch; where speakers share a channel it would be the other's."""
    return CONTEXT_S if place.isolated else 0.0


def _listen(sounds: Sounds, kept: _Kept, ear: Ear, offset: float, factor: float, engine: str) -> None:
    """Second pass over one turn: pitch frames and syllable nuclei."""
    contours, voicing = [], []
    for span, cut in zip(ear.place.spans, ear.cuts, strict=True):
        length = round((cut.span[1] - cut.span[0]) * SAMPLE_RATE)
        samples, lead = kept.again(sounds, ear.place, span, cut.span)
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
