"""The transfer matrix: published cells, claims, void rows, controls, selectivity."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from convalign.errors import UsageError
from convalign.independence import Matrix, Row, transfer_matrix
from convalign.independence.bootstrap import bca, left_out_means, resampled_means

Shared = Callable[[str], Path]
EXACT = 1e-9
DIMENSIONS = ("lexical", "emotional", "prosodic")
IDS = [f"d{k:02d}" for k in range(40)]


def read_rows(shared: Shared) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    with shared("vectors/stats/transfer_matrix.csv").open() as file:
        for line in csv.DictReader(file):
            arm = rows.setdefault(line["intervention"], {"targets": line["intervention"], "cells": {}})
            cell = arm["cells"].setdefault(line["dimension"], ([], [], []))
            for column, key in zip(cell, ("before", "after", "dialogue"), strict=True):
                column.append(line[key] if key == "dialogue" else float(line[key]))
    return rows


def expected(shared: Shared) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(shared("vectors/stats/transfer_matrix_expected.json").read_text())
    return loaded


def made(*, moves: float = 0.1, spill: float = 0.0, sd: float = 0.02, seed: int = 0) -> dict[str, Row]:
    """Three arms of 40 dialogues; each moves its own dimension by `moves` and the next one by `spill`."""
    rng = np.random.default_rng(seed)
    rows = {}
    for k, arm in enumerate(DIMENSIONS):
        cells: dict[str, Any] = {}
        for j, name in enumerate(DIMENSIONS):
            before = rng.normal(0.5, 0.1, 40)
            shift = moves if j == k else spill if j == (k + 1) % 3 else 0.0
            cells[name] = (before.tolist(), (before + shift + rng.normal(0, sd, 40)).tolist(), IDS)
        rows[arm] = Row(arm, cells)
    return rows


def cell(rows: dict[str, Row], arm: str, name: str) -> Any:
    return rows[arm].cells[name]


def test_cells_of_the_vectors(shared: Shared) -> None:
    matrix = transfer_matrix(read_rows(shared), bounds=dict.fromkeys(DIMENSIONS, 0.025))
    rows = {row.arm: row for row in matrix.rows}
    cells = expected(shared)["cells"]
    assert len(cells) == 9
    for cell in cells:
        row = rows[cell["intervention"]]
        found = row.cells[cell["dimension"]]
        assert found.n == 60
        assert found.mean_difference == pytest.approx(cell["mean_diff"], abs=EXACT)
        assert found.dz == pytest.approx(cell["dz"], abs=EXACT)
        assert found.ci90 == pytest.approx(cell["ci90"], abs=EXACT)
        assert found.p_two_sided == pytest.approx(cell["p_nhst"], abs=EXACT)
        if cell["target"]:
            assert found.conclusion == "improved"
            assert found.p == pytest.approx(cell["p_nhst"] / 2, abs=EXACT)  # all three diagonals point up
        else:
            assert found.p == pytest.approx(cell["p_tost"], abs=EXACT)
            assert row.holm[cell["dimension"]] == pytest.approx(cell["p_tost_holm"], abs=EXACT)
            assert row.bh[cell["dimension"]] == pytest.approx(cell["p_tost_bh"], abs=EXACT)
            assert found.conclusion == "unchanged within ±0.025"


def test_joint_claim_of_the_vectors(shared: Shared) -> None:
    matrix = transfer_matrix(read_rows(shared), bounds=dict.fromkeys(DIMENSIONS, 0.025))
    assert matrix.joint.shown
    assert matrix.joint.cells == 6
    assert matrix.joint.p == pytest.approx(expected(shared)["iut_all_off_diagonal_p"], abs=EXACT)
    assert [row.claim.shown for row in matrix.rows] == [True, True, True]
    assert len(matrix.held_holm) == len(matrix.held_bh) == 6
    # prosodic -> lexical has the widest interval, [-.0226, .0041]
    assert matrix.rows[2].sensitivity == pytest.approx(0.0225725, abs=1e-7)


def test_tight_bound_of_the_vectors(shared: Shared) -> None:
    matrix = transfer_matrix(read_rows(shared), bounds=dict.fromkeys(DIMENSIONS, 0.0125))
    rows = {row.arm: row for row in matrix.rows}
    for cell in expected(shared)["tight_sesoi"]["cells"]:
        found = rows[cell["intervention"]].cells[cell["dimension"]]
        assert found.p == pytest.approx(cell["p_tost"], abs=EXACT)
        wanted = "unchanged within ±0.0125" if cell["verdict"] == "equivalent" else "inconclusive"
        assert found.conclusion == wanted
    assert not matrix.joint.shown
    assert matrix.joint.p == pytest.approx(0.3423610931, abs=EXACT)
    assert [row.claim.shown for row in matrix.rows] == [True, False, False]
    assert matrix.held_holm == ()  # smallest of six p is .0287: none holds after Holm


def test_adjustment_agrees_with_statsmodels() -> None:
    matrix = transfer_matrix(made(sd=0.08), bounds=dict.fromkeys(DIMENSIONS, 0.03))
    off = [(row, name) for row in matrix.rows for name in row.others]
    p = [row.cells[name].p for row, name in off]
    for method, key in (("holm", "holm"), ("fdr_bh", "bh")):
        assert [getattr(row, key)[name] for row, name in off] == pytest.approx(
            multipletests(p, method=method)[1], abs=EXACT
        )
    own = [row.cells[row.targets or ""].p for row in matrix.rows]
    holm = multipletests(own, method="holm")[1]
    assert [row.diagonal_holm for row in matrix.rows] == pytest.approx(holm, abs=EXACT)


def test_one_cell_beyond_its_bound_breaks_row_and_joint() -> None:
    rows = made()
    before, _, ids = cell(rows, "lexical", "emotional")
    rng = np.random.default_rng(5)
    moved = (before, [float(x) + 0.2 + rng.normal(0, 0.02) for x in before], ids)
    rows["lexical"] = Row("lexical", {**rows["lexical"].cells, "emotional": moved})
    matrix = transfer_matrix(rows, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    first = matrix.rows[0]
    assert first.cells["emotional"].conclusion == "improved"
    assert (first.claim.shown, first.void) == (False, False)
    assert first.claim.reason == "lexical: emotional is improved"
    assert not matrix.joint.shown
    assert "lexical: emotional" not in matrix.held_holm


@pytest.mark.parametrize(
    ("moves", "words"), [(0.0, "lexical was not shown to move"), (-0.1, "lexical moved the wrong way")]
)
def test_a_row_that_did_not_move_is_void(moves: float, words: str) -> None:
    rows = made()
    before, _, ids = cell(rows, "lexical", "lexical")
    rng = np.random.default_rng(8)
    own = (before, [float(x) + moves + rng.normal(0, 0.05) for x in before], ids)
    rows["lexical"] = Row("lexical", {**rows["lexical"].cells, "lexical": own})
    matrix = transfer_matrix(rows, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    first = matrix.rows[0]
    assert (first.void, first.void_reason) == (True, words)
    assert first.others["emotional"].within  # the cell keeps its finding, and enters no claim
    assert (first.claim.shown, first.claim.p) == (False, None)
    assert (matrix.joint.shown, matrix.joint.p) == (False, None)
    assert not any(name.startswith("lexical:") for name in matrix.held_bh)
    assert matrix.rows[1].claim.shown


def test_lower_can_be_better() -> None:
    matrix = transfer_matrix(
        made(moves=-0.1), bounds=dict.fromkeys(DIMENSIONS, 0.05), good=dict.fromkeys(DIMENSIONS, "lower")
    )
    assert [row.void for row in matrix.rows] == [False] * 3
    assert matrix.joint.shown


def test_identical_cells_hold_by_construction() -> None:
    rows = made()
    before, _, ids = cell(rows, "prosodic", "lexical")
    rows["prosodic"] = Row("prosodic", {**rows["prosodic"].cells, "lexical": (before, before, ids)})
    matrix = transfer_matrix(rows, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    assert matrix.joint.shown
    assert matrix.joint.by_construction == ("prosodic: lexical",)
    assert matrix.rows[2].claim.by_construction == ("prosodic: lexical",)
    assert "lexical" not in matrix.rows[2].holm  # no p, so no member of the family
    assert "prosodic: lexical" in matrix.held_holm


def test_everything_identical_but_the_diagonal_has_no_p() -> None:
    rows = made()
    for arm, row in rows.items():
        triples: Any = row.cells.items()
        rows[arm] = Row(arm, {name: (b, a if name == arm else b, i) for name, (b, a, i) in triples})
    matrix = transfer_matrix(rows, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    assert (matrix.joint.shown, matrix.joint.p, len(matrix.joint.by_construction)) == (True, None, 6)


def test_a_control_is_tested_everywhere_and_enters_nothing() -> None:
    rows = made()
    placebo = made(moves=0.0, seed=3)["lexical"]
    without = transfer_matrix(rows, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    rows["placebo"] = Row("lexical", placebo.cells, control=True)
    matrix = transfer_matrix(rows, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    control = matrix.rows[3]
    assert {cell.kind for cell in control.cells.values()} == {"equivalence"}
    assert (control.void, control.claim.cells, control.claim.shown) == (False, 3, True)
    assert (dict(control.holm), control.diagonal_holm, dict(control.selectivity)) == ({}, None, {})
    assert matrix.joint == without.joint
    assert matrix.held_holm == without.held_holm


def test_a_control_that_moves_voids_nothing() -> None:
    rows = {**made(), "placebo": Row(None, made(seed=4)["lexical"].cells, control=True)}
    matrix = transfer_matrix(rows, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    assert matrix.rows[3].cells["lexical"].conclusion == "improved"
    assert (matrix.rows[3].void, matrix.rows[3].claim.shown) == (False, False)
    assert matrix.joint.shown


def test_controls_alone_claim_nothing_together() -> None:
    matrix = transfer_matrix({"placebo": Row(None, made()["lexical"].cells, control=True)}, bounds={})
    assert (matrix.joint.shown, matrix.joint.reason) == (False, "there is no arm that targets a dimension")
    assert {cell.kind for cell in matrix.rows[0].cells.values()} == {"estimate"}


def test_unscored_cells_keep_their_reason_and_break_the_claim() -> None:
    rows = made()
    cells = dict(rows["lexical"].cells)
    cells["prosodic"] = "no audio"
    cells["emotional"] = ([0.1, 0.2], [0.1, 0.2], ["a", "b"])
    matrix = transfer_matrix({"lexical": Row("lexical", cells)}, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    row = matrix.rows[0]
    assert (row.cells["prosodic"].conclusion, row.cells["prosodic"].reason) == (None, "no audio")
    assert row.claim.reason == (
        "lexical: emotional is unscored (fewer than 3 pairs); lexical: prosodic is unscored (no audio)"
    )
    assert (row.claim.shown, row.claim.p, matrix.joint.shown) == (False, None, False)
    assert (row.sensitivity, row.sensitivity_reason) == (None, "no interval for emotional, prosodic")


def test_an_unscored_diagonal_is_void() -> None:
    rows = made()
    cells = {**rows["prosodic"].cells, "prosodic": "no audio"}
    matrix = transfer_matrix({"prosodic": Row("prosodic", cells)}, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    assert matrix.rows[0].void_reason == "prosodic could not be tested (no audio)"
    assert dict(matrix.rows[0].selectivity) == {}


def test_a_dimension_without_a_bound_has_numbers_and_no_conclusion() -> None:
    matrix = transfer_matrix(made(), bounds={"lexical": 0.05, "emotional": 0.05})
    found = matrix.rows[0].cells["prosodic"]
    assert (found.kind, found.conclusion) == ("estimate", None)
    assert found.ci90 is not None
    assert not matrix.rows[0].claim.shown
    assert matrix.rows[2].cells["prosodic"].conclusion == "improved"  # the diagonal needs no bound


def test_a_lone_dimension_shows_nothing() -> None:
    cells = {"lexical": made()["lexical"].cells["lexical"]}
    matrix = transfer_matrix({"lexical": Row("lexical", cells)}, bounds={})
    assert (matrix.joint.shown, matrix.rows[0].claim.reason) == (False, "there is no other dimension")


def test_clusters_come_from_ids() -> None:
    users = {name: f"u{k % 8}" for k, name in enumerate(IDS)}
    matrix = transfer_matrix(made(), bounds=dict.fromkeys(DIMENSIONS, 0.05), cluster=users)
    assert {cell.n for row in matrix.rows for cell in row.cells.values()} == {8}
    assert matrix.rows[0].cells["emotional"].decided_by == "exact"
    with pytest.raises(UsageError, match="lexical: lexical: dialogue 'd39' has no cluster"):
        transfer_matrix(made(), bounds={}, cluster=dict.fromkeys(IDS[:-1], "u"))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row("lexical", {"lexical": ([1.0], [2.0], ["a", "b"])}), "2 ids for 1 pairs"),
        (Row("lexical", {"lexical": ([1.0, 2.0], [2.0, 3.0], ["a", "a"])}), "dialogue 'a' stands twice"),
        (Row(None, {}), "targets no dimension"),
        ({"target": "lexical"}, "has 'target'; give targets, control and cells"),
    ],
)
def test_bad_rows_are_refused(row: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        transfer_matrix({"lexical": row}, bounds={})


def test_no_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="no rows"):
        transfer_matrix({}, bounds={})


def test_the_record_is_json() -> None:
    rows = {**made(), "placebo": Row(None, {"lexical": "no words"}, control=True)}
    matrix = transfer_matrix(rows, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    record = json.loads(json.dumps(matrix.record(), allow_nan=False))
    assert record["rows"][0]["cells"]["emotional"]["conclusion"] == "unchanged within ±0.05"
    assert record["joint"]["shown"] is True
    assert [row["arm"] for row in record["rows"]] == [*DIMENSIONS, "placebo"]


def test_order_of_dialogues_does_not_matter() -> None:
    plain = transfer_matrix(made(), bounds=dict.fromkeys(DIMENSIONS, 0.05))
    turned = {
        arm: Row(arm, {name: tuple(list(c)[::-1] for c in cell) for name, cell in row.cells.items()})  # type: ignore[misc]
        for arm, row in made().items()
    }
    other = transfer_matrix(turned, bounds=dict.fromkeys(DIMENSIONS, 0.05))
    for first, second in zip(plain.rows, other.rows, strict=True):
        for name in DIMENSIONS:
            assert second.cells[name].p == pytest.approx(first.cells[name].p, abs=EXACT)
            assert second.cells[name].conclusion == first.cells[name].conclusion


# ---- selectivity


def one(rows: dict[str, Row], **options: Any) -> Matrix:
    return transfer_matrix({"lexical": rows["lexical"]}, bounds=dict.fromkeys(DIMENSIONS, 0.05), **options)


def test_selectivity_by_hand() -> None:
    found = one(made(spill=0.05), sd=dict.fromkeys(DIMENSIONS, 0.1)).rows[0]
    own, other = (found.cells[name].mean_difference for name in ("lexical", "emotional"))
    assert own is not None
    assert other is not None
    result = found.selectivity["emotional"]
    assert result.ratio == pytest.approx(abs(other) / abs(own))  # equal sd cancel
    assert result.contrast == pytest.approx((abs(own) - abs(other)) / 0.1)
    assert result.interval is not None
    assert result.contrast_interval is not None
    assert result.interval[0] < abs(other) / abs(own) < result.interval[1]
    # Truth .05 / .1; each mean has standard error .003, the ratio about .035.
    assert 0.35 < result.interval[0] < result.interval[1] < 0.65
    assert result.contrast_interval[0] > 0
    assert result.how == "bca"


def test_the_interval_of_a_small_ratio_starts_at_zero_and_holds_it() -> None:
    result = one(made()).rows[0].selectivity["prosodic"]
    assert result.interval is not None
    assert result.ratio is not None
    assert result.interval[0] == 0.0 <= result.ratio < result.interval[1]


def test_no_ratio_where_the_own_dimension_may_not_have_moved() -> None:
    rows = made()
    before, _, ids = cell(rows, "lexical", "lexical")
    own = (before, [float(x) + 0.02 * (-1) ** k for k, x in enumerate(before)], ids)
    rows["lexical"] = Row("lexical", {**rows["lexical"].cells, "lexical": own})
    result = one(rows).rows[0].selectivity["emotional"]
    assert (result.ratio, result.interval) == (None, None)
    assert result.reason == "the change of lexical may be 0"


def test_frozen_sd_scales_the_ratio_and_nothing_else() -> None:
    same = one(made(spill=0.05), sd=dict.fromkeys(DIMENSIONS, 0.1)).rows[0]
    half = one(made(spill=0.05), sd={**dict.fromkeys(DIMENSIONS, 0.1), "emotional": 0.2}).rows[0]
    first, second = same.selectivity["emotional"], half.selectivity["emotional"]
    assert first.ratio is not None
    assert second.ratio == pytest.approx(first.ratio / 2)
    assert half.cells == same.cells
    with pytest.raises(UsageError, match="sd of emotional: 0"):
        one(made(), sd={"emotional": 0.0})


def test_no_ratio_where_it_cannot_be_formed() -> None:
    rows = made()
    before, after, ids = cell(rows, "lexical", "lexical")
    flat = ([0.5] * 40, [0.5 + 0.001 * k for k in range(40)], ids)
    few = ([0.5, 0.6], [0.5, 0.7], ids[:2])
    rows["lexical"] = Row("lexical", {"lexical": (before, after, ids), "emotional": flat, "prosodic": few})
    found = one(rows).rows[0].selectivity
    assert found["emotional"].reason == "the scores of emotional before do not vary: no sd"
    assert found["prosodic"].reason == "fewer than 3 pairs"
    rows["lexical"] = Row("lexical", {"lexical": (before, before, ids), "emotional": flat})
    assert one(rows).rows[0].selectivity["emotional"].reason == "lexical did not move"
    rows["lexical"] = Row("lexical", {"lexical": few, "emotional": flat})
    assert one(rows).rows[0].selectivity["emotional"].reason == "lexical could not be tested"
    rows["lexical"] = Row("lexical", {"lexical": "no words", "emotional": flat})
    assert dict(one(rows).rows[0].selectivity) == {}


def test_a_constant_change_of_the_own_dimension_has_a_ratio() -> None:
    rows = made(spill=0.05)
    before, _, ids = cell(rows, "lexical", "lexical")
    own = (before, [float(x) + 0.1 for x in before], ids)
    rows["lexical"] = Row("lexical", {**rows["lexical"].cells, "lexical": own})
    result = one(rows, sd=dict.fromkeys(DIMENSIONS, 0.1)).rows[0].selectivity["emotional"]
    assert result.ratio == pytest.approx(0.5, abs=0.1)
    assert result.interval is not None


def test_ratio_intervals_cover_the_truth() -> None:
    covered, studies = 0, 120
    for seed in range(studies):
        row = one(
            made(spill=0.05, sd=0.08, seed=seed), sd=dict.fromkeys(DIMENSIONS, 0.1), bootstrap=400
        ).rows[0]
        interval = row.selectivity["emotional"].interval
        assert interval is not None
        covered += interval[0] <= 0.5 <= interval[1]
    # nominal .90; .81 is three standard errors below
    assert covered / studies >= 0.81


def test_columns_share_one_draw() -> None:
    d = np.vstack([np.arange(12.0), 2 * np.arange(12.0), np.arange(12.0)])
    present = np.ones(d.shape, dtype=np.bool_)
    present[2, 6:] = False
    draws = resampled_means(d, present, 500, np.random.default_rng(1))
    assert np.array_equal(draws[:, 1], 2 * draws[:, 0])
    assert np.nanmax(draws[:, 2]) <= 5.0
    left = left_out_means(d, present)
    assert left[0, 0] == pytest.approx(66 / 11)  # without 0
    assert left[11, 2] == pytest.approx(15 / 6)  # unit 11 is not in column 2: nothing left out


def test_bootstrap_without_variance_or_with_one_side() -> None:
    same = bca(1.0, np.ones(50), np.ones(5), 0.05)
    assert (same.interval, same.how, same.reason) == (None, None, "all bootstrap replicates are equal")
    side = bca(-1.0, np.linspace(0, 1, 101), np.array([0.1, 0.2, 0.3]), 0.05)
    assert side.how == "percentile"
    assert side.interval == pytest.approx((0.05, 0.95))


def test_every_column_has_a_bootstrap_interval_from_one_draw() -> None:
    rng = np.random.default_rng(3)
    d = rng.exponential(1.0, (2, 40)) - 0.8
    ids = list(range(40))
    zeros = [0.0] * 40
    made = transfer_matrix(
        {
            "edit": {
                "targets": "lexical",
                "cells": {"lexical": (zeros, d[0].tolist(), ids), "emotional": (zeros, d[1].tolist(), ids)},
            }
        },
        bounds={"emotional": 0.5},
        bootstrap=9000,
    ).rows[0]
    for k, name in enumerate(("lexical", "emotional")):
        # scipy.stats.bootstrap((d,), np.mean, method="BCa", confidence_level=.9)
        expected = stats.bootstrap(
            (d[k],), np.mean, method="BCa", confidence_level=0.9, n_resamples=9000,
            rng=np.random.default_rng(8),
        ).confidence_interval  # fmt: skip
        assert made.intervals[name].how == "bca"
        assert made.intervals[name].interval == pytest.approx(tuple(expected), abs=0.02)
    same = transfer_matrix(
        {
            "edit": {
                "targets": "lexical",
                "cells": {"lexical": (zeros, d[0].tolist(), ids), "emotional": (zeros, zeros, ids)},
            }
        },
        bounds={"emotional": 0.5},
    ).rows[0]
    assert same.intervals["emotional"].reason == "every pair changed by the same"
