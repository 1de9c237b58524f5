"""Simulated studies with known truth: how often the statistics say what is not so.

    python benchmarks/studies.py [--studies N]

Each row simulates at least 2,000 studies and rewrites the table in benchmarks/README.md between its marks.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convalign import independence
from convalign.independence import paired_equivalence, transfer_matrix, within_dialogues

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- studies: begin -->", "<!-- studies: end -->"
POWER = (
    (0.3, 0.0, 97, 0.8),
    (0.3, 0.0, 122, 0.9),
    (0.3, 0.1, 157, 0.8),
    (0.5, 0.0, 36, 0.8),
    (0.2, 0.0, 216, 0.8),
)
"""Bound dz, true dz, dialogues, power by the table of methods/statistics.md, section 5."""

ROWS = count()

Numbers = NDArray[np.float64]


def autoregressive(rng: np.random.Generator, n: int, turns: int, phi: float) -> Numbers:
    """[n, turns] series of unit variance that remember."""
    made = np.empty((n, turns))
    noise = rng.standard_normal((n, turns))
    made[:, 0] = noise[:, 0]
    for k in range(1, turns):
        made[:, k] = phi * made[:, k - 1] + math.sqrt(1 - phi**2) * noise[:, k]
    return made


def differences(rng: np.random.Generator, n: int, mean: float, kind: str) -> Numbers:
    """[n] paired differences of unit sd with a known mean."""
    if kind == "skewed":
        return mean + (rng.exponential(1.0, n) - 1.0)
    if kind == "heavy tails":
        return mean + rng.standard_t(3, n) / math.sqrt(3)
    return mean + rng.standard_normal(n)


def of_turns(rng: np.random.Generator, n: int, mean: float, phi: float) -> Numbers:
    """[n] differences of dialogue means over 20 turns that remember, scaled to unit sd."""
    turns = autoregressive(rng, n, 20, phi).mean(axis=1)
    expected = sum((20 - abs(k)) * phi ** abs(k) for k in range(-19, 20)) / 400
    return mean + turns / math.sqrt(expected)


def share(studies: int, one: Callable[[np.random.Generator], bool]) -> tuple[float, float]:
    """Share of studies for which `one` is true, and its standard error; every row has draws of its own."""
    row = next(ROWS)
    hits = sum(one(np.random.default_rng([7, row, k])) for k in range(studies))
    p = hits / studies
    return p, math.sqrt(max(p * (1 - p), 1e-9) / studies)


def unchanged(d: Numbers, bound: float, cluster: list[int] | None = None) -> bool:
    """Whether the paired test says that nothing moved beyond the bound."""
    zeros = np.zeros(len(d))
    return paired_equivalence(zeros, d, bound, cluster=cluster).within


def false_equivalence(studies: int) -> Iterator[tuple[str, str, float, float, str]]:
    """The true effect sits on the bound: at most 5 % may be called unchanged."""
    for n in (12, 20, 60):
        for kind in ("normal", "skewed", "heavy tails"):
            p, se = share(studies, lambda rng, n=n, kind=kind: unchanged(differences(rng, n, 0.3, kind), 0.3))
            # No interval that the review uses is exact under strong skew: shown, so that nobody is surprised.
            held = "at most .05" if kind == "normal" else "shown, no bound"
            yield f"{n} dialogues, {kind}", "false unchanged", p, se, held
    for phi in (0.5, 0.8):
        p, se = share(studies, lambda rng, phi=phi: unchanged(of_turns(rng, 60, 0.3, phi), 0.3))
        yield f"60 dialogues of 20 turns, memory {phi:g}", "false unchanged", p, se, "at most .05"
    for users, each, icc in ((20, 5, 0.3), (40, 3, 0.3), (8, 6, 0.3)):
        for declared in (True, False):

            def one(rng: np.random.Generator, users: int = users, each: int = each, icc: float = icc,
                    declared: bool = declared) -> bool:  # fmt: skip
                own = math.sqrt(icc) * rng.standard_normal((users, 1))
                d = (0.3 + own + math.sqrt(1 - icc) * rng.standard_normal((users, each))).ravel()
                return unchanged(d, 0.3, np.repeat(np.arange(users), each).tolist() if declared else None)

            p, se = share(studies, one)
            said = "users declared" if declared else "users not declared (what goes wrong)"
            held = "at most .05" if declared else "shown, no bound"
            yield f"{users} users of {each} dialogues, ICC {icc:g}: {said}", "false unchanged", p, se, held


def relations(studies: int) -> Iterator[tuple[str, str, float, float, str]]:
    """A correlation within dialogues on the bound, and none at all."""
    for n in (8, 20):
        for phi, drift in ((0.0, 0.0), (0.5, 0.0), (0.8, 0.0), (0.5, 2.0)):

            def series(rng: np.random.Generator, rho: float, n: int = n, phi: float = phi,
                       drift: float = drift) -> independence.Relation:  # fmt: skip
                x = autoregressive(rng, n, 20, phi)
                y = rho * x + math.sqrt(1 - rho**2) * autoregressive(rng, n, 20, phi)
                line = drift * np.linspace(-1, 1, 20)
                return within_dialogues((x + line).tolist(), (y + line).tolist(), 0.3, bootstrap=500)

            name = f"{n} dialogues of 20 turns, memory {phi:g}{', common drift' if drift else ''}"
            p, se = share(studies, lambda rng, f=series: f(rng, 0.3).finding.within)
            yield f"{name}, r .3 = bound", "false unrelated", p, se, "at most .05"
            p, se = share(studies, lambda rng, f=series: (f(rng, 0.0).p_flip or 1.0) < 0.05)
            yield f"{name}, r 0", "p of no link < .05", p, se, ".05"


def power(studies: int) -> Iterator[tuple[str, str, float, float, str]]:
    """Nothing, or little, moved: how often that is shown."""
    for bound, true, n, expected in POWER:
        p, se = share(
            studies, lambda rng, b=bound, t=true, n=n: unchanged(differences(rng, n, t, "normal"), b)
        )
        yield f"bound {bound:g} sd, true {true:g}, {n} dialogues", "shown", p, se, f"{expected:g} ± .03"


def matrix(rng: np.random.Generator, n: int, effects: Numbers, bound: float) -> bool:
    """Whether the joint claim of three interventions is shown; `effects` [3, 3], sd units."""
    names = ("lexical", "emotional", "prosodic")
    rows = {}
    ids = list(range(n))
    for i, target in enumerate(names):
        common = rng.standard_normal(n)
        cells = {}
        for j, name in enumerate(names):
            # Dimensions of one dialogue move together a little, as text scores do.
            d = effects[i, j] + 0.5 * common + math.sqrt(0.75) * rng.standard_normal(n)
            cells[name] = ([0.0] * n, d.tolist(), ids)
        rows[target] = {"targets": target, "cells": cells}
    return transfer_matrix(rows, bounds=dict.fromkeys(names, bound), bootstrap=100).joint.shown


def joint(studies: int) -> Iterator[tuple[str, str, float, float, str]]:
    """Six cells together: size with one on the bound, power with all at 0."""
    none = np.eye(3)
    edge = none.copy()
    edge[0, 1] = 0.3
    for n, effects, what, held in (
        (120, edge, "joint claim, one of six cells on the bound of .3 sd, 120 dialogues", "at most .05"),
        (120, none, "joint claim, all six at 0, bound .3 sd, 120 dialogues", ".51 (independent cells)"),
        (200, none, "joint claim, all six at 0, bound .3 sd, 200 dialogues", ".94 (independent cells)"),
    ):
        p, se = share(studies, lambda rng, n=n, e=effects: matrix(rng, n, e, 0.3))
        yield what, "shown", p, se, held


def main() -> int:
    """Simulate, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=10_000, help="per row (default 10000)")
    studies = parser.parse_args().studies
    started = time.monotonic()
    lines = ["| simulated | what is counted | share | held against |", "|---|---|---|---|"]
    for part in (false_equivalence, relations, power, joint):
        for name, what, p, se, held in part(studies):
            lines.append(f"| {name} | {what} | {100 * p:.1f} ± {100 * se:.1f} % | {held} |")
            print(lines[-1], flush=True)
    minutes = (time.monotonic() - started) / 60
    text = README.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    note = f"\n{studies:,} studies a row (share ± its standard error), {minutes:.0f} minutes on one core.\n\n"
    README.write_text(f"{head}{BEGIN}{note}{chr(10).join(lines)}\n{END}{tail}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
