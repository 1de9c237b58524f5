"""Observational: are the dimensions' scores related, within and between dialogues?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import pstdev
from typing import Any

from convalign import independence
from convalign.independence import Finding, Relation
from convalign.review.arms import Arm
from convalign.review.designs import outcome as out
from convalign.scores import Metric
from convalign.study import RELATION, Study

LEVELS = ("within", "between")


def outcome(study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]]) -> out.Outcome:
    """Correlate every pair of dimensions turn by turn inside dialogues, and over dialogues."""
    arm = arms[0]
    bound = study.bounds[RELATION].bound
    limit = max(-bound[0], bound[1]) if isinstance(bound, tuple) else bound
    scored = {name: listed for name, listed in metrics.items() if _values(arm, name, listed[0], study)}
    series = {name: turn_series(arm, name, listed, study) for name, listed in scored.items()}
    relations: dict[str, dict[str, Relation]] = {}
    pooled: dict[str, float | None] = {}
    for one, other in combinations(scored, 2):
        pair = f"{one} ~ {other}"
        dialogues, x, y = _in_step(series[one], series[other])
        relations[pair] = {
            "within": independence.within_dialogues(
                x,
                y,
                limit,
                study.alpha,
                cluster=out.clusters(arm, dialogues, study),
                seed=study.seed,
                bootstrap=study.bootstrap,
            ),
            "between": _between(arm, one, other, scored, limit, study),
        }
        pooled[pair] = independence.pooled_correlation(x, y)
    if not relations:
        return _nothing(metrics, scored)
    rows, joint = [], {}
    for level in LEVELS:
        made = independence.joint_relations(
            {p: found[level].finding for p, found in relations.items()}, limit
        )
        joint[level] = made.record()
        del joint[level]["findings"]
        cells = [_cell(pair, found[level].finding) for pair, found in relations.items()]
        sentence = _sentence(level, made)
        rows.append(out.row(f"{level} dialogues", cells, shown=made.shown, sentence=sentence))
    shown = all(row["claim"]["shown"] for row in rows)
    related = [
        f"{pair} {level} dialogues"
        for pair, found in relations.items()
        for level in LEVELS
        if str(found[level].finding.reason).startswith("related beyond")
    ]
    if shown:
        sentence = f"The dimensions are related by less than {limit:g}, within and between dialogues."
    elif related:
        sentence = f"Related by more than {limit:g}: {out.listing(related)}."
    else:
        sentence = f"No relation was shown, and it was not shown to be absent (less than {limit:g})."
        levels = [row["arm"] for row in rows if row["claim"]["shown"]]
        if levels:
            sentence = (
                f"Related by less than {limit:g} is shown {levels[0]}, and not shown at the other level."
            )
    detail = [row["claim"]["sentence"] for row in rows]
    detail += [_unscored(arm, name, metrics[name][0], study) for name in metrics if name not in scored]
    detail += [_simpson(pair, found, pooled[pair]) for pair, found in relations.items()]
    return out.Outcome(
        out.answer(sentence, detail, shown=shown, holds=shown),
        out.matrix(rows, sentence, shown=shown),
        {
            "pairs": {
                pair: {level: found[level].record() for level in LEVELS} | {"pooled": pooled[pair]}
                for pair, found in relations.items()
            },
            "joint": joint,
        },
        "correlation",
        [{"name": pair, "headline": "r", "unit": "1", "bound": limit} for pair in relations],
    )


def _nothing(metrics: Mapping[str, Any], scored: Mapping[str, Any]) -> out.Outcome:
    """Fewer than two dimensions have scores."""
    have = out.listing(scored) if scored else "none"
    sentence = f"Nothing can be related: of {out.listing(metrics)}, scored is {have}."
    return out.Outcome(
        out.answer(sentence, [], shown=False, holds=False),
        out.matrix([], sentence, shown=False),
        {"pairs": {}, "joint": {}},
        "correlation",
    )


def _unscored(arm: Arm, name: str, metric: Metric, study: Study) -> str:
    """Why a dimension is in no pair."""
    rows = arm.table(name, metric.name, study.direction).values()
    reasons = Counter(row.reason or "unscored" for row in rows)
    why = reasons.most_common(1)[0][0] if reasons else "no such direction"
    return f"{name} is in no pair: {why} in {sum(reasons.values())} dialogues."


def _cell(pair: str, finding: Finding) -> dict[str, Any]:
    """One pair at one level."""
    return {
        "dimension": pair,
        "metric": "r",
        "target": False,
        "finding": finding.record(),
        "sentence": independence.sentence(finding, pair),
        "beside": [],
        "mixed": None,
        "bootstrap": None,
    }


def turn_series(
    arm: Arm, name: str, listed: Sequence[Metric], study: Study
) -> dict[str, dict[int, float | None]]:
    """One series per dialogue that stands for a dimension, reply by reply.

    Parameters
    ----------
    name : of the dimension
    listed : its metrics; those with `by_turn` count

    Returns
    -------
    dialogue -> turn -> score. Where a dimension has several such metrics, each is divided by its spread over
    the corpus, and a reply has their mean; a reply that lacks one of them has None.
    """
    chosen = [metric.name for metric in listed if metric.by_turn]
    tables = [arm.turns(name, metric, study.direction) for metric in chosen]
    spreads = []
    for table in tables:
        values = [row.value for row in table.values() if row.value is not None]
        spreads.append(pstdev(values) if len(values) > 1 else 0.0)
    found: dict[str, dict[int, float | None]] = {}
    for key in sorted({key for table in tables for key in table}):
        parts = []
        for table, spread in zip(tables, spreads, strict=True):
            row = table.get(key)
            known = row is not None and row.value is not None and spread > 0
            parts.append(row.value / spread if known and row is not None and row.value is not None else None)
        whole = [part for part in parts if part is not None]
        mean = math.fsum(whole) / len(whole) if whole and len(whole) == len(parts) else None
        found.setdefault(key[0], {})[key[1]] = mean
    return found


def _in_step(
    one: Mapping[str, Mapping[int, float | None]], other: Mapping[str, Mapping[int, float | None]]
) -> tuple[list[str], list[list[float | None]], list[list[float | None]]]:
    """Dialogues with both series, and the two on the same replies."""
    shared, x, y = sorted(set(one) & set(other)), [], []
    for dialogue in shared:
        turns = sorted(set(one[dialogue]) | set(other[dialogue]))
        x.append([one[dialogue].get(turn) for turn in turns])
        y.append([other[dialogue].get(turn) for turn in turns])
    return shared, x, y


def _values(arm: Arm, name: str, metric: Metric, study: Study) -> dict[str, float]:
    """Dialogue -> headline in the study's quantity, where there is one."""
    table = arm.table(name, metric.name, study.direction)
    found = {key: getattr(row, study.quantity) for key, row in table.items()}
    return {key: value for key, value in found.items() if value is not None}


def _between(
    arm: Arm, one: str, other: str, scored: Mapping[str, Sequence[Metric]], limit: float, study: Study
) -> Relation:
    """Headlines over dialogues, length held constant."""
    x, y = (_values(arm, name, scored[name][0], study) for name in (one, other))
    both = sorted(set(x) & set(y))
    replier = study.direction.partition("->")[0]
    words = [arm.index[d].get("words", {}).get(replier) for d in both]
    covariates: dict[str, list[float | None]] = {"turns": [float(arm.index[d]["turns"]) for d in both]}
    if all(words):
        covariates["log words of the replier"] = [math.log(float(count or 1)) for count in words]
    return independence.between_dialogues(
        [x[d] for d in both],
        [y[d] for d in both],
        limit,
        study.alpha,
        covariates=covariates,
        cluster=out.clusters(arm, both, study),
    )


def _sentence(level: str, made: independence.Crossed) -> str:
    """One level in words."""
    text = independence.crossed_sentence([made])
    support = "" if made.sensitivity is None else f" (these data support ±{made.sensitivity:.2g} at best)"
    return f"{out.capital(level)} dialogues: {text}{'' if made.shown else support}."


def _simpson(pair: str, found: Mapping[str, Relation], pooled: float | None) -> str:
    """Pooled, within and between, always together."""
    parts = [("all turns pooled", pooled)]
    parts += [(f"{level} dialogues", found[level].finding.mean_difference) for level in LEVELS]
    told = [f"{name} {'–' if r is None else f'{r:+.2f}'}" for name, r in parts]
    return f"{pair}: r {', '.join(told)}."
