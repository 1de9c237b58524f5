"""The verbs that say what there is: formats, dimensions, rubrics, schema, doctor."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib import resources, util
from itertools import takewhile
from typing import Any

from convalign import dimensions as known
from convalign.cli import DONE, GATE_FAILED
from convalign.errors import MissingExtraError, UsageError
from convalign.scores import Metric

SCHEMAS = {
    "dialogue": ("convalign.corpora", "schema.json"),
    "rubric": ("convalign.rubrics", "schema.json"),
    "study": ("convalign", "study.schema.json"),
    "results": ("convalign", "results.schema.json"),
    "run": ("convalign", "run.schema.json"),
    "dialogues": ("convalign", "dialogues.schema.json"),
    "turns": ("convalign", "turns.schema.json"),
    "index": ("convalign", "index.schema.json"),
}
"""What ``convalign schema`` prints: name -> package and file."""

WIDTH = 100
FAMILY = 5
"""Metrics of one stem from which they are listed as a family."""

EXTRAS = {
    "torch": "affect models of the hub or with safetensors weights: pip install convalign[torch]",
    "parselmouth": "Praat as a pitch engine (GPL-3.0): pip install convalign[praat]",
    "pylangacq": "CHAT transcripts: pip install convalign[formats]",
    "zstandard": "zstd-packed logs and Inspect's .eval: pip install convalign[formats]",
    "pyarrow": "Parquet and Arrow, logs and tables: pip install convalign[parquet]",
    "distributed": "runs on a Dask cluster: pip install convalign[dask]",
    "fsspec": "logs at addresses (s3://, gs://, https://): pip install convalign[remote]",
    "shtab": "completion in a shell: pip install convalign[completion]",
    "inspect_ai": "scorers for Inspect: pip install convalign[inspect]",
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
    records = metric_table() if arguments.json else families(metric_table())
    _print(records, arguments, ("dimension", "metric", "unit", "range", "good", "summary"))
    return DONE


def families(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same table with metrics that differ in their feature alone as one: ``synchrony.<feature>``."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in records:
        head, dot, _ = one["metric"].partition(".")
        own = one["metric"] if not dot else f"{head}.<feature>"
        groups.setdefault((one["dimension"], own), []).append(one)
    table = []
    for (_, name), members in groups.items():
        if len(members) < FAMILY:
            table += members
            continue
        texts = [one["summary"] for one in members]
        before = _beginning(texts)
        after = _beginning([text[len(before) :].split(" (")[0][::-1] for text in texts])[::-1]
        units = {one["unit"] for one in members}
        table.append(
            members[0]
            | {
                "metric": name,
                "unit": units.pop() if len(units) == 1 else "of the feature",
                "summary": f"{before}<feature>{after}",
            }
        )
    return table


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
                    "minimum": metric.minimum
                    if metric.when is None
                    else f"{metric.minimum}; {_with(metric)}",
                    "source": metric.source,
                }
            )
    return records


def _beginning(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in same)


def _with(metric: Metric) -> str:
    """The option that asks for a metric, if it takes one."""
    if metric.when is None:
        return ""
    option, least = metric.when
    return f"; --{option.replace('_', '-')}" + (f" {least}" if least > 1 else "")


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


def completion(arguments: Namespace) -> int:
    """Print a completion script; it runs none of our code at a tab."""
    try:
        import shtab
    except ImportError:
        raise MissingExtraError("completion needs shtab; pip install 'convalign[completion]'") from None
    from convalign.cli.parser import parser

    print(shtab.complete(parser(), arguments.shell).rstrip("\n"))
    return DONE


def doctor(arguments: Namespace) -> int:
    """Say what is installed and what is missing, and whether numbers here are those of other machines."""
    from convalign import affect, logs, scale

    found = scale.versions()
    tested = _self_test(arguments.affect)
    record: dict[str, Any] = {
        "versions": found,
        "self_test": tested,
        "missing": [name for name, version in found.items() if version is None],
        "affect_models": affect.available(),
        "providers": affect.providers(),
        "formats": [one["name"] for one in logs.formats()],
        "dimensions": list(known.names()),
        "extras": {name: util.find_spec(name) is not None for name in EXTRAS},
        "options": {
            verb: {key: {"value": value, "from": source} for key, (value, source) in options.items()}
            for verb, options in arguments.configured.items()
        },
    }
    if arguments.json:
        print(json.dumps(record, indent=1, ensure_ascii=False))
        return DONE if tested["good"] else GATE_FAILED
    for name, version in found.items():
        print(f"{name:<20} {version or 'missing: pip install ' + name}")
    for model in record["affect_models"]:
        print(f"{'affect model':<20} {model['name']}: {model['about']}")
    print(f"{'affect runs on':<20} {', '.join(record['providers'])} (--provider)")
    print(f"{'log formats':<20} {', '.join(record['formats'])}")
    for verb, options in arguments.configured.items():
        for key, (value, source) in options.items():
            print(f"{'option':<20} {verb} --{key.replace('_', '-')} {value}, from {source}")
    for name, about in EXTRAS.items():
        print(f"{name:<20} {'installed' if record['extras'][name] else 'not installed'} ({about})")
    for said in tested["said"]:
        print(f"{'self-test':<20} {said}")
    return DONE if tested["good"] else GATE_FAILED


def _self_test(model: str | None) -> dict[str, Any]:
    """Whether each scorer makes of its canary what it should."""
    from convalign.scoring import scorers

    said = []
    names = known.names()
    chosen = scorers(names, {}) if model is None else scorers(("emotional",), {"affect": model})
    for scorer in chosen:
        one = scorer.canary
        if one.wrong is not None:
            said.append(f"{scorer.name}: {one.wrong}; numbers made here are not those of other machines")
        if "-dynamic" in scorer.signature:
            said.append(
                f"{scorer.name}: the model scales activations by the batch (DynamicQuantizeLinear): a "
                "text's numbers hang on its neighbours and on the processor; export it with fp32 arithmetic"
            )
        if one.expected is None:
            pasted = json.dumps({"canary": one.found}, ensure_ascii=False)
            said.append(
                f"{scorer.name}: the model does not say what its canary should give; on a machine that you "
                f"trust, add to its affect.json: {pasted[1:-1]}"
            )
    return {"good": not said, "said": said or ["all good"]}


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
