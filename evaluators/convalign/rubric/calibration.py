"""Bands from human dialogues: the only way in which a rubric gets a number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalign.errors import RubricError, UsageError
from convalign.rubric.records import Entry, Rubric
from convalign.rubric.rows import Table
from convalign.rubric.words import number
from convalign.scores import Score

LEAST = 20
"""Human dialogues below which no band is made."""
ENOUGH = 40
"""Human dialogues below which a band is marked."""
DRAWS = 2000
"""Bootstrap draws of dialogues."""


def calibrate(
    rubric: Rubric,
    rows: Iterable[Score],
    *,
    source: str,
    quantiles: tuple[float, float] = (0.1, 0.9),
    seed: int = 0,
    signatures: Mapping[str, str] | None = None,
    sha256: str | None = None,
    population: str | None = None,
    date: str | None = None,
) -> dict[str, Any]:
    """Write a copy of a rubric whose human baselines have edges, with where they come from.

    Parameters
    ----------
    rows : scores of human dialogues of the same use case, language and channel
    source : what these dialogues are called in verdicts
    quantiles : (low, high), shares of the dialogues below each edge, 0 < low < high < 1
    seed : of the bootstrap over dialogues
    signatures : dimension -> signature of the human run; without it no verdict can rest on the band
    sha256, population, date : of the human log, as written into the copy

    Returns
    -------
    The rubric as a JSON object. Every entry with ``relative_to: human_baseline`` whose scores are there
    has ``low`` and/or ``high`` (quantiles of the dialogues' judged quantity, linear between values) and a
    ``baseline``; ``notes`` names the entries that stay without. An edge whose 90 % interval is wider than
    half the band, or fewer than 40 dialogues, marks the baseline as unstable.

    Raises
    ------
    RubricError
        Nothing asks for a human baseline, none of it is scored, fewer than 20 dialogues, or a band
        without width.
    UsageError
        Quantiles that are not in order, or no name of the source.

    Source
    ------
    methods/use-cases.md, section 2.
    """
    low, high = quantiles
    if not 0 < low < high < 1:
        raise UsageError(f"quantiles: {low!r}, {high!r} are not in order; write two shares such as 0.1, 0.9")
    if not source:
        raise UsageError("source: is empty; name the human dialogues")
    table = Table(rows)
    wanted = [entry for entry in rubric.entries if entry.target.relative_to == "human_baseline"]
    if not wanted:
        raise RubricError(
            f"{rubric.place}: no entry is relative to a human baseline; calibrate another rubric"
        )
    record: dict[str, Any] = json.loads(rubric.text)
    left: list[str] = []
    for entry in wanted:
        values = _values(entry, table)
        if not len(values):
            left.append(entry.label)
            continue
        base = {"source": source, "n": len(values), "quantiles": [low, high], "sha256": sha256, "date": date}
        base |= {"signature": (signatures or {}).get(entry.dimension), "population": population}
        _write(_find(record, entry), entry, values, base, np.random.default_rng(seed), rubric.place)
    if len(left) == len(wanted):
        raise RubricError(
            f"{rubric.place}: these dialogues have no scores for {', '.join(left)}; score them first"
        )
    if left:
        told = f"Not calibrated, for want of scores: {', '.join(left)}."
        record["notes"] = f"{record['notes']} {told}" if record.get("notes") else told
    return record


def _values(entry: Entry, table: Table) -> NDArray[np.float64]:
    """[n_dialogues, n_directions] judged quantity of the dialogues that have it in every direction."""
    by_dialogue: dict[str, list[float]] = {}
    for direction in entry.directions:
        for row in table.rows(entry.dimension, table.metric(entry), direction):
            x = row.value if entry.quantity == "value" else row.excess
            if x is not None and row.n >= entry.minimum_turns:
                by_dialogue.setdefault(row.dialogue, []).append(x)
    complete = [values for values in by_dialogue.values() if len(values) == len(entry.directions)]
    return np.array(complete, dtype=np.float64)


def _find(record: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """The target of an entry in the copy."""
    item = record["dimensions"][entry.dimension]
    if isinstance(item, list):
        item = item[int(entry.path.rpartition("[")[2][:-1])]
    target: dict[str, Any] = item["target"]
    return target


def _write(
    target: dict[str, Any],
    entry: Entry,
    values: NDArray[np.float64],
    base: dict[str, Any],
    draw: np.random.Generator,
    place: str,
) -> None:
    """Put edges and provenance into one target."""
    n = len(values)
    path = f"{place}: {entry.path}.target"
    if n < LEAST:
        cure = f"{LEAST} are the least, {ENOUGH} are advised"
        raise RubricError(f"{path}: {n} human dialogues are scored on {entry.label}; {cure}")
    low, high = _quantiles(values, base["quantiles"])
    if not low < high:
        raise RubricError(f"{path}: the band has no width ({number(low)}); use dialogues whose scores differ")
    draws = np.array(
        [_quantiles(values[draw.integers(0, n, n)], base["quantiles"]) for _ in range(DRAWS)],
        dtype=np.float64,
    )
    around = np.quantile(draws, (0.05, 0.95), axis=0)
    edges = {"band": ("low", "high"), "at_least": ("low",), "at_most": ("high",)}[entry.target.kind]
    found = {"low": (low, around[:, 0].tolist()), "high": (high, around[:, 1].tolist())}
    loose = [name for name in edges if found[name][1][1] - found[name][1][0] > (high - low) / 2]
    for name in edges:
        target[name] = found[name][0]
        base[f"{name}_ci90"] = found[name][1]
    reasons = [f"{name} edge is wider than half the band" for name in loose]
    if n < ENOUGH:
        reasons.append(f"{ENOUGH} dialogues are advised")
    if reasons:
        base["unstable"] = f"unstable, n = {n}: {'; '.join(reasons)}"
    target["baseline"] = {key: value for key, value in base.items() if value is not None}


def _quantiles(values: NDArray[np.float64], shares: Sequence[float]) -> tuple[float, float]:
    """Two quantiles of all directions together, linear between values."""
    low, high = np.quantile(values, shares)
    return float(low), float(high)
