"""Where the turns of a dialogue can be heard: files, channels, times, and what overlaps."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from types import TracebackType
from typing import Any

import numpy as np
import soxr  # type: ignore[import-untyped]

from convalign.audio.files import Blocks, Header, Samples, open_sound, read_frames
from convalign.dialogue import Dialogue, Turn
from convalign.errors import AudioError

SAMPLE_RATE = 16_000
"""Hz at which sound is analysed."""

SHORTEST_S = 0.3
KEPT_SHARE = 0.5
KEPT_S = 0.5
SLACK_S = 0.25
BLEED_DB = -20.0
BLEED_TURNS = 20
BLEED_S = 3.0
MOST_OPEN = 8
UNEVEN_S = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where one turn can be heard.

    Attributes
    ----------
    turn : index in the dialogue
    speaker : who speaks
    path : as written in the log
    channel : 0, 1, ...
    start_s, end_s : seconds in the file
    spans : stretches of it in which nobody else is on the same channel, in seconds; empty when
        there is a reason
    isolated : only this speaker is on the channel
    overlap : 0..1, share of the turn during which somebody else has a turn
    reason : key of `convalign.scores.REASONS`; None when the turn can be heard
    proposed : the log has no times; this is when the speaker was heard, and `turn` is -1 where that
        fits no turn of the log
    """

    turn: int
    speaker: str
    path: str
    channel: int = 0
    start_s: float = 0.0
    end_s: float = 0.0
    spans: tuple[tuple[float, float], ...] = ()
    isolated: bool = True
    overlap: float = 0.0
    reason: str | None = None
    proposed: bool = False


class Sounds:
    """The sound files of one dialogue, open while it is looked at.

    Use it as a context manager. `places` has one entry per turn, in order; `faults` says for a
    turn what is wrong with its file.

    Examples
    --------
    >>> with Sounds(dialogue) as sounds:  # doctest: +SKIP
    ...     place = sounds.places[0]
    ...     samples = sounds.read(place, place.spans[0])
    """

    def __init__(self, dialogue: Dialogue) -> None:
        self._root = dialogue.root
        self._open: dict[str, Any] = {}
        self._blocks = Blocks()
        self._headers: dict[str, Header | str] = {}
        self.faults: dict[int, str] = {}
        self._notes: list[str] = []
        users = Counter((t.audio.path, t.audio.channel) for t in dialogue.turns if t.audio is not None)
        places = [self._place(dialogue, index, users) for index in range(len(dialogue.turns))]
        self.places: tuple[Place, ...] = tuple(self._share(places))

    @property
    def messages(self) -> tuple[str, ...]:
        """What is wrong with files, each sentence once."""
        return tuple(dict.fromkeys((*self._notes, *self.faults.values())))

    def tell(self, sentence: str) -> None:
        """Add a sentence to the messages."""
        self._notes.append(sentence)

    def __enter__(self) -> Sounds:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in self._open.values():
            stream.close()
        self._open.clear()

    def header(self, path: str) -> Header:
        """What a file of the dialogue says of itself.

        Raises
        ------
        AudioError
            Not found, not decodable, truncated, empty; the message says what would work.
        """
        if path not in self._headers:
            self._stream(path)
        header = self._headers[path]
        if isinstance(header, str):
            raise AudioError(header)
        return header

    def read(
        self,
        place: Place,
        span: tuple[float, float],
        *,
        context_s: float = 0.0,
        sample_rate: int | None = SAMPLE_RATE,
    ) -> tuple[Samples, int]:
        """Decode one stretch of the channel on which a turn is.

        Parameters
        ----------
        span : seconds in the file
        context_s : seconds more on both sides, as far as the file goes
        sample_rate : Hz to resample to; None = as in the file

        Returns
        -------
        [n_samples] in -1..1 (float files may exceed it), and how many of them come before the span

        Raises
        ------
        AudioError
            The file does not hold what its header says, or holds samples that are not finite.
        """
        stream, header = self._stream(place.path), self.header(place.path)
        rate = header.sample_rate
        begin, end = round(span[0] * rate), round(span[1] * rate)
        extra = round(context_s * rate)
        first = max(0, begin - extra)
        samples = read_frames(
            place.path, stream, header, self._blocks, first=first, last=end + extra, channel=place.channel
        )
        lead = begin - first
        return (samples, lead) if sample_rate is None else resampled(samples, lead, rate, sample_rate)

    def _stream(self, path: str) -> Any:
        """A file, open; a bad one is tried once, and only so many are open at a time."""
        if isinstance(bad := self._headers.get(path), str):
            raise AudioError(bad)
        if path not in self._open:
            try:
                stream, self._headers[path] = open_sound(path, self._root)
            except AudioError as error:
                self._headers[path] = str(error)
                raise
            while len(self._open) >= MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
            self._open[path] = stream
        return self._open[path]

    def _place(self, dialogue: Dialogue, index: int, users: Counter[tuple[str, int | None]]) -> Place:
        """One turn by itself, before others are looked at."""
        turn = dialogue.turns[index]
        if turn.audio is None and dialogue.audio is None:
            return Place(index, turn.speaker, "", reason="no audio")
        path = turn.audio.path if turn.audio is not None else dialogue.audio.path  # type: ignore[union-attr]
        nowhere = Place(index, turn.speaker, path, reason="audio unreadable")
        try:
            header = self.header(path)
            channel = _channel(dialogue, turn, header, path)
        except AudioError as error:
            self.faults[index] = str(error)
            return nowhere
        span = _span(turn, header, users)
        if span is None:
            return replace(nowhere, channel=channel, reason="no turn times")
        start, end = span
        if start >= header.duration_s or end > header.duration_s + SLACK_S:
            return replace(nowhere, channel=channel, reason="outside the file")
        end = min(end, header.duration_s)
        if end - start < SHORTEST_S:
            return replace(nowhere, channel=channel, start_s=start, end_s=end, reason="too short")
        return Place(index, turn.speaker, path, channel, start, end, ((start, end),))

    def _share(self, places: list[Place]) -> Iterator[Place]:
        """Cut overlapped stretches out where several speakers are on one channel."""
        by_path: dict[str, list[Place]] = defaultdict(list)
        for place in places:
            if place.reason in (None, "too short"):
                by_path[place.path].append(place)
        self._compare_lengths(by_path)
        times = {path: np.array([(p.start_s, p.end_s) for p in group]) for path, group in by_path.items()}
        bleeding = {path for path, group in by_path.items() if self._bleeds(group)}
        several = {
            key
            for key, group in by_path.items()
            if any(
                a.speaker != b.speaker and a.channel == b.channel for a, b in pairwise(sorted(group, key=_on))
            )
        }
        for place in places:
            if place.reason is not None:
                yield place
                continue
            start, end = times[place.path].T
            near = np.flatnonzero((start < place.end_s) & (end > place.start_s))
            others = [o for i in near if (o := by_path[place.path][i]).speaker != place.speaker]
            overlap = 1 - _length(_free(place, others)) / (place.end_s - place.start_s)
            if place.path not in bleeding and place.path not in several:
                yield replace(place, overlap=overlap)
                continue
            if place.path not in bleeding:
                others = [o for o in others if o.channel == place.channel]
            spans = tuple(_free(place, others))
            kept = _length(spans)
            if kept >= KEPT_SHARE * (place.end_s - place.start_s) and (kept >= KEPT_S or not others):
                yield replace(place, spans=spans, isolated=False, overlap=overlap)
            else:
                yield replace(place, spans=(), isolated=False, overlap=overlap, reason="overlap")

    def _compare_lengths(self, by_path: Mapping[str, Sequence[Place]]) -> None:
        """Tell when the files of two speakers cannot have begun and ended together."""
        whole = {path: group for path, group in by_path.items() if len(group) > 1}
        if len(whole) < 2 or any(len({p.speaker for p in group}) > 1 for group in whole.values()):
            return
        lengths = sorted((self.header(path).duration_s, path) for path in whole)
        (short, one), (long, other) = lengths[0], lengths[-1]
        if long - short > UNEVEN_S:
            self._notes.append(
                f"{one} and {other} differ in length by {long - short:.1f} s; "
                "turn times must count from one moment for both"
            )

    def _bleeds(self, group: Sequence[Place]) -> bool:
        """Whether the other speaker is heard on the channels of a file that should be isolated."""
        if len({place.channel for place in group}) < 2:
            return False
        gaps: list[float] = []
        for place in [p for p in group if p.reason is None][:BLEED_TURNS]:
            others = sorted({o.channel for o in group if o.speaker != place.speaker} - {place.channel})
            span = max(
                _free(place, [o for o in group if o.speaker != place.speaker]), default=None, key=_long
            )
            if span is None or not others:
                continue
            span = (span[0], min(span[1], span[0] + BLEED_S))
            with suppress(AudioError):
                own = _power(self.read(place, span, sample_rate=None)[0])
                other = max(
                    _power(self.read(replace(place, channel=c), span, sample_rate=None)[0]) for c in others
                )
                if own > 0:
                    gaps.append(10 * math.log10(max(other, 1e-12) / own))
        if not gaps or float(np.median(gaps)) <= BLEED_DB:
            return False
        self._notes.append(
            f"{group[0].path}: channels are not isolated (the other speaker is heard at "
            f"{np.median(gaps):.0f} dB); overlapped stretches were left out"
        )
        return True


def resampled(samples: Samples, lead: int, rate: int, sample_rate: int = SAMPLE_RATE) -> tuple[Samples, int]:
    """Bring samples to another rate, and with them the number of those that come before a stretch."""
    if sample_rate == rate or not len(samples):
        return samples, lead
    found = np.asarray(soxr.resample(samples, rate, sample_rate), np.float32)
    return found, round(lead * sample_rate / rate)


def _channel(dialogue: Dialogue, turn: Turn, header: Header, path: str) -> int:
    """The channel on which a turn is."""
    if turn.audio is not None:
        channel = turn.audio.channel
    else:
        channels = dialogue.audio.channels if dialogue.audio is not None else {}
        channel = channels.get(turn.speaker)
        if channels and channel is None and header.channels > 1:
            raise AudioError(
                f"{path}: no channel for speaker {turn.speaker!r}; say --channels {turn.speaker}=0"
            )
    if channel is None:
        if header.channels == 1:
            return 0
        names = [dialogue.label(speaker) for speaker in dialogue.speakers][: header.channels]
        example = ",".join(f"{name}={number}" for number, name in enumerate(sorted(names, reverse=True)))
        raise AudioError(
            f"{path} has {header.channels} channels and no channel map; say --channels {example}"
        )
    if channel >= header.channels:
        count = "1 channel" if header.channels == 1 else f"{header.channels} channels"
        raise AudioError(
            f"{path} has {count}, --channels asks for channel {channel}; "
            f"give one file per speaker or a map with {count}"
        )
    return channel


def _span(turn: Turn, header: Header, users: Counter[tuple[str, int | None]]) -> tuple[float, float] | None:
    """Start and end of a turn in its file, in seconds."""
    own = turn.audio
    if own is not None and (
        own.start_s is not None or own.end_s is not None or users[own.path, own.channel] == 1
    ):
        return own.start_s or 0.0, header.duration_s if own.end_s is None else own.end_s
    # Several turns that name a whole file share its clock with the dialogue.
    if turn.start_s is None or turn.end_s is None:
        return None
    return turn.start_s, turn.end_s


def _free(place: Place, others: Sequence[Place]) -> list[tuple[float, float]]:
    """What remains of a turn when others' turns are taken out of it."""
    spans = [(place.start_s, place.end_s)]
    for other in others:
        cut = [piece for a, b in spans for piece in ((a, min(b, other.start_s)), (max(a, other.end_s), b))]
        spans = [(a, b) for a, b in cut if b > a]
    return spans


def _on(place: Place) -> tuple[int, str]:
    """Order that brings different speakers of one channel together."""
    return place.channel, place.speaker


def _long(span: tuple[float, float]) -> float:
    """Seconds of one stretch."""
    return span[1] - span[0]


def _length(spans: Sequence[tuple[float, float]]) -> float:
    """Seconds of all stretches."""
    return math.fsum(map(_long, spans))


def _power(samples: Samples) -> float:
    """Mean square."""
    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
