"""Paired equivalence and superiority: published values, the degenerate table, small and clustered data."""

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
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired  # type: ignore[import-untyped]

from convalign.errors import UsageError
from convalign.independence import (
    Finding,
    correlation_equivalence,
    paired_equivalence,
    paired_estimate,
    paired_superiority,
)
from convalign.independence.bootstrap import bca_mean, flips

Shared = Callable[[str], Path]
EXACT = 1e-9
"""Two closed forms of one distribution; R prints 7 digits, hence AS_PRINTED."""
AS_PRINTED = 1e-7

BEFORE = [0.41, 0.52, 0.47, 0.38, 0.55, 0.44, 0.50, 0.46, 0.43, 0.49, 0.51, 0.40]
AFTER = [0.42, 0.51, 0.47, 0.40, 0.54, 0.45, 0.50, 0.45, 0.44, 0.50, 0.50, 0.41]


def vectors(shared: Shared) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(shared("vectors/stats/tost_vectors.json").read_text())
    return loaded


def test_paired_vectors(shared: Shared) -> None:
    cases = [case for case in vectors(shared)["cases"] if case["paired"]]
    assert len(cases) == 7
    for case in cases:
        bound = case["bound"] if "bound" in case else (case["low"], case["high"])
        # The vectors' difference is x - y: x is after, y before.
        found, full = paired_equivalence(case["y"], case["x"], bound), case["full"]
        assert found.n == full["n"]
        assert found.mean_difference == pytest.approx(full["mean_diff"], abs=EXACT)
        assert found.sd == pytest.approx(full["sd_diff"], abs=EXACT)
        assert found.dz == pytest.approx(full["dz"], abs=EXACT)
        assert found.p == pytest.approx(full["p_tost"], abs=EXACT)
        assert found.p_two_sided == pytest.approx(full["p_nhst"], abs=EXACT)
        assert found.ci90 == pytest.approx(full["ci90"], abs=EXACT)
        if "expect_p" in case:  # R package equivalence::tost
            assert found.p == pytest.approx(case["expect_p"], abs=AS_PRINTED)


def test_r_values_without_the_shared_folder() -> None:
    # R: equivalence::tost(x, y, epsilon = 1, paired = TRUE), 2 likewise; as quoted in pingouin's tests.
    x, y = [4, 7, 8, 6, 3, 2], [6, 8, 7, 10, 11, 9]
    assert paired_equivalence(y, x, 1).p == pytest.approx(0.9293826, abs=AS_PRINTED)
    assert paired_equivalence(y, x, 2).p == pytest.approx(0.8286101, abs=AS_PRINTED)


def test_conclusions_of_the_vectors(shared: Shared) -> None:
    cases = {case["id"]: case for case in vectors(shared)["cases"]}
    said = {
        "sleep_b05": "worsened",  # interval (-2.29, -.87) lies below -.5
        "sleep_b3": "changed but within ±3",
        "sleep_asym": "changed but within (-3, 0.5)",
        "align_equiv": "unchanged within ±0.02",
        "align_not": "inconclusive",
    }
    for name, words in said.items():
        case = cases[name]
        found = paired_equivalence(case["y"], case["x"], (case["low"], case["high"]))
        assert found.conclusion == words


@pytest.mark.parametrize("bound", [0.005, 0.01, 0.2])
def test_against_statsmodels_and_scipy(bound: float) -> None:
    found = paired_equivalence(BEFORE, AFTER, bound)
    p, _, _ = ttost_paired(np.array(AFTER), np.array(BEFORE), -bound, bound)
    assert found.p == pytest.approx(p, abs=EXACT)
    result = stats.ttest_rel(AFTER, BEFORE)
    assert found.p_two_sided == pytest.approx(result.pvalue, abs=EXACT)
    assert found.ci90 == pytest.approx(tuple(result.confidence_interval(0.90)), abs=EXACT)
    assert found.ci95 == pytest.approx(tuple(result.confidence_interval(0.95)), abs=EXACT)
    one_sided = stats.ttest_rel(AFTER, BEFORE, alternative="greater").pvalue
    assert paired_superiority(BEFORE, AFTER).p == pytest.approx(one_sided, abs=EXACT)


def test_by_hand() -> None:
    # d = 1, 2, 3, 2: m = 2, s = sqrt(2/3) = .8165, se = .40825, t(.95, 3) = 2.35336: 2 -+ .96076
    found = paired_equivalence([0, 0, 0, 0], [1, 2, 3, 2], 5)
    assert found.ci90 == pytest.approx((1.03924, 2.96076), abs=1e-5)
    assert found.sensitivity == pytest.approx(2.96076, abs=1e-5)
    assert found.dz == pytest.approx(2 / math.sqrt(2 / 3))
    assert found.conclusion == "changed but within ±5"
    assert found.decided_by == "t"


# ---- the degenerate table of section 2


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_pairs_is_unscored(n: int) -> None:
    found = paired_equivalence([0.1, 0.2][:n], [0.2, 0.4][:n], 0.5)
    assert (found.conclusion, found.reason, found.n) == (None, "fewer than 3 pairs", n)
    assert found.p is None
    assert found.ci90 is None


def test_identical_pairs_are_a_fact() -> None:
    found = paired_equivalence([1, 2, 3, 4], [1, 2, 3, 4], 0.5)
    assert found.conclusion == "unchanged within ±0.5"
    assert (found.p, found.reason, found.by_construction) == (None, "all pairs identical", True)
    assert (found.sensitivity, found.bayes_factor01, found.decided_by) == (0.0, None, "identical")


@pytest.mark.parametrize(
    ("shift", "conclusion"),
    [
        (0.5, "inconclusive"),
        (-0.5, "inconclusive"),
        (0.25, "changed but within ±0.5"),
        (1, "improved"),
        (-1, "worsened"),
    ],
)
def test_constant_shift_is_decided_by_itself(shift: float, conclusion: str) -> None:
    before = [1.0, 2.0, 3.0, 4.0]
    found = paired_equivalence(before, [value + shift for value in before], 0.5)
    assert (found.conclusion, found.p, found.reason) == (conclusion, None, "no variance")
    assert not found.by_construction


def test_rounding_is_no_variance() -> None:
    before = [0.1, 0.2, 0.3, 0.7, 0.9]
    found = paired_equivalence(before, [value + 0.3 for value in before], 0.3)
    assert np.ptp(np.array(before) + 0.3 - np.array(before)) > 0  # the differences do differ, by rounding
    assert (found.conclusion, found.reason) == ("inconclusive", "no variance")
    noise = paired_equivalence(before, [value * (1 + 2e-16) for value in before], 0.3)
    assert (noise.conclusion, noise.by_construction) == ("unchanged within ±0.3", False)


@pytest.mark.parametrize("bound", [0, -0.5, math.nan, math.inf, True, "0.1", None, (0.1, 0.2), (-1, 1, 2)])
def test_bad_bounds_are_refused(bound: Any) -> None:
    with pytest.raises(UsageError, match="bound"):
        paired_equivalence(BEFORE, AFTER, bound)


@pytest.mark.parametrize("bound", [np.int64(1), np.float32(1.0), np.float64(1.0), 1])
def test_numpy_bounds_are_accepted(bound: Any) -> None:
    assert paired_equivalence(BEFORE, AFTER, bound) == paired_equivalence(BEFORE, AFTER, 1.0)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ([1, 2, 3, 4], [1, 2, 3], "before has 4 values, after has 3"),
        ([1, 2, 3, 4], [1], "before has 4 values, after has 1"),
        (np.ones((4, 2)), np.ones((4, 2)), r"has shape \(4, 2\)"),
        ([[1], [2], [3]], [1, 2, 3], r"before\[0\]"),
        ([1, 2, math.nan], [1, 2, 3], r"before\[2\]: nan is not finite"),
        ([1, 2, True], [1, 2, 3], r"before\[2\]: True is no number"),
        ("123", "123", "str is no list of numbers"),
    ],
)
def test_bad_data_are_refused(before: Any, after: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        paired_equivalence(before, after, 0.5)


@pytest.mark.parametrize("alpha", [0, 0.5, 1, math.nan, True, "0.05"])
def test_bad_alpha_is_refused(alpha: Any) -> None:
    with pytest.raises(UsageError, match="alpha"):
        paired_equivalence(BEFORE, AFTER, 0.5, alpha)


def test_bad_good_is_refused() -> None:
    with pytest.raises(UsageError, match="good: 'none' is no direction; there are: higher, lower"):
        paired_equivalence(BEFORE, AFTER, 0.5, good="none")  # type: ignore[arg-type]


# ---- words of the table of section 8


def test_direction_of_good_names_the_change() -> None:
    up = [value + 1 for value in AFTER]
    assert paired_equivalence(BEFORE, up, 0.5).conclusion == "improved"
    assert paired_equivalence(BEFORE, up, 0.5, good="lower").conclusion == "worsened"
    assert paired_superiority(BEFORE, up).conclusion == "improved"
    assert paired_superiority(BEFORE, up, good="lower").conclusion == "worsened"
    assert paired_superiority(BEFORE, AFTER).conclusion == "inconclusive"


def test_no_n_will_show_a_change_on_or_beyond_the_bound() -> None:
    # d = 0, 2, 4, 2: m = 2
    found = paired_equivalence([0, 0, 0, 0], [0, 2, 4, 2], 2)
    assert (found.needed_n, found.needed_reason) == (None, "no n will show it")
    inside = paired_equivalence([0, 0, 0, 0], [0, 2, 4, 2], 2.1)
    assert inside.needed_n is not None
    against = paired_superiority([0, 0, 0, 0], [0, 2, 4, 2], good="lower")
    assert (against.needed_n, against.needed_reason) == (None, "no n will show it")


def test_needed_n_is_the_table_value() -> None:
    # d = -1 and 1 in turn, 36 of them: m 0, s = sqrt(36/35); bound .5 s needs 36 (methods, section 5)
    d = [1.0, -1.0] * 18
    s = math.sqrt(36 / 35)
    assert paired_equivalence([0.0] * 36, d, 0.5 * s).needed_n == 36


def test_open_change_is_said() -> None:
    found = paired_equivalence([0] * 6, [1.0, 1.2, 0.8, 1.1, 0.9, 1.0], 1.05)
    assert found.conclusion == "inconclusive"
    assert found.cautions == ("a change is seen; whether it stays within ±1.05 is open",)


def test_estimate_has_numbers_and_no_conclusion() -> None:
    found = paired_estimate(BEFORE, AFTER)
    assert found.conclusion is None
    assert found.reason is not None
    assert found.reason.startswith("no bound declared")
    assert found.ci90 == paired_equivalence(BEFORE, AFTER, 1).ci90
    assert paired_estimate([1], [1]).reason == "fewer than 3 pairs"


# ---- lost pairs


def test_unscored_pairs_drop_and_are_said() -> None:
    before: list[float | None] = [*BEFORE, None, 0.4, 0.4, None]
    after: list[float | None] = [*AFTER, 0.4, None, None, None]
    found = paired_equivalence(before, after, 0.05)
    assert found.n == len(BEFORE)
    assert found.p == paired_equivalence(BEFORE, AFTER, 0.05).p
    assert found.cautions == (
        "4 of 16 pairs were dropped as unscored",
        "unscored differ between arms: 2 before, 3 after",
    )


def test_few_lost_pairs_in_both_arms_are_no_caution() -> None:
    found = paired_equivalence([*BEFORE, None], [*AFTER, None], 0.05)
    assert found.cautions == ()


# ---- small and skewed


def test_exact_flips_by_hand() -> None:
    # d = 1, 2, 3. Subset means: 1, 1.5, 2, 2, 2, 2.5, 3. "Mean at most 1": subsets {1} and the empty one
    # leave the sum as high: p = 2 / 8. "Mean at most .9": only the empty one: 1 / 8.
    exact = flips(np.array([1.0, 2.0, 3.0]), 3.0)
    assert exact.means.tolist() == [1.0, 1.5, 2.0, 2.0, 2.0, 2.5, 3.0]
    assert (exact.p_above(1.0), exact.p_above(0.9), exact.p_below(3.0)) == (0.25, 0.125, 0.25)
    assert exact.interval(0.05) is None  # 1 / 8 is never below .05
    assert exact.interval(0.13) == (1.0, 3.0)  # .9 is rejected with 1 / 8 < .13, 1 is not with 2 / 8


@given(st.lists(st.floats(-10, 10, width=16), min_size=5, max_size=9), st.floats(-3, 3, width=16))
@settings(max_examples=40, deadline=None)
def test_exact_flips_are_the_sign_flip_test(d: list[float], value: float) -> None:
    values = np.array(d) - value
    signs = 1 - 2 * ((np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1)
    reached = float(np.mean(signs @ values >= values.sum() - 1e-9))
    exact = flips(np.array(d), 10.0)
    assert exact.p_above(value) == pytest.approx(reached, abs=1e-12)
    interval = exact.interval(0.05)
    assert interval is not None
    low, high = interval
    assert exact.p_above(low - 1e-6) < 0.05 <= exact.p_above(low)
    assert exact.p_below(high + 1e-6) < 0.05 <= exact.p_below(high)


def test_small_and_skewed_takes_the_wider_interval() -> None:
    d = [0.0, 0.01, -0.01, 0.02, 0.0, 0.01, -0.02, 0.9]
    found = paired_equivalence([0.0] * 8, d, 0.4)
    assert found.ci90 is not None
    assert found.deciding_interval is not None
    assert found.p_exact is not None
    widths = [np.diff(found.deciding_interval)[0], np.diff(found.ci90)[0]]
    assert widths[0] >= widths[1]
    assert any("skewness" in caution and "decides" in caution for caution in found.cautions)
    assert found.sensitivity == max(abs(limit) for limit in found.deciding_interval)


def test_a_skewed_sample_beyond_exact_size_uses_bca() -> None:
    d = np.concatenate([np.linspace(-0.1, 0.1, 24), [3.0]])
    found = paired_equivalence(np.zeros(25), d, 0.3)
    made = bca_mean(d, 0.05, 0)
    assert made.interval is not None
    assert found.decided_by == "bca"  # one large value: BCa reaches further to its side than t
    assert found.deciding_interval == made.interval
    assert any("BCa" in caution for caution in found.cautions)


def test_bca_agrees_with_scipy() -> None:
    d = np.random.default_rng(3).exponential(size=25)
    made = bca_mean(d, 0.05, 1, 20_000)
    assert (made.how, made.reason) == ("bca", None)
    reference = stats.bootstrap(
        (d,), np.mean, confidence_level=0.9, n_resamples=20_000, method="BCa", rng=np.random.default_rng(2)
    ).confidence_interval
    # Two Monte Carlo draws of 20,000: limits agree to about 2 % of the width.
    assert made.interval == pytest.approx(tuple(reference), abs=0.02 * float(np.ptp(reference)))


def test_four_flagged_pairs_are_too_few_for_flips_and_take_the_bootstrap() -> None:
    # Of 2^4 flips not one is rarer than .05, so the sign-flip test could never conclude.
    found = paired_equivalence([0] * 4, [0.0, 0.0, 0.0, 0.001], 10)
    assert found.conclusion == "unchanged within ±10"
    assert found.deciding_interval == found.ci90  # t, wider than the bootstrap of four values
    assert any("skewness" in caution for caution in found.cautions)


def test_ordinary_data_are_decided_by_t() -> None:
    found = paired_equivalence(BEFORE, AFTER, 0.05)
    assert (found.decided_by, found.deciding_interval, found.cautions) == ("t", found.ci90, ())


# ---- clusters


def test_clusters_are_averaged_unweighted() -> None:
    # 10 users; the first has 3 dialogues with d 3, 3, 0 (mean 2), the others one each
    d = [3.0, 3.0, 0.0, 0.1, 0.2, -0.1, 0.3, -0.2, 0.0, 0.15, -0.05, 0.12]
    users = ["a", "a", "a", *"bcdefghij"]
    found = paired_equivalence([0.0] * 12, d, 1, cluster=users)
    means = [2.0, *d[3:]]
    assert found.n == 10
    assert found.mean_difference == pytest.approx(np.mean(means))
    assert found.sd == pytest.approx(np.std(means, ddof=1))


def test_few_clusters_are_tested_by_flips_alone() -> None:
    d = [0.1, -0.1, 0.2, -0.2, 0.05, 0.15, -0.15]
    found = paired_equivalence([0.0] * 7, d, 0.3, cluster=list("abcdefg"))
    exact = flips(np.array(d), 0.2)
    assert found.decided_by == "exact"
    assert found.p == max(exact.p_above(-0.3), exact.p_below(0.3)) == 1 / 128
    assert found.ci90 == exact.interval(0.05) == found.deciding_interval
    assert found.conclusion == "unchanged within ±0.3"
    assert found.cautions == ("7 clusters, fewer than 10: exact sign-flip test only",)
    assert found.bayes_factor01 is None
    up = paired_superiority([0.0] * 7, [1 + value for value in d], cluster=list("abcdefg"))
    assert (up.conclusion, up.p) == ("improved", 1 / 128)


def test_an_outlier_among_many_is_flagged_too() -> None:
    d = np.append(np.tile([0.1, -0.1, 0.05, -0.05], 10), 5.0)
    found = paired_equivalence(np.zeros(41), d, 0.5)
    assert "6 median absolute deviations" in found.cautions[0]
    assert found.deciding_interval is not None
    assert found.deciding_interval[1] > np.mean(d) > found.deciding_interval[0]


def test_a_constant_shift_is_its_own_superiority() -> None:
    found = paired_superiority([1, 2, 3], [2, 3, 4])
    assert (found.conclusion, found.p, found.reason) == ("improved", None, "no variance")
    same = paired_superiority([1, 2, 3], [1, 2, 3])
    assert (same.conclusion, same.reason, same.by_construction) == (
        "inconclusive",
        "all pairs identical",
        True,
    )


def test_flips_beyond_their_size_are_refused() -> None:
    with pytest.raises(UsageError, match="12 units for a sign-flip test; give 1 to 11"):
        flips(np.zeros(12), 1.0)


def test_three_clusters_or_fewer_are_unscored() -> None:
    found = paired_equivalence(BEFORE, AFTER, 0.05, cluster=list("abc") * 4)
    assert (found.conclusion, found.reason, found.n) == (None, "3 clusters or fewer", 3)


def test_four_clusters_cannot_conclude() -> None:
    found = paired_equivalence(BEFORE, AFTER, 5, cluster=list("abcd") * 3)
    assert (found.conclusion, found.ci90, found.sensitivity) == ("inconclusive", None, None)


def test_cluster_names_must_fit() -> None:
    with pytest.raises(UsageError, match="cluster has 2 names for 12 pairs"):
        paired_equivalence(BEFORE, AFTER, 1, cluster=["a", "b"])


# ---- simulations that can fail


def studies(rng: np.random.Generator, users: int, each: int, between: float, mean: float) -> list[float]:
    """Differences with sd 1, a share `between` of the variance between users."""
    level = rng.normal(0, math.sqrt(between), users).repeat(each)
    return list(mean + level + rng.normal(0, math.sqrt(1 - between), users * each))


def test_false_equivalence_at_the_bound_is_rare() -> None:
    rng, wrong = np.random.default_rng(11), 0
    for _ in range(400):
        d = studies(rng, 20, 1, 0.0, 0.8)
        wrong += paired_equivalence([0.0] * 20, d, 0.8).within
    # nominal .05; .08 is 2.75 standard errors above it
    assert wrong / 400 <= 0.08


def test_dialogues_of_one_user_are_not_independent_units() -> None:
    rng, by_user, by_dialogue = np.random.default_rng(12), 0, 0
    users = [name for name in range(20) for _ in range(5)]
    for _ in range(400):
        d = studies(rng, 20, 5, 0.3, 0.4)
        by_user += paired_equivalence([0.0] * 100, d, 0.4, cluster=users).within
        by_dialogue += paired_equivalence([0.0] * 100, d, 0.4).within
    # methods, section 1: 3.5 % by user, 12.8 % by dialogue
    assert by_user / 400 <= 0.08 < by_dialogue / 400


# ---- properties

data = st.lists(st.tuples(st.floats(-5, 5, width=32), st.floats(-5, 5, width=32)), min_size=0, max_size=14)


@given(data, st.floats(0.01, 5), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_finite_data_give_a_record_json_can_hold(
    pairs: list[tuple[float, float]], bound: float, clustered: bool
) -> None:
    before, after = [x for x, _ in pairs], [y for _, y in pairs]
    cluster = [k % 7 for k in range(len(pairs))] if clustered else None
    for found in (
        paired_equivalence(before, after, bound, cluster=cluster),
        paired_superiority(before, after, cluster=cluster),
        paired_estimate(before, after, cluster=cluster),
    ):
        json.dumps(found.record(), allow_nan=False)
        assert (found.conclusion is None) <= (found.reason is not None)
        assert found.p is None or 0 <= found.p <= 1


@given(data, st.floats(0.01, 5), st.integers(-3, 3))
@settings(max_examples=80, deadline=None)
def test_mirrored_data_mirror_the_finding(pairs: list[tuple[float, float]], bound: float, power: int) -> None:
    before, after = [x for x, _ in pairs], [y for _, y in pairs]
    found = paired_equivalence(before, after, bound)
    mirrored = paired_equivalence(after, before, bound, good="lower")
    # BCa quantiles are not mirrored to the last digit, so only t and exact findings are compared
    if found.decided_by != "bca" and mirrored.decided_by != "bca":
        assert mirrored.conclusion == found.conclusion
    scale = 2.0**power  # exact in floating point
    scaled = paired_equivalence([x * scale for x in before], [y * scale for y in after], bound * scale)
    assert (scaled.conclusion is None) == (found.conclusion is None)
    assert scaled.within == found.within


@given(data, st.floats(0.01, 5))
@settings(max_examples=80, deadline=None)
def test_p_and_interval_agree(pairs: list[tuple[float, float]], bound: float) -> None:
    found = paired_equivalence([x for x, _ in pairs], [y for _, y in pairs], bound)
    if found.p is not None and found.ci90 is not None and abs(found.p - 0.05) > 1e-9:
        assert (found.p < 0.05) == (-bound < found.ci90[0] and found.ci90[1] < bound)


def test_same_seed_same_finding() -> None:
    d = np.concatenate([np.linspace(-0.1, 0.1, 24), [3.0]])
    first = paired_equivalence(np.zeros(25), d, 0.3, seed=5)
    assert first == paired_equivalence(np.zeros(25), d, 0.3, seed=5)


# ---- correlations


def test_correlation_by_hand() -> None:
    # r = 0, n = 103: se = .1; interval tanh(-+.1644854) = -+.163018; p = Phi(-atanh(.2) / .1) = .0213
    found = correlation_equivalence(0.0, 103, 0.2)
    assert found.ci90 == pytest.approx((-0.163018, 0.163018), abs=1e-6)
    assert found.p == pytest.approx(stats.norm.sf(math.atanh(0.2) / 0.1), abs=EXACT)
    assert found.conclusion == "unchanged within ±0.2"
    assert found.needed_n == 212  # methods, section 5
    assert found.mean_difference == 0.0


def test_correlation_conclusions() -> None:
    assert correlation_equivalence(0.1, 2000, 0.2).conclusion == "changed but within ±0.2"
    small = correlation_equivalence(0.1, 20, 0.2)
    assert small.conclusion == "inconclusive"
    beyond = correlation_equivalence(0.8, 100, 0.2)
    assert beyond.conclusion is None
    assert beyond.reason is not None
    assert beyond.reason.startswith("related beyond ±0.2")
    assert beyond.needed_reason == "no n will show it"


def test_covariates_cost_degrees_of_freedom() -> None:
    assert correlation_equivalence(0.1, 105, 0.2, covariates=2).p == correlation_equivalence(0.1, 103, 0.2).p
    assert correlation_equivalence(0.0, 6, 0.2, covariates=2).reason == "fewer than 5 dialogues"


@pytest.mark.parametrize(("r", "n"), [(1.0, 30), (-1.0, 30), (0.3, 4)])
def test_unscored_correlations(r: float, n: int) -> None:
    found = correlation_equivalence(r, n, 0.2)
    assert found.conclusion is None
    assert found.p is None
    assert found.reason


@pytest.mark.parametrize(
    ("r", "n", "bound", "words"),
    [
        (1.1, 30, 0.2, "r: 1.1"),
        (math.nan, 30, 0.2, "r: nan"),
        (0.1, 30.5, 0.2, "n: 30.5"),
        (0.1, 30, 1, "bound"),
    ],
)
def test_bad_correlations_are_refused(r: float, n: Any, bound: float, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        correlation_equivalence(r, n, bound)


def test_finding_is_frozen() -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        Finding("estimate", 0).n = 3  # type: ignore[misc]
