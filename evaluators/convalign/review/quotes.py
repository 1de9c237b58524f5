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
        dialogues = find(arm, {key[0] for _, key, _, _ in top})
        for change, (dialogue, turn), old_value, new_value in top:
            if change > 0 and dialogue in dialogues and turn < len(dialogues[dialogue].turns):
                found.append(
                    {"arm": arm.name, "dimension": target, "metric": headlines[target]}
                    | quote(dialogues[dialogue], turn)
                    | {
                        "value": new_value,
                        "why": f"{headlines[target]} of this turn went from {old_value:.2f} "
                        f"to {new_value:.2f}",
                    }
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


def find(arm: Arm, wanted: set[str]) -> dict[str, Dialogue]:
    """Some dialogues of an arm's log, under the baseline's ids; none when it can no longer be read."""
    if arm.source is None:
        return {}
    named = {arm.theirs.get(dialogue, dialogue): dialogue for dialogue in wanted}
    try:
        return {named[d.id]: d for d in logs.read([arm.source], logs.ReadOptions()) if d.id in named}
    except ConvalignError:
        return {}


def quote(dialogue: Dialogue, turn: int) -> dict[str, Any]:
    """One turn with the last turn by somebody else."""
    one = dialogue.turns[turn]
    before = (dialogue.turns[k] for k in range(turn - 1, -1, -1))
    prime = next((other for other in before if other.speaker != one.speaker), None)
    return {
        "dialogue": dialogue.id,
        "turn": turn,
        "speaker": dialogue.label(one.speaker),
        "text": _cut(one.text),
        "prime_text": _cut(prime.text) if prime else None,
    }


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST:
        return text
    return text[:LONGEST] + " …"
