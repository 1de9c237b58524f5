"""Each trap of pingouin is shown to be there, and not to reach us; Bayes factors, HTMT, words."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pingouin  # type: ignore[import-untyped]
import pytest
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from convalign.errors import UsageError
from convalign.independence import (
    Finding,
    correlation_equivalence,
    htmt,
    jzs_bf01,
    paired_equivalence,
    paired_superiority,
    sentence,
)
from convalign.independence.bayes import log_bf10
from convalign.independence.borrowed import adjusted, bayes_factor10, tost_p

Shared = Callable[[str], Path]
D = np.array([0.01, -0.02, 0.03, 0.0, 0.015, -0.01])


def pingouin_tost(x: Any, y: Any, bound: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(pingouin.tost(x, y, bound=bound, paired=True).loc["TOST", "pval"])


# ---- tost


def test_trap_no_variance_on_the_bound() -> None:
    x, y = [1.5, 2.5, 3.5, 4.5], [1.0, 2.0, 3.0, 4.0]
    assert pingouin_tost(x, y, 0.5) == 0.0  # "equivalent" with certainty, on the bound itself
    found = paired_equivalence(y, x, 0.5)
    assert (found.conclusion, found.p) == ("inconclusive", None)


def test_trap_identical_pairs() -> None:
    assert pingouin_tost([1, 2, 3, 4], [1, 2, 3, 4], 0.5) == 0.0
    assert paired_equivalence([1, 2, 3, 4], [1, 2, 3, 4], 0.5).p is None


@pytest.mark.parametrize("y", [[1, 2, 3.5], [1]])
def test_trap_unequal_lengths(y: list[float]) -> None:
    assert math.isfinite(pingouin_tost([1, 2, 3, 5], y, 0.5))  # another test than the one asked for
    with pytest.raises(UsageError, match="give pairs"):
        paired_equivalence([1, 2, 3, 5], y, 0.5)


def test_trap_numpy_bound() -> None:
    with pytest.raises(AssertionError, match="bound must be int or float"):
        pingouin.tost(D, np.zeros(6), bound=np.int64(1), paired=True)
    assert paired_equivalence(np.zeros(6), D, np.int64(1)).within  # type: ignore[arg-type]
    assert tost_p(D, np.float32(1)) == tost_p(D, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("bound", [-0.5, True, math.inf])
def test_trap_bounds_that_pingouin_accepts(bound: float) -> None:
    pingouin_tost(D, np.zeros(6), bound)
    with pytest.raises(UsageError, match="bound"):
        paired_equivalence(np.zeros(6), D, bound)


def test_trap_shift_by_a_huge_bound_costs_digits() -> None:
    d = 1e-9 * D
    found = paired_equivalence(np.zeros(6), d, 1e7)
    t = 1e7 / (float(np.std(d, ddof=1)) / math.sqrt(6))
    assert found.within
    assert found.p is not None
    assert 0 <= found.p < 1 / t  # five degrees of freedom: far below


def test_trap_series_are_matched_by_position() -> None:
    before = pd.Series([0.1, 0.2, 0.3, 0.4], index=["a", "b", "c", "d"])
    after = before[::-1]
    with pytest.raises(UsageError, match="join them on the dialogue id first"):
        paired_equivalence(before, after, 0.5)
    assert paired_equivalence(before, after.reindex(before.index), 0.5).by_construction


def test_trap_power_of_pingouin_is_not_ours() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 10, 30)
    y = x + 1 + rng.normal(0, 1, 30)
    table = pingouin.ttest(y, x, paired=True)
    assert float(table["power"].iloc[0]) < 0.5  # for a change of one sd of the differences, n = 30
    assert paired_superiority(x, y).conclusion == "improved"


# ---- families


@pytest.mark.parametrize("method", ["holm", "fdr_bh"])
def test_adjusted_agrees_with_statsmodels(method: str) -> None:
    p = [0.02, 0.001, 0.5, 0.02, 0.049, 1.0]
    assert adjusted(p, method) == pytest.approx(list(multipletests(p, method=method)[1]), abs=1e-12)
    assert adjusted([], method) == []


# ---- Bayes factors


def test_bayes_vectors(shared: Shared) -> None:
    cases = json.loads(shared("vectors/stats/bf_vectors.json").read_text())["cases"]
    assert len(cases) == 16
    for case in cases:
        found, reason = jzs_bf01(case["t"], case["n"])
        if abs(case["t"]) > 30:
            assert (found, reason) == (None, "more than 1e20 to 1 against a difference of exactly 0")
            assert log_bf10(case["t"], case["n"]) / math.log(10) == pytest.approx(
                329 + math.log10(1.54225795259)
            )
        else:
            assert found == pytest.approx(float(case["bf01"]), rel=1e-5)


def test_trap_bayes_factor_default_scale_and_large_t() -> None:
    assert pingouin.bayesfactor_ttest(4.062128, 10, paired=True) == pytest.approx(17.2581, abs=1e-3)
    assert bayes_factor10(4.062128, 10) == pytest.approx(17.258887, abs=1e-4)
    with pytest.raises(ZeroDivisionError, match="zero"):
        pingouin.bayesfactor_ttest(60.0, 1000, paired=True)
    assert jzs_bf01(60.0, 1000)[0] is None


def test_large_t_of_few_pairs_is_a_number() -> None:
    # Three pairs cannot give 1e20 whatever t is; the reason would be false.
    found, reason = jzs_bf01(60.0, 3)
    assert found is not None
    assert reason is None
    assert 1e-4 < found < jzs_bf01(30.0, 3)[0]  # type: ignore[operator]


@pytest.mark.parametrize("n", [2, 3, 10, 200, 5000])
@pytest.mark.parametrize("t", [0.0, 0.5, 3.0, 25.0])
def test_two_integrals_of_the_bayes_factor(t: float, n: int) -> None:
    assert math.exp(-log_bf10(t, n)) == pytest.approx(1 / bayes_factor10(t, n), rel=1e-6)


def test_the_bayes_factor_stands_beside_a_finding() -> None:
    found = paired_equivalence(np.zeros(6), D, 0.05)
    assert found.dz is not None
    assert found.bayes_factor01 == jzs_bf01(found.dz * math.sqrt(6), 6)[0]
    with pytest.raises(UsageError, match="no Bayes factor"):
        jzs_bf01(math.nan, 10)


# ---- HTMT


def test_htmt_vectors(shared: Shared) -> None:
    case = json.loads(shared("vectors/stats/htmt_vectors.json").read_text())
    found = htmt(case["R"], case["blocks"], names=case["names"])
    assert list(found) == list(case["htmt_abs"])
    for pair, value in case["htmt_abs"].items():
        assert found[pair].value == pytest.approx(value, abs=1e-6)
        assert (found[pair].interpretable, found[pair].reason) == (True, None)
    table = pd.DataFrame(case["R"], columns=case["names"], index=case["names"])
    assert htmt(table, case["blocks"]) == found
    turned = table.iloc[::-1, ::-1]
    assert htmt(turned, case["blocks"])["lexical~prosodic"].value == pytest.approx(0.117851, abs=1e-6)


def correlations(within_a: float, within_b: float, between: float) -> np.ndarray[Any, Any]:
    table = np.full((4, 4), between)
    table[:2, :2], table[2:, 2:] = within_a, within_b
    np.fill_diagonal(table, 1.0)
    return table


def test_htmt_is_not_read_where_indicators_disagree() -> None:
    blocks = {"a": [0, 1], "b": [2, 3]}
    weak = htmt(correlations(0.2, 0.8, 0.1), blocks)["a~b"]
    assert weak.value == pytest.approx(0.1 / math.sqrt(0.16))
    assert (weak.interpretable, weak.reason) == (False, "the indicators of a correlate only 0.2 on average")
    none = htmt(correlations(0.0, 0.8, 0.1), blocks)["a~b"]
    assert (none.value, none.reason) == (None, "the indicators of a do not correlate at all")
    single = htmt(correlations(0.5, 0.8, 0.1)[:3, :3], {"a": [0, 1], "b": [2]})["a~b"]
    assert (single.value, single.reason) == (None, "b has a single indicator")
    json.dumps(single.record())


@pytest.mark.parametrize(
    ("table", "blocks", "words"),
    [
        ([[1, 0.5], [0.4, 1]], {"a": [0], "b": [1]}, "not symmetric"),
        ([[1, 0.5]], {"a": [0], "b": [1]}, "has shape"),
        ([[1, math.nan], [math.nan, 1]], {"a": [0], "b": [1]}, "missing or outside"),
        ([[1, "x"], ["x", 1]], {"a": [0], "b": [1]}, "not a table of numbers"),
        ([[1, 0.5], [0.5, 1]], {"a": [0], "b": [2]}, "no indicator 2; there are: 0, 1"),
        ([[1, 0.5], [0.5, 1]], {"a": [0], "b": [0]}, "stands twice"),
        ([[1, 0.5], [0.5, 1]], {"a": [0, 1]}, "at least two dimensions"),
        ([[1, 0.5], [0.5, 1]], {"a": ["x"], "b": ["y"], "c": ["z"]}, "3 names for 2 rows"),
    ],
)
def test_bad_htmt_input_is_refused(table: Any, blocks: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        htmt(table, blocks)


# ---- words

UP = [0.2, 0.25, 0.22, 0.19, 0.24, 0.21]


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (
            paired_equivalence([0, 0, 0, 0], [1, 2, 3, 2], 5),
            "prosodic: changed but within ±5 st: a small spill-over "
            "(mean change +2 st, 90 % interval +1.04 to +2.96, 4 dialogues).",
        ),
        (
            paired_equivalence([1, 2, 3], [1, 2, 3], 0.05),
            "prosodic: unchanged within ±0.05 st; every pair is identical, so nothing is inferred "
            "(mean change +0 st, 3 dialogues).",
        ),
        (
            paired_equivalence([0] * 6, UP, 0.1),
            "prosodic: improved by more than ±0.1 st: not independent here "
            "(mean change +0.218 st, 90 % interval +0.199 to +0.237, 6 dialogues).",
        ),
        (
            # d = -1, 1, ..: m 0, s = 1.0142, interval -+ .2856; bound .5 sd asks for 36
            paired_equivalence([0] * 36, [1, -1] * 18, 0.2),
            "prosodic: inconclusive (mean change +0 st, 90 % interval -0.286 to +0.286, 36 dialogues). "
            "The smallest bound this data supports is ±0.286 st. "
            "About 222 dialogues would be needed for ±0.2 st.",
        ),
        (Finding("equivalence", 2, reason="fewer than 3 pairs"), "prosodic: unscored: fewer than 3 pairs."),
        (
            # d = -1, 3, ..: m 1, s 2.0284, dz .493; scipy nct at alpha .001: power(68) .7967, power(69) .8053
            paired_superiority([0] * 36, [-1, 3] * 18, 0.001),
            "prosodic: inconclusive (mean change +1 st, 99.8 % interval -0.129 to +2.13, 36 dialogues). "
            "If the change is as large as it looks, about 69 dialogues would show it.",
        ),
        (
            paired_superiority([0] * 36, [-2, 1] * 18),
            "prosodic: worsened (mean change -0.5 st, 90 % interval -0.928 to -0.0716, 36 dialogues).",
        ),
        (
            paired_superiority([0] * 36, [-2, 1.9] * 18),
            "prosodic: inconclusive (mean change -0.05 st, 90 % interval -0.607 to +0.507, 36 dialogues). "
            "The change does not point to the better side: no n will show it.",
        ),
        (
            paired_superiority([1, 2, 3], [1, 2, 3]),
            "prosodic: inconclusive (mean change +0 st, 3 dialogues). "
            "Nothing to infer from: all pairs identical.",
        ),
        (
            paired_superiority([0] * 6, UP),
            "prosodic: improved (mean change +0.218 st, 90 % interval +0.199 to +0.237, 6 dialogues).",
        ),
    ],
)
def test_sentences(finding: Finding, words: str) -> None:
    assert sentence(finding, "prosodic", "st") == words


def all_kinds() -> list[Finding]:
    rng = np.random.default_rng(9)
    found = [correlation_equivalence(r, n, 0.2) for r in (0.0, 0.1, 0.5) for n in (4, 20, 2000)]
    for n in (2, 5, 11, 40):
        for shift in (-1.0, 0.0, 0.05, 1.0):
            d = shift + rng.normal(0, 0.1, n)
            for bound in (0.01, 0.1, 1.0, (-0.2, 0.1)):
                found.append(paired_equivalence(np.zeros(n), d, bound))
            found.append(paired_superiority(np.zeros(n), d))
            found.append(paired_equivalence(np.zeros(n), np.full(n, shift), 1.0))
    return found


def test_what_is_never_said() -> None:
    said = [sentence(finding, "lexical") for finding in all_kinds()]
    assert len({text.split("(")[0] for text in said}) > 8
    for text in said:
        lowered = text.lower()
        assert "no effect" not in lowered
        assert "significant" not in lowered
        assert lowered.count("independent") == lowered.count("not independent")
        assert "nan" not in lowered.replace("unanimous", "")
        assert "None" not in text
        assert text.endswith(".")
        if "inconclusive" in text and "±" in text:
            assert "needed for" in text or "no n will show it" in text or "on the bound" in text


def test_an_inconclusive_change_beyond_the_bound_says_that_no_n_helps() -> None:
    text = sentence(paired_equivalence([0, 0, 0, 0], [0.0, 2, 4, 2], 1.5), "lexical")
    assert "no n will show it" in text


def test_clusters_can_be_named_and_dimension_must_be() -> None:
    assert "6 users" in sentence(paired_equivalence([0] * 6, UP, 0.1), "lexical", counted="users")
    clustered = paired_equivalence([0] * 6, UP, 0.1, cluster=list("abcdef"))
    assert "6 clusters" in sentence(clustered, "lexical")
    assert "6 users" in sentence(clustered, "lexical", counted="users")
    with pytest.raises(UsageError, match="dimension is empty"):
        sentence(Finding("equivalence", 0), "")


def test_correlation_words() -> None:
    assert "unrelated within ±0.2" in sentence(
        correlation_equivalence(0.0, 300, 0.2), "lexical and emotional"
    )
    assert "related but within ±0.2: a small relation" in sentence(
        correlation_equivalence(0.1, 2000, 0.2), "lexical and emotional"
    )
    assert "not independent here" in sentence(correlation_equivalence(0.6, 300, 0.2), "lexical and emotional")
