"""Parquet and Arrow: a data set of Hugging Face, one row a dialogue or one row a turn."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from convalign.dialogue import Dialogue
from convalign.errors import LogError, MissingExtraError
from convalign.logs import openai, plain, sharegpt
from convalign.logs._bytes import FREE, RATIO
from convalign.logs._log import Head, Log, fail, own_id, show
from convalign.logs.table import KNOWN, dialogues, layout_of_names

if TYPE_CHECKING:
    import pyarrow

NAME = "parquet"
EXTENSIONS = (".parquet", ".arrow")
READS = (
    "a column messages, conversations, conversation, dialog, dialogue or turns: a list of structs as in "
    "chats, ShareGPT or canonical turns, or of texts (--speakers A,B); or one row a turn, columns as in CSV"
)
IGNORES = "columns that JSON cannot hold (counted); null fields count as absent; other columns go to meta"
BINARY = True

COLUMNS = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns")
IDS = ("id", "conversation_id", "prompt_id", "dialogue_id", "dialog_id")
ROWS = 256
"""Rows read at once."""
BROKEN = "copy the file again"


def sniff(head: Head) -> bool:
    """Whether the first bytes are those of Parquet, of an Arrow file, or of an Arrow stream."""
    named = head.name.lower().endswith(".arrow") and head.magic.startswith(b"\xff\xff\xff\xff")
    return head.magic.startswith((b"PAR1", b"ARROW1")) or named


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one batch of rows at a time."""
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError(
            f"{log.text.place}: is Parquet or Arrow; pip install 'convalign[parquet]', "
            "or export it as JSON lines"
        ) from None
    with log.open() as stream:
        batches = _batches(stream, log)
        try:
            first = next(batches, None)
            if first is None:
                raise LogError(f"{log.place(1)}: has no rows; give one row per dialogue, or per turn")
            names = first.schema.names
            column = next(
                (name for name in COLUMNS if name in names and _is_list(first.schema.field(name).type)), None
            )
            rows = _rows(first, batches)
            if column is not None:
                yield from _of_lists(rows, column, log)
                return
            layout = layout_of_names(names, log.options.columns)
            if layout is None:
                raise LogError(
                    f"{log.place(1)}: no list of turns ({', '.join(COLUMNS)}) and no speaker and text; "
                    f"there are: {', '.join(names[:12])}; say --columns speaker=NAME,text=NAME"
                )
            cells = ((number, 1, [plain.as_cell(row[name]) for name in names]) for number, row in rows)
            yield from dialogues(cells, layout, log)
        except (pyarrow.ArrowException, OSError, OverflowError, MemoryError, UnicodeDecodeError) as error:
            raise LogError(f"{log.text.place}: cannot be read ({_short(error)}); {BROKEN}") from None


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def _is_list(kind: pyarrow.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_list_view(kind))


def _batches(stream: BinaryIO, log: Log) -> Iterator[pyarrow.RecordBatch]:
    """Batches of rows, of any of the three forms."""
    import pyarrow
    from pyarrow import ipc, parquet

    magic = stream.read(6)
    stream.seek(0)
    try:
        if magic.startswith(b"PAR1"):
            file = parquet.ParquetFile(stream)
            _check_size(stream, file.metadata, log)
            for batch in file.iter_batches(batch_size=ROWS, use_threads=False):
                yield from _cut(batch)
        elif magic == b"ARROW1":
            opened = ipc.open_file(stream)
            for index in range(opened.num_record_batches):
                yield from _cut(opened.get_batch(index))
        else:
            for batch in ipc.open_stream(stream):
                yield from _cut(batch)
    except (pyarrow.ArrowException, OSError, MemoryError) as error:
        raise LogError(f"{log.text.place}: cannot be read ({_short(error)}); {BROKEN}") from None


def _cut(batch: pyarrow.RecordBatch) -> Iterator[pyarrow.RecordBatch]:
    """Slices of a batch, whose offsets are checked first: Arrow trusts what a file says of itself."""
    batch.validate(full=True)
    for start in range(0, batch.num_rows, ROWS):
        yield batch.slice(start, ROWS)


def _check_size(stream: BinaryIO, metadata: Any, log: Log) -> None:
    """Refuse row groups that say they unpack to unbelievably much.

    Sizes of single columns are not asked for: pyarrow 26 ends the process on statistics that do not fit.
    """
    stored = stream.seek(0, 2)
    for index in range(metadata.num_row_groups):
        unpacked = metadata.row_group(index).total_byte_size
        if unpacked > FREE and unpacked > RATIO * stored:
            raise LogError(
                f"{log.text.place}: row group {index} unpacks to over {RATIO} times the size of the file; "
                "no dialogue log does: export it as JSON lines if it is one"
            )


def _rows(
    first: pyarrow.RecordBatch, others: Iterator[pyarrow.RecordBatch]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows as (number from 1, values)."""
    number = 0
    for batch in chain((first,), others):
        for row in batch.to_pylist():
            number += 1
            yield number, row


def _of_lists(rows: Iterator[tuple[int, dict[str, Any]]], column: str, log: Log) -> Iterator[Dialogue]:
    """Dialogues of rows with a list of turns."""
    for number, row in rows:
        place = log.place(number)
        try:
            made = _dialogue(row, column, number, place, log)
        except LogError as error:
            log.refuse(error)
            continue
        yield made


def _dialogue(row: dict[str, Any], column: str, number: int, place: str, log: Log) -> Dialogue:
    """The dialogue of one row, by the rules of the format that its turns have."""
    listed = row.pop(column)
    if not isinstance(listed, list):
        fail(place, f"column {column!r}", f"{show(listed)} is no list of turns; leave the row out")
    turns = [_present(one) for one in listed]
    rest = {key: value for key, value in row.items() if value is not None and _is_json(value, log)}
    name = own_id(rest, IDS, place) or f"{log.name}#{number}"
    first: Any = next((one for one in turns if one is not None), {})
    if isinstance(first, str):
        return _alternating(turns, rest, name, place, column, log)
    if not isinstance(first, dict):
        fail(place, f"column {column!r}", f"{show(first)} is no turn; write role and content")
    if "from" in first and "value" in first:
        return sharegpt.dialogue_of({"id": name, "conversations": turns, **rest}, place, lambda: name)
    if any(known in first for known in KNOWN["speaker"] if known != "role"):
        return plain.dialogue_of(turns, rest, name, place, f"column {column!r}")
    return openai.dialogue_of({"id": name, "messages": turns, **rest}, place, lambda: name)


def _alternating(
    turns: list[Any], rest: dict[str, Any], name: str, place: str, column: str, log: Log
) -> Dialogue:
    """The dialogue of texts without speakers, who take turns when ``--speakers`` says so."""
    speakers = log.options.speakers
    if not speakers:
        fail(place, f"column {column!r}", "has texts and no speakers; say --speakers A,B if they alternate")
    made = [{"speaker": speakers[n % len(speakers)], "text": one} for n, one in enumerate(turns)]
    return plain.dialogue_of(made, rest, name, place, f"column {column!r}")


def _present(value: Any) -> Any:
    """A value without the keys that Arrow fills with null."""
    if isinstance(value, dict):
        return {key: _present(one) for key, one in value.items() if one is not None}
    return [_present(one) for one in value] if isinstance(value, list) else value


def _is_json(value: Any, log: Log) -> bool:
    """Whether JSON can hold a value as it is; what it cannot is counted."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        if not (isinstance(value, float) and math.isnan(value)):
            log.notes.add(f"values of type {type(value).__name__} have no place in meta")
        return False
    return True
