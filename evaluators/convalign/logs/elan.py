"""ELAN: tiers of annotations aligned with a recording."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from convalign.dialogue import Dialogue, Turn
from convalign.errors import LogError
from convalign.logs._log import Cast, Head, Log, check_times, in_time, role_of

NAME = "elan"
EXTENSIONS = (".eaf",)
READS = "aligned annotations; speaker = PARTICIPANT, else TIER_ID; time slots in milliseconds"
IGNORES = "tiers that refer to others (translations, glosses), controlled vocabularies, media"


def sniff(head: Head) -> bool:
    """Whether the root element is ELAN's."""
    return "<ANNOTATION_DOCUMENT" in head.text[:4096]


def read(log: Log) -> Iterator[Dialogue]:
    """The one dialogue of the file."""
    root = _parsed(log)
    slots: dict[str, float | None] = {}
    for slot in root.iter("TIME_SLOT"):
        value = slot.get("TIME_VALUE")
        if value is not None and not value.isascii():
            value = "?"
        if value is not None and not (value.isdecimal() and len(value) < 16):
            raise LogError(f"{log.place(1)}: TIME_SLOT: {value!r} is no time; write milliseconds")
        slots[str(slot.get("TIME_SLOT_ID"))] = None if value is None else int(value) / 1000
    cast, turns, places = Cast(), list[Turn](), list[str]()
    tiers: dict[str, str] = {}
    for tier in root.iter("TIER"):
        name, speaker = (
            str(tier.get("TIER_ID")),
            (tier.get("PARTICIPANT") or tier.get("TIER_ID") or "").strip(),
        )
        mine = tier.findall("ANNOTATION/ALIGNABLE_ANNOTATION")
        if not mine:
            continue
        if speaker in tiers:
            raise LogError(
                f"{log.place(1)}: the tiers {tiers[speaker]!r} and {name!r} are both of {speaker!r}; "
                "leave one of them in the file"
            )
        tiers[speaker] = name
        cast.speaker(speaker, role_of(speaker, corpus=True), place=log.place(1), path=f"tier {name}")
        for one in mine:
            refs = [str(one.get(f"TIME_SLOT_REF{k}")) for k in (1, 2)]
            missing = next((ref for ref in refs if ref not in slots), None)
            if missing is not None:
                raise LogError(
                    f"{log.place(1)}: tier {name}: no time slot {missing!r}; save it again with ELAN"
                )
            start, end = (slots[ref] for ref in refs)
            text = (one.findtext("ANNOTATION_VALUE") or "").strip()
            turns.append(Turn(speaker, text, start, end))
            places.append(log.place(1))
    if not turns:
        raise LogError(f"{log.place(1)}: no tier has aligned annotations; give one tier per speaker")
    check_times(tuple(turns), places, "annotation")
    yield Dialogue(log.name, in_time(tuple(turns)), cast.roles, source=log.place(1))


def _parsed(log: Log) -> ElementTree.Element:
    """The document, without entities of its own: a DOCTYPE is refused before anything is expanded."""
    parser = ElementTree.XMLParser()
    size = 0
    parts: list[str] = []
    while (line := log.text.next_line()) is not None:
        size += len(line)
        if size > log.options.record_limit:
            raise LogError(f"{log.place(1)}: over {log.options.record_limit:,} bytes; split it")
        parts.append(line)
    text = "\n".join(parts)
    at = text.find("<!DOCTYPE")
    if at >= 0 or "<!ENTITY" in text:
        line_number = text.count("\n", 0, max(at, 0)) + 1
        raise LogError(f"{log.place(line_number)}: has a DOCTYPE, which ELAN never writes; it is not opened")
    try:
        parser.feed(text)
        return parser.close()
    except ElementTree.ParseError as error:
        raise LogError(
            f"{log.place(error.position[0])}: is no well-formed XML ({error}); save it again"
        ) from None
