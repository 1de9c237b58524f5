"""Where a dialogue can be heard: paths that stay in their folder, and sound found beside a log."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PureWindowsPath

from convalign.dialogue import AudioSegment, Dialogue, Notes, Recording
from convalign.errors import LogError

KINDS = ("wav", "flac", "ogg", "opus", "mp3")
"""Endings of sound files that are looked for in the folder of the sound."""


class Finder:
    """Finds the sound of dialogues in one folder; each folder is listed once.

    Parameters
    ----------
    root : folder of the sound

    Raises
    ------
    LogError
        There is no such folder.
    """

    def __init__(self, root: str) -> None:
        if not Path(root).is_dir():
            raise LogError(f"{root}: no such folder; --audio names the folder of the sound files")
        self.root = root
        self._listed: dict[str, frozenset[str]] = {}

    def attach(self, dialogue: Dialogue, place: str, notes: Notes) -> Dialogue:
        """The dialogue with the sound that lies in the folder under its id.

        Parameters
        ----------
        dialogue : one whose log names no sound
        place : for messages
        notes : counts dialogues without sound, and turns that cannot be found in it

        Raises
        ------
        LogError
            Several files fit.
        """
        whole = self._matches(dialogue.id)
        own = {one: self._own(dialogue, one) for one in dialogue.speakers}
        several = [*whole, *(path for paths in own.values() for path in paths)]
        if len(whole) > 1 or (whole and len(several) > 1) or any(len(paths) > 1 for paths in own.values()):
            raise LogError(
                f"{place}: {dialogue.id}: several sound files fit: {', '.join(several[:3])}; "
                f"keep one in {self.root}, or one per speaker"
            )
        if whole:
            return replace(dialogue, audio=Recording(whole[0]))
        if not several:
            notes.add("dialogues without a sound file in the folder of the sound")
            return dialogue
        turns = []
        # Without any time, turns can still be proposed by what is heard in each speaker's file.
        timed = any(turn.start_s is not None for turn in dialogue.turns)
        for turn in dialogue.turns:
            path = next(iter(own[turn.speaker]), None)
            if path is None:
                notes.add("turns of a speaker without a sound file")
            elif timed and (turn.start_s is None or turn.end_s is None):
                notes.add("turns without times were not found in their speaker's sound file")
                path = None
            segment = None if path is None else AudioSegment(path, None, turn.start_s, turn.end_s)
            turns.append(replace(turn, audio=segment))
        return replace(dialogue, turns=tuple(turns))

    def _own(self, dialogue: Dialogue, speaker: str) -> list[str]:
        """Files of one speaker, by name or by a role that nobody shares."""
        found: dict[str, None] = {}
        for name in dict.fromkeys((speaker, dialogue.label(speaker))):
            found |= dict.fromkeys(self._matches(f"{dialogue.id}.{name}"))
            found |= dict.fromkeys(self._matches(f"{name}/{dialogue.id}"))
        return list(found)

    def _matches(self, stem: str) -> list[str]:
        """Files ``stem.EXT``, relative to the folder; none when the stem would leave it."""
        if _leaves(stem) is not None:
            return []
        folder, _, name = stem.rpartition("/")
        listed = self._names(folder)
        under = f"{folder}/" if folder else ""
        wanted = (f"{name}.{kind}" for kind in (*KINDS, *(kind.upper() for kind in KINDS)))
        return [f"{under}{one}" for one in wanted if one in listed]

    def _names(self, folder: str) -> frozenset[str]:
        """Names in a folder below the root, {} where there is none."""
        if folder not in self._listed:
            try:
                names = frozenset(one.name for one in Path(self.root, folder).iterdir())
            except (OSError, ValueError):
                names = frozenset()
            self._listed[folder] = names
        return self._listed[folder]


def with_channels(dialogue: Dialogue, channels: Mapping[str, int], place: str) -> Dialogue:
    """The dialogue with the caller's map of channels in its recording.

    Parameters
    ----------
    channels : speaker or role -> channel

    Raises
    ------
    LogError
        None of the names is a speaker or a role of the dialogue.
    """
    if dialogue.audio is None or not channels or not dialogue.turns:
        return dialogue
    found = {}
    for speaker in dialogue.speakers:
        role = dialogue.roles.get(speaker)
        if speaker in channels:
            found[speaker] = channels[speaker]
        elif role is not None and role in channels:
            found[speaker] = channels[role]
    if not found:
        names = dict.fromkeys((*dialogue.speakers, *dialogue.roles.values()))
        raise LogError(
            f"{place}: {dialogue.id}: --channels names {', '.join(channels)}; "
            f"the dialogue has {', '.join(list(names)[:6])}"
        )
    return replace(dialogue, audio=Recording(dialogue.audio.path, found))


def check_paths(dialogue: Dialogue, root: str, place: str) -> None:
    """Refuse sound outside the folder to which the paths are relative.

    Raises
    ------
    LogError
        An absolute path, an address, ``..`` or a link that leaves `root`. A file that is not there
        is no error here.
    """
    seen: set[str] = set()
    for field, path in _paths(dialogue):
        if path in seen:
            continue
        seen.add(path)
        found = _leaves(path) or _links_out(path, root)
        if found is not None:
            raise LogError(
                f"{place}: {field}: {path[:80]!r} {found}; write a path inside {root}, relative to it"
            )


def _paths(dialogue: Dialogue) -> Iterator[tuple[str, str]]:
    if dialogue.audio is not None:
        yield "$.audio.path", dialogue.audio.path
    for index, turn in enumerate(dialogue.turns):
        if turn.audio is not None:
            yield f"$.turns[{index}].audio.path", turn.audio.path


def _leaves(path: str) -> str | None:
    """How a path, by its words alone, leaves its folder; None when it does not."""
    if "\0" in path:
        return "holds a NUL character"
    if "://" in path:
        return "is an address, and nothing is fetched"
    windows = PureWindowsPath(path)
    if path.startswith("/") or windows.drive or windows.root:
        return "is an absolute path"
    depth = 0
    for part in path.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return "leaves its folder"
    return None


def _links_out(path: str, root: str) -> str | None:
    """Whether a link leads out of the folder; None when it does not, or when nothing is there."""
    try:
        real, inside = os.path.realpath(Path(root, path)), os.path.realpath(root)
    except (OSError, ValueError):
        return "is no path here"
    inner = real == inside or real.startswith(inside.rstrip(os.sep) + os.sep)
    return None if inner else "is a link out of its folder"
