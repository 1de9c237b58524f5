"""ELAN: tiers of annotations aligned with a recording."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from convalign.dialogue import Dialogue, Recording, Turn
from convalign.errors import LogError
from convalign.logs._log import Cast, Head, Log, check_times, chosen_tiers, in_time, role_of

NAME = "elan"
EXTENSIONS = (".eaf",)
READS = "aligned annotations; speaker = PARTICIPANT, else TIER_ID; times; media in its folder as recording"
IGNORES = "tiers that refer to others (translations, glosses) unless --tiers names them, vocabularies"


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
    chosen = chosen_tiers(log, [str(tier.get("TIER_ID")) for tier in root.iter("TIER")])
    for tier in root.iter("TIER"):
        name = str(tier.get("TIER_ID"))
        speaker = (tier.get("PARTICIPANT") or tier.get("TIER_ID") or "").strip()
        if chosen:
            if name not in chosen:
                continue
            speaker = chosen[name]
        mine = _aligned(tier, root, referring=bool(chosen))
        if not mine:
            continue
        if speaker in tiers:
            raise LogError(
                f"{log.place(1)}: the tiers {tiers[speaker]!r} and {name!r} are both of {speaker!r}; "
                f"say --tiers {speaker}={name}"
            )
        tiers[speaker] = name
        cast.speaker(speaker, role_of(speaker, corpus=True), place=log.place(1), path=f"tier {name}")
        for one, text in mine:
            refs = [str(one.get(f"TIME_SLOT_REF{k}")) for k in (1, 2)]
            missing = next((ref for ref in refs if ref not in slots), None)
            if missing is not None:
                raise LogError(
                    f"{log.place(1)}: tier {name}: no time slot {missing!r}; save it again with ELAN"
                )
            start, end = (slots[ref] for ref in refs)
            turns.append(Turn(speaker, text, start, end))
            places.append(log.place(1))
    if not turns:
        raise LogError(f"{log.place(1)}: no tier has aligned annotations; give one tier per speaker")
    check_times(tuple(turns), places, "annotation")
    audio = _media(root, log)
    yield Dialogue(log.name, in_time(tuple(turns)), cast.roles, audio, source=log.place(1))


def _aligned(
    tier: ElementTree.Element, root: ElementTree.Element, *, referring: bool
) -> list[tuple[ElementTree.Element, str]]:
    """Annotations with times, and their texts; those that refer to others take theirs, when asked for."""
    own = tier.findall("ANNOTATION/ALIGNABLE_ANNOTATION")
    found = [(one, (one.findtext("ANNOTATION_VALUE") or "").strip()) for one in own]
    if found or not referring:
        return found
    times = {str(one.get("ANNOTATION_ID")): one for one in root.iter("ALIGNABLE_ANNOTATION")}
    for one in tier.findall("ANNOTATION/REF_ANNOTATION"):
        base = times.get(str(one.get("ANNOTATION_REF")))
        if base is not None:
            found.append((base, (one.findtext("ANNOTATION_VALUE") or "").strip()))
    return found


def _media(root: ElementTree.Element, log: Log) -> Recording | None:
    """The recording that the file names, when it lies inside the folder."""
    for media in root.iter("MEDIA_DESCRIPTOR"):
        path = (media.get("RELATIVE_MEDIA_URL") or "").strip().removeprefix("./")
        if path and not path.startswith(("/", "file:")) and log.beside.find(path) is not None:
            return Recording(path)
        log.notes.add("media that the file names and that does not lie in its folder")
    return None


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
