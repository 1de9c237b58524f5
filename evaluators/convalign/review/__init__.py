"""A study in, a design review out: score, test, judge, draw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convalign import figures, page
from convalign.errors import UsageError
from convalign.review.against import check_signatures, compared, load_earlier
from convalign.review.arms import gather
from convalign.review.results import results
from convalign.scale import Progress, building, silent
from convalign.scores import dumps_pretty, write_text
from convalign.study import Study


@dataclass(frozen=True, slots=True)
class Review:
    """A finished review.

    Attributes
    ----------
    path : its folder, with ``index.html``, ``results.json``, ``study.json``, ``figures/`` and, for arms
        that were logs, ``runs/``
    results : the record of ``results.json``
    """

    path: Path
    results: dict[str, Any]


def review(
    study: Study,
    out: Path,
    *,
    command: str = "",
    against: Path | None = None,
    force: bool = False,
    jobs: int | None = 1,
    progress: Progress = silent,
) -> Review:
    """Run a study and write its design review.

    Parameters
    ----------
    study : declared (`convalign.study.load`) or built from arms (`convalign.study.from_arms`)
    out : folder to make; it appears whole, at the end
    command : that the page names for rebuilding it
    against : folder (or ``results.json``) of an earlier review of the same study, to be compared with
    force : replace an existing review
    jobs : worker processes that score arms; None = as many as there are cores, memory and work for. Of no
        influence on any number. A script that asks for several needs ``if __name__ == "__main__":``

    Raises
    ------
    UsageError
        `out` exists and `force` is not given, or is not a review.
    StudyError
        Arms that may not be compared, or an earlier review of another study or of other scorers.
    """
    check_free(out, force=force)
    earlier = load_earlier(against, study) if against is not None else None
    out.parent.mkdir(parents=True, exist_ok=True)
    with building(out) as folder:
        arms = gather(study, folder, jobs=jobs, progress=progress)
        if earlier is not None:
            check_signatures(earlier, arms)
        record = results(study, arms, command=command, progress=progress)
        record["against"] = None if earlier is None else compared(earlier, record)
        progress("drawing", 0, None)
        drawn = figures.draw(record)
        (folder / "figures").mkdir()
        for name, svg in drawn.items():
            write_text(folder / "figures" / f"{name}.svg", svg)
        write_text(folder / "results.json", dumps_pretty(record))
        write_text(folder / "study.json", dumps_pretty(dict(study.document)))
        write_text(folder / "index.html", page.render(record, drawn))
    return Review(out, record)


def check_free(out: Path, *, force: bool) -> None:
    """Refuse to write over anything that is not a review of ours."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / "results.json").is_file():
        raise UsageError(f"{out}: exists and is no review; choose another folder")
    if not force:
        raise UsageError(f"{out}: holds a review already; choose another folder, or replace it with --force")
