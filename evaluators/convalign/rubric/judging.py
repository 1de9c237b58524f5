"""From score rows to verdicts: each entry by itself, and no word over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial

from convalign.errors import UsageError
from convalign.rubric.files import NOT_YET
from convalign.rubric.rates import against, false_alarms, wilson
from convalign.rubric.records import Contraindication, Entry, Floor, Judgement, Rubric, Side, Verdict, Word
from convalign.rubric.rows import Table
from convalign.rubric.sides import side
from convalign.rubric.words import (
    calibrated,
    dropped_text,
    number,
    signature_fields,
    source_text,
    target_text,
)
from convalign.scores import Score, TurnScore


def judge(
    rubric: Rubric,
    rows: Iterable[Score],
    *,
    signatures: Mapping[str, str] | None = None,
    turns: Iterable[TurnScore] | None = None,
    cluster: Mapping[str, str] | None = None,
    alpha: float = 0.05,
) -> Judgement:
    """Say for every entry of a rubric whether a system meets it, on what evidence, and how surely.

    Parameters
    ----------
    rows : the run's rows per dialogue, any order; at most one for each dialogue, metric and direction
    signatures : dimension -> signature of the run; needed for targets that were calibrated
    turns : the run's rows per turn; needed for time_scale turn, and to name offending turns
    cluster : dialogue -> user; the interval is then over users, and a dialogue without one is dropped
    alpha : the interval has level 1 - 2 alpha, 0 < alpha < .5

    Returns
    -------
    Judgement, one `Verdict` per entry in the order of the file. ``met``: the interval of the mean lies
    wholly on the right side; ``unmet``: wholly on the wrong one, or the rate of a contraindication, with its
    interval, lies above the false alarms of its measure and what is tolerated;
    ``unknown``: anything else, with the reason. A single dialogue is ``met`` only above chance with
    p < alpha against strangers, else ``unknown``.

    Raises
    ------
    RunError
        Two rows for one dialogue, metric and direction: two runs were mixed.
    UsageError
        alpha out of range.

    Source
    ------
    methods/use-cases.md, section 4.

    Examples
    --------
    >>> from convalign.rubric import load
    >>> from convalign.scores import row
    >>> rows = [row(f"d{i}", "lexical", "entrainment", "agent->user", value=0.4 + i / 100, n=9,
    ...             surrogates=[0.1] * 20) for i in range(6)]
    >>> [(v.dimension, v.verdict) for v in judge(load("tutoring"), rows).verdicts]
    [('lexical', 'met'), ('emotional', 'unknown'), ('prosodic', 'unknown')]
    """
    if not 0 < alpha < 0.5:
        raise UsageError(f"alpha: {alpha!r} is not between 0 and 0.5; 0.05 gives 90 % intervals")
    table = Table(rows, turns, cluster)
    return Judgement(
        rubric=rubric.name,
        version=rubric.version,
        use_case=rubric.use_case,
        population=rubric.population,
        sha256=rubric.sha256,
        signature=rubric.signature,
        alpha=alpha,
        notes=rubric.notes,
        verdicts=tuple(_verdict(entry, rubric, table, signatures or {}, alpha) for entry in rubric.entries),
    )


def _verdict(
    entry: Entry, rubric: Rubric, table: Table, signatures: Mapping[str, str], alpha: float
) -> Verdict:
    """One entry: its directions, then its contraindications, then the word."""
    obstacle = _obstacle(entry, rubric, signatures.get(entry.dimension))
    name = table.metric(entry)
    missing = _missing(entry, name, table)
    sides = tuple(
        side(entry, d, name, table, alpha=alpha, obstacle=missing or obstacle) for d in entry.directions
    )
    decider = _decider(sides)
    floors = tuple(_floor(given, entry, table, alpha) for given in entry.contraindications)
    word, reason = _word(entry, decider, floors)
    base = entry.target.baseline
    cautions = [*decider.cautions]
    if base is not None and base.unstable is not None:
        cautions.append(f"edges of the baseline: {base.unstable}")
    return Verdict(
        dimension=entry.dimension,
        need=entry.need,
        metric=entry.metric,
        quantity=entry.quantity,
        direction=entry.direction,
        primes=entry.primes,
        time_scale=entry.time_scale,
        verdict=word,
        reason=reason,
        decided_by=decider.direction,
        value=decider.value,
        baseline=decider.baseline,
        excess=decider.excess,
        interval=decider.interval,
        n=decider.n,
        units=decider.units,
        dropped=decider.dropped,
        p=decider.p,
        target=target_text(entry.target),
        target_source=source_text(entry),
        grade=entry.grade,
        weak_ground=entry.weak_ground,
        serves=entry.serves,
        population=rubric.population,
        evidence=entry.evidence,
        contrary=entry.contrary,
        contraindications=floors,
        weighed=decider.weighed,
        cautions=tuple(cautions),
        sides=sides,
    )


def _missing(entry: Entry, name: str, table: Table) -> str | None:
    """Why there are no rows for this entry, or None."""
    if table.has(entry.dimension, name):
        return None
    if not table.has(entry.dimension):
        return f"dimension {entry.dimension!r} is not in this run"
    return _absent(
        entry.dimension, entry.metric, "" if name == entry.metric else f" on {entry.primes} primes"
    )


def _obstacle(entry: Entry, rubric: Rubric, signature: str | None) -> str | None:
    """Why these scores may not be held against the target, or None."""
    if entry.metric_version is not None:
        version = signature_fields(signature or "").get("v")
        if version != entry.metric_version:
            found = f"v:{version}" if version else "no version"
            wanted = f"the rubric asks for metric_version {entry.metric_version!r}"
            return f"{wanted}, the run's signature has {found}"
    if not calibrated(entry.target):
        return f"no human baseline: run `convalign judge HUMANS --rubric {rubric.name} --calibrate FILE`"
    base = entry.target.baseline
    if base is None:
        return None
    if base.signature is None or signature is None:
        who = "baseline" if base.signature is None else "run"
        return f"the {who} has no signature for {entry.dimension}, so that the two cannot be compared"
    theirs, ours = signature_fields(base.signature), signature_fields(signature)
    differ = [key for key in sorted({*theirs, *ours}) if theirs.get(key) != ours.get(key)]
    if differ:
        key = differ[0]
        what = f"{key}: " if key else ""
        pair = f"{theirs.get(key, 'nothing')!r}, of this run {ours.get(key, 'nothing')!r}"
        return f"other signature, {what}of the baseline {pair}; calibrate again"
    return None


def _decider(sides: tuple[Side, ...]) -> Side:
    """The direction that decides: an unmet one, else an unknown one, else the nearest to its edge."""
    for word in ("unmet", "unknown"):
        for one in sides:
            if one.verdict == word:
                return one
    return min(sides, key=lambda one: one.margin if one.margin is not None else 0.0)


def _word(entry: Entry, decider: Side, floors: tuple[Floor, ...]) -> tuple[Word | None, str]:
    """The verdict word of the entry, and why."""
    violated = [floor for floor in floors if floor.verdict == "unmet"]
    if violated:
        target = [decider.reason] if decider.verdict == "unmet" and entry.need != "monitor" else []
        return "unmet", "contraindicated: " + "; ".join([*(floor.reason for floor in violated), *target])
    if entry.need == "monitor":
        judged = entry.target.kind == "none" and decider.n > 0
        return None, "shown, not judged" if judged else f"shown, not judged; {decider.reason}"
    unchecked = [floor for floor in floors if floor.verdict == "unknown"]
    if decider.verdict == "met" and unchecked:
        return "unknown", f"{decider.reason}, but open: " + "; ".join(floor.reason for floor in unchecked)
    reason = decider.reason if entry.direction != "mutual" else f"{decider.direction}: {decider.reason}"
    return decider.verdict, reason


def _floor(given: Contraindication, entry: Entry, table: Table, alpha: float) -> Floor:
    """What became of one contraindication: its rate over all replies, held against the false alarms.

    Replies count alike, whoever gave them; the interval has level 1 - 2 alpha.
    """
    told = partial(Floor, given.when, given.why, given.metric, given.at_most)
    if given.metric is None:
        return told(verdict=None, reason="stated, not measured")
    if not table.has(entry.dimension, given.metric):
        return told(verdict="unknown", reason=_absent(entry.dimension, given.metric))
    rows = [r for d in entry.directions for r in table.rows(entry.dimension, given.metric, d)]
    scored = [(r.value, r.n) for r in rows if r.value is not None]
    replies = sum(n for _, n in scored)
    if not replies:
        why = (
            dropped_text(Counter(r.reason or "no evidence" for r in rows)) or f"no row for {entry.direction}"
        )
        return told(verdict="unknown", reason=f"{given.metric} not scored: {why}")
    # The share of a dialogue times its n is a whole number, up to rounding.
    times = round(sum(value * n for value, n in scored))
    share = times / replies
    alarms = false_alarms()[given.metric]
    limit = alarms.high + given.at_most
    word, more = against(times, replies, limit, alpha=alpha)
    low, high = wilson(times, replies, alpha=alpha)
    offending = tuple(
        table.weigh_turn(turn)
        for d in entry.directions
        for turn in table.turn_rows(entry.dimension, given.metric, d)
        if turn.value is not None and turn.value > 0
    )
    return told(
        verdict=word,
        reason=f"{given.metric} in {times} of {replies} replies, interval {number(low)} to {number(high)}, "
        f"against {number(limit)} ({number(given.at_most)} tolerated, false alarms up to "
        f"{number(alarms.high)}): {more}",
        share=share,
        interval=(low, high),
        limit=limit,
        n=replies,
        turns=offending,
    )


def _absent(dimension: str, metric: str, primes: str = "") -> str:
    """Why a metric has no rows."""
    planned = metric in NOT_YET.get(dimension, ())
    cause = " (this version of convalign does not score it)" if planned else ""
    return f"metric {metric!r}{primes} is not in this run{cause}"
