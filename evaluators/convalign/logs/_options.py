"""What a caller may ask of the readers, and what they tell afterwards."""

from __future__ import annotations

import codecs
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from convalign.dialogue import Notes
from convalign.errors import UsageError

RECORD_LIMIT = 256 * 1024 * 1024
"""Bytes of one record; a longer one is an error, not memory."""

TURN_GAP_S = 2.0
"""A longer silence of a speaker ends a turn made of recognised words: our choice, not validated."""

MESSAGES_KEPT = 100
"""Messages of skipped dialogues that a report keeps; all are counted."""

NO_LOG = "files of a folder that are no log were left out"

COLUMNS = ("dialogue", "speaker", "text", "start", "end", "duration", "turn", "role")
"""Fields that ``columns`` can point to a column of a table."""


NO_FILES = (
    "idna",
    "punycode",
    "unicode-escape",
    "unicode_escape",
    "raw-unicode-escape",
    "utf-7",
    "undefined",
)
"""Encodings of names and source code, which no log is written in."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How logs are read.

    Attributes
    ----------
    format : name of a reader; None = look at the content
    encoding : of text files; a byte order mark goes before it
    columns : field of `COLUMNS` -> column of a table
    roles : speaker -> role, over what the log says
    merge : join consecutive turns of one speaker
    tiers : speaker -> tier of an annotation file; only these are read
    turn_gap : seconds of silence that end a turn made of recognised words
    speakers : who takes turns, where a log has texts without speakers
    audio_dir : folder with the sound (ID.wav, ID.SPEAKER.wav or SPEAKER/ID.wav)
    channels : speaker or role -> channel of the dialogue's recording (0, 1, ...)
    on_error : ``stop`` at the first bad dialogue, or ``skip`` it whole and count it
    limit : read at most this many dialogues
    record_limit : bytes that one record may have, decompressed

    Raises
    ------
    UsageError
        A value that no reading can use.
    """

    format: str | None = None
    encoding: str = "utf-8"
    columns: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    merge: bool = False
    tiers: Mapping[str, str] = field(default_factory=dict)
    turn_gap: float = TURN_GAP_S
    speakers: Sequence[str] = ()
    audio_dir: str | os.PathLike[str] | None = None
    channels: Mapping[str, int] = field(default_factory=dict)
    on_error: Literal["stop", "skip"] = "stop"
    limit: int | None = None
    record_limit: int = RECORD_LIMIT

    def __post_init__(self) -> None:
        if not _is_for_files(self.encoding):
            raise UsageError(f"no encoding {self.encoding!r} of files; utf-8, cp1252 and latin-1 are common")
        for name in self.columns:
            if name not in COLUMNS:
                raise UsageError(f"columns: no field {name!r}; there are: {', '.join(COLUMNS)}")
        for name, channel in self.channels.items():
            if isinstance(channel, bool) or not isinstance(channel, int) or channel < 0:
                raise UsageError(f"channels: {name}={channel!r} is no channel; the first is 0, the second 1")
        if not 0 < self.turn_gap < math.inf:
            raise UsageError(f"turn_gap is {self.turn_gap}; give seconds of silence, more than 0")
        if len(self.speakers) == 1 or len(set(self.speakers)) < len(self.speakers):
            raise UsageError(f"speakers: {', '.join(self.speakers)}; name two or more that take turns")
        if self.on_error not in ("stop", "skip"):
            raise UsageError(f"on_error is {self.on_error!r}; there are: stop, skip")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit is {self.limit}; read at least 1 dialogue")
        if self.record_limit < 1:
            raise UsageError(f"record_limit is {self.record_limit}; give a number of bytes, 1 or more")


def _is_for_files(encoding: str) -> bool:
    """Whether logs may be written in this encoding."""
    try:
        b"a".decode(encoding)
    except UnicodeDecodeError:
        return True
    except (LookupError, ValueError):
        return False
    return codecs.lookup(encoding).name not in NO_FILES


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One file that was read.

    Attributes
    ----------
    path : as given, or under the given folder; ``stdin``
    format : name of the reader
    sha256 : of the file's bytes as stored; None when standard input was left before its end
    bytes : size as stored; None with `sha256`
    dialogues : how many it gave
    """

    path: str
    format: str
    sha256: str | None
    bytes: int | None
    dialogues: int


@dataclass(slots=True)
class Report:
    """What the readers did, filled while they run.

    Attributes
    ----------
    read : dialogues given out
    skipped : messages of the dialogues left out, the first `MESSAGES_KEPT`
    skipped_count : all dialogues, or rests of files, left out
    notes : what was dropped or moved, counted
    sources : files read, in order
    not_logs : files of a folder that are no log, the first `MESSAGES_KEPT`; `notes` has the count
    """

    read: int = 0
    skipped: list[str] = field(default_factory=list)
    skipped_count: int = 0
    notes: Notes = field(default_factory=Notes)
    sources: list[SourceRecord] = field(default_factory=list)
    not_logs: list[str] = field(default_factory=list)

    def leave(self, path: str) -> None:
        """Count a file of a folder that is no log."""
        self.notes.add(NO_LOG)
        if len(self.not_logs) < MESSAGES_KEPT:
            self.not_logs.append(path)

    def take_back(self, path: str) -> None:
        """A file that was left belongs to a log that was read later."""
        if path in self.not_logs:
            self.not_logs.remove(path)
            self.notes.counts -= Counter([NO_LOG])

    def skip(self, message: str) -> None:
        """Count one dialogue, or rest of a file, that was left out."""
        self.skipped_count += 1
        if len(self.skipped) < MESSAGES_KEPT:
            self.skipped.append(message)
