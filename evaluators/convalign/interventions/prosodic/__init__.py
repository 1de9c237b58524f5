"""Move one speaker's voice towards the other's: pitch, rate and level, by a share of the gap.

The whole voice is shifted by the same amount in every reply, so that the distance of the
speakers' means falls in proportion to ``strength``. New sound is written beside nothing that was
there: one file per dialogue, in a folder that the caller names. Words are never touched.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from convalign.audio import SAMPLE_RATE, Place, Sounds, write
from convalign.dialogue import Dialogue, Direction, Recording
from convalign.errors import AudioError, UsageError
from convalign.interventions.prosodic.sound import changed
from convalign.interventions.prosodic.timeline import Piece, laid_out, new_clock, old_clock, pieces
from convalign.interventions.prosodic.voice import level_db, log2_rate, median_pitch_st, pitches_st

NEEDS: Final[Literal["text", "audio"]] = "audio"
SUMMARY = "shift the replier's pitch, rate and level towards the partner's means (writes new sound files)"

FEATURES = ("pitch", "rate", "intensity")
MOST_PITCH_ST = 8.0
MOST_RATE = math.log2(1.6)
MOST_LEVEL_DB = 20.0
PEAK = 0.99

Sound = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """How far the voice is moved.

    Attributes
    ----------
    strength : 0..1, share of the gap that is closed
    seed : recorded only; the edit draws nothing
    placebo : move there and back again: the same processing, no net movement
    features : which of ``pitch``, ``rate``, ``intensity`` move

    Raises
    ------
    UsageError
        Strength outside 0..1, unknown or no feature.
    """

    strength: float = 1.0
    seed: int = 0
    placebo: bool = False
    features: tuple[str, ...] = FEATURES

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise UsageError(f"strength is {self.strength}; give 0 (nothing) to 1 (the whole gap)")
        unknown = [f for f in self.features if f not in FEATURES]
        if unknown or not self.features:
            found = f"no feature {unknown[0]!r}" if unknown else "no features"
            raise UsageError(f"{found}; there are: {', '.join(FEATURES)}")


@dataclass(frozen=True, slots=True)
class _Move:
    """What is done to every reply: semitones, log2 of the rate factor, dB."""

    pitch_st: float = 0.0
    rate_log2: float = 0.0
    level_db: float = 0.0
    limited: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()


def edit(
    dialogue: Dialogue,
    direction: Direction,
    settings: Settings,
    *,
    donor: Dialogue | None = None,
    folder: Path | None = None,
) -> Dialogue:
    """Bring the replier's voice nearer to the prime's.

    Parameters
    ----------
    dialogue : with sound and, on whole recordings, turn times
    direction : whose turns change, towards whom
    donor : not used
    folder : takes ``<id>.flac``; needed unless strength is 0

    Returns
    -------
    Dialogue with the same texts, a new recording (same channels; one per speaker where turns had
    files of their own), new turn times with the old gaps between turns, and ``root`` = `folder`.
    ``meta["intervention"]`` says what was moved: ``limited`` names features that would have moved
    further than 8 st, a factor of 1.6 or 20 dB, or into clipping; ``unmeasured`` those without a
    value for one of the speakers. Strength 0 changes nothing but meta.

    Raises
    ------
    AudioError
        The dialogue has no sound, or none of the two speakers' that can be read.
    UsageError
        No folder.
    """
    answers = _answers(dialogue, direction)
    if settings.strength == 0:
        return _marked(dialogue, settings, _Move(), 0, len(answers))
    if folder is None:
        raise UsageError("the edit writes sound; name a folder for it")
    with Sounds(dialogue) as sounds:
        places = sounds.places
        _check(dialogue, direction, sounds)
        own, theirs = (_voice(sounds, speaker) for speaker in (direction.replier, direction.prime))
        move = _move(own, theirs, settings)
        clock = old_clock(dialogue.turns, places)
        channels, names, count = _layout(dialogue, sounds, clock)
        rate = max(sounds.header(places[turn].path).sample_rate for turn in clock)
        old = pieces(clock, channels)
        edited = [
            len(p.turns) == 1 and p.turns[0] in answers and places[p.turns[0]].reason is None for p in old
        ]
        factor = 1.0 if settings.placebo else 2**move.rate_log2
        heard: list[Sound] = []
        for index, piece in enumerate(old):
            sound, piece = _carried(sounds, piece, clock, rate)  # noqa: PLW2901 (less around it at file ends)
            old[index] = piece
            heard.append(_processed(sound, piece, rate, move, settings.placebo) if edited[index] else sound)
    placed = new_clock(old, [factor if e else 1.0 for e in edited])
    gain, move = _gain(heard, edited, move)
    if not settings.placebo:
        heard = [sound * gain if e else sound for sound, e in zip(heard, edited, strict=True)]
    target = folder / f"{_file_name(dialogue.id)}.flac"
    folder.mkdir(parents=True, exist_ok=True)
    write(target, laid_out(heard, placed, rate, count), rate)
    return _marked(
        _moved(dialogue, clock, old, placed, Recording(target.name, names), folder),
        settings, move, sum(edited), len(answers),
    )  # fmt: skip


def _answers(dialogue: Dialogue, direction: Direction) -> frozenset[int]:
    """Turns of the replier whose last turn by somebody else was the prime's."""
    before: str | None = None
    found = []
    for index, turn in enumerate(dialogue.turns):
        if turn.speaker != direction.replier:
            before = turn.speaker
        elif before == direction.prime:
            found.append(index)
    return frozenset(found)


def _check(dialogue: Dialogue, direction: Direction, sounds: Sounds) -> None:
    """Refuse a dialogue of which nothing can be heard."""
    for speaker in (direction.replier, direction.prime):
        own = [p for p in sounds.places if p.speaker == speaker]
        if any(p.reason is None for p in own):
            continue
        told = next((sounds.faults[p.turn] for p in own if p.turn in sounds.faults), None)
        reasons = sorted({p.reason for p in own if p.reason is not None})
        raise AudioError(
            f"{dialogue.id}: {told}"
            if told
            else f"{dialogue.id}: no turn of {speaker!r} can be heard ({', '.join(reasons)}); "
            "prosodic edits need sound, with turn times on whole recordings"
        )


def _voice(sounds: Sounds, speaker: str) -> dict[str, float | None]:
    """Mean pitch, log2 rate and level of a speaker, over the turns that can be heard."""
    pitches: list[Sound] = []
    rates: list[float] = []
    levels: list[float] = []
    for place in sounds.places:
        if place.speaker == speaker and place.reason is None:
            parts = [sounds.read(place, span)[0].astype(np.float64) for span in place.spans]
            sound = np.concatenate(parts)
            sound -= sound.mean()
            pitches.append(pitches_st(sound, SAMPLE_RATE))
            if (rate := log2_rate(sound, SAMPLE_RATE)) is not None:
                rates.append(rate)
            if (level := level_db(sound)) is not None:
                levels.append(level)
    return {
        "pitch": median_pitch_st(pitches),
        "rate": float(np.mean(rates)) if rates else None,
        "intensity": float(np.mean(levels)) if levels else None,
    }


def _move(own: Mapping[str, float | None], theirs: Mapping[str, float | None], settings: Settings) -> _Move:
    """The share of each gap that is closed, within what still sounds like speech."""
    most: dict[str, float] = {"pitch": MOST_PITCH_ST, "rate": MOST_RATE, "intensity": MOST_LEVEL_DB}
    steps: dict[str, float] = dict.fromkeys(FEATURES, 0.0)
    limited, unmeasured = [], []
    for feature in settings.features:
        a, b = own[feature], theirs[feature]
        if a is None or b is None:
            unmeasured.append(feature)
            continue
        step = settings.strength * (b - a)
        steps[feature] = min(max(step, -most[feature]), most[feature])
        if steps[feature] != step:
            limited.append(feature)
    return _Move(steps["pitch"], steps["rate"], steps["intensity"], tuple(limited), tuple(unmeasured))


def _layout(
    dialogue: Dialogue, sounds: Sounds, clock: Mapping[int, tuple[float, float]]
) -> tuple[dict[int, int], dict[str, int], int]:
    """Channel of each turn in the new recording, the channel map to write, number of channels."""
    places = [sounds.places[turn] for turn in clock]
    if len({p.path for p in places}) == 1:
        count = sounds.header(places[0].path).channels
        names = dict(dialogue.audio.channels) if dialogue.audio is not None else {}
        if not names and count > 1:
            names = {p.speaker: p.channel for p in places}
        return {p.turn: p.channel for p in places}, names, count
    slots = {speaker: slot for slot, speaker in enumerate(dialogue.speakers)}
    return {p.turn: slots[p.speaker] for p in places}, slots, len(slots)


def _carried(
    sounds: Sounds, piece: Piece, clock: Mapping[int, tuple[float, float]], rate: int
) -> tuple[Sound, Piece]:
    """The sound of a piece with its surroundings, as far as the file has them."""
    place: Place = sounds.places[piece.turns[0]]
    header = sounds.header(place.path)
    shift = place.start_s - clock[place.turn][0]
    start, end = piece.start_s + shift, piece.end_s + shift
    piece = replace(
        piece,
        before_s=min(piece.before_s, max(0.0, start)),
        after_s=min(piece.after_s, max(0.0, header.duration_s - end)),
    )
    around = (start - piece.before_s, end + piece.after_s)
    sound = sounds.read(place, around, sample_rate=None)[0].astype(np.float64)
    if header.sample_rate != rate:
        sound = np.asarray(soxr.resample(sound, header.sample_rate, rate), np.float64)
    return sound, piece


def _processed(sound: Sound, piece: Piece, rate: int, move: _Move, placebo: bool) -> Sound:
    """A reply with another pitch and rate, at the level that it had."""
    made = changed(sound, rate, pitch_st=move.pitch_st, rate_factor=2**move.rate_log2)
    if placebo:
        made = changed(made, rate, pitch_st=-move.pitch_st, rate_factor=2**-move.rate_log2)
        made = np.pad(made, (0, max(0, len(sound) - len(made))))[: len(sound)]
    share = len(made) / max(1, len(sound))
    begin, end = round(piece.before_s * rate), round((piece.before_s + piece.end_s - piece.start_s) * rate)
    was = _power(sound[begin:end])
    now = _power(made[round(begin * share) : round(end * share)])
    return made * math.sqrt(was / now) if now > 0 else made


def _gain(sounds: Sequence[Sound], edited: Sequence[bool], move: _Move) -> tuple[float, _Move]:
    """The gain of all replies, held below clipping."""
    peak = max(
        (float(np.abs(s).max()) for s, e in zip(sounds, edited, strict=True) if e and len(s)), default=0.0
    )
    gain = 10 ** (move.level_db / 20)
    if gain > 1 and peak * gain > PEAK:
        gain = max(1.0, PEAK / peak)
        limited = tuple(dict.fromkeys((*move.limited, "intensity")))
        move = replace(move, level_db=20 * math.log10(gain), limited=limited)
    return gain, move


def _moved(
    dialogue: Dialogue,
    clock: Mapping[int, tuple[float, float]],
    old: Sequence[Piece],
    placed: Sequence[Piece],
    recording: Recording,
    folder: Path,
) -> Dialogue:
    """The dialogue on its new recording."""
    turns = [replace(turn, start_s=None, end_s=None, audio=None) for turn in dialogue.turns]
    for before, after in zip(old, placed, strict=True):
        share = (after.end_s - after.start_s) / (before.end_s - before.start_s)
        for turn in before.turns:
            start, end = (after.start_s + (t - before.start_s) * share for t in clock[turn])
            turns[turn] = replace(turns[turn], start_s=round(start, 6), end_s=round(end, 6))
    return replace(dialogue, turns=tuple(turns), audio=recording, root=str(folder))


def _marked(dialogue: Dialogue, settings: Settings, move: _Move, edited: int, replies: int) -> Dialogue:
    """What was done, kept with the dialogue."""
    note = {
        "dimension": "prosodic",
        "strength": float(settings.strength),
        "placebo": settings.placebo,
        "seed": settings.seed,
        "edited_turns": edited,
        "replies": replies,
        "features": list(settings.features),
        "pitch_st": round(move.pitch_st, 6),
        "rate_factor": round(2**move.rate_log2, 6),
        "level_db": round(move.level_db, 6),
        "limited": list(move.limited),
        "unmeasured": list(move.unmeasured),
    }
    return replace(dialogue, meta={**dialogue.meta, "intervention": note})


def _file_name(name: str) -> str:
    """An id as a file name; made unique where characters had to go."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "_"
    if plain == name and len(plain) <= 100:
        return plain
    return f"{plain[:80]}-{hashlib.blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"


def _power(sound: Sound) -> float:
    """Mean square."""
    return float(np.mean(np.square(sound))) if len(sound) else 0.0
