"""One direction of one entry: which dialogues count, where their mean lies, and on which side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from convalign.independence.interval import FEW_CLUSTERS, MeanInterval, mean_interval
from convalign.rubric.records import Entry, Side, Target, Weighed, Word
from convalign.rubric.rows import Table
from convalign.rubric.words import dropped_text, edges, needed, number, target_text
from convalign.scores import Score, TurnScore

FEW = 10
"""Fewer dialogues than this: the interval leans on the form of the t distribution, and says so."""
FEWEST = 3
"""Equal scores decide from this many dialogues on; methods/statistics.md, section 2."""
DROPPED_SHARE = 0.2
"""Losing more dialogues than this is a caution."""
QUOTED = 3
"""How many dialogues or turns are shown as weighing most."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one dialogue brings: its numbers, and the quantity that is judged."""

    dialogue: str
    x: float
    value: float
    baseline: float | None
    p: float | None
    spread: float | None
    strangers: int


def side(
    entry: Entry, direction: str, metric: str, table: Table, *, alpha: float, obstacle: str | None
) -> Side:
    """Judge one direction of an entry.

    Parameters
    ----------
    metric : name under which the rows stand
    alpha : the interval has level 1 - 2 alpha
    obstacle : why nothing may be said, or None; the numbers are given all the same

    Returns
    -------
    Side, with a verdict word also for entries that are only monitored (the caller drops it).
    """
    rows = table.rows(entry.dimension, metric, direction)
    points, dropped = (
        _by_turn(entry, direction, metric, table) if entry.time_scale == "turn" else _points(entry, rows)
    )
    owned = [(point, table.user(point.dialogue)) for point in points]
    if len(owned) > sum(user is not None for _, user in owned):
        dropped["no cluster"] += sum(user is None for _, user in owned)
    points = [point for point, user in owned if user is not None]
    users = [user for _, user in owned if user is not None] if table.clustered else None
    found = mean_interval([p.x for p in points], level=1 - 2 * alpha, cluster=users) if points else None
    if obstacle is None and not rows:
        seen = ", ".join(table.directions())
        obstacle = f"no row for {direction}; directions in this run: {seen}; name the roles with --roles"
    if obstacle is None and entry.time_scale == "turn" and not table.has_turns:
        obstacle = "the rubric judges turns, and this run has no rows per turn"
    if obstacle is not None:
        word, reason = _unknown(obstacle)
    elif found is None:
        word, reason = _unknown(f"not scored: {dropped_text(dropped)}")
    elif len(points) < entry.minimum_dialogues:
        word, reason = _unknown(
            f"too few dialogues: {len(points)}, the rubric asks for {entry.minimum_dialogues}"
        )
    elif len(points) == 1:
        word, reason = _single(points[0], entry, alpha)
    else:
        word, reason = _place(found, entry.target, alpha=alpha, clustered=users is not None)
    baselines = [point.baseline for point in points if point.baseline is not None]
    base = _mean(baselines, users) if points and len(baselines) == len(points) else None
    value = _mean([point.value for point in points], users) if points else None
    mean = found.mean if found is not None else None
    return Side(
        direction=direction,
        verdict=word,
        reason=reason,
        value=value,
        baseline=base,
        excess=_mean([p.value - (p.baseline or 0.0) for p in points], users) if base is not None else None,
        interval=(found.low, found.high)
        if found and found.low is not None and found.high is not None
        else None,
        n=len(points),
        units=found.n if found else 0,
        dropped=dict(sorted(dropped.items())),
        p=points[0].p if len(points) == 1 else None,
        margin=_margin(mean, entry.target) if mean is not None else None,
        weighed=_weighed(entry, direction, metric, table, points, word),
        cautions=_cautions(found, len(points), dropped, users is not None),
    )


def _unknown(reason: str) -> tuple[Word, str]:
    """The word for everything that could not be decided."""
    return "unknown", reason


def _points(entry: Entry, rows: Sequence[Score]) -> tuple[list[Point], Counter[str]]:
    """The dialogues that count, and why the others do not."""
    points, dropped = [], Counter[str]()
    for row in rows:
        x = row.value if entry.quantity == "value" else row.excess
        if row.value is None or x is None:
            dropped[row.reason or "no chance level"] += 1
        elif row.n < entry.minimum_turns:
            dropped[f"n under {entry.minimum_turns}"] += 1
        else:
            points.append(
                Point(row.dialogue, x, row.value, row.baseline, row.p, row.baseline_sd, row.surrogates)
            )
    return points, dropped


def _by_turn(entry: Entry, direction: str, metric: str, table: Table) -> tuple[list[Point], Counter[str]]:
    """The same from rows per turn: turns are averaged first, for the dialogue is the unit."""
    groups: dict[str, list[TurnScore]] = defaultdict(list)
    for turn in table.turn_rows(entry.dimension, metric, direction):
        groups[turn.dialogue].append(turn)
    points, dropped = [], Counter[str]()
    for dialogue, turns in groups.items():
        usable = [
            t for t in turns if t.value is not None and (entry.quantity == "value" or t.excess is not None)
        ]
        if not usable:
            dropped[next((t.reason for t in turns if t.reason), "no chance level")] += 1
        elif len(usable) < entry.minimum_turns:
            dropped[f"n under {entry.minimum_turns}"] += 1
        else:
            value = _mean([t.value for t in usable if t.value is not None], None)
            bases = [t.baseline for t in usable if t.baseline is not None]
            base = _mean(bases, None) if len(bases) == len(usable) else None
            x = value if entry.quantity == "value" or base is None else value - base
            points.append(Point(dialogue, x, value, base, None, None, 0))
    return points, dropped


def _mean(values: Sequence[float], users: Sequence[str] | None) -> float:
    """Mean over dialogues, or over users' means."""
    return mean_interval(values, cluster=users).mean


def _single(point: Point, entry: Entry, alpha: float) -> tuple[Word, str]:
    """One dialogue decides nothing, unless strangers hardly ever reach it and chance is the target."""
    if point.p is None:
        return _unknown("one dialogue: no p against strangers")
    spread = "" if point.spread is None else f", spread {number(point.spread)}"
    told = f"one dialogue: p = {number(point.p)} against {point.strangers} strangers{spread}"
    if entry.target.kind != "above_chance" or entry.quantity != "excess":
        return _unknown(f"{told}; a single dialogue is judged against chance only")
    if point.p < alpha and point.x > 0:
        return "met", told
    least = 1 / (1 + point.strangers)
    if least >= alpha:
        return _unknown(f"{told}; p cannot go below {number(least)} with so few")
    return _unknown(told)


def _place(found: MeanInterval, target: Target, *, alpha: float, clustered: bool) -> tuple[Word, str]:
    """On which side of the edges the interval lies."""
    if target.kind == "none":
        return _unknown("no target")
    if found.low is None or found.high is None:
        unit = "users" if clustered else "dialogues"
        return _unknown(f"too few {unit}: {found.n} give no {100 * (1 - 2 * alpha):g} % interval")
    if found.how == "identical" and found.n < FEWEST:
        return _unknown(f"{found.n} equal scores show no spread; {FEWEST} dialogues are the least")
    low, high = edges(target)
    told = f"interval {number(found.low)} to {number(found.high)}"
    goal = target_text(target)
    if target.kind == "above_chance":
        inside, outside = found.low > 0, found.high <= 0
    else:
        inside = (low is None or found.low >= low) and (high is None or found.high <= high)
        outside = (low is not None and found.high < low) or (high is not None and found.low > high)
    if inside:
        return "met", f"{told}, wholly on the right side ({goal})"
    if outside:
        return "unmet", f"{told}, wholly on the wrong side (target: {goal})"
    crossed = [number(e) for e in (low, high) if e is not None and found.low <= e <= found.high]
    more = needed(found.mean, found.sd, target, alpha=alpha) if found.sd else "the mean lies on the edge"
    if clustered:
        more = more.replace("dialogues", "users")
    return _unknown(f"{told} crosses {' and '.join(crossed)}; {more}")


def _margin(mean: float, target: Target) -> float | None:
    """How far a value lies on the right side of the nearest edge; None without edges."""
    low, high = edges(target)
    gaps = [mean - low] if low is not None else []
    if high is not None:
        gaps.append(high - mean)
    return min(gaps, default=None)


def _weighed(
    entry: Entry, direction: str, metric: str, table: Table, points: Sequence[Point], word: Word
) -> tuple[Weighed, ...]:
    """The turns, else the dialogues, that lie furthest on the side that the word speaks of."""
    used = {point.dialogue for point in points}
    turns = [t for t in table.turn_rows(entry.dimension, metric, direction) if t.dialogue in used]
    marked: list[tuple[float, Weighed]] = []
    for turn in turns:
        x = turn.value if entry.quantity == "value" else turn.excess
        if x is not None:
            marked.append((x, table.weigh_turn(turn)))
    if not marked:
        for p in points:
            excess = None if p.baseline is None else p.value - p.baseline
            marked.append((p.x, Weighed(p.dialogue, None, None, p.value, p.baseline, excess)))
    sign = -1 if word == "met" or entry.target.kind == "none" else 1

    def weight(item: tuple[float, Weighed]) -> tuple[float, str, int]:
        margin = _margin(item[0], entry.target)
        return sign * (item[0] if margin is None else margin), item[1].dialogue, item[1].turn or 0

    return tuple(one for _, one in sorted(marked, key=weight)[:QUOTED])


def _cautions(found: MeanInterval | None, n: int, dropped: Counter[str], clustered: bool) -> tuple[str, ...]:
    """What a reader must know beside the interval."""
    told = []
    lost = dropped.total()
    if n and lost > DROPPED_SHARE * (n + lost):
        told.append(f"{lost} of {n + lost} dialogues do not count: {dropped_text(dropped)}")
    if found is not None and clustered and found.n < FEW_CLUSTERS:
        told.append(f"{found.n} users: exact sign flip only")
    elif found is not None and found.how == "t" and found.n < FEW:
        told.append(f"n = {found.n}: the interval leans on the form of the t distribution")
    elif found is not None and found.how == "identical":
        told.append("all dialogues have the same score: no variance to judge by")
    return tuple(told)
