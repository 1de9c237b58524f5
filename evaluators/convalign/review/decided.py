"""The turns behind a verdict, quoted to be looked at: none of them is one."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from convalign.review.arms import Arm, of_use_case
from convalign.review.quotes import find, quote

MOST = 3
"""Turns per verdict."""


def decided(verdicts: Sequence[Mapping[str, Any]], arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """Quote what verdicts rest on, where single turns can be named.

    Parameters
    ----------
    verdicts : as in ``results.json``
    arms : baseline first; an arm whose log cannot be read again gives no quotes

    Returns
    -------
    Records like those of `convalign.review.quotes.quotes`, with the rubric: the turns that
    were called what a contraindication forbids, whatever its verdict, and for other verdicts on single
    turns those that lie furthest on the side of the verdict.
    """
    by_name = {arm.name: arm for arm in arms}
    found: list[dict[str, Any]] = []
    for verdict in verdicts:
        arm = by_name[verdict["arm"]]
        if verdict["control"] or arm.source is None:
            continue
        within = of_use_case(arm, verdict["use_case"]).index
        told = [item for entry in verdict["entries"] for item in _turns(entry, arm, within)]
        dialogues = find(arm, {item["dialogue"] for item in told})
        for item in told:
            dialogue = dialogues.get(item["dialogue"])
            if dialogue is not None and item["turn"] < len(dialogue.turns):
                about = {"rubric": verdict["rubric"], "arm": arm.name}
                found.append(about | quote(dialogue, item["turn"]) | item)
    return found


def _turns(entry: Mapping[str, Any], arm: Arm, within: Container[str]) -> list[dict[str, Any]]:
    """The turns behind one entry of a verdict, of the dialogues that it was judged on."""
    found: list[dict[str, Any]] = []
    dimension = entry["dimension"]
    for floor in entry["contraindications"]:
        found += [
            _item(
                dimension, floor["metric"], turn, f"look at this, called {floor['metric']}: {floor['when']}"
            )
            for turn in floor["turns"][:MOST]
        ]
    violated = any(floor["verdict"] == "unmet" for floor in entry["contraindications"])
    if violated or entry["primes"] == "all" or entry["verdict"] not in ("met", "unmet"):
        return found
    rows = arm.turns(dimension, entry["metric"], entry["decided_by"])
    scored = sorted(
        (row.value, key) for key, row in rows.items() if row.value is not None and key[0] in within
    )
    chosen = scored[::-1][:MOST] if entry["verdict"] == "met" else scored[:MOST]
    side = "most" if entry["verdict"] == "met" else "least"
    return found + [
        _item(
            dimension,
            entry["metric"],
            {"dialogue": dialogue, "turn": turn, "value": value},
            f"{entry['verdict']}: among the turns with {side} {entry['metric']} ({value:.2f})",
        )
        for value, (dialogue, turn) in chosen
    ]


def _item(dimension: str, metric: str, turn: Mapping[str, Any], why: str) -> dict[str, Any]:
    return {
        "dimension": dimension,
        "metric": metric,
        "dialogue": turn["dialogue"],
        "turn": turn["turn"],
        "value": turn["value"],
        "why": why,
    }
