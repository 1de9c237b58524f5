"""From sources to dialogues: choose a reader for each file, finish what it gives, refuse equal ids."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from convalign.dialogue import AudioSegment, Dialogue, Notes, Turn
from convalign.errors import LogError
from convalign.logs import _later
from convalign.logs._audio import Finder, check_paths, with_channels
from convalign.logs._beside import Companions
from convalign.logs._bytes import PACKED_NAME, Stored
from convalign.logs._formats import named, readers
from convalign.logs._log import Head, Log, Reader, UnskippableError, in_time
from convalign.logs._options import ReadOptions, Report, SourceRecord
from convalign.logs._text import Text, decoded
from convalign.logs._walk import Source, files

LOG_ENDINGS = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".eval")
"""Files of a folder that must be readable, by their ending; of others it is asked whether they are logs."""


class Reading:
    """One run over all sources.

    Parameters
    ----------
    paths : sources that are there
    options : how to read
    report : filled on the way
    """

    def __init__(self, paths: list[str], options: ReadOptions, report: Report) -> None:
        self._paths = paths
        self._options = options
        self._report = report
        self._reader = None if options.format is None else named(options.format)
        self._finder = None if options.audio_dir is None else Finder(os.fspath(options.audio_dir))
        self._ids: dict[str, str] = {}
        self._companions: set[str] = set()
        self._roles_met: set[str] = set()

    def dialogues(self) -> Iterator[Dialogue]:
        """All dialogues, in order of the sources, one at a time."""
        for path in self._paths:
            looked, logs = 0, len(self._report.sources) + self._report.skipped_count
            for source in files(path, self._report.notes):
                looked += 1
                yield from self._file(source)
                if self._full:
                    return
            if len(self._report.sources) + self._report.skipped_count == logs:
                raise LogError(
                    f"{path}: holds no log ({looked} files looked at); "
                    "convalign formats lists what can be read"
                )
        for name in sorted(set(self._options.roles) - self._roles_met):
            self._report.notes.add(f"--roles names {name!r}, who has no turn anywhere")

    @property
    def _full(self) -> bool:
        return self._options.limit is not None and self._report.read >= self._options.limit

    def _refuse(self, error: LogError) -> None:
        """Raise what is wrong with a dialogue, or count it and go on."""
        if self._options.on_error == "stop" or isinstance(error, UnskippableError):
            raise error
        self._report.skip(str(error))

    def _file(self, source: Source) -> Iterator[Dialogue]:
        """Dialogues of one file."""
        report, given = self._report, 0
        name: str | None = None
        beside = Companions(source.path, source.top, source.in_folder, self._options)
        stream = source.open()
        stored = Stored(stream, source.place)
        try:
            pieces = decoded(stored.pieces(), source.place, self._options.encoding)
            text = Text(pieces, source.place, self._options.record_limit)
            chosen = self._choose(source, text, stored)
            if chosen is None:
                if source.place not in self._companions:
                    report.leave(source.place)
                return
            reader, head = chosen
            name = reader.NAME
            if not getattr(reader, "BINARY", False):
                stored.sealed()
            whole = stored.spooled if source.path is None else source.open
            log = Log(text, head, source.name, self._options, report.notes, self._refuse, beside, whole)
            for dialogue in reader.read(log):
                finished = self._finish(dialogue, source)
                if finished is None:
                    continue
                report.read += 1
                given += 1
                yield finished
                if self._full:
                    break
        except LogError as error:
            self._refuse(error)
        finally:
            if source.path is not None or source.address is not None:
                stored_whole = name is not None and _drained(stored)
                stream.close()
            else:
                stored_whole = stored.ended
        if name is not None:
            sha256, size = (stored.sha256, stored.size) if stored_whole else (None, None)
            report.sources.append(SourceRecord(source.place, name, sha256, size, given))
            report.sources += beside.read
            for one in beside.read:
                self._companions.add(one.path)
                report.take_back(one.path)

    def _choose(self, source: Source, text: Text, stored: Stored) -> tuple[Reader, Head] | None:
        """The one reader that knows this file; None for a file of a folder that is no log."""
        must = not source.in_folder or PACKED_NAME.sub("", source.place).lower().endswith(LOG_ENDINGS)
        head = self._head(source, text, stored, wait=False)
        if self._reader is not None:
            fits = not source.in_folder or head.name.lower().endswith(self._reader.EXTENSIONS)
            if fits and text.failure is None and not head.text.strip():
                head = self._head(source, text, stored, wait=True)
                _check_not_empty(source, text, head)
            return (self._reader, head) if fits else None
        found = _knowing(head) if "\n" in head.text else []
        if len(found) != 1:
            head = self._head(source, text, stored, wait=True)
            found = _knowing(head)
        if len(found) > 1:
            found = [one for one in found if head.name.lower().endswith(one.EXTENSIONS)] or found
        if len(found) == 1:
            return found[0], head
        if found:
            both = " and ".join(one.NAME for one in found)
            cures = " or ".join(f"--format {one.NAME}" for one in found)
            raise LogError(f"{source.place}: looks like {both}; say {cures}")
        later = _later.named(head)
        if later is not None:
            raise LogError(f"{source.place}: {_later.message(later)}")
        if must:
            _check_not_empty(source, text, head)
        if source.in_folder:
            return None
        raise LogError(f"{source.place}: {_unknown(head)}")

    def _head(self, source: Source, text: Text, stored: Stored, *, wait: bool) -> Head:
        return Head.of(text.head(wait=wait), source.place, self._options.columns, stored.magic)

    def _finish(self, dialogue: Dialogue, source: Source) -> Dialogue | None:
        """Apply what holds for every format; None when the dialogue was refused."""
        place = dialogue.source or source.place
        try:
            before = self._ids.get(dialogue.id)
            if before is not None:
                raise LogError(
                    f"{place}: $.id: {dialogue.id!r} stands at {before} already; "
                    "give each dialogue its own id"
                )
            finished = self._finished(dialogue, source, place)
        except LogError as error:
            self._refuse(error)
            return None
        self._ids[dialogue.id] = place
        return finished

    def _finished(self, dialogue: Dialogue, source: Source, place: str) -> Dialogue:
        """Roles, order, joined turns and sound."""
        options, notes = self._options, self._report.notes
        said = {name: role for name, role in options.roles.items() if name in dialogue.speakers}
        self._roles_met |= said.keys()
        turns = in_time(dialogue.turns)
        if options.merge:
            turns = merged(turns, notes)
        root = dialogue.root or source.root if options.audio_dir is None else os.fspath(options.audio_dir)
        if source.address is not None and options.audio_dir is None:
            dialogue, turns = _silent(dialogue, turns, notes)
        done = replace(dialogue, turns=turns, roles={**dialogue.roles, **said}, root=root)
        if self._finder is not None and done.audio is None and all(turn.audio is None for turn in turns):
            done = self._finder.attach(done, place, notes)
        done = with_channels(done, options.channels, place)
        check_paths(done, root, place)
        return done


def _silent(dialogue: Dialogue, turns: tuple[Turn, ...], notes: Notes) -> tuple[Dialogue, tuple[Turn, ...]]:
    """Without the sound that a log at an address names: a path there is none of this machine."""
    if dialogue.audio is not None or any(turn.audio is not None for turn in turns):
        notes.add("sound named by a log at an address is not fetched; copy it here and say --audio")
    return replace(dialogue, audio=None), tuple(replace(turn, audio=None) for turn in turns)


def _drained(stored: Stored) -> bool:
    """Read a file to its end for its hash."""
    try:
        stored.drain()
    except LogError:
        return False
    return True


def _knowing(head: Head) -> list[Reader]:
    """The readers that know this beginning."""
    found = [reader for reader in readers().values() if reader.sniff(head)]
    own = [reader for reader in found if not getattr(reader, "LAST", False)]
    return own or found


def _check_not_empty(source: Source, text: Text, head: Head) -> None:
    """Raise what was met while looking ahead, or that there is nothing."""
    if text.failure is not None:
        raise text.failure
    if not head.text.strip():
        raise LogError(f"{source.place}: is empty; give a log with at least one dialogue")


def _unknown(head: Head) -> str:
    """What a file is that no reader knows."""
    cure = "say --format (convalign formats lists them)"
    top = sorted(key.removeprefix("[].") for key in head.keys if "." not in key.removeprefix("[]."))
    if top:
        return f"no reader knows a record with the keys {', '.join(top[:6])}; {cure}"
    first = next(iter(head.text.strip().split("\n")), "")
    return f"no reader knows a file that begins {first[:40]!r}; {cure}"


def merged(turns: tuple[Turn, ...], notes: Notes) -> tuple[Turn, ...]:
    """Join consecutive turns of one speaker.

    Parameters
    ----------
    turns : in order
    notes : counts turns joined, and turns kept apart because each has its own sound file

    Returns
    -------
    Turns whose texts are joined by a blank, from the first start to the last end; without
    transcript only when no part has one
    """
    joined: list[Turn] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if last is None or last.speaker != turn.speaker:
            joined.append(turn)
        elif (last.audio is None) != (turn.audio is None) or not _same_sound(last.audio, turn.audio):
            notes.add("turns with their own sound files were not joined")
            joined.append(turn)
        else:
            notes.add("consecutive turns of one speaker were joined")
            joined[-1] = _joined(last, turn)
    return tuple(joined)


def _same_sound(one: AudioSegment | None, other: AudioSegment | None) -> bool:
    """Whether two segments lie in one channel of one file, or neither is there."""
    if one is None or other is None:
        return one is other
    return (one.path, one.channel) == (other.path, other.channel)


def _joined(one: Turn, other: Turn) -> Turn:
    """Two turns as one."""
    texts = [text for text in (one.text, other.text) if text]
    text = " ".join(texts) if texts or one.text == "" or other.text == "" else None
    audio = one.audio
    if audio is not None and other.audio is not None:
        audio = replace(audio, end_s=_last(audio.end_s, other.audio.end_s))
    return Turn(one.speaker, text, one.start_s, _last(one.end_s, other.end_s), audio)


def _last(one: float | None, other: float | None) -> float | None:
    """The later end; None when the later turn has none."""
    return other if one is None or other is None else max(one, other)
