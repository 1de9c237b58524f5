"""Study files read strictly, and schema errors in words."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from jsonschema.exceptions import ValidationError

from convalign.errors import StudyError

_CURES = {
    "type": "write {0}",
    "required": "add it",
    "minLength": "write some text",
    "minItems": "give at least {0}",
    "minProperties": "name at least {0}",
    "minimum": "write {0} or more",
    "exclusiveMinimum": "write a number above {0}",
    "exclusiveMaximum": "write a number below {0}",
    "const": "write {0}",
}
_TYPES = {"object": "an object", "array": "a list", "string": "text", "number": "a number"}
_TYPES |= {"integer": "a whole number", "boolean": "true or false", "null": "null"}


def strict_json(text: str, place: str) -> Any:
    """Read JSON as it is meant: every key once, every number finite.

    Parameters
    ----------
    text : of the file
    place : what messages call it

    Returns
    -------
    What the JSON holds.

    Raises
    ------
    StudyError
        It is not JSON, a key stands twice, or a number is NaN or infinite.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                raise StudyError(f"{place}: key {key!r} stands twice; keep one")
            found[key] = value
        return found

    def constant(name: str) -> NoReturn:
        raise StudyError(f"{place}: {name} is no JSON number; write a finite number")

    def number(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise StudyError(f"{place}: {digits} is too large; write a finite number")
        return value

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=number)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "too deep"
        raise StudyError(f"{place}: not JSON ({where}); give a study file (JSON)") from None


def schema_words(error: ValidationError) -> str:
    """Turn a schema error into the place, what was found, and what would work.

    Parameters
    ----------
    error : from jsonschema

    Returns
    -------
    ``$.alpha: "x" is text; write a number``.
    """
    where, found, rule = error.json_path, error.instance, str(error.validator)
    value: Any = error.validator_value
    words = _shape_words(where, found, rule, value, error)
    if words is not None:
        return words
    if rule == "enum":
        return f"{where}: no {error.absolute_path[-1]} {found!r}; there are: {', '.join(value)}"
    if rule == "anyOf" and where.endswith(".bound"):
        cure = "write a number above 0, or [low, high] with low below 0 and high above it"
        return f"{where}: {json.dumps(found)} is no bound; {cure}"
    if rule == "anyOf":
        return f"{where}: {json.dumps(found)} is no name; write a name, or a list of names"
    if rule == "type":
        wanted = [value] if isinstance(value, str) else value
        return (
            f"{where}: {json.dumps(found)} is {_kind(found)}; write {' or '.join(_TYPES[t] for t in wanted)}"
        )
    shown = json.dumps(found) if not isinstance(found, list | dict) else f"{len(found)} given"
    return f"{where}: {shown}; {_CURES.get(rule, 'see `convalign schema study`').format(json.dumps(value))}"


def _shape_words(where: str, found: Any, rule: str, value: Any, error: ValidationError) -> str | None:
    """Words for a field that is missing, unknown or one of two."""
    if rule == "required":
        missing = next(name for name in value if name not in found)
        return f"{where}.{missing}: missing; add it"
    if rule == "additionalProperties" and value is False:
        known = list(error.schema["properties"])  # type: ignore[index]
        extra = next(name for name in found if name not in known)
        return f"{where}: no field {extra!r}; there are: {', '.join(known)}"
    if rule == "oneOf":
        both = "run" in found and "log" in found
        return f"{where}: has {'both run and log' if both else 'neither run nor log'}; give one of them"
    return None


def _kind(found: Any) -> str:
    """Name the JSON type of a value."""
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return names.get(type(found), "null" if found is None else "an object")
