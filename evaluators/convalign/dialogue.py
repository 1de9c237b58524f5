"""The one form in which a dialogue travels: who said what, when, and where it can be heard.

Every reader makes these, every scorer and edit takes them, nothing changes them in place.
The written form (one JSON object a line) is fixed by ``corpora/schema.json``; `from_record`
checks by hand what that schema says, because loading a schema library costs more than reading
most logs (a test holds both to the same verdict).
"""

from __future__ import annotations

import math
import os.path
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from convalign.errors import LogError

LONGEST_S = 86_400.0
"""A dialogue longer than a day is milliseconds read as seconds."""

TURN_KEYS = ("speaker", "text", "start_s", "end_s", "audio")
DIALOGUE_KEYS = ("id", "turns", "roles", "audio", "meta")


LANGUAGE_KEYS = ("language", "lang", "locale", "language_code", "languageCode")
LANGUAGE_IN = ("metadata", "meta")
"""Where logs say a language: these keys of meta, or of one of these objects in it."""
NOT_SAID = ("", "auto", "unknown", "multi", "mul")
"""What stands there when it is not said."""


@dataclass(frozen=True, slots=True)
class AudioSegment:
    """Where a turn can be heard.

    Attributes
    ----------
    path : as written in the log, relative to the dialogue's `root`
    channel : 0, 1, ...; None for the only channel
    start_s, end_s : seconds from the start of the file; None for its beginning or end
    """

    path: str
    channel: int | None = None
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """One sound file of the whole dialogue.

    Attributes
    ----------
    path : as written in the log, relative to the dialogue's `root`
    channels : speaker -> channel (0, 1, ...); empty when one channel holds everybody
    """

    path: str
    channels: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker said before somebody else did.

    Attributes
    ----------
    speaker : name or label, never empty
    text : as written; None = no transcript, "" = nothing was said
    start_s, end_s : seconds on the recording's clock; None when unknown, never 0 for unknown
    audio : the turn's own sound, when it is not a stretch of the dialogue's recording
    """

    speaker: str
    text: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    audio: AudioSegment | None = None


@dataclass(frozen=True, slots=True)
class Direction:
    """Who adapts to whom.

    Attributes
    ----------
    replier : the speaker whose turns are judged
    prime : the speaker to whom the replier may adapt
    label : ``agent->user``: roles where each is held by one speaker, else the speakers' names
    """

    replier: str
    prime: str
    label: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Turns in order, with what is known about their speakers.

    Attributes
    ----------
    id : unique in a log
    turns : in the order of the log
    roles : speaker -> ``user``, ``agent`` or another name; may be empty
    audio : the recording, if there is one for the whole dialogue
    meta : whatever else the log said; never scored
    root : folder to which audio paths are relative; not part of the record
    source : ``file:line`` for messages; not part of the record
    """

    id: str
    turns: tuple[Turn, ...]
    roles: Mapping[str, str] = field(default_factory=dict)
    audio: Recording | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    root: str | None = field(default=None, compare=False)
    source: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", MappingProxyType(dict(self.roles)))
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy cannot be pickled, and dialogues travel to worker processes.
        parts = (self.id, self.turns, dict(self.roles), self.audio, dict(self.meta), self.root, self.source)
        return (Dialogue, parts)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody who has a turn, in order of the first one."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))

    @property
    def language(self) -> str | None:
        """What the log says of its language, as it says it (``en``, ``eng``, ``en-US``), else None."""
        inner = (one for key in LANGUAGE_IN if isinstance(one := self.meta.get(key), Mapping))
        for holder in (self.meta, *inner):
            for said in (holder.get(key) for key in LANGUAGE_KEYS):
                if isinstance(said, str) and said.strip().lower() not in NOT_SAID:
                    return said.strip()
        return None

    def label(self, speaker: str) -> str:
        """How a speaker is called in directions: the role if nobody shares it, else the name."""
        role = self.roles.get(speaker)
        holders = sum(1 for other in self.speakers if self.roles.get(other) == role)
        return role if role and holders == 1 else speaker

    def directions(self) -> tuple[Direction, ...]:
        """Every ordered pair of speakers, as (replier, prime).

        Examples
        --------
        >>> turns = (Turn("Ada", "hello"), Turn("bot", "good morning"))
        >>> [d.label for d in Dialogue("d1", turns, {"bot": "agent", "Ada": "user"}).directions()]
        ['user->agent', 'agent->user']
        """
        pairs = permutations(self.speakers, 2)
        return tuple(Direction(a, b, f"{self.label(a)}->{self.label(b)}") for a, b in pairs)


@dataclass(slots=True)
class Notes:
    """What a reader dropped or moved, counted, to be told once per run."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, note: str) -> None:
        """Count one occurrence of `note`."""
        self.counts[note] += 1

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(sorted(self.counts.items()))


def from_record(
    record: object, *, place: str = "record", root: str | None = None, notes: Notes | None = None
) -> Dialogue:
    """Make a dialogue of one parsed JSON object, or say what is wrong with it.

    Parameters
    ----------
    record : what ``json.loads`` gave for one line
    place : ``file:line``, put before the message
    root : folder to which audio paths in the record are relative
    notes : counts keys that were moved (top level -> ``meta``) or dropped (turns)

    Returns
    -------
    Dialogue, with the ends of texts stripped

    Raises
    ------
    LogError
        ``place: $.turns[3].start_s: found; what would work``.

    Source
    ------
    corpora/schema.json; docs/formats.md.
    """
    check = _Check(place, notes)
    top = check.mapping(record, "$", "one dialogue is an object with id and turns")
    if "id" not in top:
        check.fail("$.id", "is missing; give each dialogue a unique text as id")
    name = check.text(top["id"], "$.id")
    if "turns" not in top:
        check.fail("$.turns", "is missing; write the turns as a list of {speaker, text}")
    if not isinstance(top["turns"], list):
        check.fail("$.turns", f"{_show(top['turns'])} is no list; write [{{speaker, text}}, ...]")
    turns = tuple(check.turn(item, f"$.turns[{i}]") for i, item in enumerate(top["turns"]))
    roles = {}
    for speaker, role in check.mapping(_present(top, "roles"), "$.roles", "write {speaker: role}").items():
        roles[speaker] = check.text(role, f"$.roles.{speaker}")
    meta = dict(check.mapping(_present(top, "meta"), "$.meta", "write an object"))
    for key in top:
        if key not in DIALOGUE_KEYS:
            meta.setdefault(key, top[key])
            check.note(f"unknown key {key!r} of a dialogue was moved to meta")
    audio = check.recording(top.get("audio"), "$.audio")
    _check_span(check, turns)
    return Dialogue(name, turns, roles, audio, meta, root, place)


def to_record(dialogue: Dialogue) -> dict[str, Any]:
    """Write a dialogue as the object of the canonical log, keys in the schema's order.

    Returns
    -------
    dict that `from_record` reads back to an equal dialogue; fields that are None are absent,
    except ``text`` of a turn without transcript, which is null.
    """
    record: dict[str, Any] = {"id": dialogue.id, "turns": [_turn_record(turn) for turn in dialogue.turns]}
    if dialogue.roles:
        record["roles"] = dict(dialogue.roles)
    if dialogue.audio is not None:
        audio: dict[str, Any] = {"path": dialogue.audio.path}
        if dialogue.audio.channels:
            audio["channels"] = dict(dialogue.audio.channels)
        record["audio"] = audio
    if dialogue.meta:
        record["meta"] = dict(dialogue.meta)
    return record


def rebase(dialogue: Dialogue, folder: str, notes: Notes | None = None) -> Dialogue:
    """Name a dialogue's sound as a log in `folder` must name it.

    Parameters
    ----------
    folder : where the log will be
    notes : counts dialogues whose sound a log there cannot reach

    Returns
    -------
    The dialogue with paths relative to `folder` and `folder` as root; unchanged when it has no sound, or
    when the sound lies outside `folder` (a log never reaches out of its own folder).
    """
    if dialogue.root is None:
        return dialogue
    segments = [turn.audio for turn in dialogue.turns if turn.audio is not None]
    named = {dialogue.audio.path} if dialogue.audio is not None else set()
    named |= {segment.path for segment in segments}
    if not named:
        return dialogue
    moved = {p: os.path.relpath(Path(dialogue.root, p), folder) for p in named}
    if any(path.startswith("..") or Path(path).is_absolute() for path in moved.values()):
        if notes is not None:
            notes.add("sound outside the written log's folder; score it with --audio DIR")
        return dialogue
    moved = {p: path.replace(os.sep, "/") for p, path in moved.items()}
    turns = tuple(
        turn if turn.audio is None else replace(turn, audio=replace(turn.audio, path=moved[turn.audio.path]))
        for turn in dialogue.turns
    )
    audio = None if dialogue.audio is None else replace(dialogue.audio, path=moved[dialogue.audio.path])
    return replace(dialogue, turns=turns, audio=audio, root=folder)


def _turn_record(turn: Turn) -> dict[str, Any]:
    """One turn, absent fields left out."""
    record: dict[str, Any] = {"speaker": turn.speaker, "text": turn.text}
    for key in ("start_s", "end_s"):
        if getattr(turn, key) is not None:
            record[key] = getattr(turn, key)
    if turn.audio is not None:
        fields = ("path", "channel", "start_s", "end_s")
        record["audio"] = {
            key: getattr(turn.audio, key) for key in fields if getattr(turn.audio, key) is not None
        }
    return record


def _check_span(check: _Check, turns: tuple[Turn, ...]) -> None:
    """Refuse a dialogue that lasts longer than a day."""
    times = [
        (t, i, k)
        for i, turn in enumerate(turns)
        for k in ("start_s", "end_s")
        if (t := getattr(turn, k)) is not None
    ]
    if not times:
        return
    last, index, key = max(times)
    if last - min(times)[0] > LONGEST_S:
        check.fail(
            f"$.turns[{index}].{key}",
            f"{last:g} s is over a day into the dialogue; write seconds, not milliseconds",
        )


def _present(item: dict[str, Any], key: str) -> Any:
    """A field that may be left out or null, {} then; [], "" and 0 are no objects and stay."""
    return {} if item.get(key) is None else item[key]


def _show(value: object) -> str:
    """A value for a message, short, as JSON would name it."""
    names = {dict: "an object", list: "a list", bool: "a truth value", type(None): "null"}
    if type(value) in names:
        return names[type(value)]
    if isinstance(value, int) and value.bit_length() > 4096:
        return "a number of thousands of digits"  # repr refuses it
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


class _Check:
    """Reads fields of one record; every refusal names place and JSON path."""

    def __init__(self, place: str, notes: Notes | None) -> None:
        self.place = place
        self.notes = notes

    def fail(self, path: str, message: str) -> NoReturn:
        raise LogError(f"{self.place}: {path}: {message}")

    def note(self, text: str) -> None:
        if self.notes is not None:
            self.notes.add(text)

    def mapping(self, value: object, path: str, cure: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.fail(path, f"{_show(value)} is no object; {cure}")
        return value

    def text(self, value: object, path: str) -> str:
        if not isinstance(value, str):
            self.fail(path, f"{_show(value)} is no text; write it in quotes")
        if not value.strip():
            self.fail(path, "is empty; write a name")
        return value

    def seconds(self, value: object, path: str) -> float | None:
        if value is None:
            return None
        if isinstance(value, str):
            try:
                cure = f" ({float(value.replace(',', '.')):g})"
            except ValueError:
                cure = ""
            self.fail(path, f'"{value[:40]}" is a string; write seconds as a number{cure}')
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fail(path, f"{_show(value)} is no number; write seconds as a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or number < 0:
            self.fail(
                path, f"{_show(value)} is no time; write seconds from the start of the recording, 0 or more"
            )
        return number

    def span(self, item: dict[str, Any], path: str) -> tuple[float | None, float | None]:
        start, end = (
            self.seconds(item.get("start_s"), f"{path}.start_s"),
            self.seconds(item.get("end_s"), f"{path}.end_s"),
        )
        if start is not None and end is not None and end < start:
            self.fail(
                f"{path}.end_s",
                f"{end:g} is before start_s {start:g}; times are seconds from the start of the recording",
            )
        return start, end

    def channel(self, value: object, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.fail(path, f"{_show(value)} is no channel; write 0 for the first, 1 for the second")
        return value

    def turn(self, value: object, path: str) -> Turn:
        item = self.mapping(value, path, "a turn is {speaker, text}")
        if "speaker" not in item:
            self.fail(f"{path}.speaker", "is missing; say who speaks")
        speaker = self.text(item["speaker"], f"{path}.speaker")
        text = item.get("text")
        if text is not None and not isinstance(text, str):
            self.fail(f"{path}.text", f"{_show(text)} is no text; write a string, or null without transcript")
        start, end = self.span(item, path)
        for key in item:
            if key not in TURN_KEYS:
                self.note(f"unknown key {key!r} of a turn was dropped{_nearest(key)}")
        return Turn(
            speaker,
            None if text is None else text.strip(),
            start,
            end,
            self.segment(item.get("audio"), f"{path}.audio"),
        )

    def segment(self, value: object, path: str) -> AudioSegment | None:
        if value is None:
            return None
        item = self.mapping(value, path, "write {path, channel, start_s, end_s}")
        if "path" not in item:
            self.fail(f"{path}.path", "is missing; name the sound file")
        channel = None if item.get("channel") is None else self.channel(item["channel"], f"{path}.channel")
        return AudioSegment(self.text(item["path"], f"{path}.path"), channel, *self.span(item, path))

    def recording(self, value: object, path: str) -> Recording | None:
        if value is None:
            return None
        item = self.mapping(value, path, "write {path, channels}")
        if "path" not in item:
            self.fail(f"{path}.path", "is missing; name the sound file")
        channels = self.mapping(_present(item, "channels"), f"{path}.channels", "write {speaker: channel}")
        named = {
            speaker: self.channel(number, f"{path}.channels.{speaker}")
            for speaker, number in channels.items()
        }
        return Recording(self.text(item["path"], f"{path}.path"), named)


def _nearest(key: str) -> str:
    """The known key that was probably meant, as an addition to a note."""
    import difflib

    near = difflib.get_close_matches(key, TURN_KEYS, n=1, cutoff=0.4)
    return f" (did you mean {near[0]!r}?)" if near else ""
