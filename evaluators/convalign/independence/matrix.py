"""Every intervention against every dimension: what each moved, and what it left alone."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from convalign.errors import UsageError
from convalign.independence.bootstrap import Resampled
from convalign.independence.borrowed import adjusted
from convalign.independence.checks import checked_alpha, checked_bound, checked_good
from convalign.independence.equivalence import paired_equivalence, paired_estimate, paired_superiority
from convalign.independence.finding import IMPROVED, INCONCLUSIVE, Bound, Finding, Good, plain
from convalign.independence.search import whole_number
from convalign.independence.selectivity import Selectivity, bootstrap_intervals, selectivity

Cell = tuple[Sequence[float | None], Sequence[float | None], Sequence[Hashable]]
"""Scores before, scores after, dialogue ids: three columns of one length."""


@dataclass(frozen=True, slots=True)
class Row:
    """One intervention, before it is tested.

    Attributes
    ----------
    targets : the dimension that it should move; None for a control
    cells : dimension -> (before, after, ids), or the reason in words why there are no scores
    control : a placebo: nothing should move
    """

    targets: str | None
    cells: Mapping[str, Cell | str]
    control: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether several cells hold together (intersection-union: the weakest one decides).

    Attributes
    ----------
    shown : every cell is within its bound
    p : the largest of the cells' p, 0 to 1; None where no cell has one, or the claim is not made
    cells : how many must hold
    by_construction : ``arm: dimension`` of the cells that hold because every pair is bit-identical
    reason : why the claim is not shown; None otherwise
    """

    shown: bool
    p: float | None
    cells: int
    by_construction: tuple[str, ...]
    reason: str | None

    def record(self) -> dict[str, Any]:
        """Turn the claim into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One intervention, tested.

    Attributes
    ----------
    arm : its name
    targets, control : as in `Row`
    cells : dimension -> Finding; superiority on the diagonal, equivalence elsewhere
    void : its own dimension did not improve, so that the row carries no claim; never for a control
    void_reason : why; None otherwise
    claim : "it leaves all others unchanged" (a control: "it leaves all unchanged")
    holm, bh : dimension -> p adjusted over all off-diagonal cells of all arms; empty for a control
    diagonal_holm : p of the diagonal adjusted over all diagonals; None where it has none
    selectivity : dimension -> how much moved beside the own dimension
    sensitivity : smallest bound at which every off-diagonal cell would hold, score units; None with
        `sensitivity_reason`
    intervals : dimension -> BCa bootstrap of the mean change, one draw of dialogues for all columns; beside
        the interval that decides
    """

    arm: str
    targets: str | None
    control: bool
    cells: Mapping[str, Finding]
    void: bool
    void_reason: str | None
    claim: Claim
    holm: Mapping[str, float]
    bh: Mapping[str, float]
    diagonal_holm: float | None
    selectivity: Mapping[str, Selectivity]
    sensitivity: float | None
    sensitivity_reason: str | None
    intervals: Mapping[str, Resampled] = field(default_factory=dict)

    @property
    def others(self) -> dict[str, Finding]:
        """The cells that should not move."""
        return {name: cell for name, cell in self.cells.items() if self.control or name != self.targets}

    def record(self) -> dict[str, Any]:
        """Turn the row into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class Matrix:
    """All interventions of a study, tested.

    Attributes
    ----------
    alpha : of every test
    dimensions : columns, in order
    rows : in the order given
    joint : the claim over all off-diagonal cells; needs every row without control to be not void
    held_holm, held_bh : ``arm: dimension`` of the off-diagonal cells that hold after adjustment, for claims
        about single cells; cells that hold by construction are in both
    """

    alpha: float
    dimensions: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    joint: Claim
    held_holm: tuple[str, ...]
    held_bh: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Turn the matrix into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class _Settings:
    """What every cell is tested with."""

    bounds: Mapping[str, Bound]
    good: Mapping[str, Good]
    cluster: Mapping[Any, Hashable] | None
    sd: Mapping[str, float]
    alpha: float
    bootstrap: int
    seed: int
    dimensions: tuple[str, ...] = field(default=())


def transfer_matrix(
    rows: Mapping[str, Row | Mapping[str, Any]],
    *,
    bounds: Mapping[str, float | tuple[float, float]],
    good: Mapping[str, Good] | None = None,
    cluster: Mapping[Any, Hashable] | None = None,
    sd: Mapping[str, float] | None = None,
    alpha: float = 0.05,
    bootstrap: int = 2000,
    seed: int = 0,
) -> Matrix:
    """Test every intervention on every dimension, and what may be said of all together.

    Parameters
    ----------
    rows : arm -> `Row`, or a mapping with ``targets``, ``control`` and ``cells``; in the order of print
    bounds : dimension -> bound in score units; an off-diagonal cell without one has no conclusion
    good : dimension -> ``higher`` or ``lower``; ``higher`` where not named
    cluster : dialogue id -> user; None when every dialogue stands alone
    sd : dimension -> score units, frozen beforehand (a pilot), for selectivity; where not named the sd of
        the row's own scores before
    alpha : of every test, 0 < alpha < 0.5
    bootstrap : replicates for selectivity, >= 100
    seed : of all draws

    Returns
    -------
    Matrix.

    Raises
    ------
    UsageError
        A row, an id, a bound or an option does not fit.

    Source
    ------
    Berger 1982 (intersection-union), Holm 1979, Benjamini and Hochberg 1995; methods/statistics.md,
    section 3.
    """
    read = {str(arm): _row(arm, row) for arm, row in rows.items()}
    if not read:
        raise UsageError("no rows; give at least one intervention")
    named = [row.targets for row in read.values() if row.targets is not None]
    named += [*bounds, *(name for row in read.values() for name in row.cells)]
    settings = _Settings(
        {name: checked_bound(bound) for name, bound in bounds.items()},
        {name: checked_good(way) for name, way in (good or {}).items()},
        cluster,
        sd or {},
        checked_alpha(alpha),
        whole_number(bootstrap, 100, "bootstrap"),
        whole_number(seed, 0, "seed"),
        tuple(dict.fromkeys(named)),
    )
    tested = [_tested(arm, row, settings) for arm, row in read.items()]
    tested = _adjusted(tested)
    arms = [row for row in tested if not row.control]
    return Matrix(
        settings.alpha,
        settings.dimensions,
        tuple(tested),
        _joint(arms),
        _held(arms, "holm", settings.alpha),
        _held(arms, "bh", settings.alpha),
    )


def _row(arm: Any, row: Row | Mapping[str, Any]) -> Row:
    """Read a row, given as a record or as a mapping."""
    if not isinstance(row, Row):
        unknown = set(row) - {"targets", "control", "cells"}
        if unknown or "cells" not in row:
            raise UsageError(f"{arm}: has {', '.join(map(repr, row))}; give targets, control and cells")
        row = Row(row.get("targets"), row["cells"], row.get("control", False))
    if row.targets is None and not row.control:
        raise UsageError(f"{arm}: targets no dimension; name one, or mark the arm as a control")
    return row


def _tested(arm: str, row: Row, settings: _Settings) -> MatrixRow:
    """Test one row, but for the adjustments that need the others."""
    cells = {name: _finding(arm, name, row, settings) for name in settings.dimensions}
    void_reason = None
    own = None if row.control or row.targets is None else row.targets
    if own is not None and cells[own].conclusion != IMPROVED:
        void_reason = _void_words(own, cells[own])
    others = {name: cell for name, cell in cells.items() if name != own}
    sensitivity, sensitivity_reason = _row_sensitivity(others)
    claim = _claim({f"{arm}: {name}": cell for name, cell in others.items()})
    if void_reason is not None:
        claim = Claim(False, None, claim.cells, claim.by_construction, f"void: {void_reason}")
    ratios: dict[str, Selectivity] = {}
    scored = {name: cell for name, cell in row.cells.items() if not isinstance(cell, str)}
    drawn = bootstrap_intervals(
        scored,
        cluster=settings.cluster,
        alpha=settings.alpha,
        bootstrap=settings.bootstrap,
        seed=settings.seed,
    )
    if own is not None:
        ratios = selectivity(
            scored,
            own,
            cells[own],
            cluster=settings.cluster,
            sd=settings.sd,
            alpha=settings.alpha,
            bootstrap=settings.bootstrap,
            seed=settings.seed,
        )
    return MatrixRow(
        arm,
        row.targets,
        row.control,
        cells,
        void_reason is not None,
        void_reason,
        claim,
        {},
        {},
        None,
        ratios,
        sensitivity,
        sensitivity_reason,
        drawn,
    )


def _finding(arm: str, name: str, row: Row, settings: _Settings) -> Finding:
    """Test one cell."""
    diagonal = not row.control and name == row.targets
    good, alpha, bound = settings.good.get(name, "higher"), settings.alpha, settings.bounds.get(name)
    cell = row.cells.get(name, "not scored in this arm")
    if isinstance(cell, str):
        kind = "superiority" if diagonal else "equivalence"
        return Finding(kind, 0, bound=None if diagonal else bound, reason=cell, alpha=alpha, good=good)  # type: ignore[arg-type]
    before, after, ids = cell
    groups = _groups(f"{arm}: {name}", ids, len(after), settings.cluster)
    seed = settings.seed
    if diagonal:
        return paired_superiority(before, after, alpha, good=good, cluster=groups, seed=seed)
    if bound is None:
        return paired_estimate(before, after, alpha, good=good, cluster=groups, seed=seed)
    return paired_equivalence(before, after, bound, alpha, good=good, cluster=groups, seed=seed)


def _groups(
    place: str, ids: Sequence[Hashable], n: int, cluster: Mapping[Any, Hashable] | None
) -> list[Hashable] | None:
    """Check the ids of a cell and find the cluster of each."""
    if len(ids) != n:
        raise UsageError(f"{place}: {len(ids)} ids for {n} pairs; give one per pair")
    if len(set(ids)) != n:
        twice = next(name for k, name in enumerate(ids) if name in set(ids[:k]))
        raise UsageError(f"{place}: dialogue {twice!r} stands twice; give each dialogue once")
    if cluster is None:
        return None
    missing = [name for name in ids if name not in cluster]
    if missing:
        raise UsageError(f"{place}: dialogue {missing[0]!r} has no cluster; name one for every dialogue")
    return [cluster[name] for name in ids]


def _void_words(own: str, cell: Finding) -> str:
    """Say why a row carries no claim."""
    if cell.conclusion is None:
        return f"{own} could not be tested ({cell.reason})"
    if cell.conclusion == INCONCLUSIVE:
        return f"{own} was not shown to move" + (f" ({cell.reason})" if cell.reason else "")
    return f"{own} moved the wrong way"


def _claim(cells: Mapping[str, Finding]) -> Claim:
    """Put cells together: all must hold, the largest p counts."""
    fixed = tuple(name for name, cell in cells.items() if cell.by_construction and cell.within)
    if not cells:
        return Claim(False, None, 0, (), "there is no other dimension")
    ps = [cell.p for cell in cells.values() if cell.p is not None]
    open_cells = [f"{name} {_why(cell)}" for name, cell in cells.items() if not cell.within]
    reason = "; ".join(open_cells) or None
    p = max(ps) if ps and all(cell.conclusion is not None for cell in cells.values()) else None
    return Claim(reason is None, p, len(cells), fixed, reason)


def _why(cell: Finding) -> str:
    """Say in a few words why a cell does not hold."""
    return f"is {cell.conclusion}" if cell.conclusion is not None else f"is unscored ({cell.reason})"


def _joint(arms: Sequence[MatrixRow]) -> Claim:
    """Put all rows together."""
    cells = {f"{row.arm}: {name}": cell for row in arms for name, cell in row.others.items()}
    if not arms:
        return Claim(False, None, 0, (), "there is no arm that targets a dimension")
    claim = _claim(cells)
    lone = [f"{row.arm}: {row.claim.reason}" for row in arms if not row.others]
    void = [f"{row.arm} is void: {row.void_reason}" for row in arms if row.void]
    if void:
        return Claim(False, None, claim.cells, claim.by_construction, "; ".join(void))
    if lone:
        return Claim(False, None, claim.cells, claim.by_construction, "; ".join(lone))
    return claim


def _row_sensitivity(others: Mapping[str, Finding]) -> tuple[float | None, str | None]:
    """Take the largest of the cells' smallest bounds."""
    values = {name: cell.sensitivity for name, cell in others.items()}
    without = [name for name, value in values.items() if value is None]
    if without or not values:
        return None, f"no interval for {', '.join(without)}" if without else "there is no other dimension"
    return max(value for value in values.values() if value is not None), None


def _adjusted(rows: Sequence[MatrixRow]) -> list[MatrixRow]:
    """Adjust over the declared families: all off-diagonal cells, and all diagonals, of the targeted arms."""
    off = [
        (k, name, cell.p)
        for k, row in enumerate(rows)
        if not row.control
        for name, cell in row.others.items()
        if cell.p is not None and cell.kind == "equivalence"
    ]
    own = [
        (k, cell.p)
        for k, row in enumerate(rows)
        if not row.control and (cell := row.cells[str(row.targets)]).p is not None
    ]
    holm = adjusted([p for _, _, p in off], "holm")
    bh = adjusted([p for _, _, p in off], "fdr_bh")
    diagonal = dict(
        zip([k for k, _ in own], adjusted([p for _, p in own if p is not None], "holm"), strict=True)
    )
    result = []
    for k, row in enumerate(rows):
        mine = [(name, place) for place, (owner, name, _) in enumerate(off) if owner == k]
        result.append(
            replace(
                row,
                holm={name: holm[place] for name, place in mine},
                bh={name: bh[place] for name, place in mine},
                diagonal_holm=diagonal.get(k),
            )
        )
    return result


def _held(arms: Sequence[MatrixRow], method: str, alpha: float) -> tuple[str, ...]:
    """Name the cells that hold one by one; a void row holds none."""
    held = []
    for row in arms:
        if row.void:
            continue
        p = row.holm if method == "holm" else row.bh
        for name, cell in row.others.items():
            if cell.within and (cell.p is None or p[name] < alpha):
                held.append(f"{row.arm}: {name}")
    return tuple(held)
