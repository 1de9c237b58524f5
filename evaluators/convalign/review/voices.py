"""Both voices over one call, and how good the sound of each arm is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from convalign import dimensions
from convalign.review.arms import Arm
from convalign.scores import TurnScore
from convalign.study import Study

DIMENSION = "prosodic"
PANELS = (("pitch", "semitones re 100 Hz"), ("rate", "syllables/s"), ("intensity", "dBFS"))
"""What is drawn of a call: turn metrics without direction, and the unit on the axis."""

QUALITY = ("voiced_share", "overlap_share", "clipped_share", "snr_db")
CLIPPED = 0.01

Turns = Mapping[str, Mapping[int, Mapping[str, TurnScore]]]
"""Dialogue -> turn -> metric -> row."""


def voices(arms: Sequence[Arm], study: Study) -> list[dict[str, Any]]:
    """Choose a call, and lay both speakers' turns out on its clock.

    Parameters
    ----------
    arms : baseline first

    Returns
    -------
    At most one record, ``{"dialogue", "why", "clock", "panels"}``; a panel has ``feature``, ``unit`` and
    ``series``, each with ``arm``, ``label`` and ``turns``, [start, end, value] with the place of the turn
    where the log has no times (``clock`` says which). The baseline's two speakers, then the replier in the
    arm that was to move the voice.
    """
    if DIMENSION not in arms[0].run.info["signature"]:
        return []
    heard = _turns(arms[0])
    full = {name: turns for name, turns in heard.items() if _complete(turns)}
    if not full:
        return []
    edited = next((a for a in arms[1:] if a.declared.targets == DIMENSION and not a.declared.control), None)
    moved = _moved(arms[0], edited, study) if edited is not None else {}
    known = {name: change for name, change in moved.items() if name in full}
    if known:
        chosen = max(sorted(known), key=lambda name: known[name])
        why = f"the call in which {edited.name if edited else ''} moved the headline most"
    else:
        chosen = max(sorted(full), key=lambda name: len(full[name]))
        why = "the call with most turns that were heard"
    replier = study.direction.partition("->")[0]
    lines = [(arms[0], full[chosen])]
    if edited is not None:
        lines.append((edited, _turns(edited, chosen).get(chosen, {})))
    timed = all("start_s" in row and "end_s" in row for _, turns in lines for row in turns.values())
    panels = []
    for feature, unit in PANELS:
        series = []
        for arm, turns in lines:
            for label, segments in _segments(arm, chosen, turns, feature, timed=timed).items():
                if arm is arms[0] or label == replier:
                    series.append({"arm": arm.name, "label": label, "turns": segments})
        panels.append({"feature": feature, "unit": unit, "series": series})
    clock = "s" if timed else "turn"
    return [{"dialogue": chosen, "why": why, "clock": clock, "panels": panels}]


def quality(arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """How good the sound of each arm is; arms that sound like the baseline are left out.

    Returns
    -------
    One record per arm: ``arm``, ``turns``, ``unscored`` (feature -> reason -> turns), ``voiced_share`` and
    ``snr_db`` (medians over turns), ``overlap_share`` (mean), ``overlapped`` and ``clipped`` (turns); shares
    in 0..1, None where nothing was heard. [] where no arm has sound.
    """
    found: list[dict[str, Any]] = []
    for arm in arms:
        if DIMENSION not in arm.run.info["signature"]:
            continue
        record = _quality(row for row in arm.turn_rows() if row.dimension == DIMENSION)
        if record["turns"] and all({**one, "arm": ""} != {**record, "arm": ""} for one in found):
            found.append({"arm": arm.name, **record})
    return found


def per_feature(arms: Sequence[Arm], study: Study) -> list[dict[str, Any]]:
    """What the features of the composites show: in the baseline, and in the arms that were to move the voice.

    Returns
    -------
    One record per metric ``<composite>.<feature>`` that is scored anywhere: ``dimension``, ``metric``,
    ``unit``, ``good`` and ``arms``, each with ``arm``, ``n``, ``value``, ``baseline``, ``excess`` (means over
    dialogues, None = unscored) and ``reasons`` (reason -> dialogues).
    """
    if DIMENSION not in arms[0].run.info["signature"]:
        return []
    metrics = dimensions.load(DIMENSION).METRICS
    composites = {metric.name for metric in metrics if "." not in metric.name}
    shown = [arms[0], *(a for a in arms[1:] if a.declared.targets == DIMENSION and not a.declared.control)]
    records = []
    for metric in metrics:
        composite, dot, _ = metric.name.partition(".")
        if not dot or composite not in composites:
            continue
        cells = [_cell(arm, metric.name, study.direction) for arm in shown]
        if any(cell["n"] for cell in cells):
            about = {"dimension": DIMENSION, "metric": metric.name, "unit": metric.unit, "good": metric.good}
            records.append(about | {"arms": cells})
    return records


def _cell(arm: Arm, metric: str, direction: str) -> dict[str, Any]:
    """One metric in one arm."""
    rows = arm.table(DIMENSION, metric, direction).values()
    scored = [r for r in rows if r.value is not None]
    reasons = Counter(r.reason for r in rows if r.value is None)
    return {
        "arm": arm.name,
        "n": len(scored),
        "value": _mean([r.value for r in scored]),
        "baseline": _mean([r.baseline for r in scored]),
        "excess": _mean([r.excess for r in scored]),
        "reasons": dict(sorted((str(k), v) for k, v in reasons.items())),
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return fmean(known) if known else None


def _turns(arm: Arm, only: str | None = None) -> Turns:
    """Turn rows without direction: what was heard."""
    found: dict[str, dict[int, dict[str, TurnScore]]] = defaultdict(lambda: defaultdict(dict))
    for row in arm.turn_rows():
        if row.dimension == DIMENSION and row.direction is None and only in (None, row.dialogue):
            found[row.dialogue][row.turn][row.metric] = row
    return found


def _complete(turns: Mapping[int, Mapping[str, TurnScore]]) -> bool:
    """Whether two speakers have pitch, and 4 turns of it each."""
    speakers = Counter(
        row.speaker
        for rows in turns.values()
        if (row := rows.get("pitch")) is not None and row.value is not None
    )
    return len(speakers) > 1 and min(speakers.values()) >= 4


def _moved(baseline: Arm, edited: Arm, study: Study) -> dict[str, float]:
    """Dialogue -> change of the headline's value."""
    headline = dimensions.load(DIMENSION).METRICS[0].name
    before = baseline.table(DIMENSION, headline, study.direction)
    after = edited.table(DIMENSION, headline, study.direction)
    pairs = {key: (before[key].value, after[key].value) for key in before if key in after}
    return {key: b - a for key, (a, b) in pairs.items() if a is not None and b is not None}


def _segments(
    arm: Arm, dialogue: str, turns: Mapping[int, Mapping[str, TurnScore]], feature: str, *, timed: bool
) -> dict[str, list[list[float]]]:
    """Label -> [start, end, value] of every turn that has one."""
    found: dict[str, list[list[float]]] = defaultdict(list)
    for turn, rows in sorted(turns.items()):
        row = rows.get(feature)
        if row is None:
            continue
        label = str(arm.index[dialogue]["roles"].get(row.speaker) or row.speaker)
        start, end = (rows["start_s"].value, rows["end_s"].value) if timed else (turn - 0.4, turn + 0.4)
        if row.value is not None and start is not None and end is not None:
            found[label].append([start, end, row.value])
        else:
            found[label] = found[label]
    return dict(found)


def _quality(rows: Iterable[TurnScore]) -> dict[str, Any]:
    """Counts and middles over the turns of an arm."""
    values: dict[str, list[float]] = defaultdict(list)
    unscored: dict[str, Counter[str]] = {feature: Counter() for feature, _ in PANELS}
    turns = 0
    for row in rows:
        if row.direction is not None:
            continue
        turns += row.metric == "pitch"
        if row.value is None:
            if row.metric in unscored:
                unscored[row.metric][str(row.reason)] += 1
        elif row.metric in QUALITY:
            values[row.metric].append(row.value)
    return {
        "turns": turns,
        "unscored": {f: dict(sorted(counts.items())) for f, counts in unscored.items() if counts},
        "voiced_share": median(values["voiced_share"]) if values["voiced_share"] else None,
        "snr_db": median(values["snr_db"]) if values["snr_db"] else None,
        "overlap_share": _mean(values["overlap_share"]),
        "overlapped": sum(v > 0 for v in values["overlap_share"]),
        "clipped": sum(v > CLIPPED for v in values["clipped_share"]),
    }
