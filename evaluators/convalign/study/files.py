"""Study files: read, checked and made into records; jsonschema lives here."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator

from convalign.errors import StudyError
from convalign.files import readable
from convalign.study.designs import baseline_name, check_arms, check_design, check_names
from convalign.study.messages import schema_words, strict_json
from convalign.study.records import Arm, Bound, Study, read_time

SCHEMA_VERSION = 1


@cache
def schema() -> Mapping[str, Any]:
    """Read the schema of study files, JSON Schema draft 2020-12."""
    text = (resources.files("convalign") / "study.schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def load(path: str | Path, *, dimensions: Collection[str] | None = None) -> Study:
    """Read a study file and refuse one on which no claim could rest.

    Parameters
    ----------
    path : of the JSON file; relative paths in it are read against its folder
    dimensions : names that exist, for targets and bounds; None: any name

    Returns
    -------
    Study.

    Raises
    ------
    StudyError
        The file cannot be read, is no strict JSON (double keys, NaN), or does not fit; the message has the
        file, the place in it, what was found and what would work.

    Source
    ------
    methods/statistics.md, section 4.
    """
    file = Path(path)
    try:
        text = readable(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else (error.strerror or "unreadable")
        raise StudyError(f"{file}: {what}; give a study file (JSON)") from None
    return parse(strict_json(text, file.name), folder=file.parent, place=file.name, dimensions=dimensions)


def parse(
    document: Any,
    *,
    folder: str | Path = ".",
    place: str = "study",
    dimensions: Collection[str] | None = None,
) -> Study:
    """Check a study that is already read.

    Parameters
    ----------
    document : the study as JSON has it
    folder : against which relative paths are read
    place : what messages call the study
    dimensions : names that exist; None: any name

    Returns
    -------
    Study.

    Raises
    ------
    StudyError
        It does not fit.
    """
    if isinstance(document, dict) and isinstance(document.get("design"), str):
        check_design(document["design"], place)
    _check_schema(document, schema(), place)
    study = _made(document, Path(folder), place)
    check_arms(study, place)
    check_names(study, place, dimensions)
    return study


def from_arms(
    baseline: str | Path,
    arms: Mapping[str, str | Path] | Sequence[tuple[str, str | Path]],
    *,
    bounds: Mapping[str, float | tuple[float, float]] | None = None,
    alpha: float = 0.05,
    seed: int = 0,
    bootstrap: int = 2000,
    cluster: str | None = None,
    rubric: Sequence[str] = (),
    direction: str = "agent->user",
    quantity: Literal["excess", "value"] = "excess",
    dimensions: Collection[str] | None = None,
) -> Study:
    """Build a study from runs that exist already: exploratory, whatever it finds.

    Parameters
    ----------
    baseline : run that the others are compared with
    arms : targeted dimension -> run
    bounds : dimension -> bound, score units; a dimension without one gets numbers and no conclusion
    alpha, seed, bootstrap, cluster, rubric, direction, quantity : as in a study file
    dimensions : names that exist; None: any name

    Returns
    -------
    Study with `from_arms` true and no `declared_at`.

    Raises
    ------
    StudyError
        A name or number does not fit.
    """
    pairs = list(arms.items()) if isinstance(arms, Mapping) else list(arms)
    reason = {"kind": "other", "text": "given on the command line"}
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": "exploratory",
        "design": "intervention",
        "arms": [
            {"name": "baseline", "run": str(baseline)},
            *({"name": name, "run": str(run), "targets": name} for name, run in pairs),
        ],
        "baseline": "baseline",
        "direction": direction,
        "quantity": quantity,
        "bounds": {
            name: {"bound": list(bound) if isinstance(bound, tuple) else bound, "reason": reason}
            for name, bound in (bounds or {}).items()
        },
        "cluster": cluster,
        "alpha": alpha,
        "seed": seed,
        "bootstrap": bootstrap,
        "rubric": list(rubric),
    }
    place = "--arm"
    checked = dict(schema())
    checked["required"] = [name for name in checked["required"] if name != "declared_at"]
    checked["properties"] = dict(checked["properties"])
    checked["properties"]["bounds"] = {**checked["properties"]["bounds"], "minProperties": 0}
    _check_schema(document, checked, place)
    study = _made(document, Path(), place, built=True)
    check_arms(study, place)
    check_names(study, place, dimensions)
    return study


def _check_schema(document: Any, rules: Mapping[str, Any], place: str) -> None:
    """Refuse a document that does not fit, by the error nearest to its top."""
    errors = list(Draft202012Validator(rules).iter_errors(document))
    if errors:
        first = min(errors, key=lambda error: (len(error.absolute_path), error.json_path))
        raise StudyError(f"{place}: {schema_words(first)}")


def _made(document: Mapping[str, Any], folder: Path, place: str, *, built: bool = False) -> Study:
    """Turn a document that fits the schema into a study."""
    arms = tuple(_arm(item, folder) for item in document["arms"])
    rubric = document.get("rubric", [])
    declared = None
    if not built:
        declared = read_time(document["declared_at"])
        if declared is None:
            found = f"{place}: $.declared_at: {document['declared_at']!r} is no time with a time zone"
            raise StudyError(f"{found}; write it as 2026-01-31T12:00:00Z")
    return Study(
        document["name"],
        document["design"],
        arms,
        document.get("baseline") or baseline_name(document["design"], arms),
        document.get("direction", "agent->user"),
        document.get("quantity", "excess"),
        {name: _bound(item) for name, item in document["bounds"].items()},
        document.get("cluster"),
        float(document.get("alpha", 0.05)),
        int(document.get("seed", 0)),
        int(document.get("bootstrap", 2000)),
        (rubric,) if isinstance(rubric, str) else tuple(rubric),
        document.get("score", {}),
        declared,
        folder,
        deepcopy(dict(document)),
        built,
        folder / document["probe"] if "probe" in document else None,
    )


def _arm(item: Mapping[str, Any], folder: Path) -> Arm:
    run, log = (folder / item[key] if key in item else None for key in ("run", "log"))
    return Arm(
        item["name"],
        run,
        log,
        item.get("targets"),
        item.get("control", False),
        item.get("about"),
        item.get("role"),
        None if item.get("strength") is None else float(item["strength"]),
        item.get("wrapper"),
    )


def _bound(item: Mapping[str, Any]) -> Bound:
    given, reason = item["bound"], item["reason"]
    bound = (float(given[0]), float(given[1])) if isinstance(given, list) else float(given)
    return Bound(bound, reason["kind"], reason.get("number"), reason["text"])
