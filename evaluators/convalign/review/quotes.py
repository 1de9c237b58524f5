"""The turns that an edit moved most, quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convalign import logs
from convalign.dialogue import Dialogue
from convalign.errors import ConvalignError
from convalign.review.arms import Arm
from convalign.study import Study

MOST = 3
"""Quotes per arm."""

LONGEST = 300
"""Characters of a quote."""


def quotes(arms: Sequence[Arm], study: Study, headlines: Mapping[str, str]) -> list[dict[str, Any]]:
    """For every arm the turns whose score on its own dimension changed most.

    Parameters
    ----------
    arms : baseline first; an arm whose log cannot be read again gives no quotes
    headlines : dimension -> metric that has turn rows

    Returns
    -------
    Records with the words as in the log, cut at `LONGEST` characters: hostile text, to be escaped.
    """
    found: list[dict[str, Any]] = []
    baseline: dict[str, Any] = {}
    for arm in arms[1:]:
        target = arm.declared.targets
        if target is None or target not in headlines or arm.source is None or arm.declared.control:
            continue
        if target not in baseline:
            baseline[target] = arms[0].turns(target, headlines[target], study.direction)
        before = baseline[target]
        after = arm.turns(target, headlines[target], study.direction)
        moved = [
            (abs(row.value - old.value), key, old.value, row.value)
            for key, row in after.items()
            if (old := before.get(key)) is not None and row.value is not None and old.value is not None
        ]
        moved.sort(key=lambda item: (-item[0], item[1]))
        top = _spread(moved)
        dialogues = _find(arm.source, {key[0] for _, key, _, _ in top})
        for change, (dialogue, turn), old_value, new_value in top:
            if change > 0 and dialogue in dialogues and turn < len(dialogues[dialogue].turns):
                found.append(
                    _quote(
                        arm.name, target, headlines[target], dialogues[dialogue], turn, old_value, new_value
                    )
                )
    return found


def _spread(moved: list[tuple[float, tuple[str, int], float, float]]) -> list[Any]:
    """The largest changes, one per dialogue."""
    top: list[Any] = []
    for item in moved:
        if len(top) == MOST:
            break
        if item[1][0] not in {other[1][0] for other in top}:
            top.append(item)
    return top


def _find(source: str, wanted: set[str]) -> dict[str, Dialogue]:
    """Some dialogues of a log; none when it can no longer be read."""
    try:
        return {d.id: d for d in logs.read([source], logs.ReadOptions()) if d.id in wanted}
    except ConvalignError:
        return {}


def _quote(
    arm: str, dimension: str, metric: str, dialogue: Dialogue, turn: int, before: float, after: float
) -> dict[str, Any]:
    """One turn with the turn before it."""
    one = dialogue.turns[turn]
    prime = dialogue.turns[turn - 1] if turn else None
    return {
        "arm": arm,
        "dimension": dimension,
        "metric": metric,
        "dialogue": dialogue.id,
        "turn": turn,
        "speaker": dialogue.label(one.speaker),
        "text": _cut(one.text),
        "prime_text": _cut(prime.text) if prime else None,
        "value": after,
        "why": f"{metric} of this turn went from {before:.2f} to {after:.2f}",
    }


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST:
        return text
    return text[:LONGEST] + " …"
