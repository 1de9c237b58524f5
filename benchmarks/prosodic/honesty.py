"""At zero alignment: how often is a printed p below .05?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from calls import Recipe, observed

from convalign.dimensions import prosodic
from convalign.surrogates import Pool

CELLS = (
    ("no memory", {"memory": 0.0}), ("memory .3", {"memory": 0.3}), ("memory .6", {"memory": 0.6}),
    ("memory .8", {"memory": 0.8}), ("memory .6 and a common drift", {"memory": 0.6, "drift": 1.0}),
)  # fmt: skip
LEVEL = 0.05
BOUND = (0.03, 0.07)


def honest_table(count: int) -> Iterator[tuple[str, ...]]:
    """Rows: series, metric (over its features), shares below .05 at 20, 40 and 100 turns, bound.

    A drift that both share is nearness, not its absence: the bound is not held against those rows.
    Strangers are the other dialogues of the cell, 199 of them; ``partner_effect, one call`` is the p that
    calls without strangers get.
    """
    settings, alone = prosodic.Settings(), prosodic.Settings(surrogates=0)
    for name, how in CELLS:
        found: dict[str, dict[int, tuple[float, int]]] = defaultdict(dict)
        for turns in (20, 40, 100):
            print(f"  {name}, {turns} turns", flush=True)
            observations = observed(Recipe(turns, **how), range(count))
            pool = Pool((s for o in observations for s in o.sides), seed=0)
            frozen = prosodic.reference(observations, pool, settings)
            below: dict[str, list[bool]] = defaultdict(list)
            for one in observations:
                for row in prosodic.score(one, pool, frozen, settings).dialogues:
                    if row.p is not None:
                        below[_family(row.metric)].append(row.p < LEVEL)
                if turns >= 24:
                    for row in prosodic.score(one, pool, frozen, alone).dialogues:
                        if row.p is not None:
                            below["`partner_effect`, one call"].append(row.p < LEVEL)
            for metric, hits in below.items():
                found[metric][turns] = (float(np.mean(hits)), len(hits))
        for metric, shares in sorted(found.items()):
            cells = [f"{100 * shares[t][0]:.1f}" if t in shares else "no p" for t in (20, 40, 100)]
            held = "" if how.get("drift") else _verdict([share for share, _ in shares.values()])
            yield name, metric, *cells, held


def _family(metric: str) -> str:
    head, dot, _ = metric.partition(".")
    return f"`{head}.*`" if dot else f"`{head}`"


def _verdict(shares: list[float]) -> str:
    """Whether all lie in the bound."""
    return "met" if all(BOUND[0] <= share <= BOUND[1] for share in shares) else "MISSED"
