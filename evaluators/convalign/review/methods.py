"""How a study was tested, in plain words: said of what was done, not of what could be."""

from __future__ import annotations

from collections.abc import Sequence

from convalign.review.arms import Arm
from convalign.study import Study

BOUNDS = "Unchanged is said when two one-sided tests at alpha {:g} place the mean change inside the bound."
BY_DESIGN = {
    "intervention": (
        "The dimension that an edit targets is tested for improvement, one-sided; every other one "
        "against its bound.",
        "A row whose target did not improve is void: it showed nothing, so it can have left nothing alone.",
        "Joint claims are intersection-union: every cell must hold by itself, and p is the largest of them.",
        "Claims about single cells are adjusted by Holm and by Benjamini-Hochberg over the off-diagonal "
        "cells.",
        "Beside the interval that decides stands a BCa bootstrap: dialogues drawn once for all columns.",
        "Beside the paired tests stands a mixed model: score by arm and dimension, log words of the "
        "replier, an "
        "intercept and an arm slope per unit; its numbers decide nothing.",
    ),
    "regression": (
        "A dimension is lost when it is worse than before, one-sided, and not within its bound; kept "
        "when it is "
        "within.",
        "Knowledge: the same questions before and after, exact McNemar test, adjusted Wald interval of "
        "the change.",
        "Recovery is a ratio of mean changes with a BCa bootstrap interval; none where the loss may be 0.",
    ),
    "consistency": (
        "Under an irrelevant wrapper every dimension is tested against its bound; under a relevant one, for "
        "improvement.",
        "Agreement is ICC(A,1), absolute, over the clean version and all irrelevant wrappers.",
    ),
    "dose": (
        "A least-squares line per dialogue over all strengths; the slopes are tested across dialogues, "
        "the target "
        "for improvement, the others against the declared bound over the range of strengths.",
        "Beside them stands a mixed model with random intercept and slope; its numbers decide nothing.",
    ),
    "format": (
        "The share is the mean gain of the form over the template, over that of the real replies, with a BCa "
        "bootstrap interval; p exchanges form and template at random within dialogues.",
    ),
    "attribution": (
        "Every dimension is tested twice: for a change in either direction, and against its bound.",
    ),
    "observational": (
        "Within dialogues: one turn series per dimension, a straight line over the turns taken out of each, "
        "products pooled; interval by leaving out one dialogue at a time or by bootstrap, whichever is "
        "wider; p "
        "of no link by flipping signs of whole dialogues.",
        "Between dialogues: headline against headline, length held constant, Fisher's z.",
        "The joint claim is intersection-union over the pairs, at each level.",
    ),
}


def methods(study: Study, arms: Sequence[Arm]) -> list[str]:
    """Say what was done.

    Parameters
    ----------
    study : as declared
    arms : as compared

    Returns
    -------
    Sentences, for the page.
    """
    unit = f"value of {study.cluster!r}" if study.cluster else "dialogue"
    told = [f"The unit of every test is the {unit}; turns are never counted as independent."]
    if len(arms) > 1:
        how = "their first turn" if any(arm.paired_by == "prompt" for arm in arms) else "dialogue id"
        told.append(f"Arms are paired by {how}; a dialogue unscored in either arm drops from that dimension.")
    if study.design not in ("format", "observational"):
        told.append(BOUNDS.format(study.alpha))
    told += BY_DESIGN[study.design]
    if study.design not in ("format", "observational"):
        told.append(
            "Small or skewed differences are decided by the wider of t and bootstrap (or sign flips)."
        )
    told.append(f"Bootstraps draw {study.bootstrap:,} times, seed {study.seed}.")
    return told
