"""The main job on the bundled corpus: edit it on every dimension, score, review."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from convalign import interventions, logs, study
from convalign.dialogue import rebase
from convalign.review import Review, check_free, review
from convalign.scale import Progress, building, silent

STUDY = "study.json"
BASELINE = "dialogues.jsonl"


@dataclass(frozen=True, slots=True)
class Edit:
    """How one arm of the demo is made.

    Attributes
    ----------
    arm : its name in the bundled study
    dimension : the intervention
    options : its settings
    """

    arm: str
    dimension: str
    options: dict[str, Any]


EDITS = (
    Edit("lexical", "lexical", {}),
    Edit("emotional", "emotional", {}),
    Edit("prosodic", "prosodic", {}),
    Edit("echo", "lexical", {"terms": "affect"}),
    Edit("lexical placebo", "lexical", {"placebo": True}),
    Edit("emotional placebo", "emotional", {"placebo": True}),
    Edit("prosodic placebo", "prosodic", {"placebo": True}),
)
"""The arms of the bundled study besides its baseline."""


def demo(out: Path, *, force: bool = False, jobs: int | None = 1, progress: Progress = silent) -> Review:
    """Score, edit and review the bundled corpus.

    Parameters
    ----------
    out : folder to make: ``logs/`` with the edited corpora, and the review's files
    force : replace an existing demo
    jobs : worker processes that score arms; None = as many as there are cores, memory and work for

    Returns
    -------
    The review; its study is the one that ships with the corpus, declared before any of this ran.
    """
    check_free(out, force=force)
    out.parent.mkdir(parents=True, exist_ok=True)
    corpus = resources.files("convalign.corpora") / "demo"
    with resources.as_file(corpus) as bundled, building(out) as folder:
        where = folder / "logs"
        where.mkdir()
        shutil.copy(bundled / STUDY, where / STUDY)
        shutil.copytree(bundled / "audio", where / "audio")
        shutil.copy(bundled / BASELINE, where / "baseline.jsonl")
        for edit in EDITS:
            make_arm(where / "baseline.jsonl", where / f"{edit.arm}.jsonl", edit, progress=progress)
        made = review(
            study.load(where / STUDY),
            folder / "review",
            command=f"convalign demo -o {out}",
            jobs=jobs,
            progress=progress,
        )
        for path in (folder / "review").iterdir():
            path.rename(folder / path.name)
        (folder / "review").rmdir()
    return Review(out, made.results)


def make_arm(source: Path, target: Path, edit: Edit, *, progress: Progress = silent) -> interventions.Tally:
    """Write one edited log (and its sound) beside the baseline."""
    module = interventions.load(edit.dimension)
    settings = module.Settings(**edit.options)
    tally = interventions.Tally()
    folder = target.parent / f"{target.stem}-audio" if module.NEEDS == "audio" else None
    stream = logs.read([str(source)], logs.ReadOptions())
    edited = interventions.apply(stream, module, settings, "agent->user", folder=folder, tally=tally)
    with target.open("w", encoding="utf-8", newline="\n") as out:
        logs.write_canonical(_told(edited, target.parent, edit.arm, progress), out)
    return tally


def _told(dialogues: Any, folder: Path, arm: str, progress: Progress) -> Any:
    """The same dialogues with their sound named from `folder`; the progress bar hears of each."""
    for done, dialogue in enumerate(dialogues, 1):
        yield rebase(dialogue, str(folder))
        progress(f"{arm}: edited", done, None)
