"""The category error, put on show: where one number over the dimensions would have misled.

The mean over dimensions exists in this module alone, to be held against the verdicts. It is never a
score of ours: no row, no run and no order rests on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convalign import dimensions as known
from convalign.errors import UsageError
from convalign.independence.interval import mean_interval
from convalign.rubric.judging import judge
from convalign.rubric.records import Judgement, Rubric, Verdict
from convalign.scores import Score

NOBODY = "on these systems the single number would have misled nobody"


@dataclass(frozen=True, slots=True)
class _System:
    """What one system looks like by the mean, and by the rubric."""

    name: str
    mean: float | None
    interval: tuple[float, float] | None
    parts: Mapping[str, float]
    n: int
    judged: Judgement

    @property
    def mean_passes(self) -> bool | None:
        return None if self.interval is None else self.interval[0] > 0

    @property
    def failed(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.judged.verdicts if v.fails)

    @property
    def unknown(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.judged.verdicts if v.undecided)

    @property
    def rubric_passes(self) -> bool | None:
        return False if self.failed else (None if self.unknown else True)

    @property
    def share(self) -> tuple[str, float] | None:
        """The dimension with the largest share of a mean above 0, and that share."""
        if self.mean is None or self.mean <= 0:
            return None
        carrier = max(self.parts, key=lambda name: self.parts[name])
        return carrier, self.parts[carrier] / math.fsum(self.parts.values())


def category_error(
    rubric: Rubric,
    systems: Mapping[str, Sequence[Score]],
    *,
    headlines: Mapping[str, str] | None = None,
    direction: str = "agent->user",
    centred: bool = False,
    signatures: Mapping[str, Mapping[str, str]] | None = None,
    cluster: Mapping[str, str] | None = None,
    alpha: float = 0.05,
) -> dict[str, Any]:
    """Show where a single number over the dimensions would have passed what the rubric fails.

    Parameters
    ----------
    systems : name -> rows of its run; one or more. Their order is kept, never sorted.
    headlines : dimension -> metric that enters the mean; None = first metric of each dimension
    direction : who adapts to whom, for the mean
    centred : False: the excess of each dialogue is divided by its standard deviation over all dialogues
        of all systems, so that 0 stays chance and a lone system can be shown. True: the mean of all
        systems is taken off as well, so that 0 is the average system; needs two systems or more.
    signatures : system -> dimension -> signature, as `judge` needs them for calibrated targets
    cluster, alpha : as in `judge`

    Returns
    -------
    ``{"rubric", "headlines", "systems": [{"name", "single_mean", "ci90", "single_pass", "rubric_pass",
    "carried_by", "share", "n", "failed", "unknown"}], "flips": [sentence, ...], "sentence"}``.
    `single_mean` is the mean over dialogues of the mean over dimensions, in standard deviations;
    `single_pass`: its interval lies wholly above 0; `rubric_pass`: nothing that can fail is unmet, and
    none of it unknown (then null). `share`: of the mean, above 1 where other dimensions pull it down.
    Only dialogues that are scored on every dimension of the panel enter the mean.

    Raises
    ------
    UsageError
        No system, no dimension that all systems have, or `centred` with a single one.

    Source
    ------
    methods/use-cases.md, section 5.
    """
    if not systems or (centred and len(systems) < 2):
        need = "two are needed to centre on their mean" if systems else "name at least one"
        raise UsageError(f"systems: {len(systems)} given; {need}")
    present = sorted({row.dimension for rows in systems.values() for row in rows})
    chosen = dict(headlines) if headlines is not None else _headlines(present)
    excess = {name: _excess(rows, chosen, direction) for name, rows in systems.items()}
    panel = [d for d in chosen if all(len(found[d]) > 1 for found in excess.values())]
    if not panel:
        raise UsageError(
            f"systems: no dimension is scored above chance in all of them ({direction}); score them first"
        )
    scaled = _scaled(excess, panel, centred=centred, cluster=cluster)
    judged = {
        name: judge(rubric, rows, signatures=(signatures or {}).get(name), cluster=cluster, alpha=alpha)
        for name, rows in systems.items()
    }
    found = [_system(name, scaled[name], judged[name], cluster, alpha) for name in systems]
    flips = [*_alone(found, rubric.name), *_pairs(found, rubric.name)]
    return {
        "rubric": rubric.name,
        "headlines": {d: chosen[d] for d in panel},
        "systems": [_record(one) for one in found],
        "flips": flips,
        "sentence": " ".join(flips) if flips else _no_flip(found, rubric.name),
    }


def _headlines(present: Sequence[str]) -> dict[str, str]:
    """The first metric of each dimension."""
    return {dimension: known.load(dimension).METRICS[0].name for dimension in present}


def _excess(
    rows: Sequence[Score], headlines: Mapping[str, str], direction: str
) -> dict[str, dict[str, float]]:
    """Dimension -> dialogue -> excess of the headline."""
    found: dict[str, dict[str, float]] = {dimension: {} for dimension in headlines}
    for row in rows:
        mine = headlines.get(row.dimension) == row.metric and row.direction == direction
        if mine and row.excess is not None:
            found[row.dimension][row.dialogue] = row.excess
    return found


def _scaled(
    excess: Mapping[str, Mapping[str, Mapping[str, float]]],
    panel: Sequence[str],
    *,
    centred: bool,
    cluster: Mapping[str, str] | None,
) -> dict[str, dict[str, dict[str, float]]]:
    """System -> complete dialogue -> dimension -> excess in standard deviations."""
    middle, spread = {}, {}
    for dimension in panel:
        pooled = mean_interval([x for found in excess.values() for x in found[dimension].values()])
        if not pooled.sd:
            raise UsageError(
                f"systems: {dimension} has the same excess everywhere; there is nothing to scale by"
            )
        middle[dimension], spread[dimension] = (pooled.mean if centred else 0.0), pooled.sd
    return {
        name: {
            dialogue: {d: (found[d][dialogue] - middle[d]) / spread[d] for d in panel}
            for dialogue in sorted(set.intersection(*(set(found[d]) for d in panel)))
            if cluster is None or dialogue in cluster
        }
        for name, found in excess.items()
    }


def _system(
    name: str,
    dialogues: Mapping[str, Mapping[str, float]],
    judged: Judgement,
    cluster: Mapping[str, str] | None,
    alpha: float,
) -> _System:
    """The mean of one system, with its interval and its parts."""
    if not dialogues:
        return _System(name, None, None, {}, 0, judged)
    users = None if cluster is None else [cluster[dialogue] for dialogue in dialogues]
    level = 1 - 2 * alpha
    found = mean_interval(
        [math.fsum(d.values()) / len(d) for d in dialogues.values()], level=level, cluster=users
    )
    names = next(iter(dialogues.values()))
    parts = {key: mean_interval([d[key] for d in dialogues.values()], cluster=users).mean for key in names}
    interval = None if found.low is None or found.high is None else (found.low, found.high)
    return _System(name, found.mean, interval, parts, len(dialogues), judged)


def _record(one: _System) -> dict[str, Any]:
    """One system as JSON would hold it."""
    return {
        "name": one.name,
        "single_mean": one.mean,
        "ci90": list(one.interval) if one.interval else None,
        "single_pass": one.mean_passes,
        "rubric_pass": one.rubric_passes,
        "carried_by": one.share[0] if one.share else None,
        "share": one.share[1] if one.share else None,
        "n": one.n,
        "failed": [_clause(v) for v in one.failed],
        "unknown": [f"{v.dimension} {v.metric}: {v.reason}" for v in one.unknown],
    }


def _clause(verdict: Verdict) -> str:
    """What a failed entry failed, as the end of a sentence."""
    told = [
        f"{verdict.dimension} {floor.reason}"
        for floor in verdict.contraindications
        if floor.verdict == "unmet"
    ]
    if any(side.verdict == "unmet" for side in verdict.sides):
        primes = "" if verdict.primes == "all" else f" on {verdict.primes} primes"
        # "not above strangers", denied, is "above strangers".
        goal = (
            verdict.target.removeprefix("not ")
            if verdict.target.startswith("not ")
            else f"not {verdict.target}"
        )
        told.append(f"{verdict.dimension} {verdict.metric}{primes} is {goal}")
    return "; ".join(told)


def _carried(one: _System) -> str:
    """Which dimension carried the mean, as a clause."""
    if one.share is None:
        return "no dimension carries it"
    name, share = one.share
    pulled = ", others pull it down" if share > 1 else ""
    return f"its {name} score carries it ({100 * share:.0f} % of the mean{pulled})"


def _alone(found: Sequence[_System], rubric: str) -> list[str]:
    """Systems that pass by one way of judging and fail by the other."""
    means = [one.mean for one in found if one.mean is not None]
    told = []
    for one in found:
        if one.mean_passes is None or one.rubric_passes is None or one.mean_passes == one.rubric_passes:
            continue
        if one.mean_passes:
            best = len(found) > 1 and one.mean == max(means)
            how = "has the best average" if best else "passes on the average"
            why = "; ".join([_carried(one), *map(_clause, one.failed)])
            told.append(f"{one.name} {how} and fails {rubric}: {why}.")
        else:
            told.append(
                f"{one.name} fails on the average and passes {rubric}: what {rubric} requires is met, "
                "what pulls the average down is not required."
            )
    return told


def _pairs(found: Sequence[_System], rubric: str) -> list[str]:
    """Pairs whose order by the mean contradicts passing and failing."""
    return [
        f"{a.name} stands above {b.name} on the average, yet {a.name} fails {rubric} and {b.name} passes: "
        f"{_carried(a)}, {'; '.join(map(_clause, a.failed))}."
        for a in found
        for b in found
        if a.mean is not None and b.mean is not None and a.mean > b.mean
        if a.rubric_passes is False and b.rubric_passes is True
    ]


def _no_flip(found: Sequence[_System], rubric: str) -> str:
    """What is said when nothing flips: only as much as was decided."""
    open_ = [one.name for one in found if one.rubric_passes is None or one.mean_passes is None]
    if not open_:
        return NOBODY
    if len(open_) == len(found):
        return f"no system can be decided under {rubric}: whether the single number misleads is open"
    return f"no flip among the systems that can be decided under {rubric}; open: {', '.join(open_)}"
