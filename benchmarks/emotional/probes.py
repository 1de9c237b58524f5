"""Six kinds of reply to somebody who feels bad: are they told apart?"""

from __future__ import annotations

import json
from importlib import resources

from scipy.stats import binomtest

from convalign import affect
from convalign.dialogue import Dialogue, Turn
from convalign.dimensions.emotional.reading import observe_all
from convalign.dimensions.emotional.rows import SUPPORT, told
from convalign.dimensions.emotional.support import COMPASSION

KINDS = ("acknowledge", "acknowledge_regulate", "mirror", "escalate", "dismiss", "neutral")
FLAGS = ("escalate", "mirror", "dismiss")


def probe_table(model: affect.Model) -> list[str]:
    """Figures by kind of reply: open probes, on which the rules were chosen, and those held back."""
    text = (resources.files("convalign.corpora") / "probes" / "replies.jsonl").read_text(encoding="utf-8")
    probes = [json.loads(line) for line in text.splitlines()]
    dialogues = [
        Dialogue(one["id"], (Turn("user", one["prime"]), Turn("agent", one["reply"]))) for one in probes
    ]
    lines = []
    found = {}
    for one, observed in zip(probes, observe_all(dialogues, model, language="en", within=None), strict=True):
        (exchange,) = next(exchanges for *_, exchanges in observed.directions if exchanges)
        if exchange.prime is None:
            raise SystemExit(f"{one['id']}: the prime has no words")
        reply = told(exchange, exchange.prime.valence)
        if reply is None:
            raise SystemExit("the model has no labels for support; use the default model")
        found[one["id"]] = reply
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
