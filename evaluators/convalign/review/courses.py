"""Affect over one dialogue: both speakers, before and after the edit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from convalign.review.arms import Arm
from convalign.scores import TurnScore
from convalign.study import Study

DIMENSION, METRIC = "emotional", "valence"
FEWEST_TURNS = 4


def courses(arms: Sequence[Arm], study: Study, decided: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Choose a dialogue that is worth looking at, and lay out its valence turn by turn.

    Parameters
    ----------
    arms : baseline first
    decided : the quoted turns of the verdicts; the dialogue with most of them is shown, else the one in
        which the answered partner's valence swings most

    Returns
    -------
    At most one record, ``{"dialogue", "why", "series", "marks"}``: series per arm and speaker, the baseline's
    two first, then the replier's of the first arm with a mark, else of the arm that was to move affect; marks
    are (arm, turn) of the verdicts.
    """
    series = _series(arms[0])
    there = {name: lines for name, lines in series.items() if len(lines) > 1}
    there = {n: ls for n, ls in there.items() if min(map(len, ls.values())) >= FEWEST_TURNS}
    if not there:
        return []
    named = Counter(one["dialogue"] for one in decided if one["dimension"] == DIMENSION)
    marked = [
        name for name, _ in sorted(named.items(), key=lambda item: (-item[1], item[0])) if name in there
    ]
    heard = study.direction.partition("->")[2]
    chosen = marked[0] if marked else max(sorted(there), key=lambda name: _swing(arms[0], there, name, heard))
    why = (
        f"{named[chosen]} of its turns decided a verdict"
        if marked
        else f"the dialogue in which the valence of {heard} swings most"
    )
    lines = [_line(arms[0], chosen, speaker, rows) for speaker, rows in there[chosen].items()]
    marks = [[one["arm"], one["turn"]] for one in decided if one["dialogue"] == chosen]
    beside = _beside(arms, [name for name, _ in marks])
    if beside is not None:
        for speaker, rows in _series(beside, chosen).get(chosen, {}).items():
            line = _line(beside, chosen, speaker, rows)
            lines += [line] if line["label"] != heard else []
    return [{"dialogue": chosen, "why": why, "series": lines, "marks": marks}]


def _beside(arms: Sequence[Arm], marked: Sequence[str]) -> Arm | None:
    """The arm to be shown beside the baseline: the first with a mark, else the one aimed at affect."""
    edited = [arm for arm in arms[1:] if not arm.declared.control]
    named = [arm for arm in edited if arm.name in marked]
    aimed = [arm for arm in edited if arm.declared.targets == DIMENSION]
    return next(iter([*named, *aimed]), None)


def _series(arm: Arm, only: str | None = None) -> dict[str, dict[str, list[TurnScore]]]:
    """Dialogue -> speaker -> turns with a valence."""
    found: dict[str, dict[str, list[TurnScore]]] = defaultdict(lambda: defaultdict(list))
    for row in arm.turn_rows():
        wanted = (row.dimension, row.metric, row.direction) == (DIMENSION, METRIC, None)
        if wanted and row.value is not None and only in (None, row.dialogue):
            found[row.dialogue][row.speaker].append(row)
    return found


def _label(arm: Arm, dialogue: str, speaker: str) -> str:
    """The role where the log gives one, else the name."""
    return str(arm.index[dialogue]["roles"].get(speaker) or speaker)


def _swing(arm: Arm, series: Mapping[str, Mapping[str, list[TurnScore]]], name: str, heard: str) -> float:
    """Range of the valence of the answered partner."""
    values = [
        row.value or 0.0
        for speaker, rows in series[name].items()
        if _label(arm, name, speaker) == heard
        for row in rows
    ]
    return max(values) - min(values) if values else 0.0


def _line(arm: Arm, dialogue: str, speaker: str, rows: Sequence[TurnScore]) -> dict[str, Any]:
    return {
        "arm": arm.name,
        "label": _label(arm, dialogue, speaker),
        "points": [[row.turn, row.value] for row in rows],
    }
