"""May we speak at all? Reliability, agreement within against across, and the perturbation test."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from convalign import dimensions, independence, interventions, logs
from convalign.dialogue import Dialogue, Turn
from convalign.errors import StudyError
from convalign.independence import UNRELIABLE, Finding
from convalign.language import NOT_SURE
from convalign.review.arms import Arm
from convalign.review.designs.observational import turn_series
from convalign.review.designs.outcome import clusters, good
from convalign.scale import Progress, silent
from convalign.scores import Metric
from convalign.scoring import Outcome, Scorer, finish, gather
from convalign.study import Bound, Study

PLACEBO = "placebo"
PERTURBED = {"lexical": "synonyms", "emotional": "words with feeling"}
"""Dimension -> what the minimal pairs put into replies to edit it."""
SHAM = "emotional"
"""Its placebo leaves what was taken up, and the feeling: no edit of either dimension."""
SIDES = ("base", "edit", PLACEBO)
CALLS = 12
"""Bundled calls whose voice is edited; scorers of words are deaf, so that more would tell no more."""
POWER = 0.9
"""How often scorers that do not leak must pass, for the test to count at all."""
SHIPPED = "separability.json"
"""What the scorers make of the minimal pairs with the settings that they have by themselves."""
QUANTITIES = ("value", "excess")


def separability(
    study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]], *, progress: Progress = silent
) -> dict[str, Any]:
    """Ask whether the scorers of a review can be told apart.

    Parameters
    ----------
    study : gives the bounds that other scorers must keep
    arms : baseline first; reliability and agreement are those of the baseline
    metrics : dimension -> its metrics, headline first

    Returns
    -------
    ``reliability`` per dimension; ``traits``; ``perturbation`` with rows of cells; ``withheld``: pairs of
    dimensions about which nothing may be claimed, each with its reason; ``notes``.

    Source
    ------
    methods/statistics.md, section 7.
    """
    baseline = arms[0]
    scored = {
        name: listed
        for name, listed in metrics.items()
        if any(r.value is not None for r in baseline.table(name, listed[0].name, study.direction).values())
    }
    reliability = {name: _reliability(baseline, name, listed, study) for name, listed in scored.items()}
    traits = independence.compare_traits(
        {name: _routes(baseline, name, listed, study) for name, listed in scored.items()},
        study.alpha,
        cluster=clusters(baseline, sorted(baseline.index), study),
        bootstrap=study.bootstrap,
        seed=study.seed,
    )
    perturbation, notes = _perturbation(study, baseline, scored, progress)
    record = {
        "reliability": {name: one.record() for name, one in reliability.items()},
        "traits": traits.record(),
        "perturbation": perturbation,
        "notes": notes,
    }
    return record | {"withheld": _withheld(study, record, list(scored))}


def _reliability(arm: Arm, name: str, listed: Sequence[Metric], study: Study) -> independence.Reliability:
    """Odd against even replies of the dimension's turn series."""
    halves: list[tuple[float | None, float | None]] = []
    for turns in turn_series(arm, name, listed, study).values():
        known = [value for _, value in sorted(turns.items()) if value is not None]
        parts = (known[0::2], known[1::2])
        means = [sum(part) / len(part) if part else None for part in parts]
        halves.append((means[0], means[1]))
    return independence.split_half(halves)


def _routes(arm: Arm, name: str, listed: Sequence[Metric], study: Study) -> dict[str, list[float | None]]:
    """Indicators of a dimension over the baseline's dialogues; one that is never scored is left out."""
    found = {}
    for metric in listed:
        if metric.route:
            table = arm.table(name, metric.name, study.direction)
            quantity = study.quantity
            if all(row.excess is None for row in table.values()):
                quantity = "value"
            column = [getattr(table.get(dialogue), quantity, None) for dialogue in sorted(arm.index)]
            if any(value is not None for value in column):
                found[metric.name] = column
    return found


def _perturbation(
    study: Study, baseline: Arm, metrics: Mapping[str, Sequence[Metric]], progress: Progress
) -> tuple[list[dict[str, Any]], list[str]]:
    """Edit bundled dialogues in one dimension at a time and score them as the baseline was scored."""
    settings = baseline.run.info["settings"]
    languages = {one["language"] for one in baseline.index.values()} - {None, NOT_SURE}
    if languages - {"en"}:
        other = ", ".join(sorted(languages))
        reason = f"the bundled pairs are English, the runs are {other}; it takes pairs in that language"
        return _unknown(list(metrics), reason), []
    chosen = [Scorer(name, dimensions.load(name).Settings(**_given(settings[name]))) for name in metrics]
    notes, rows = [], []
    own = [one for one in chosen if one.signature != baseline.run.info["signature"][one.name]]
    if own:
        named = ", ".join(one.name for one in own)
        return _unknown(list(metrics), f"{named} is scored in another way here than in the runs"), []
    text = [one for one in chosen if one.module.NEEDS == "text"]
    sound = [one for one in chosen if one.module.NEEDS == "audio"]
    if text:
        progress("perturbation test: words", 0, None)
        effects = {one.name: text_scores(one) for one in text}
        for name, words in PERTURBED.items():
            if name in metrics:
                table = {scorer: edits[name] for scorer, edits in effects.items()}
                sham = effects[name][SHAM]
                rows.append(_row(study, name, metrics, table, sham, f"{words} in minimal pairs"))
    for one in sound:
        progress("perturbation test: voice", 0, None)
        heard = _voice_scores(one.name, tuple(chosen))
        rows.append(_row(study, one.name, metrics, heard, heard[one.name], "voice of bundled calls"))
    if sound and text:
        notes.append("edits of words leave the sound as it is: prosody is not scored on them")
    return rows, notes


def supported(study: Study, baseline: Arm) -> dict[str, float]:
    """The smallest bounds that the minimal pairs of words can support, with a power of `POWER`.

    Returns
    -------
    Dimension -> bound, score units; one is missing where no pairs are scored as the baseline was.
    """
    info, found = baseline.run.info, dict[str, float]()
    for name in info["signature"]:
        scorer = Scorer(name, dimensions.load(name).Settings(**_given(info["settings"][name])))
        if scorer.module.NEEDS != "text" or scorer.signature != info["signature"][name]:
            continue
        for own, sides in text_scores(scorer).items():
            if own == name or own not in info["signature"]:
                continue
            _, edit, placebo = _columns(sides, study)
            how: dict[str, Any] = {"good": "higher", "cluster": _people(sides), "seed": study.seed}
            made = independence.paired_estimate(placebo, edit, study.alpha, **how)
            if made.sd:
                small = independence.smallest_bound(made.n, POWER, study.alpha) * made.sd
                found[name] = max(small, found.get(name, 0.0))
    return found


def refuse_small(study: Study, smallest: Mapping[str, float]) -> None:
    """Refuse bounds under which nothing could be shown of the scorers themselves.

    Raises
    ------
    StudyError
        A declared bound is below what the minimal pairs support.
    """
    for name, least in smallest.items():
        declared = study.bounds.get(name)
        if declared is None:
            continue
        bound = declared.bound
        near = min(abs(one) for one in bound) if isinstance(bound, tuple) else bound
        if near < least:
            raise StudyError(
                f"$.bounds.{name}.bound: {near:g} is below {least:.2g}, the smallest at which the minimal "
                f"pairs tell whether edits leak into {name} (power {POWER:g}); write {rounded_up(least)}"
            )


def rounded_up(value: float) -> float:
    """To two digits.

    Examples
    --------
    >>> rounded_up(0.01234), rounded_up(0.5)
    (0.013, 0.5)
    """
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / step - 1e-9) * step:.12g}")


def _unknown(names: Sequence[str], reason: str) -> list[dict[str, Any]]:
    """Rows of a test that could not be made: whether scorers can be told apart is not known."""
    found = Finding("equivalence", 0, reason=reason).record()

    def cell(name: str, own: str) -> dict[str, Any]:
        state = None if name == own else "not known"
        return {"dimension": name, "own": name == own, "state": state, "power": None,
                "smallest_bound": None, "finding": found}  # fmt: skip

    return [
        {"edits": own, "what": "no minimal pairs", "cells": [cell(name, own) for name in names]}
        for own in names
    ]


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a run recorded them, lists as the tuples they were."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}


Sides = dict[str, dict[str, dict[str, float | None]]]
"""Side -> dialogue -> quantity of the headline."""
Table = Mapping[str, Sides]
"""Dimension -> its sides."""


def text_scores(scorer: Scorer) -> dict[str, Sides]:
    """What a scorer of words makes of the minimal pairs, for every dimension that they edit.

    Returns
    -------
    Edited dimension -> sides. With the settings that ship it is read from the package, where
    ``recipes/pairs/measure.py`` left it; else it is measured, once per process.
    """
    path = resources.files("convalign.corpora") / "pairs" / SHIPPED
    shipped = json.loads(path.read_text(encoding="utf-8")).get(scorer.name)
    if shipped is not None and shipped["signature"] == unseeded(scorer.signature):
        found: dict[str, Sides] = shipped["scores"]
        return found
    return measured(scorer)


def unseeded(signature: str) -> str:
    """A signature without the seed of the strangers: here, everybody is everybody's."""
    return "|".join(part for part in signature.split("|") if not part.startswith("seed:"))


@lru_cache(maxsize=8)
def measured(scorer: Scorer) -> dict[str, Sides]:
    """Score base, edit and placebo of every triple (as `text_scores`)."""
    triples = _triples()
    return {
        own: _scored({side: [_dialogue(one, own, side) for one in triples if one["swaps"][own]]
                      for side in SIDES}, (scorer,))[scorer.name]
        for own in PERTURBED
    }  # fmt: skip


@cache
def _triples() -> list[dict[str, Any]]:
    """The minimal pairs as they ship, each with its placebo."""
    path = resources.files("convalign.corpora") / "pairs" / "triples.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _dialogue(triple: Mapping[str, Any], own: str, side: str) -> Dialogue:
    """One side of a triple: the words in their places exchanged, or as they are."""
    texts = list(triple["turns"])
    for turn, place, word, edit, placebo in triple["swaps"][own] if side != "base" else ():
        new = edit if side == "edit" else placebo
        texts[turn] = texts[turn][:place] + new + texts[turn][place + len(word) :]
    turns = tuple(Turn(("user", "agent")[k % 2], text) for k, text in enumerate(texts))
    roles = {"user": "user", "agent": "agent"}
    meta = {key: triple[key] for key in ("user", "use_case", "topic", "language")}
    return Dialogue(triple["pair"], turns, roles, meta=meta)


@lru_cache(maxsize=8)
def _voice_scores(own: str, chosen: tuple[Scorer, ...]) -> Table:
    """Edit the agent's voice in some bundled calls, and pass it through the same processing, and score."""
    corpus = resources.files("convalign.corpora") / "demo"
    module = interventions.load(own)
    with resources.as_file(corpus) as bundled, tempfile.TemporaryDirectory() as place:
        stream = logs.read([str(bundled / "dialogues.jsonl")], logs.ReadOptions())
        calls = [one for k, one in enumerate(stream) if k % 4 == 0][:CALLS]
        sides = {"base": calls}
        for side, placebo in (("edit", False), (PLACEBO, True)):
            edited = interventions.apply(
                iter(calls),
                module,
                module.Settings(placebo=placebo),
                "agent->user",
                folder=Path(place, side),
                tally=interventions.Tally(),
            )
            sides[side] = list(edited)
        return _scored(sides, chosen)


def _scored(sides: Mapping[str, Sequence[Dialogue]], chosen: Sequence[Scorer]) -> dict[str, Sides]:
    """Score all sides by themselves, each with its own strangers; what one froze serves the other."""
    found: dict[str, Sides] = {one.name: {side: {} for side in sides} for one in chosen}
    headline = {one.name: one.module.METRICS[0].name for one in chosen}
    frozen: Mapping[str, Mapping[str, Any]] | None = None
    for side, dialogues in sides.items():
        outcome = Outcome()
        for scored in finish(gather(dialogues, chosen), outcome, references=frozen):
            for one in scored.dialogues:
                if one.direction == "agent->user" and one.metric == headline[one.dimension]:
                    found[one.dimension][side][one.dialogue] = {
                        name: None if (value := getattr(one, name)) is None else round(value, 6)
                        for name in QUANTITIES
                    }
        frozen = frozen or outcome.references
    return found


def _row(
    study: Study, own: str, metrics: Mapping[str, Sequence[Metric]], table: Table, sham: Sides, what: str
) -> dict[str, Any]:
    """One kind of edit: did it move its own scorer more than a placebo, and no other beyond its bound?

    What reaches another scorer is taken beside the placebo, a difference of differences: (edit - base) -
    (placebo - base). That any exchange of words moves a score is no leak.
    """
    cells = []
    for name, listed in metrics.items():
        base, edit, placebo = _columns(table.get(name), study)
        people = _people(table.get(name))
        state = power = smallest = None
        if name == own:
            names = sorted(table[name]["base"])
            before, after = (_of(sham[side], names, study) for side in ("base", PLACEBO))
            finding = independence.paired_superiority(
                [_size(b, a) for b, a in zip(before, after, strict=True)],
                [_size(b, a) for b, a in zip(base, edit, strict=True)],
                study.alpha, cluster=people, seed=study.seed,
            )  # fmt: skip
        else:
            finding = _other(study, name, placebo, edit, listed[0], people)
            state, power, smallest = _state(study, finding)
        cells.append(
            {"dimension": name, "own": name == own, "state": state, "power": power,
             "smallest_bound": smallest, "finding": finding.record()}
        )  # fmt: skip
    return {"edits": own, "what": what, "cells": cells}


def _state(study: Study, finding: Finding) -> tuple[str | None, float | None, float | None]:
    """Whether scorers are apart within the bound; the power if nothing leaks; the bound that it supports."""
    if finding.bound is None or not finding.n:
        return None, None, None
    if finding.by_construction:
        return "separable", 1.0, 0.0
    if not finding.sd:
        return "not known", None, None
    low, high = finding.bound if isinstance(finding.bound, tuple) else (-finding.bound, finding.bound)
    power = independence.equivalence_power(finding.n, (low / finding.sd, high / finding.sd), 0.0, study.alpha)
    smallest = independence.smallest_bound(finding.n, POWER, study.alpha) * finding.sd
    if power < POWER:
        return "not known", power, smallest
    return "separable" if finding.within else "not separable", power, smallest


def _other(
    study: Study,
    name: str,
    before: list[float | None],
    after: list[float | None],
    metric: Metric,
    people: list[str],
) -> Finding:
    """A scorer that the edit should not reach."""
    if not any(value is not None for value in before):
        return Finding("equivalence", 0, reason="not scored on these dialogues")
    declared: Bound | None = study.bounds.get(name)
    how: dict[str, Any] = {"good": good(metric), "cluster": people, "seed": study.seed}
    if declared is None:
        return independence.paired_estimate(before, after, study.alpha, **how)
    return independence.paired_equivalence(before, after, declared.bound, study.alpha, **how)


def _columns(sides: Sides | None, study: Study) -> tuple[list[float | None], ...]:
    """Base, edit and placebo of one headline, dialogue by dialogue; empty where it was not scored."""
    names = sorted(sides["base"]) if sides else []
    return tuple(_of(sides[side], names, study) if sides else [] for side in SIDES)


def _of(
    side: Mapping[str, Mapping[str, float | None]], names: Sequence[str], study: Study
) -> list[float | None]:
    """The quantity that the study asks for, of these dialogues."""
    return [side.get(one, {}).get(study.quantity) for one in names]


def _people(sides: Sides | None) -> list[str]:
    """Whose words each dialogue holds: windows of one user are no independent evidence."""
    users = {one["pair"]: one["user"] for one in _triples()}
    return [users.get(one, one) for one in sorted(sides["base"] if sides else ())]


def _size(before: float | None, after: float | None) -> float | None:
    """How far a score moved, either way: an edit of affect can bring a reply nearer to its user, or not."""
    return None if before is None or after is None else abs(after - before)


def _withheld(study: Study, record: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """Pairs of dimensions about which nothing may be claimed, and why."""
    why: dict[tuple[str, str], list[str]] = {}

    def add(one: str, other: str, reason: str) -> None:
        pair = (one, other) if names.index(one) < names.index(other) else (other, one)
        why.setdefault(pair, []).append(reason)

    for row in record["perturbation"]:
        own = next(one for one in row["cells"] if one["own"])["finding"]
        for one in row["cells"]:
            if one["own"]:
                continue
            if own["n"] and own["conclusion"] != "improved":
                add(row["edits"], one["dimension"], f"{row['what']} were not shown to move {row['edits']}")
            reason = _leaking(one)
            if reason is not None:
                add(row["edits"], one["dimension"], f"{row['what']} and {one['dimension']}: {reason}")
    for pair, ratio in record["traits"]["htmt"].items():
        if independence.separated(ratio) is False:
            one, other = pair.split("~")
            add(one, other, f"HTMT up to {ratio['upper']:.2f}, .85 or more")
    if study.design == "observational":
        for name, made in record["reliability"].items():
            value = made["value"]
            if value is not None and value < UNRELIABLE:
                for other in names:
                    if other != name:
                        add(name, other, f"{name} is unreliable ({value:.2f}, under .4)")
    return [{"pair": list(pair), "reasons": list(dict.fromkeys(reasons))} for pair, reasons in why.items()]


def _leaking(cell: Mapping[str, Any]) -> str | None:
    """Why a scorer cannot be called apart from what was edited, or None."""
    finding = cell["finding"]
    if cell["state"] == "not separable":
        return f"not separable within the bound; a bound of {finding['sensitivity']:.3g} would hold"
    if cell["state"] != "not known":
        return None
    if cell["power"] is None:
        return f"not known: {finding['reason']}"
    return (
        f"not known, the test has a power of {cell['power']:.0%}; it takes a bound of "
        f"{cell['smallest_bound']:.3g}, or more pairs"
    )
