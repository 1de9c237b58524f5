"""The verbs that say what there is: formats, dimensions, rubrics, schema, doctor."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib import resources, util
from typing import Any

from convalign import dimensions as known
from convalign.cli import DONE
from convalign.errors import UsageError

SCHEMAS = {
    "dialogue": ("convalign.corpora", "schema.json"),
    "rubric": ("convalign.rubrics", "schema.json"),
    "study": ("convalign", "study.schema.json"),
}
"""What ``convalign schema`` prints: name -> package and file."""

WIDTH = 100

EXTRAS = {
    "torch": "affect models of the hub or with safetensors weights: pip install convalign[torch]",
    "parselmouth": "not used yet: Praat as a pitch engine comes later",
    "pyarrow": "not used yet: Parquet comes later",
}
"""Optional libraries, and what they would be for."""


def formats(arguments: Namespace) -> int:
    """List the log formats."""
    from convalign import logs

    records = logs.formats()
    _print(records, arguments, ("name", "extensions", "reads", "ignores"))
    return DONE


def dimensions(arguments: Namespace) -> int:
    """List the dimensions with their metrics, headline first."""
    _print(metric_table(), arguments, ("dimension", "metric", "unit", "range", "good", "summary"))
    return DONE


def metric_table() -> list[dict[str, Any]]:
    """One record per metric of every dimension, headline first; docs and help are made from it."""
    records = []
    for name in known.names():
        module = known.load(name)
        for place, metric in enumerate(module.METRICS):
            low = "-inf" if metric.low is None else f"{metric.low:g}"
            high = "inf" if metric.high is None else f"{metric.high:g}"
            records.append(
                {
                    "dimension": name,
                    "metric": metric.name,
                    "headline": place == 0,
                    "needs": module.NEEDS,
                    "unit": metric.unit,
                    "range": f"{low}..{high}",
                    "good": metric.good,
                    "summary": metric.summary,
                    "minimum": metric.minimum,
                    "source": metric.source,
                }
            )
    return records


def rubrics(arguments: Namespace) -> int:
    """List the shipped rubrics and what each needs per dimension."""
    from convalign import rubric

    _print(rubric.listing(), arguments, ("name", "use_case", *known.names()))
    return DONE


def schema(arguments: Namespace) -> int:
    """Print one JSON Schema, or the names of all."""
    if arguments.name is None:
        _print([{"name": name} for name in sorted(SCHEMAS)], arguments, ("name",))
        return DONE
    if arguments.name not in SCHEMAS:
        raise UsageError(f"no schema {arguments.name!r}; there are: {', '.join(sorted(SCHEMAS))}")
    package, file = SCHEMAS[arguments.name]
    print((resources.files(package) / file).read_text(encoding="utf-8").rstrip("\n"))
    return DONE


def doctor(arguments: Namespace) -> int:
    """Say what is installed, which affect models there are, and what is missing."""
    from convalign import affect, logs, scale

    found = scale.versions()
    record: dict[str, Any] = {
        "versions": found,
        "missing": [name for name, version in found.items() if version is None],
        "affect_models": affect.available(),
        "providers": affect.providers(),
        "formats": [one["name"] for one in logs.formats()],
        "dimensions": list(known.names()),
        "extras": {name: util.find_spec(name) is not None for name in EXTRAS},
    }
    if arguments.json:
        print(json.dumps(record, indent=1, ensure_ascii=False))
        return DONE
    for name, version in found.items():
        print(f"{name:<20} {version or 'missing: pip install ' + name}")
    for model in record["affect_models"]:
        print(f"{'affect model':<20} {model['name']}: {model['about']}")
    print(f"{'affect runs on':<20} {', '.join(record['providers'])} (--provider)")
    print(f"{'log formats':<20} {', '.join(record['formats'])}")
    for name, about in EXTRAS.items():
        print(f"{name:<20} {'installed' if record['extras'][name] else 'not installed'} ({about})")
    return DONE


def _print(records: Sequence[Mapping[str, Any]], arguments: Namespace, columns: Sequence[str]) -> None:
    """JSON when asked for, else a table; a block per record where a table would be too wide."""
    if arguments.json:
        print(json.dumps(list(records), indent=1, ensure_ascii=False))
        return
    cells = [[_cell(record.get(column)) for column in columns] for record in records]
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    if sum(widths) + 2 * len(widths) > WIDTH:
        for line in cells:
            print(line[0])
            for column, text in zip(columns[1:], line[1:], strict=True):
                indent = " " * (len(column) + 4)
                print(textwrap.fill(f"  {column}: {text}", WIDTH, subsequent_indent=indent))
        return
    for line in [list(columns), *cells]:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
