"""Means over dialogues and their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from convalign.scores import row
from convalign.summaries import Interval, Tally, mean_interval


def test_equals_scipy_within_the_error_of_drawing() -> None:
    x = np.random.default_rng(3).gamma(1.0, 0.2, 80) - 0.05
    ours = mean_interval(x.tolist(), resamples=20_000)
    # scipy.stats.bootstrap((x,), numpy.mean, n_resamples=20_000, method="BCa")
    theirs = bootstrap((x,), np.mean, n_resamples=20_000, method="BCa", rng=1).confidence_interval
    assert ours.mean == pytest.approx(x.mean(), abs=1e-12)
    assert (ours.low, ours.high) == (
        pytest.approx(theirs.low, abs=2e-3),
        pytest.approx(theirs.high, abs=2e-3),
    )


def test_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    inside = 0
    for seed in range(400):
        found = mean_interval(generator.exponential(1.0, 40).tolist(), resamples=400, seed=seed)
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 1.0 <= found.high
    assert 0.90 <= inside / 400 <= 0.98


def test_weights_count_as_copies_in_the_mean() -> None:
    values = [0.1, 0.4, 0.2, 0.9, 0.3, 0.6, 0.0, 0.5, 0.7, 0.8]
    weights = [1, 2, 3, 1, 2, 3, 1, 2, 3, 1]
    copies = [v for v, w in zip(values, weights, strict=True) for _ in range(w)]
    assert mean_interval(values, weights).mean == pytest.approx(np.mean(copies), abs=1e-12)


def test_same_seed_same_interval_whatever_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=50).tolist()
    whole = mean_interval(x)
    monkeypatch.setattr("convalign.summaries.AT_ONCE", 500)
    assert mean_interval(x) == whole
    assert mean_interval(x, seed=1) != whole


@pytest.mark.parametrize("values", [[0.2] * 30, [0.1, 0.9] * 4])
def test_no_interval_without_spread_or_dialogues(values: list[float]) -> None:
    found = mean_interval(values)
    assert found == Interval(pytest.approx(np.mean(values)), None, None)


def test_tally_counts_only_what_has_strangers() -> None:
    tally = Tally()
    tally.add(row("a", "lexical", "entrainment", "x->y", value=0.5, n=4, surrogates=[0.1, 0.3]))
    tally.add(row("b", "lexical", "entrainment", "x->y", value=0.9, n=1, reason="too few strangers"))
    tally.add(row("c", "lexical", "entrainment", "x->y", value=None, n=0, reason="no words"))
    record = tally.record()
    assert (record["dialogues"], record["value"], record["with_strangers"]) == (2, 0.7, 1)
    assert (record["baseline"], record["excess"], record["excess_ci95"]) == (
        pytest.approx(0.2), pytest.approx(0.3), None,
    )  # fmt: skip
    assert Tally().record()["excess"] is None
