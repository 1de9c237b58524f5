"""The shipped rubrics as a list and as a table, for the command and the docs."""

from __future__ import annotations

from convalign import dimensions
from convalign.rubric.files import load, names
from convalign.rubric.records import Entry, Rubric
from convalign.rubric.words import target_text


def listing() -> list[dict[str, str]]:
    """Give one record per shipped rubric: name, use case, and a cell per dimension.

    Returns
    -------
    ``[{"name", "use_case", dimension: cell, ...}]``, sorted by name; ``-`` where a dimension does not
    apply.

    Examples
    --------
    >>> listing()[0]["name"]
    'collaboration'
    """
    return [_line(load(name)) for name in names()]


def table() -> str:
    """Give the markdown table of the shipped rubrics that rubrics/README.md holds.

    Returns
    -------
    One row per rubric, one column per dimension, ends in a newline.
    """
    columns = ("name", *dimensions.names())
    lines = ["| rubric | " + " | ".join(columns[1:]) + " |", "|---" * len(columns) + "|"]
    for record in listing():
        cells = [f"`{record['name']}`", *(record[column] for column in columns[1:])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _line(rubric: Rubric) -> dict[str, str]:
    """One rubric as a record."""
    cells = {d: [_cell(e) for e in rubric.entries if e.dimension == d] for d in dimensions.names()}
    return {
        "name": rubric.name,
        "use_case": rubric.use_case,
        **{d: "; ".join(c) or "-" for d, c in cells.items()},
    }


def _cell(entry: Entry) -> str:
    """One entry in a few words."""
    primes = "" if entry.primes == "all" else f" ({entry.primes} primes)"
    goal = "" if entry.target.kind == "none" else f" {target_text(entry.target)}"
    weak = ", weak ground" if entry.weak_ground else ""
    mutual = ", mutual" if entry.direction == "mutual" else ""
    floors = [floor.metric for floor in entry.contraindications if floor.metric is not None]
    floor = f", no more {' or '.join(floors)} than false alarms" if floors else ""
    return f"{entry.need}: {entry.metric}{primes}{goal}{mutual}{weak}{floor}"
