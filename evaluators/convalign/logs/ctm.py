"""NIST CTM: file, channel, begin, duration, word; the speakers are the channels, or an RTTM file's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convalign.dialogue import Dialogue
from convalign.errors import LogError
from convalign.logs._log import Head, Log
from convalign.logs._segments import ctm, grouped, rttm
from convalign.logs._words import NO_SPEAKER, Word, roles_of, turns_of
from convalign.logs.rttm import with_words

NAME = "ctm"
EXTENSIONS = (".ctm",)
READS = "words with times, one dialogue per file column; a speaker is a channel, or NAME.rttm beside it says"
IGNORES = "comments (;;), confidences"

_LINE = re.compile(r"(?:;;.*\n|[^\S\n]*\n)*+\S+ +\S+ +\d*\.?\d+ +\d*\.?\d+ +\S+( +[\d.]+)?[ \t]*(\n|$)")


def sniff(head: Head) -> bool:
    """Whether the first line that is no comment has a name, a channel, two times and one word."""
    return _LINE.match(head.text) is not None


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one per name in the first column."""
    path = log.beside.swapped(".rttm")
    if path is not None and log.beside.in_folder:
        log.notes.add("CTM files were read with the RTTM file of their name")
        return
    turns = [] if path is None else list(rttm(log.beside.text(path, "rttm")))
    found = False
    for words in grouped(ctm(log.text), log.options.record_limit):
        found = True
        mine = [turn for turn in turns if turn.file == words[0].file]
        if mine:
            yield with_words(mine, words, log.notes)
            continue
        if len({word.channel for word in words}) == 1:
            raise LogError(
                f"{words[0].place}: {len(words)} words of one channel, no speaker; put {log.name}.rttm "
                f"beside it, or {NO_SPEAKER}"
            )
        timed = [Word(word.channel, word.text or "", word.start_s, word.end_s) for word in words]
        made = turns_of(timed, log.options.turn_gap)
        yield Dialogue(words[0].file, made, roles_of(made), source=words[0].place)
    if not found:
        raise LogError(f"{log.place(1)}: has no words; write file, channel, begin, duration, word")
