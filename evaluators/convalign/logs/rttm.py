"""RTTM: who speaks when, with the words of the CTM or STM file beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from convalign.dialogue import Dialogue, Notes
from convalign.errors import LogError
from convalign.logs._log import Head, Log
from convalign.logs._segments import Segment, ctm, grouped, rttm, stm
from convalign.logs.stm import dialogue_of

NAME = "rttm"
EXTENSIONS = (".rttm",)
READS = "SPEAKER lines, one dialogue per file column; words from NAME.ctm or NAME.stm beside it"
IGNORES = "lines of other kinds; words outside every turn (counted); without words, turns have no transcript"


def sniff(head: Head) -> bool:
    """Whether the first line that is no comment names a kind, a file, a channel and two times."""
    return re.match(r"(?:;;.*\n|[^\S\n]*\n)*+[A-Z-]+ +\S+ +\S+ +[\d.]+ +[\d.]+ +<NA>", head.text) is not None


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one per name in the second column."""
    if log.beside.in_folder and log.beside.swapped(".stm") is not None:
        log.notes.add("RTTM files beside an STM file of their name were left to it")
        return
    words = _words(log)
    found = False
    for segments in grouped(rttm(log.text), log.options.record_limit):
        found = True
        yield with_words(segments, words, log.notes)
    if not found:
        raise LogError(f"{log.place(1)}: has no SPEAKER line; write who speaks when")


def with_words(turns: Sequence[Segment], words: Sequence[Segment], notes: Notes) -> Dialogue:
    """The dialogue of one recording: a word belongs to the turn that holds its midpoint.

    Parameters
    ----------
    turns : of one recording
    words : of any; of several turns at a time, that of the word's own speaker, then of its channel,
        takes it, else the one that began last
    notes : counts words outside every turn
    """
    file = turns[0].file
    said: dict[int, list[str]] = {}
    channels = len({turn.channel for turn in turns}) > 1
    mine = sorted((word for word in words if word.file == file), key=lambda word: word.start_s)
    for word in mine:
        middle = (word.start_s + word.end_s) / 2
        holding = [k for k, turn in enumerate(turns) if turn.start_s <= middle <= turn.end_s]
        for same in ("speaker", "channel") if channels else ("speaker",):
            holding = [k for k in holding if getattr(turns[k], same) == getattr(word, same)] or holding
        if holding:
            best = max(holding, key=lambda k: turns[k].start_s)
            said.setdefault(best, []).append(word.text or "")
        else:
            notes.add("words outside every turn were left out")
    silent = None if not mine else ""
    texts = [" ".join(said[k]) if k in said else silent for k in range(len(turns))]
    spoken = [replace(turn, text=text) for turn, text in zip(turns, texts, strict=True)]
    return dialogue_of(spoken, "columns 4 and 5")


def _words(log: Log) -> list[Segment]:
    """Words, or whole segments, of the file beside this one."""
    for ending, lines in ((".ctm", ctm), (".stm", stm)):
        path = log.beside.swapped(ending)
        if path is not None:
            return list(lines(log.beside.text(path, ending[1:])))
    return []
