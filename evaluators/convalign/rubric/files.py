"""Rubric files: found, read strictly, checked, and turned into records; jsonschema lives here."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from convalign import dimensions
from convalign.errors import RubricError
from convalign.files import readable
from convalign.rubric.rates import false_alarms
from convalign.rubric.records import Baseline, Contraindication, Entry, Evidence, Rubric, Target

PACKAGE = "convalign.rubrics"
NOT_YET: Mapping[str, tuple[str, ...]] = {
    "lexical": ("entrainment.terms",),
}
"""Metrics that rubrics may name and this version does not score: their entries are judged unknown."""
NEGATIVE_ONLY = ("acknowledge", "regulate", "regulate.shift", "escalate", "dismiss", "mirror")
"""Metrics that are defined on negative primes alone, so that their rows carry no suffix for it."""
TRENDS = ("convergence", "slope", "trajectory")
"""Metrics that are a change over the dialogue, and what is told beside them."""

_CURES = {
    "minLength": "write some text",
    "minItems": "give at least {0}",
    "maxItems": "give at most {0}",
    "minProperties": "name at least {0}",
    "minimum": "write {0} or more",
    "maximum": "write {0} or less",
    "exclusiveMinimum": "write a number above {0}",
    "exclusiveMaximum": "write a number below {0}",
    "pattern": "write 64 hexadecimal digits",
}


def names() -> tuple[str, ...]:
    """List the shipped rubrics, sorted.

    Examples
    --------
    >>> "tutoring" in names()
    True
    """
    files = (item.name for item in resources.files(PACKAGE).iterdir())
    return tuple(sorted(name[:-5] for name in files if name.endswith(".json") and name != "schema.json"))


def load(name_or_path: str | Path, *, metrics: Mapping[str, Sequence[str]] | None = None) -> Rubric:
    """Read a rubric, shipped or the team's own, and refuse what could not be judged by it.

    Parameters
    ----------
    name_or_path : a shipped name (see `names`), or a file (ends in ``.json``, or holds a ``/``)
    metrics : dimension -> its metrics, headline first; None = names of metrics are not checked,
        and a metric left out is looked up in the dimension itself

    Returns
    -------
    Rubric, frozen.

    Raises
    ------
    RubricError
        No such rubric, not readable, not JSON, a key twice, NaN, or a field that is missing, unknown
        or of the wrong kind: ``file: $.path: found; what would work``.

    Source
    ------
    methods/use-cases.md, section 1; rubrics/schema.json.

    Examples
    --------
    >>> load("tutoring").use_case
    'tutoring'
    """
    given = str(name_or_path)
    if isinstance(name_or_path, Path) or given.endswith(".json") or "/" in given:
        path = Path(name_or_path)
        try:
            data = readable(path).read_bytes()
        except OSError as error:
            raise RubricError(
                f"{given}: {error.strerror}; name a rubric file or one of: {_shipped()}"
            ) from None
        return parse(data, place=path.name, metrics=metrics)
    if given not in names():
        raise RubricError(f"no rubric {given!r}; there are: {_shipped()}; or name a file ending in .json")
    data = (resources.files(PACKAGE) / f"{given}.json").read_bytes()
    return parse(data, place=f"{given}.json", metrics=metrics)


def parse(
    data: bytes | str, *, place: str = "rubric", metrics: Mapping[str, Sequence[str]] | None = None
) -> Rubric:
    """Make a rubric of the text of a file; see `load`.

    Parameters
    ----------
    data : the file, UTF-8
    place : name of the file for messages
    metrics : as in `load`
    """
    raw = data.encode() if isinstance(data, str) else data
    record, text = _strict_json(raw, place)
    error = min(_validator().iter_errors(record), key=_position, default=None)
    if error is not None:
        raise RubricError(f"{place}: {_told(error)}")
    known = dimensions.names() if metrics is None else tuple(metrics)
    for name in record["dimensions"]:
        if name not in known:
            _fail(place, f"$.dimensions.{name}", f"no dimension {name!r}; there are: {', '.join(known)}")
    entries = tuple(
        _entry(item, place, path, dimension, metrics)
        for dimension, path, item in _items(record["dimensions"])
    )
    _no_twins(entries, place)
    return Rubric(
        name=record["name"],
        version=record["version"],
        schema_version=record["schema_version"],
        use_case=record["use_case"],
        population=record["population"],
        entries=entries,
        notes=record.get("notes"),
        sha256=hashlib.sha256(raw).hexdigest(),
        place=place,
        text=text,
    )


def _items(found: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every entry with its dimension and JSON path, in the order of the file."""
    for dimension, item in found.items():
        if isinstance(item, list):
            yield from ((dimension, f"$.dimensions.{dimension}[{i}]", one) for i, one in enumerate(item))
        else:
            yield dimension, f"$.dimensions.{dimension}", item


def _shipped() -> str:
    """Names of the shipped rubrics, for messages."""
    return ", ".join(names())


def _fail(place: str, path: str, message: str) -> NoReturn:
    raise RubricError(f"{place}: {path}: {message}")


def _strict_json(raw: bytes, place: str) -> tuple[Any, str]:
    """Read JSON without the liberties of the standard reader: no NaN, no key twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise RubricError(f"{place}: key {key!r} stands twice in one object; keep one")
            found[key] = value
        return found

    def number(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise RubricError(
                f"{place}: {text} is no finite number; leave the field out when it is not known"
            )
        return value

    def whole(text: str) -> int:
        number(text)
        return int(text)

    try:
        text = raw.decode("utf-8-sig")
        record = json.loads(
            text, object_pairs_hook=once, parse_float=number, parse_constant=number, parse_int=whole
        )
        return record, text
    except RubricError:
        raise
    except UnicodeDecodeError as error:
        raise RubricError(f"{place}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        where = f"{place}:{error.lineno}:{error.colno}"
        raise RubricError(f"{where}: no JSON ({error.msg}); see: convalign schema rubric") from None
    except (RecursionError, ValueError) as error:
        raise RubricError(f"{place}: {error}; see: convalign schema rubric") from None


@cache
def _validator() -> Draft202012Validator:
    """The schema, compiled once."""
    text = (resources.files(PACKAGE) / "schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _position(error: ValidationError) -> tuple[int, str]:
    """Outermost first: what is wrong further in may only follow from it."""
    return len(error.absolute_path), f"{error.json_path} {error.validator} {error.message}"


def _told(error: ValidationError) -> str:
    """A schema error as place: found; what would work."""
    path, rule = error.json_path, str(error.validator)
    value: Any = error.validator_value
    schema: Any = error.schema
    found_here: Any = error.instance
    if rule == "required":
        missing = next(key for key in value if key not in found_here)
        return f"{path}.{missing}: is missing; add it"
    if rule == "additionalProperties":
        allowed = schema["properties"]
        stray = sorted(set(found_here) - set(allowed))[0]
        return f"{path}.{stray}: no field {stray!r}; there are: {', '.join(allowed)}"
    if rule == "enum":
        return f"{path}: no {_last(path)} {_shown(found_here)}; there are: {', '.join(value)}"
    kinds = {"object": "an object", "array": "a list", "string": "text", "number": "a number"}
    kinds |= {"integer": "a whole number", "boolean": "true or false"}
    if rule == "type":
        return f"{path}: {_shown(found_here)} is not {kinds[value]}; write {kinds[value]}"
    found = "is empty" if rule in ("minLength", "minProperties") else _shown(found_here)
    verb = "" if found == "is empty" else " does not fit"
    return f"{path}: {found}{verb}; {_CURES[rule].format(value)}"


def _last(path: str) -> str:
    """Name of the field at the end of a JSON path."""
    return path.rpartition(".")[2]


def _shown(value: object) -> str:
    """A value for a message, short."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _entry(
    item: dict[str, Any],
    place: str,
    path: str,
    dimension: str,
    metrics: Mapping[str, Sequence[str]] | None,
) -> Entry:
    """One entry that keeps the schema, checked for what a schema cannot say."""
    metric = item.get("metric") or _headline(dimension, metrics)
    floors = tuple(Contraindication(**one) for one in item.get("contraindications", ()))
    _check_metric(metric, place, f"{path}.metric", dimension, metrics)
    for i, (floor, one) in enumerate(zip(floors, item.get("contraindications", ()), strict=True)):
        where = f"{path}.contraindications[{i}]"
        if floor.metric is not None:
            _check_metric(floor.metric, place, f"{where}.metric", dimension, metrics)
            if dimension != "emotional" or floor.metric not in false_alarms():
                there = ", ".join(f"emotional {flag}" for flag in false_alarms())
                cure = f"there are: {there}; or give an entry of its own, with target at_most"
                _fail(place, f"{where}.metric", f"{floor.metric!r} has no measured false alarm rate; {cure}")
        elif "at_most" in one:
            _fail(place, f"{where}.metric", "is missing beside at_most; name the metric that is counted")
    trend = metric.partition(".")[0] in TRENDS
    scale = item.get("time_scale", "trend" if trend else "dialogue")
    if (scale == "trend") != trend:
        cure = f"write trend for one of: {', '.join(TRENDS)}, and for nothing else"
        _fail(place, f"{path}.time_scale", f"{scale!r} does not go with metric {metric!r}; {cure}")
    if item.get("primes", "all") != "all" and dimension != "emotional":
        _fail(
            place,
            f"{path}.primes",
            f"{item['primes']!r} in {dimension}; primes are told apart in emotional only",
        )
    target = _target(item["target"], item, place, f"{path}.target")
    plain = {k: v for k, v in item.items() if k not in ("metric", "target", "evidence", "contraindications")}
    return Entry(
        **{
            **plain,
            "path": path,
            "dimension": dimension,
            "metric": metric,
            "target": target,
            "time_scale": scale,
            "evidence": tuple(Evidence(**line) for line in item["evidence"]),
            "contraindications": floors,
        }
    )


def _headline(dimension: str, metrics: Mapping[str, Sequence[str]] | None) -> str:
    """The metric of an entry that names none."""
    if metrics is not None:
        return metrics[dimension][0]
    return dimensions.load(dimension).METRICS[0].name


def _check_metric(
    metric: str, place: str, path: str, dimension: str, metrics: Mapping[str, Sequence[str]] | None
) -> None:
    """Refuse a metric that neither this version nor the plan knows."""
    if metrics is None or metric in metrics[dimension] or metric in NOT_YET.get(dimension, ()):
        return
    _fail(place, path, f"no metric {metric!r} in {dimension}; there are: {', '.join(metrics[dimension])}")


def _target(given: dict[str, Any], item: dict[str, Any], place: str, path: str) -> Target:
    """The target, with edges that exist and are in order."""
    kind, need = given["kind"], item["need"]
    relative = given.get("relative_to", "strangers")
    low, high = given.get("low"), given.get("high")
    if kind == "none" and need != "monitor":
        cure = "give a target, or need monitor"
        _fail(place, f"{path}.kind", f"'none' cannot be judged, and need is {need!r}; {cure}")
    if need == "contraindicated" and kind != "at_most":
        cure = "write at_most, the tolerated ceiling"
        _fail(place, f"{path}.kind", f"{kind!r} asks for what the need forbids; {cure}")
    if kind == "above_chance" and relative != "strangers":
        _fail(place, f"{path}.relative_to", f"{relative!r} is not chance; write strangers, or kind at_least")
    if kind != "none" and relative == "strangers":
        _check_strangers(given, item, place, path)
    needed = {"at_least": ("low",), "at_most": ("high",), "band": ("low", "high")}.get(kind, ())
    if relative == "file" or (relative == "human_baseline" and "baseline" in given):
        for name in (edge for edge in needed if edge not in given):
            _fail(place, f"{path}.{name}", f"is missing, and kind is {kind!r}; write the edge as a number")
    if low is not None and high is not None and not low < high:
        _fail(place, path, f"low {low:g} is not below high {high:g}; write low < high")
    if "baseline" in given and relative != "human_baseline":
        _fail(place, f"{path}.baseline", f"beside relative_to {relative!r}; write human_baseline")
    return Target(kind, relative, low, high, _baseline(given.get("baseline")))


def _check_strangers(given: dict[str, Any], item: dict[str, Any], place: str, path: str) -> None:
    """Strangers are the zero of excess and nothing else."""
    if item.get("quantity", "excess") == "value":
        _fail(place, f"{path}.relative_to", "strangers are the zero of excess; write quantity excess")
    if given["kind"] == "band":
        cure = "write human_baseline, or file with low and high"
        _fail(place, f"{path}.relative_to", f"strangers give no band; {cure}")
    for name in (edge for edge in ("low", "high") if edge in given):
        cure = "leave it out, or write relative_to file"
        _fail(place, f"{path}.{name}", f"{given[name]:g} against strangers, whose edge is 0; {cure}")


def _baseline(given: dict[str, Any] | None) -> Baseline | None:
    """Provenance of calibrated edges, lists made tuples."""
    if given is None:
        return None
    parts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
    return Baseline(**parts)


def _no_twins(entries: Sequence[Entry], place: str) -> None:
    """Refuse two entries that would judge the same rows by the same need."""
    seen: dict[tuple[str, ...], str] = {}
    for entry in entries:
        key = (entry.dimension, entry.metric, entry.direction, entry.primes, entry.time_scale)
        if key in seen:
            _fail(place, entry.path, f"judges the same scores as {seen[key]}; keep one of them")
        seen[key] = entry.path
