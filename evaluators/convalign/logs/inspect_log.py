"""Inspect AI: logs of evaluations, ``.eval`` (a zip file) and ``.json``."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from convalign.dialogue import Dialogue
from convalign.errors import ConvalignError, LogError, MissingExtraError
from convalign.logs._bytes import FREE, RATIO
from convalign.logs._json import loads
from convalign.logs._log import Head, Log, fail, show
from convalign.logs.openai import dialogue_of

NAME = "inspect"
EXTENSIONS = (".eval", ".json")
READS = "messages of every sample and epoch; scores to meta.scores"
IGNORES = "events, tool messages and reasoning (counted), choices, targets, attachments that no message names"
BINARY = True

UNSCORED = "values that are not finite (how Inspect writes an unscored sample) became null"
ZSTD = 93
CURE = "give a log that Inspect wrote"
_MEMBER = re.compile(r"samples/[^/]+\.json")
_FIRST = (b"_journal/", b"samples/", b"header.json", b"summaries.json", b"reductions.json")


def sniff(head: Head) -> bool:
    """Whether it is a log object, or a zip file whose first member is one of a log."""
    if head.magic.startswith(b"PK\x03\x04"):
        return head.magic[30:].startswith(_FIRST)
    return head.has("version", "eval") and (head.has("status") or head.has("samples"))


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the log, one per sample and epoch."""
    stream = log.open()
    with stream:
        packed = stream.read(2) == b"PK"
        stream.seek(0)
        found = 0
        for place, sample, task in _of_zip(stream, log) if packed else _of_json(stream, log):
            found += 1
            try:
                dialogue = _dialogue(sample, task, place)
            except LogError as error:
                log.refuse(error)
                continue
            yield dialogue
        if not found:
            raise LogError(f"{log.place(1)}: holds no sample; evaluate with logging of samples")


def _dialogue(sample: Any, task: str, place: str) -> Dialogue:
    """A sample as a dialogue."""
    if not isinstance(sample, dict) or not isinstance(sample.get("messages"), list):
        fail(place, "$.messages", f"{show(sample)} has no messages; {CURE}")
    attachments = sample.get("attachments")
    messages = _resolved(sample["messages"], attachments if isinstance(attachments, dict) else {}, place)
    name = f"{task}/{sample.get('id')}#{sample.get('epoch', 1)}"
    record: dict[str, Any] = {"id": name, "messages": messages}
    scores = sample.get("scores")
    if isinstance(scores, dict):
        values = {
            key: one["value"] for key, one in scores.items() if isinstance(one, dict) and "value" in one
        }
        record["scores"] = values
    return dialogue_of(record, place, lambda: name)


def _resolved(messages: list[Any], attachments: Mapping[str, Any], place: str) -> list[Any]:
    """Messages with the texts that stand elsewhere in the sample."""

    def text(value: Any, path: str) -> Any:
        if not isinstance(value, str) or not value.startswith("attachment://"):
            return value
        found = attachments.get(value.removeprefix("attachment://"))
        if not isinstance(found, str):
            fail(place, path, f"{show(value)} is not among the attachments; {CURE}")
        return found

    made = []
    for n, one in enumerate(messages):
        path = f"$.messages[{n}].content"
        content = one.get("content") if isinstance(one, dict) else None
        if isinstance(content, list):
            content = [
                part | {"text": text(part["text"], path)}
                if isinstance(part, dict) and "text" in part
                else part
                for part in content
            ]
        made.append(one | {"content": text(content, path)} if isinstance(one, dict) else one)
    return made


def _task(header: Any, place: str, log: Log) -> str:
    """The name of the task; a log that ended early is said."""
    if not isinstance(header, dict) or not isinstance(header.get("eval"), dict):
        fail(place, "$.eval", f"{show(header)} is no header; {CURE}")
    if header.get("status") not in ("success", None):
        log.notes.add(f"logs that ended as {show(header['status'])}: their finished samples were read")
    return str(header["eval"].get("task") or "task")


def _of_json(stream: BinaryIO, log: Log) -> Iterator[tuple[str, Any, str]]:
    """Samples of one JSON object."""
    del stream  # text formats are decoded with the place of every error
    text, line = log.text.value()
    value = loads(text, log.text.place, line, log.notes, endless=UNSCORED)
    task = _task(value, log.place(line), log)
    samples = value.get("samples")
    if not isinstance(samples, list):
        found = f"{show(samples)} is no list" if "samples" in value else "is missing"
        fail(log.place(line), "$.samples", f"{found}; read the log with its samples")
    for n, sample in enumerate(samples):
        yield f"{log.place(line)}: $.samples[{n}]", sample, task


def _of_zip(stream: BinaryIO, log: Log) -> Iterator[tuple[str, Any, str]]:
    """Samples of a zip file, one member at a time."""
    place = log.text.place
    try:
        members = zipfile.ZipFile(stream).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise LogError(f"{place}: is no sound zip file ({error}); copy the log again") from None
    known = {one.filename: one for one in members}
    for header in ("header.json", "_journal/start.json"):
        if header in known:
            where = f"{place}: {header}"
            task = _task(_loads(_member(stream, known[header], log), where, log), where, log)
            break
    else:
        raise LogError(f"{place}: has no header.json; {CURE}")
    for name in sorted(name for name in known if _MEMBER.fullmatch(name)):
        where = f"{place}: {name}"
        yield where, _loads(_member(stream, known[name], log), where, log), task


def _loads(text: str, place: str, log: Log) -> Any:
    """A member as JSON."""
    return loads(text, place, 1, log.notes, endless=UNSCORED)


def _member(stream: BinaryIO, one: zipfile.ZipInfo, log: Log) -> str:
    """The text of a member. Inspect packs with zstd, which zipfile knows from Python 3.14 on."""
    place, limit = f"{log.text.place}: {one.filename}", log.options.record_limit
    if one.file_size > limit or (one.file_size > FREE and one.file_size > RATIO * one.compress_size):
        raise LogError(f"{place}: unpacks to {one.file_size:,} bytes; no sample should, split the log")
    try:
        stream.seek(one.header_offset)
        local = stream.read(30)
        if len(local) < 30 or not local.startswith(b"PK\x03\x04") or one.flag_bits & 1:
            raise LogError(f"{place}: cannot be unpacked; copy the log again")
        name, extra = struct.unpack("<HH", local[26:30])
        stream.seek(name + extra, 1)
        data = _unpacked(stream.read(min(one.compress_size, limit)), one, place)
    except ConvalignError:
        raise
    except (zlib.error, ValueError, OSError, MemoryError) as error:
        raise LogError(f"{place}: is broken ({error}); copy the log again") from None
    if len(data) != one.file_size or zlib.crc32(data) != one.CRC:
        raise LogError(f"{place}: does not have the check sum of the zip file; copy the log again")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LogError(f"{place}: byte {error.start} is not UTF-8; {CURE}") from None


def _unpacked(packed: bytes, one: zipfile.ZipInfo, place: str) -> bytes:
    """The bytes of a member, at most as many as the zip file says, and one more."""
    most = one.file_size + 1
    if one.compress_type == zipfile.ZIP_STORED:
        return packed
    if one.compress_type == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-15).decompress(packed, most)
    if one.compress_type != ZSTD:
        raise LogError(f"{place}: is packed by method {one.compress_type}; pack it by deflate or zstd")
    try:
        import zstandard
    except ImportError:
        raise MissingExtraError(f"{place}: is packed with zstd; pip install 'convalign[formats]'") from None
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            return reader.read(most)
    except zstandard.ZstdError as error:
        raise ValueError(error) from None
