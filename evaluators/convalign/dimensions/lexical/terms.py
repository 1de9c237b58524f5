"""Term lists from files: the task vocabulary to which alignment can be restricted."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convalign.errors import ConvalignError
from convalign.files import readable

COLUMNS = ("term", "label", "name", "preflabel")
"""Headings under which a table holds its terms; without one of them the first column does."""


def read_terms(path: str | Path) -> tuple[str, ...]:
    """Read words and phrases from a list, a table or an ontology.

    Parameters
    ----------
    path : by its ending: ``.txt`` one term a line, ``#`` begins a comment; ``.json`` every text in
        it, of ontologies with keys that name relations those under ``term``, ``label``, ``name``,
        ``synonyms``; ``.csv``, ``.tsv`` the column headed term, label or name, else the first;
        ``.obo`` names and synonyms. UTF-8.

    Returns
    -------
    Different terms, lower case, sorted.

    Raises
    ------
    ConvalignError
        Not readable, another ending, not UTF-8, broken JSON, no term in it.
    """
    path = Path(path)
    readers = {".txt": _lines, ".json": _json, ".csv": _table, ".tsv": _table, ".obo": _obo}
    if path.suffix.lower() not in readers:
        raise ConvalignError(
            f"{path}: terms are read from {', '.join(readers)}; save the list as one of them"
        )
    try:
        text = readable(path).read_text(encoding="utf-8-sig")
        found = {term.strip().lower() for term in readers[path.suffix.lower()](text) if term.strip()}
    except OSError as error:
        raise ConvalignError(f"{path}: {error.strerror}; name a file with terms") from None
    except UnicodeDecodeError as error:
        raise ConvalignError(f"{path}: byte {error.start} is not UTF-8; save the list as UTF-8") from None
    except json.JSONDecodeError as error:
        raise ConvalignError(f"{path}:{error.lineno}: {error.msg}; write a JSON list of terms") from None
    except (csv.Error, RecursionError) as error:
        raise ConvalignError(f"{path}: {error}; write one term a line in a .txt file") from None
    if not found:
        raise ConvalignError(f"{path}: holds no term; write one a line")
    return tuple(sorted(found))


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield line.split("#", maxsplit=1)[0]


def _json(text: str) -> Iterator[str]:
    return _texts(json.loads(text))


def _texts(record: Any) -> Iterator[str]:
    """Every text; of objects that name their terms, only those."""
    if isinstance(record, str):
        yield record
    elif isinstance(record, list):
        for one in record:
            yield from _texts(one)
    elif isinstance(record, dict):
        named = [value for key, value in record.items() if key.lower() in (*COLUMNS, "synonyms", "terms")]
        for one in named or record.values():
            yield from _texts(one)


def _table(text: str) -> Iterator[str]:
    rows = list(csv.reader(text.splitlines(), delimiter="\t" if "\t" in text else ","))
    heading = [cell.strip().lower() for cell in rows[0]] if rows else []
    named = [heading.index(name) for name in COLUMNS if name in heading]
    for row in rows[1:] if named else rows:
        if len(row) > (named[0] if named else 0):
            yield row[named[0] if named else 0]


def _obo(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.startswith("name:"):
            yield line.removeprefix("name:")
        elif quoted := re.match(r'synonym:\s*"((?:[^"\\]|\\.)*)"', line):
            yield quoted[1].replace('\\"', '"')
