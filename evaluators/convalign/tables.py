"""The tables of a run as Parquet: the same rows, a fifteenth of the size, for tools that read columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from convalign.errors import MissingExtraError, RunError
from convalign.scores import Score, TurnScore

Row = TypeVar("Row", Score, TurnScore)

KINDS = {"dialogues": Score, "turns": TurnScore}
"""Table -> what a row of it is."""
NUMBERS = ("value", "baseline", "excess", "baseline_sd", "p")
COUNTS = ("n", "turn", "surrogates")


def write_parquet(path: Path, kind: type[Score | TurnScore], parts: Iterable[bytes]) -> None:
    """Write a table.

    Parameters
    ----------
    path : file to make
    kind : `Score` or `TurnScore`
    parts : rows as JSON lines, some dialogues at a time; each part becomes a row group

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    """
    pyarrow, parquet = _library()
    schema = _schema(pyarrow, kind)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in parts:
            rows = [json.loads(line) for line in part.splitlines()]
            if rows:
                writer.write_table(pyarrow.Table.from_pylist(rows, schema))


def read_parquet(path: Path, kind: type[Row]) -> Iterator[Row]:
    """Read a table that `write_parquet` wrote.

    Raises
    ------
    RunError
        The file is broken, or of another schema.
    """
    pyarrow, parquet = _library()
    try:
        with parquet.ParquetFile(path) as file:
            if file.schema_arrow.names != [f.name for f in fields(kind)]:
                raise RunError(f"{path}: has other columns than this version writes; score the log again")
            for batch in file.iter_batches():
                for record in batch.to_pylist():
                    yield kind(**record)
    except (pyarrow.ArrowException, OSError) as error:
        raise RunError(f"{path}: {error}; score the log again") from None


def _schema(pyarrow: Any, kind: type[Score | TurnScore]) -> Any:
    """Columns as declared, never guessed: a part may be all null."""
    types = {
        **dict.fromkeys(NUMBERS, pyarrow.float64()),
        **dict.fromkeys(COUNTS, pyarrow.int32()),
    }
    words = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    return pyarrow.schema([(f.name, types.get(f.name, words)) for f in fields(kind)])


def require_parquet() -> None:
    """Say at once that Parquet cannot be written, not after hours."""
    _library()


def _library() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("--table parquet needs pyarrow; pip install 'convalign[parquet]'") from None
    return pyarrow, parquet
