"""The statistics of the other study designs, against hand-worked numbers and other programs."""

from __future__ import annotations

import csv
import json
import math
import warnings
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pingouin
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from convalign import independence
from convalign.errors import UsageError

Shared = Callable[[str], Path]


# Knowledge


@pytest.mark.parametrize(("lost", "gained"), [(0, 0), (1, 5), (5, 1), (12, 3), (7, 7), (40, 20)])
def test_mcnemar_as_statsmodels(lost: int, gained: int) -> None:
    # statsmodels.stats.contingency_tables.mcnemar([[10, lost], [gained, 10]], exact=True).pvalue
    expected = mcnemar([[10, lost], [gained, 10]], exact=True).pvalue if lost + gained else 1.0
    assert independence.mcnemar_p(lost, gained) == pytest.approx(expected, abs=1e-12)


def test_interval_of_bonett_and_price_by_hand() -> None:
    # n 100, lost 9, gained 3: p12 = 4/102, p21 = 10/102, change of the adjusted shares -6/102,
    # se^2 = (14/102 - (6/102)^2) / 102 = .00131167..., 1.6448536 * se = .059571...
    found = independence.knowledge_change(
        [True] * 49 + [False] * 51, [True] * 40 + [False] * 9 + [True] * 3 + [False] * 48, 0.1
    )
    se = math.sqrt((14 / 102 - (6 / 102) ** 2) / 102)
    assert (found.n, found.lost, found.gained) == (100, 9, 3)
    assert found.change == pytest.approx(-0.06)
    assert found.ci90 == pytest.approx((-6 / 102 - 1.6448536 * se, -6 / 102 + 1.6448536 * se), abs=1e-7)
    assert found.p == pytest.approx(2 * sum(math.comb(12, i) for i in range(4)) / 2**12)


@pytest.mark.parametrize(
    ("after", "conclusion"),
    [(60, "intact"), (20, "lost"), (57, "inconclusive")],
)
def test_words_for_knowledge(after: int, conclusion: str) -> None:
    before = [True] * 60 + [False] * 20
    found = independence.knowledge_change(before, [True] * after + [False] * (80 - after), 0.06)
    assert found.conclusion == conclusion


def test_knowledge_says_what_is_missing() -> None:
    few = independence.knowledge_change([True, None, True], [True, True, False], 0.1)
    assert (few.conclusion, few.n, few.dropped) == (None, 2, 1)
    assert few.reason == "fewer than 5 questions answered in both arms"
    unbound = independence.knowledge_change([True] * 9, [True] * 9, None)
    assert (unbound.conclusion, unbound.reason) == (None, "no bound declared for knowledge")
    with pytest.raises(UsageError, match="3 answers, after has 2"):
        independence.knowledge_change([True] * 3, [True] * 2, 0.1)
    with pytest.raises(UsageError, match="no share"):
        independence.knowledge_change([True] * 9, [True] * 9, 2.0)


@pytest.mark.parametrize(("count", "n"), [(0, 7), (3, 7), (7, 7), (20, 400)])
def test_wilson_as_statsmodels(count: int, n: int) -> None:
    expected = proportion_confint(count, n, alpha=0.1, method="wilson")
    assert independence.wilson(count, n) == pytest.approx(expected, abs=1e-12)
    assert independence.wilson(0, 0) is None


# Ratios of means


def test_ratio_of_means_as_scipys_bca() -> None:
    rng = np.random.default_rng(3)
    whole = rng.normal(1.0, 0.4, 40)
    part = 0.5 * whole + rng.normal(0, 0.1, 40)
    found = independence.ratio_of_means(part.tolist(), whole.tolist(), bootstrap=9000, seed=1)
    # scipy.stats.bootstrap((part, whole), ratio of means, paired, method="BCa", confidence_level=.9)
    expected = stats.bootstrap(
        (part, whole),
        lambda p, w, axis: p.mean(axis=axis) / w.mean(axis=axis),
        paired=True,
        vectorized=True,
        confidence_level=0.9,
        n_resamples=9000,
        method="BCa",
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert found.value == pytest.approx(part.mean() / whole.mean())
    assert found.interval == pytest.approx(tuple(expected), abs=0.004)
    assert found.how == "bca"


def test_no_ratio_of_what_may_be_nothing() -> None:
    found = independence.ratio_of_means([1.0, 2.0, 1.0, 2.0], [-1.0, 1.0, -1.0, 1.0])
    assert (found.value, found.interval) == (None, None)
    assert found.reason == "the change that it is a share of may be 0"
    few = independence.ratio_of_means([1.0, None, 1.0], [1.0, 1.0, None])
    assert (few.value, few.n, few.reason) == (None, 1, "fewer than 3 dialogues scored in every arm")


def test_users_count_once_in_a_ratio() -> None:
    part, whole = [1.0, 1.0, 1.0, 3.0, 2.0, 2.0], [2.0, 2.0, 2.0, 4.0, 3.0, 4.0]
    found = independence.ratio_of_means(part, whole, cluster=["a", "a", "a", "b", "c", "d"])
    assert found.n == 4
    assert found.value == pytest.approx((1 + 3 + 2 + 2) / (2 + 4 + 3 + 4))


def test_flips_of_a_ratio_are_a_sign_test() -> None:
    strong = independence.ratio_of_means([1.0] * 12, [2.0, 2.1] * 6, flips=True)
    assert strong.p == pytest.approx(0, abs=0.003)
    none = independence.ratio_of_means([1.0, -1.0] * 6, [2.0, 2.1] * 6, flips=True)
    assert none.p is not None
    assert none.p > 0.4


# Agreement


def test_agreement_as_pingouin() -> None:
    rng = np.random.default_rng(1)
    table = rng.normal(0, 1, (25, 1)) + rng.normal(0, 0.6, (25, 3)) + np.array([0.0, 0.2, -0.1])
    long = pd.DataFrame(
        [(k, v, table[k, v]) for k in range(25) for v in range(3)], columns=["target", "rater", "score"]
    )
    # pingouin.intraclass_corr(data, targets, raters, ratings), row ICC(A,1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas deprecates what pingouin calls
        row = pingouin.intraclass_corr(long, "target", "rater", "score").set_index("Type").loc["ICC(A,1)"]
    found = independence.absolute_agreement(table.tolist(), 0.95)
    assert found.icc == pytest.approx(float(row["ICC"]), abs=1e-9)
    interval = row["CI95"] if "CI95" in row.index else row["CI95%"]
    assert found.interval == pytest.approx(tuple(interval), abs=0.006)


def test_agreement_of_equal_and_of_constant_scores() -> None:
    assert independence.absolute_agreement([[1, 1], [2, 2], [4, 4]]).icc == 1.0
    flat = independence.absolute_agreement([[1, 1], [1, 1], [1, 1]])
    assert (flat.icc, flat.reason) == (None, "the scores do not vary between dialogues")
    gaps = independence.absolute_agreement([[1, None], [2, 2], [4, 4]])
    assert (gaps.icc, gaps.dropped, gaps.n) == (None, 1, 2)
    with pytest.raises(UsageError, match="two versions"):
        independence.absolute_agreement([[1], [2]])


# Doses


def test_slopes_are_the_mixed_models() -> None:
    rng = np.random.default_rng(2)
    strengths = [0.0, 0.25, 0.5, 1.0]
    own = rng.normal(0.8, 0.3, 60)
    scores = [
        [float(start + slope * s + e) for s, e in zip(strengths, rng.normal(0, 0.1, 4), strict=True)]
        for start, slope in zip(rng.normal(0, 0.5, 60), own, strict=True)
    ]
    made = independence.dose_slopes(strengths, scores)
    y = np.array(scores).ravel()
    x = np.tile(strengths, 60)
    groups = np.repeat(np.arange(60), 4)
    design = sm.add_constant(x)
    # statsmodels MixedLM(score ~ strength + (1 + strength | prompt)).fe_params[1]
    fit = sm.MixedLM(y, design, groups, exog_re=design).fit()
    assert np.mean([v for v in made.slope if v is not None]) == pytest.approx(fit.fe_params[1], abs=1e-6)
    for row, slope, bend in zip(scores, made.slope, made.bend, strict=True):
        assert slope == pytest.approx(np.polyfit(strengths, row, 1)[0])
        assert bend == pytest.approx(np.polyfit(strengths, row, 2)[0])
    assert made.span == 1.0


def test_doses_are_checked() -> None:
    with pytest.raises(UsageError, match="3 or more"):
        independence.dose_slopes([0, 1, 1], [[1, 2, 3]])
    with pytest.raises(UsageError, match="3 scores per prompt"):
        independence.dose_slopes([0, 0.5, 1], [[1, 2]])


# Relations within and between dialogues


def columns(path: Path, subject: str, x: str, y: str) -> tuple[list[list[float]], list[list[float]]]:
    """Series per subject, in order of first appearance."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pair = found.setdefault(row[subject], ([], []))
            pair[0].append(float(row[x]))
            pair[1].append(float(row[y]))
    return [pair[0] for pair in found.values()], [pair[1] for pair in found.values()]


def test_plain_r_within_is_the_published_one(shared: Shared) -> None:
    truth = json.loads(shared("vectors/stats/rmcorr_vectors.json").read_text())
    x, y = columns(shared("vectors/stats/bland_altman_1995_pH_PaCO2.csv"), "Subject", "pH", "PacO2")
    found = independence.within_dialogues(x, y, 0.5)
    assert found.plain is not None
    # One subject of the eight has no two measurements in time order to remove a line from: plain r has all.
    assert found.plain[0] == pytest.approx(truth["independent"]["r"], abs=1e-6)
    assert found.plain[1] == truth["independent"]["dof"]


def test_pooled_within_and_between_of_a_simpson_case(shared: Shared) -> None:
    truth = json.loads(shared("vectors/stats/rmcorr_vectors.json").read_text())["simpson"]
    x, y = columns(shared("vectors/stats/simpson_turns.csv"), "dialogue", "lexical", "emotional")
    within = independence.within_dialogues(x, y, 0.3)
    assert independence.pooled_correlation(x, y) == pytest.approx(truth["naive_pearson"], abs=1e-6)
    assert within.plain == (pytest.approx(truth["rmcorr"]["r"], abs=1e-6), truth["rmcorr"]["dof"])
    means = [[float(np.mean(one)) for one in side] for side in (x, y)]
    between = independence.between_dialogues(*means, 0.3)
    assert between.finding.mean_difference == pytest.approx(truth["between_means"], abs=1e-6)
    assert within.finding.mean_difference is not None
    assert within.finding.mean_difference < -0.5
    assert within.p_flip is not None
    assert within.p_flip < 0.001


def test_a_score_copied_onto_its_turns_is_refused() -> None:
    # pingouin.rm_corr gives r .994, p 4e-39 here, with a warning about rank.
    rng = np.random.default_rng(0)
    x = [[float(k)] * 5 for k in range(8)]
    y = [(rng.normal(0, 1, 5) + k).tolist() for k in range(8)]
    found = independence.within_dialogues(x, y, 0.3).finding
    assert (found.conclusion, found.p, found.reason) == (
        None,
        None,
        "one of the scores does not vary within any dialogue",
    )


def test_dialogues_are_counted_after_gaps_are_dropped() -> None:
    # pingouin.rm_corr counts subjects first and answers r .443 on two of them.
    rng = np.random.default_rng(0)
    x = [rng.normal(0, 1, 4).tolist() for _ in range(3)]
    y = [rng.normal(0, 1, 4).tolist() for _ in range(3)]
    found = independence.within_dialogues(x, [*y[:2], [None] * 4], 0.3)
    assert found.finding.reason == "fewer than 3 dialogues with 3 turns or more"
    assert found.dropped == (("fewer than 3 turns with both scores", 1),)


def test_a_shared_drift_is_no_relation() -> None:
    rng = np.random.default_rng(4)
    t = np.linspace(0, 10, 20)
    x = [(t + rng.normal(0, 1, 20)).tolist() for _ in range(40)]
    y = [(t + rng.normal(0, 1, 20)).tolist() for _ in range(40)]
    found = independence.within_dialogues(x, y, 0.2)
    assert found.plain is not None
    assert found.plain[0] > 0.8
    assert found.finding.conclusion == "unchanged within ±0.2"
    only_drift = [t.tolist()] * 6
    none = independence.within_dialogues(only_drift, only_drift, 0.2).finding
    assert none.reason == "within dialogues nothing but a trend varies"


def test_no_p_under_six_dialogues() -> None:
    rng = np.random.default_rng(0)
    x = [rng.normal(0, 1, 8).tolist() for _ in range(5)]
    assert independence.within_dialogues(x, [list(reversed(v)) for v in x], 0.3).p_flip is None


def test_partial_correlation_as_pingouin() -> None:
    rng = np.random.default_rng(7)
    length = rng.normal(5, 1, 80)
    x, y = length + rng.normal(0, 1, 80), -length + rng.normal(0, 1, 80)
    # pingouin.partial_corr(data, "x", "y", "length")
    table = pd.DataFrame({"x": x, "y": y, "length": length})
    expected = float(pingouin.partial_corr(table, "x", "y", "length")["r"].iloc[0])
    found = independence.between_dialogues(
        x.tolist(), y.tolist(), 0.3, covariates={"length": length.tolist(), "turns": [4.0] * 80}
    )
    assert found.finding.mean_difference == pytest.approx(expected, abs=1e-9)
    assert found.covariates == ("length",)
    se = 1 / math.sqrt(80 - 1 - 3)
    low = math.tanh(math.atanh(expected) - stats.norm.isf(0.05) * se)
    assert found.finding.ci90 is not None
    assert found.finding.ci90[0] == pytest.approx(low, abs=1e-9)


def test_between_says_what_it_cannot() -> None:
    flat = independence.between_dialogues([1.0] * 9, [float(k) for k in range(9)], 0.3).finding
    assert flat.reason == "one of the scores does not vary"
    few = independence.between_dialogues([1.0, None, 2.0, 3.0], [1.0, 2.0, 3.0, 5.0], 0.3)
    assert few.finding.reason == "fewer than 5 dialogues"
    assert few.dropped == (("a score or covariate is missing", 1),)
    skewed = independence.between_dialogues([2.0**k for k in range(12)], [3.0**k for k in range(12)], 0.3)
    assert skewed.rank == pytest.approx(1.0)
    users = independence.between_dialogues(
        [1.0, 2, 3, 4, 5, 9, 7, 7], [2.0, 1, 4, 3, 6, 5, 8, 7], 0.3, cluster=list("aabbccdd")
    )
    assert users.finding.reason == "fewer than 5 dialogues"


# Published tables


def switchboard(
    shared: Shared,
) -> tuple[dict[str, float], dict[tuple[str, str], float], int, list[str], list[str]]:
    """Correlations by name, those across, n, names."""
    truth = json.loads(shared("vectors/stats/weise_levitan_switchboard.json").read_text())
    table = {f"{a}|{b}": r for a, b, r, _ in truth["pairs"]}
    across = {(one["a"], one["b"]): one["r"] for one in truth["cross"]}
    return table, across, truth["n_implied"], truth["lexical"], truth["acoustic"]


NAMED = {"syn_r": "rate synchrony", "ppl": "perplexity"}


def test_switchboard_is_related_by_less_than_a_fifth(shared: Shared) -> None:
    _, across, n, _, _ = switchboard(shared)
    named = {(NAMED.get(a, a), NAMED.get(b, b)): r for (a, b), r in across.items()}
    at = {bound: independence.crossed_table(named, n, bound) for bound in (0.2, 0.15, 0.1, 0.05)}
    assert len(named) == 45
    assert (at[0.2].shown, at[0.2].within, at[0.2].p) == (True, 45, pytest.approx(7.710777145076778e-10))
    assert (at[0.15].shown, at[0.15].p) == (True, pytest.approx(2.3e-4, rel=0.03))
    assert (at[0.1].shown, at[0.1].within) == (False, 44)
    assert at[0.1].p == pytest.approx(0.15727016045115583, abs=1e-9)
    assert at[0.1].blocks == ("rate synchrony ~ perplexity",)
    assert at[0.05].within == 24
    assert at[0.2].sensitivity == pytest.approx(0.1129, abs=5e-5)
    p = [one.p_two_sided for one in at[0.2].findings.values()]
    assert sum(v is not None and v < 0.05 for v in p) == 6
    for family in (at[0.2].bh, at[0.2].holm):
        assert [name for name, v in family.items() if v < 0.05] == ["rate synchrony ~ perplexity"]
    assert at[0.2].bh["rate synchrony ~ perplexity"] == pytest.approx(0.0039, abs=5e-5)
    assert independence.crossed_sentence([at[0.2], at[0.1]]) == (
        "related by less than .2: shown; by less than .1: not shown; "
        "the pair that blocks it is rate synchrony and perplexity"
    )


def test_switchboards_acoustic_measures_hardly_agree(shared: Shared) -> None:
    table, _, _, lexical, acoustic = switchboard(shared)
    names = [*lexical, *acoustic]
    r = np.eye(len(names))
    for i, j in combinations(range(len(names)), 2):
        both = (f"{names[i]}|{names[j]}", f"{names[j]}|{names[i]}")
        r[i, j] = r[j, i] = next(table[key] for key in both if key in table)
    made = independence.htmt(r, {"lexical": lexical, "acoustic": acoustic}, names=names)["lexical~acoustic"]
    assert made.value == pytest.approx(0.21534654572614623, abs=1e-9)
    assert not made.interpretable


@pytest.mark.parametrize(("part", "inside", "below"), [("proximity", 25, 2), ("convergence", 31, 1)])
def test_teams_show_neither_a_relation_nor_its_absence(
    shared: Shared, part: str, inside: int, below: int
) -> None:
    truth = json.loads(shared("vectors/stats/teams_corpus_crossdim.json").read_text())[part]["cells"]
    cells = {(one["lexical"], one["acoustic"]): one["r"] for one in truth}
    made = independence.crossed_table(cells, 62, 0.3)
    assert len(cells) == 50
    assert made.within == inside
    assert not made.shown
    p = [one.p_two_sided for one in made.findings.values()]
    # By t; Fisher's z is a little off t at 62 teams.
    assert abs(sum(v is not None and v < 0.05 for v in p) - below) <= 1
    assert min(made.bh.values()) > 0.05


# Separability


def correlated(n: int, seed: int, across: float = 0.0) -> dict[str, dict[str, list[float | None]]]:
    """Two dimensions with three indicators each: within about .6, across as asked."""
    rng = np.random.default_rng(seed)
    shared_part, own = rng.normal(0, 1, n), rng.normal(0, 1, (2, n))
    made: dict[str, dict[str, list[float | None]]] = {}
    for k, name in enumerate(("words", "sound")):
        trait = math.sqrt(across) * shared_part + math.sqrt(1 - across) * own[k]
        made[name] = {
            f"m{i}": (math.sqrt(0.6) * trait + math.sqrt(0.4) * rng.normal(0, 1, n)).tolist()
            for i in range(3)
        }
    return made


def test_apart_and_not_apart() -> None:
    apart = independence.compare_traits(correlated(200, 1), bootstrap=300)
    assert apart.htmt["words~sound"]["interpretable"]
    assert independence.separated(apart.htmt["words~sound"]) is True
    assert [(one["held"], one["of"]) for one in apart.conditions] == [(6, 6), (18, 18)]
    same = independence.compare_traits(correlated(200, 1, across=1.0), bootstrap=300)
    assert same.htmt["words~sound"]["value"] == pytest.approx(1.0, abs=0.12)
    assert independence.separated(same.htmt["words~sound"]) is False
    assert same.conditions[1]["held"] < 18


def test_upper_limit_of_htmt_is_a_bootstrap_over_dialogues() -> None:
    columns = correlated(120, 5, across=0.3)
    made = independence.compare_traits(columns, bootstrap=800, seed=1).htmt["words~sound"]
    table = np.array([values for some in columns.values() for values in some.values()], dtype=float)
    rng = np.random.default_rng(9)
    drawn = []
    for _ in range(800):
        r = np.corrcoef(table[:, rng.integers(0, 120, 120)])
        within = [np.abs(r[np.ix_(b, b)][np.triu_indices(3, 1)]).mean() for b in ([0, 1, 2], [3, 4, 5])]
        drawn.append(np.abs(r[:3, 3:]).mean() / math.sqrt(within[0] * within[1]))
    assert made["upper"] == pytest.approx(float(np.quantile(drawn, 0.95)), abs=0.02)


def test_what_separability_cannot_see() -> None:
    columns = correlated(40, 1)
    single = independence.compare_traits({"words": columns["words"], "sound": {"m0": columns["sound"]["m0"]}})
    assert single.htmt["words~sound"]["reason"] == "sound has a single indicator"
    assert any("single indicator" in note for note in single.notes)
    assert independence.separated(single.htmt["words~sound"]) is None
    few = independence.compare_traits(correlated(6, 1))
    assert few.correlations is None
    assert any("6 dialogues are too few" in note for note in few.notes)


def test_reliability_of_halves() -> None:
    rng = np.random.default_rng(3)
    trait = rng.normal(0, 1, 4000)
    halves = [
        (float(t + a), float(t + b)) for t, a, b in zip(trait, *rng.normal(0, 1, (2, 4000)), strict=True)
    ]
    # Halves correlate .5, so two of them together have 2 * .5 / 1.5.
    assert independence.split_half(halves).value == pytest.approx(2 / 3, abs=0.03)
    few = independence.split_half([(1.0, 2.0)] * 4 + [(None, 1.0)])
    assert (few.value, few.n) == (None, 4)


# The mixed model


def test_mixed_model_has_the_paired_means() -> None:
    rng = np.random.default_rng(8)
    user = np.repeat(np.arange(30), 2)
    base = rng.normal(0, 1, 30)[user]
    before = (base + rng.normal(0, 0.3, 60)).tolist()
    after = (np.array(before) + 0.4 + rng.normal(0, 0.3, 60)).tolist()
    still = (np.array(before) + rng.normal(0, 0.3, 60)).tolist()
    found = independence.mixed_cells(
        {"words": (before, after), "sound": (before, still)}, user.tolist(), [(None, None)] * 60
    )
    assert found["words"].change == pytest.approx(np.mean(np.subtract(after, before)), abs=1e-3)
    assert found["sound"].change == pytest.approx(np.mean(np.subtract(still, before)), abs=1e-3)
    assert found["words"].ci90 is not None
    assert found["words"].ci90[0] > 0
    assert "length left out" in str(found["words"].note)


def test_mixed_model_takes_length_out() -> None:
    rng = np.random.default_rng(8)
    before = rng.normal(0, 0.2, 60)
    words = np.exp(rng.normal(3, 0.5, (60, 2)) + np.array([0.0, 1.0]))
    first, second = (before + np.log(words[:, k]) for k in (0, 1))
    found = independence.mixed_cells(
        {"words": (first.tolist(), second.tolist())},
        list(range(60)),
        [(float(a), float(b)) for a, b in words],
    )
    assert abs(float(np.mean(second - first))) > 0.8
    assert found["words"].change == pytest.approx(0, abs=0.05)


def test_mixed_model_says_why_not() -> None:
    rng = np.random.default_rng(8)
    few = rng.normal(0, 1, 8).tolist()
    found = independence.mixed_cells({"words": (few, few)}, list(range(8)), [(None, None)] * 8)
    assert found["words"].reason == "fewer than 10 groups"
    flat = independence.mixed_cells({"words": ([1.0] * 20, [1.0] * 20)}, list(range(20)), [(None, None)] * 20)
    assert flat["words"].reason == "its scores before do not vary"


def test_users_are_the_unit_within_dialogues_too() -> None:
    rng = np.random.default_rng(6)
    x = [rng.normal(0, 1, 12).tolist() for _ in range(40)]
    y = [rng.normal(0, 1, 12).tolist() for _ in range(40)]
    # The same dialogue four times under one user tells no more than once.
    once = independence.within_dialogues(x[:10], y[:10], 0.5)
    copies = [k for k in range(10) for _ in range(4)]
    again = independence.within_dialogues([x[k] for k in copies], [y[k] for k in copies], 0.5, cluster=copies)
    assert again.finding.ci90 == pytest.approx(once.finding.ci90, abs=1e-12)
    assert (again.finding.n, again.finding.clustered, again.p_flip) == (10, True, once.p_flip)
    alone = independence.within_dialogues([x[k] for k in copies], [y[k] for k in copies], 0.5)
    assert alone.finding.ci90 != pytest.approx(once.finding.ci90, abs=1e-3)
    with pytest.raises(UsageError, match="one name per dialogue"):
        independence.within_dialogues(x, y, 0.5, cluster=["a"])


def test_indicators_are_averaged_within_users() -> None:
    columns = correlated(60, 2)
    copies = {
        name: {metric: [v for v in values for _ in range(3)] for metric, values in some.items()}
        for name, some in columns.items()
    }
    once = independence.compare_traits(columns, bootstrap=200)
    names = [k for k in range(60) for _ in range(3)]
    users = independence.compare_traits(copies, bootstrap=200, cluster=names)
    assert (users.n, users.conditions) == (once.n, once.conditions)
    for key in ("value", "upper"):
        assert users.htmt["words~sound"][key] == pytest.approx(once.htmt["words~sound"][key], abs=1e-12)
