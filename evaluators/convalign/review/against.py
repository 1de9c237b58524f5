"""Two reviews of one study: what differs from the earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convalign.errors import StudyError
from convalign.files import loads, readable
from convalign.review.arms import FREE_FIELDS, Arm
from convalign.study import Study


@dataclass(frozen=True, slots=True)
class Earlier:
    """A review that was made before.

    Attributes
    ----------
    path : as the user named it
    results : its record
    """

    path: Path
    results: Mapping[str, Any]


def load_earlier(path: Path, study: Study) -> Earlier:
    """Read an earlier review of the same study.

    Parameters
    ----------
    path : its folder, or its ``results.json``
    study : that is reviewed now

    Returns
    -------
    Earlier.

    Raises
    ------
    StudyError
        It cannot be read, is no review, or is a review of another study.
    """
    file = path / "results.json" if path.is_dir() else path
    try:
        results = loads(readable(file, most=None).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{file}: {error}; name the folder of an earlier review") from None
    if not isinstance(results, dict) or results.get("kind") != "design review":
        raise StudyError(f"{file}: is no design review; name the folder of an earlier one")
    if results.get("study_sha256") != study.hash:
        theirs = str(results.get("study_sha256"))[:12]
        raise StudyError(
            f"{path}: is a review of another study ({theirs}, this one is {study.hash[:12]}); two reviews "
            f"can be "
            "compared when arms, bounds and options were declared alike"
        )
    return Earlier(path, results)


def check_signatures(earlier: Earlier, arms: Sequence[Arm]) -> None:
    """Refuse a review whose scores were made in another way.

    Raises
    ------
    StudyError
        Names arm, dimension and field.
    """
    theirs = {one["name"]: one["signatures"] for one in earlier.results["arms"]}
    for arm in arms:
        for name, signature in arm.run.info["signature"].items():
            before = theirs.get(arm.name, {}).get(name)
            if before is None:
                raise StudyError(f"{earlier.path}: {arm.name} was not scored on {name} there")
            mine, old = _fields(signature), _fields(before)
            differ = [
                field
                for field in mine | old
                if field not in FREE_FIELDS and mine.get(field) != old.get(field)
            ]
            if differ:
                field = differ[0]
                raise StudyError(
                    f"{earlier.path}: {arm.name} was scored on {name} with {field}:{old.get(field)}, now "
                    f"with "
                    f"{field}:{mine.get(field)}; score both alike"
                )


def _fields(signature: str) -> dict[str, str]:
    """The parts of a signature by name; the metric goes without one."""
    first, *rest = signature.split("|")
    return {"metric": first} | {key: value for key, _, value in (part.partition(":") for part in rest)}


def compared(earlier: Earlier, record: Mapping[str, Any]) -> dict[str, Any]:
    """Put the conclusions and verdicts of both reviews side by side.

    Parameters
    ----------
    earlier : of the same study
    record : of the review made now

    Returns
    -------
    The ``against`` of ``results.json``.

    Raises
    ------
    StudyError
        A rubric was changed between them.
    """
    old = {(row["arm"], cell["dimension"]): cell for row in _rows(earlier.results) for cell in row["cells"]}
    cells = []
    for row in _rows(record):
        for cell in row["cells"]:
            before = old.get((row["arm"], cell["dimension"]), {}).get("finding", {})
            cells.append(
                {
                    "arm": row["arm"],
                    "dimension": cell["dimension"],
                    "before": before.get("conclusion"),
                    "after": cell["finding"]["conclusion"],
                    "mean_before": before.get("mean_difference"),
                    "mean_after": cell["finding"]["mean_difference"],
                }
            )
    return {
        "path": str(earlier.path),
        "created_at": earlier.results["created_at"],
        "convalign": earlier.results["convalign"],
        "answer": earlier.results["answer"]["sentence"],
        "cells": cells,
        "verdicts": _verdicts(earlier, record),
    }


def _rows(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = record["matrix"]["rows"]
    return rows


def _verdicts(earlier: Earlier, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Verdicts of both; monitored entries have none."""
    old = {(one["rubric"], one["arm"]): one for one in earlier.results["verdicts"]}
    found = []
    for one in record["verdicts"]:
        before = old.get((one["rubric"], one["arm"]))
        if before is None:
            continue
        if before["rubric_sha256"] != one["rubric_sha256"]:
            raise StudyError(
                f"{earlier.path}: the rubric {one['rubric']} was changed since; judge both by one rubric"
            )
        for was, now in zip(before["entries"], one["entries"], strict=True):
            if now["verdict"] is not None or was["verdict"] is not None:
                found.append(
                    {
                        "rubric": one["rubric"],
                        "arm": one["arm"],
                        "dimension": now["dimension"],
                        "before": was["verdict"],
                        "after": now["verdict"],
                    }
                )
    return found
