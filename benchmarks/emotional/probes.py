"""Seven kinds of reply to somebody who feels bad: are they told apart?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from convalign import affect
from convalign.dialogue import Dialogue, Turn
from convalign.dimensions.emotional.reading import observe_all
from convalign.dimensions.emotional.rows import SUPPORT, told
from convalign.dimensions.emotional.support import COMPASSION, Reply

KINDS = ("acknowledge", "acknowledge_regulate", "mirror", "escalate", "dismiss", "neutral", "reassure")
GOOD = ("acknowledge", "acknowledge_regulate", "neutral", "reassure")
"""Kinds that no flag should hit."""
FLAGS = ("escalate", "mirror", "dismiss")


RATES = Path(__file__).parents[2] / "corpora" / "probes" / "rates.json"


def read_probes(model: affect.Model) -> tuple[list[dict[str, str]], dict[str, Reply]]:
    """The probes, and by id what the rules see of each reply."""
    text = (resources.files("convalign.corpora") / "probes" / "replies.jsonl").read_text(encoding="utf-8")
    probes = [json.loads(line) for line in text.splitlines()]
    dialogues = [
        Dialogue(one["id"], (Turn("user", one["prime"]), Turn("agent", one["reply"]))) for one in probes
    ]
    found = {}
    for one, observed in zip(probes, observe_all(dialogues, model, asked="en", within=None), strict=True):
        (exchange,) = next(exchanges for *_, exchanges in observed.directions if exchanges)
        if exchange.prime is None:
            raise SystemExit(f"{one['id']}: the prime has no words")
        reply = told(exchange, exchange.prime.valence)
        if reply is None:
            raise SystemExit("the model has no labels for support; use the default model")
        found[one["id"]] = reply
    return probes, found


def rates(probes: Sequence[dict[str, str]], found: dict[str, Reply]) -> dict[str, Any]:
    """False alarms and misses of each flag on the open and on the held probes, with 95 % Wilson intervals."""

    def counted(flag: str, split: str, kinds: Sequence[str], wanted: bool) -> dict[str, Any]:
        hits = [
            bool(SUPPORT[flag][0](found[one["id"]])) is wanted
            for one in probes
            if one["split"] == split and one["kind"] in kinds
        ]
        low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
        return {"times": sum(hits), "n": len(hits), "low": round(low, 4), "high": round(high, 4)}

    return {
        flag: {
            split: {
                "false_alarms": counted(flag, split, GOOD, True),
                "misses": counted(flag, split, (flag,), False),
            }
            for split in ("open", "held")
        }
        for flag in FLAGS
    }


def probe_table(model: affect.Model) -> list[str]:
    """Figures by kind of reply: open probes, on which the rules were chosen, and those held back."""
    probes, found = read_probes(model)
    lines = []
    for split in ("open", "held"):
        lines += [
            f"Probes, {split} ({sum(one['split'] == split for one in probes)} replies):",
            "",
            f"| kind of reply | n | acknowledge, mean | ≥ {COMPASSION} | " + " | ".join(FLAGS) + " |",
            "|---" * (4 + len(FLAGS)) + "|",
        ]
        for kind in KINDS:
            replies = [found[one["id"]] for one in probes if one["kind"] == kind and one["split"] == split]
            n = len(replies)
            mean = sum(one.compassion for one in replies) / n
            cells = [_share(sum(one.compassion >= COMPASSION for one in replies), n)]
            cells += [_share(int(sum(SUPPORT[flag][0](one) for one in replies)), n) for flag in FLAGS]
            lines.append(f"| {kind} | {n} | {mean:.2f} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def _share(k: int, n: int) -> str:
    """k of n with its 95 % interval."""
    low, high = binomtest(k, n).proportion_ci(method="wilson")
    return f"{k} of {n} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    RATES.write_text(json.dumps(rates(*read_probes(affect.load())), indent=1) + "\n", encoding="utf-8")
