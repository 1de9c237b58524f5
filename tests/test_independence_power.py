"""Plans: published tables, minimality, and the plain integral as a second route."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.power import TTestPower  # type: ignore[import-untyped]

from convalign.errors import UsageError
from convalign.independence import (
    correlation_power,
    dialogues_needed,
    equivalence_power,
    pairs_needed,
    smallest_bound,
    smallest_correlation_bound,
    superiority_pairs_needed,
    superiority_power,
)

Shared = Callable[[str], Path]

# methods/statistics.md, section 5: bound, (80, 90 %), true dz .1, two cells jointly, six cells jointly
NEEDED = [
    (0.2, (216, 272), (620, 858), (268, 325), (351, 406)),
    (0.3, (97, 122), (157, 216), (120, 145), (157, 182)),
    (0.4, (55, 70), (72, 97), (68, 83), (89, 103)),
    (0.5, (36, 45), (42, 56), (44, 54), (58, 67)),
    (0.8, (15, 19), (16, 20), (19, 22), (24, 27)),
]
N = (10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000)
SMALLEST_DZ = (1.01, 0.68, 0.55, 0.47, 0.38, 0.33, 0.295, 0.24, 0.21, 0.17, 0.13, 0.093)
SMALLEST_R = (0.80, 0.61, 0.51, 0.45, 0.37, 0.32, 0.29, 0.24, 0.21, 0.17, 0.13, 0.092)


@pytest.mark.parametrize(("bound", "plain", "shifted", "two", "six"), NEEDED)
def test_pairs_needed_table(
    bound: float, plain: tuple[int, int], shifted: tuple[int, int], two: tuple[int, int], six: tuple[int, int]
) -> None:
    for k, power in enumerate((0.8, 0.9)):
        assert pairs_needed(bound, power) == plain[k]
        assert pairs_needed(bound, power, 0.1) == shifted[k]
        assert pairs_needed(bound, power, cells=2) == two[k]
        assert pairs_needed(bound, power, cells=6) == six[k]


def test_power_vectors(shared: Shared) -> None:
    tables: dict[str, Any] = json.loads(shared("vectors/stats/power_tables.json").read_text())
    for row in tables["paired_tost"]:
        found = equivalence_power(row["n_pairs"], row["dz_bound"], row["true_dz"])
        assert found == pytest.approx(row["achieved"], abs=1e-8)
        needed = pairs_needed(row["dz_bound"], row["power"], row["true_dz"])
        assert needed is not None
        assert 0 <= row["n_pairs"] - needed <= 2  # the table searched in steps of 2
    for row in tables["correlation_tost_fisher"]:
        assert dialogues_needed(row["r_bound"], row["power"]) == row["n"]


@given(st.floats(0.15, 2.0), st.floats(0.5, 0.97), st.floats(0, 0.6), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_needed_n_is_minimal(bound: float, power: float, share: float, cells: int) -> None:
    effect = share * bound
    n = pairs_needed(bound, power, effect, cells=cells)
    assert n is not None
    assert equivalence_power(n, bound, effect) ** cells >= power - 1e-12
    assert n == 2 or equivalence_power(n - 1, bound, effect) ** cells < power


@pytest.mark.parametrize(
    ("n", "low", "high", "effect"),
    [(2, -3, 3, 0.1), (3, -1.5, 1.5, 0), (5, -1, 2, 0.2), (20, -0.5, 0.5, 0), (400, -0.1, 0.3, 0.02)],
)
def test_power_is_the_integral_of_the_methods(n: int, low: float, high: float, effect: float) -> None:
    c, root = stats.t.ppf(0.95, n - 1), math.sqrt(n)

    def integrand(u: float) -> float:
        inside = stats.norm.cdf(root * (high - effect) - c * u) - stats.norm.cdf(
            root * (low - effect) + c * u
        )
        return float(inside * stats.chi.pdf(u * math.sqrt(n - 1), n - 1) * math.sqrt(n - 1))

    top = (high - low) * root / (2 * c)
    reference = integrate.quad(integrand, 0, top, points=[min(1.0, top / 2)], limit=500)[0]
    assert equivalence_power(n, (low, high), effect) == pytest.approx(reference, abs=1e-7)


def test_power_is_what_simulation_gives() -> None:
    rng = np.random.default_rng(4)
    d = rng.normal(0.1, 1, (4000, 40))
    reach = stats.t.ppf(0.95, 39) * d.std(axis=1, ddof=1) / math.sqrt(40)
    share = float(np.mean((d.mean(axis=1) - reach > -0.5) & (d.mean(axis=1) + reach < 0.5)))
    # 4,000 studies: standard error .007
    assert equivalence_power(40, 0.5, 0.1) == pytest.approx(share, abs=0.025)


def test_large_n_joins_the_normal_curve() -> None:
    assert equivalence_power(99_999, 0.01) == pytest.approx(equivalence_power(100_000, 0.01), abs=5e-5)
    assert pairs_needed(1e-5) == pytest.approx(((1.6449 + 1.2816) / 1e-5) ** 2, rel=1e-4)


@pytest.mark.parametrize("effect", [0.3, -0.3, 0.5])
def test_no_n_shows_an_effect_on_or_beyond_the_bound(effect: float) -> None:
    assert pairs_needed(0.3, effect_dz=effect) is None


def test_smallest_bound_table() -> None:
    # Printed to two or three digits; the first, 1.0047, is printed 1.01.
    assert [smallest_bound(n) for n in N] == pytest.approx(SMALLEST_DZ, abs=0.0055)
    assert [smallest_correlation_bound(n) for n in N] == pytest.approx(SMALLEST_R, abs=0.0055)


@pytest.mark.parametrize("n", [5, 36, 216])
def test_smallest_bound_has_exactly_its_power(n: int) -> None:
    assert equivalence_power(n, smallest_bound(n)) == pytest.approx(0.8, abs=1e-9)
    assert correlation_power(n, smallest_correlation_bound(n)) == pytest.approx(0.8, abs=1e-9)


def test_all_correlations_jointly() -> None:
    assert (dialogues_needed(0.1, pairs=45), dialogues_needed(0.2, pairs=45)) == (1975, 486)
    n = dialogues_needed(0.2)
    assert correlation_power(n, 0.2) >= 0.8 > correlation_power(n - 1, 0.2)
    assert dialogues_needed(0.2, covariates=3) == n + 3
    assert correlation_power(n + 3, 0.2, covariates=3) == correlation_power(n, 0.2)


@pytest.mark.parametrize(("n", "effect"), [(10, 0.5), (27, 0.5), (60, 0.3), (60, -0.2)])
def test_superiority_power_agrees_with_statsmodels(n: int, effect: float) -> None:
    reference = TTestPower().power(effect, n, 0.05, alternative="larger")
    assert superiority_power(n, effect) == pytest.approx(reference, abs=1e-9)


@pytest.mark.parametrize("effect", [0.2, 0.5, 1.2])
def test_superiority_pairs_are_minimal(effect: float) -> None:
    n = superiority_pairs_needed(effect)
    assert n is not None
    assert superiority_power(n, effect) >= 0.8 > superiority_power(n - 1, effect)


def test_superiority_needs_an_effect() -> None:
    assert superiority_pairs_needed(0.0) is None
    assert superiority_pairs_needed(-0.5) is None
    assert superiority_pairs_needed(0.001) == pytest.approx((1.6449 + 0.8416) ** 2 * 1e6, rel=1e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: equivalence_power(1, 0.2), "n: 1"),
        (lambda: equivalence_power(20.5, 0.2), "n: 20.5"),  # type: ignore[arg-type]
        (lambda: equivalence_power(20, -0.2), "bound"),
        (lambda: equivalence_power(20, 0.2, math.inf), "effect: inf"),
        (lambda: pairs_needed(0.2, 1.0), "power: 1.0"),
        (lambda: pairs_needed(0.2, cells=0), "cells: 0"),
        (lambda: dialogues_needed(1.0), "bound"),
        (lambda: correlation_power(3, 0.2), "n: 3"),
        (lambda: superiority_power(20, True), "effect: True"),
    ],
)
def test_bad_plans_are_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        call()
