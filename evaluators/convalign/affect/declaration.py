"""``affect.json``: what a model's author says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convalign.affect.scheme import Scheme, read_scheme
from convalign.errors import UsageError
from convalign.files import loads, readable


@dataclass(frozen=True, slots=True)
class Declaration:
    """A checked ``affect.json``.

    Attributes
    ----------
    name : of the model
    labels : [n_labels], in the model's order
    scheme : what they mean
    thresholds : label -> the probability from which it holds, chosen by the author; {} = none given
    batch : texts that go through the model together
    canary : what the model says of the texts of `convalign.affect.canary` where it is right; None = not said
    record : the whole file
    """

    name: str
    labels: tuple[str, ...]
    scheme: Scheme
    thresholds: Mapping[str, float]
    batch: int
    canary: Mapping[str, Any] | None
    record: Mapping[str, Any]


def declaration(path: Path) -> Declaration:
    """Read and check a declaration.

    Parameters
    ----------
    path : a JSON file with ``name``; ``order``, the labels in the model's order; what
        `convalign.affect.scheme.read_scheme` reads; ``thresholds`` (label -> 0..1), if they were chosen;
        ``batch``, 32 if it is left out; ``canary``, what ``convalign doctor --affect`` prints on a machine
        whose numbers are right

    Raises
    ------
    UsageError
        Not readable, no JSON, or a field that is missing or wrong: file, JSON path, what would work.
    """
    try:
        record = loads(readable(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; write a declaration of the model") from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}; write JSON") from None
    if not isinstance(record, Mapping):
        raise UsageError(f"{path}: is no object; write name, order, kind, labels, licence, languages")
    order = record.get("order")
    named = isinstance(order, list) and len(order) >= 2 and all(isinstance(one, str) for one in order)
    if not isinstance(order, list) or not named or len(set(order)) < len(order):
        raise UsageError(f"{path}: $.order: {order!r}; list the labels in the model's order, each once")
    thresholds = record.get("thresholds", {})
    if not isinstance(thresholds, Mapping):
        raise UsageError(f"{path}: $.thresholds: is no object; write label -> number")
    for label, value in thresholds.items():
        if label not in order or isinstance(value, bool) or not isinstance(value, (int, float)):
            raise UsageError(f"{path}: $.thresholds.{label}: {value!r}; write a label of order and a number")
    batch = record.get("batch", 32)
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise UsageError(f"{path}: $.batch: {batch!r}; write a whole number, 1 or more")
    canary = record.get("canary")
    if canary is not None and not isinstance(canary, Mapping):
        raise UsageError(f"{path}: $.canary: is no object; write what `convalign doctor --affect` prints")
    name = str(record.get("name") or path.parent.name)
    scheme = read_scheme(record, order, str(path))
    return Declaration(name, tuple(order), scheme, dict(thresholds), batch, canary, record)
