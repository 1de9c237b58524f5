"""From what was heard to the values of a turn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np

from convalign.audio import JOIN_S, Place
from convalign.audio.levels import SILENCE_DB, Array
from convalign.dialogue import Dialogue
from convalign.dimensions.prosodic.features import FEATURES, NAMES, PLACE
from convalign.dimensions.prosodic.hearing import Ear
from convalign.dimensions.prosodic.pitch import FMAX_HZ, FMIN_HZ, FRAME_S, plausible_range, semitones

VOICED_S = 0.15
CLIPPED_SHARE = 0.01
RANGE = (0.1, 0.9)
WIDE = (FMIN_HZ, FMAX_HZ)
UNKNOWN = ("no audio", "audio unreadable", "outside the file", "no turn times")
"""Reasons after which nothing is known of a turn, not even when it was."""

Value = float | str
"""On the feature's scale, or the reason why there is none."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A turn, or several of one speaker that no pause of over 2 s parts.

    Attributes
    ----------
    turn : index of the first turn; None when turns were proposed and do not fit the log's
    slot : 0 for the speaker who has the first turn of the dialogue, 1 for the next, ...
    values : per feature of `features.EVERY`, on its scale; None = unscored
    reasons : per feature, why it is unscored, or None
    start_s, end_s : s on the clock of the dialogue; None when unknown
    voiced, clipped, overlap : 0..1, shares of the unit's time
    out_of_range : 0..1, share of the voiced frames that were taken for octave errors; None where the
        speaker has too little voice to tell them, so that none were
    snr_db : speech over noise; None without speech
    text : what the transcript says of its rate: log2 syllables, syllables a word, first, last;
        None when no text was asked for or there is none
    """

    turn: int | None
    slot: int
    values: tuple[float | None, ...]
    reasons: tuple[str | None, ...]
    start_s: float | None = None
    end_s: float | None = None
    voiced: float = 0.0
    clipped: float = 0.0
    overlap: float = 0.0
    out_of_range: float | None = None
    snr_db: float | None = None
    text: tuple[float, float, float, float] | None = None


Reader = Callable[[Sequence[int]], tuple[int, int] | str]
"""Turns -> syllables and words of their transcript, or why there are none."""


def units(dialogue: Dialogue, ears: Sequence[Ear], reader: Reader | None = None) -> tuple[Unit, ...]:
    """Join turns, cut octave errors off per speaker, and take the values.

    Parameters
    ----------
    ears : in order of the turns
    reader : of transcripts; None = texts are not looked at

    Returns
    -------
    [n_units], in order
    """
    slots = {speaker: slot for slot, speaker in enumerate(dialogue.speakers)}
    joined: list[list[Ear]] = []
    for ear in ears:
        if joined and _goes_on(dialogue, joined[-1][-1].place, ear.place):
            joined[-1].append(ear)
        else:
            joined.append([ear])
    voices: dict[str, list[Array]] = defaultdict(list)
    for ear in ears:
        voices[ear.place.speaker] += ear.f0_hz
    ranges = {name: plausible_range(np.concatenate(found)) for name, found in voices.items() if found}
    mine: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(joined):
        mine[group[0].place.speaker].append(number)
    made = []
    for number, group in enumerate(joined):
        speaker = group[0].place.speaker
        before = joined[number - 1] if number else None
        ends = (float(number == mine[speaker][0]), float(number == mine[speaker][-1]))
        latency = _latency(dialogue, group[0].place, None if before is None else before[-1].place)
        unit = _unit(dialogue, group, slots[speaker], latency, ranges.get(speaker, WIDE))
        made.append(_with_text(dialogue, unit, group, ends, reader) if reader is not None else unit)
    return tuple(made)


def _goes_on(dialogue: Dialogue, before: Place, after: Place) -> bool:
    """Whether a turn continues the one before it."""
    if after.speaker != before.speaker:
        return False
    end_s, start_s = _times(dialogue, before)[1], _times(dialogue, after)[0]
    return end_s is None or start_s is None or start_s - end_s <= JOIN_S


def _times(dialogue: Dialogue, place: Place) -> tuple[float | None, float | None]:
    """Start and end of a turn on the clock of the dialogue."""
    if place.proposed:
        return place.start_s, place.end_s
    turn = dialogue.turns[place.turn]
    return turn.start_s, turn.end_s


def _latency(dialogue: Dialogue, place: Place, before: Place | None) -> Value:
    """Seconds from the end of the turn before to the start of this one; negative = overlap."""
    if before is None or before.speaker == place.speaker:
        return "answers nobody"
    end_s, start_s = _times(dialogue, before)[1], _times(dialogue, place)[0]
    return "no turn times" if end_s is None or start_s is None else start_s - end_s


def _unit(
    dialogue: Dialogue, group: Sequence[Ear], slot: int, latency: Value, plausible: tuple[float, float]
) -> Unit:
    """The values of one unit, with what says how far they can be trusted."""
    heard = [ear for ear in group if ear.reason is None]
    f0_hz = np.concatenate([np.zeros(0), *(part for ear in heard for part in ear.f0_hz)])
    kept = f0_hz[(f0_hz >= plausible[0]) & (f0_hz <= plausible[1])]
    clipped = sum(ear.clipped for ear in heard) / max(1, sum(ear.samples for ear in heard))
    reason = Counter(str(ear.reason) for ear in group).most_common(1)[0][0]
    found: dict[str, Value] = dict.fromkeys(FEATURES, reason)
    if heard:
        found = _values(heard, kept, clipped)
    # A turn that is too short, or talked over, has begun at some time all the same.
    if found["latency"] not in UNKNOWN:
        found["latency"] = latency
    values = [found.get(name, "no words") for name in NAMES]
    snr = [ear.snr_db for ear in heard if ear.snr_db is not None]
    return Unit(
        group[0].place.turn if group[0].place.turn >= 0 else None,
        slot,
        tuple(None if isinstance(v, str) else v for v in values),
        tuple(v if isinstance(v, str) else None for v in values),
        start_s=_times(dialogue, group[0].place)[0],
        end_s=_times(dialogue, group[-1].place)[1],
        voiced=len(kept) / max(1, sum(ear.frames for ear in heard)),
        clipped=clipped,
        overlap=float(np.mean([ear.place.overlap for ear in group])),
        out_of_range=1 - len(kept) / len(f0_hz) if len(f0_hz) and plausible != WIDE else None,
        snr_db=float(np.mean(snr)) if snr else None,
    )


def _values(heard: Sequence[Ear], kept: Array, clipped: float) -> dict[str, Value]:
    """Value or reason per feature of a unit by itself."""
    seconds = sum(ear.seconds for ear in heard)
    nuclei = sum(ear.nuclei for ear in heard)
    cuts = [cut for ear in heard for cut in ear.cuts]
    power = sum(cut.power * (cut.span[1] - cut.span[0]) for cut in cuts) / seconds
    speech_s, pause_s = sum(cut.speech_s for cut in cuts), sum(cut.pause_s for cut in cuts)
    found: dict[str, Value] = dict.fromkeys(("pitch", "pitch_range"), "too little voicing")
    found["latency"] = "answers nobody"
    if len(kept) * FRAME_S >= VOICED_S:
        low, middle, high = np.quantile(semitones(kept), (RANGE[0], 0.5, RANGE[1]))
        found |= {"pitch": float(middle), "pitch_range": float(high - low)}
    found["rate"] = float(np.log2(nuclei / seconds)) if nuclei else "no rate"
    spoken = speech_s - pause_s
    found["articulation_rate"] = float(np.log2(nuclei / spoken)) if nuclei and spoken > 0 else "no rate"
    found["pause_share"] = pause_s / speech_s if speech_s > 0 else "silent"
    if clipped > CLIPPED_SHARE:
        found["intensity"] = "clipped"
    elif power <= 10 ** (SILENCE_DB / 10):
        found["intensity"] = "silent"
    else:
        found["intensity"] = float(10 * np.log10(power))
    return found


def _read(dialogue: Dialogue, heard: Sequence[Ear]) -> list[int]:
    """The turns of the transcript that were heard; a proposed turn may be several of them."""
    first = heard[0].place
    if not first.proposed:
        return [ear.place.turn for ear in heard]
    if first.turn < 0:
        return []
    rest = dialogue.turns[first.turn :]
    own = takewhile(lambda turn: turn.speaker == first.speaker, rest)
    return [first.turn + k for k, _ in enumerate(own)]


def _with_text(
    dialogue: Dialogue, unit: Unit, group: Sequence[Ear], ends: tuple[float, float], reader: Reader
) -> Unit:
    """The same unit with the rate of its transcript, on the time that was heard."""
    heard = [ear for ear in group if ear.reason is None]
    if not heard:
        read: tuple[int, int] | str = str(group[0].reason)
    else:
        read = reader(_read(dialogue, heard))
    values, reasons = list(unit.values), list(unit.reasons)
    if isinstance(read, str):
        reasons[PLACE["rate_text"]] = read
        return replace(unit, reasons=tuple(reasons))
    syllables, words = read
    values[PLACE["rate_text"]] = float(np.log2(syllables / sum(ear.seconds for ear in heard)))
    reasons[PLACE["rate_text"]] = None
    text = (float(np.log2(syllables)), syllables / words, *ends)
    return replace(unit, values=tuple(values), reasons=tuple(reasons), text=text)
