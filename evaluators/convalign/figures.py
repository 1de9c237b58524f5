"""The figures of a review, as SVG text; the one door to matplotlib.

Figures are made without pyplot, so nothing global stays changed and no display is needed. Colour sets an
edit's target apart from everything else, always together with a shape; no colour stands for a sum over
dimensions. Text stays text (selectable, escaped by the writer); the reader's own fonts draw it and none
is asked for.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

MOST_POINTS = 300
"""Dialogues drawn per arm; intervals always rest on all of them."""

ALL_POINTS = 9000
"""Dialogues drawn in all figures of a review together, so that the page stays small with many arms."""

FEWEST_POINTS = 20
"""Dialogues drawn per arm however many arms there are."""

LONGEST_LABEL = 30
"""Characters of an arm's name on an axis."""

INK, SOFT, POINT, MARK, BAND, EDGE = "#26313f", "#5d6979", "#9aa6b4", "#1f4f99", "#e6ebf1", "#a9b5c2"
STYLE: Any = {
    "svg.hashsalt": "convalign",
    "svg.fonttype": "none",
    "path.simplify": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": EDGE,
    "axes.linewidth": 0.8,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": EDGE,
    "xtick.labelcolor": SOFT,
    "ytick.left": False,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "text.usetex": False,
    "text.parse_math": False,
}

# Not allowed in XML, or not encodable: one such character in a name would spoil the whole file.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def draw(results: Mapping[str, Any]) -> dict[str, str]:
    """Draw every figure of a review.

    Parameters
    ----------
    results : the record of ``results.json``

    Returns
    -------
    Name -> SVG text without XML prologue, ids unique per figure: ``matrix``, ``sensitivity``, and per
    dimension ``change-<name>`` (`distribution`) and ``excess-<name>`` where there is something to draw.
    Same results, same bytes.
    """
    drawn = {"matrix": matrix(results)}
    if any(_sensitivities(results, name) for name in _names(results)):
        drawn["sensitivity"] = sensitivity(results)
    most = points_shown(results)
    for name in _names(results):
        if any(changes(results, name, row["arm"]) for row in results["matrix"]["rows"]):
            drawn[f"change-{name}"] = distribution(results, name, most=most)
        if any(one["excess"] is not None for one in results["scores"][name].values()):
            drawn[f"excess-{name}"] = excess(results, name)
    return drawn


def points_shown(results: Mapping[str, Any]) -> int:
    """How many dialogues of an arm `draw` shows as points, at most.

    Returns
    -------
    `MOST_POINTS`, or fewer where arms and dimensions are so many that `ALL_POINTS` would be passed.
    """
    strips = len(results["matrix"]["rows"]) * len(results["dimensions"])
    return max(FEWEST_POINTS, min(MOST_POINTS, ALL_POINTS // max(strips, 1)))


def matrix(results: Mapping[str, Any]) -> str:
    """Show every arm against every dimension: mean change, 90 % interval, bound.

    Parameters
    ----------
    results : the record of ``results.json``

    Returns
    -------
    SVG text. Diamonds are targets, hollow marks are void rows; a change far beyond the bound is an arrow
    with its number, so that intervals near the bound stay readable.
    """
    rows, columns = results["matrix"]["rows"], results["dimensions"]
    with _style():
        figure = Figure(figsize=(2.5 * len(columns) + 1.6, 0.38 * len(rows) + 1.1), layout="constrained")
        axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for k, (axis, column) in enumerate(zip(axes, columns, strict=True)):
            edge = _matrix_edge(column["bound"], [row["cells"][k] for row in rows])
            _frame(axis, [_label(row) for row in rows], (-edge, edge), column["bound"])
            for place, row in enumerate(rows):
                _cell(axis, row["cells"][k], place, edge, void=row["void"])
            axis.set_title(_plain(column["name"]), fontsize=10, loc="left", fontweight="bold")
            axis.set_xlabel(f"change of {_plain(column['headline'])}{_unit(column)}")
        return _svg(
            figure,
            "matrix",
            "Mean change of each dimension's headline per arm with its 90 % interval; the band is the "
            "declared bound, diamonds are the dimension that an arm was meant to move.",
        )


def distribution(results: Mapping[str, Any], name: str, *, most: int = MOST_POINTS) -> str:
    """Show how each dialogue changed from the baseline, against the bound.

    Parameters
    ----------
    results : the record of ``results.json``
    name : a dimension of it
    most : points per arm, >= 1; where there are more dialogues, evenly spaced ones in order of size,
        least and largest included

    Returns
    -------
    SVG text: per arm the mean with its 90 % interval, and below it the dialogues.
    """
    column = _column(results, name)
    place_of = _names(results).index(name)
    rows = [(row, changes(results, name, row["arm"])) for row in results["matrix"]["rows"]]
    rows = [(row, values) for row, values in rows if values]
    with _style():
        figure = Figure(figsize=(7.4, 0.5 * len(rows) + 0.75), layout="constrained")
        axis = figure.subplots()
        findings = [row["cells"][place_of] for row, _ in rows]
        numbers = [value for _, values in rows for value in values] + list(_limits(column["bound"]) or ())
        numbers += [value for cell in findings for value in _drawn(cell["finding"])]
        _frame(axis, [_label(row) for row, _ in rows], _range([0.0, *numbers]), column["bound"])
        for place, ((row, values), cell) in enumerate(zip(rows, findings, strict=True)):
            _strip(axis, values, place + 0.16, most)
            limits = _interval(cell["finding"])
            if cell["finding"]["mean_difference"] is not None:
                mean = cell["finding"]["mean_difference"]
                _mark(axis, mean, limits, place - 0.2, target=cell["target"], void=row["void"])
        axis.set_xlabel(f"change of {_plain(column['headline'])}{_unit(column)} from the baseline")
        return _svg(
            figure,
            f"change-{name}",
            f"{_plain(name)}: change of each dialogue from the baseline, per arm; above the dialogues the "
            "mean and its 90 % interval, the band is the declared bound.",
        )


def excess(results: Mapping[str, Any], name: str) -> str:
    """Show what each arm's score is above: the same replies beside strangers.

    Parameters
    ----------
    results : the record of ``results.json``
    name : a dimension of it

    Returns
    -------
    SVG text: per arm a hollow dot (mean over strangers), a filled dot (mean value), and the 90 % interval
    of the excess, laid from the strangers' mean.
    """
    column = _column(results, name)
    arms = {arm: one for arm, one in results["scores"][name].items() if one["excess"] is not None}
    with _style():
        figure = Figure(figsize=(7.4, 0.3 * len(arms) + 0.75), layout="constrained")
        axis = figure.subplots()
        numbers = [
            value
            for one in arms.values()
            for value in (one["value"], one["baseline"], *(_laid(one) or ()))
            if value is not None
        ]
        _frame(axis, [_short(arm) for arm in arms], _range([0.0, *numbers]), None)
        for place, one in enumerate(arms.values()):
            limits = _laid(one)
            if one["baseline"] is not None and one["value"] is not None:
                axis.plot(
                    [one["baseline"], one["value"]], [place, place], color=EDGE, linewidth=1, clip_on=False
                )
                axis.plot(
                    [one["baseline"]], [place], "o", markersize=5, color=SOFT, fillstyle="none", clip_on=False
                )
            if one["value"] is not None:
                _mark(axis, one["value"], limits, place)
        axis.set_xlabel(f"mean {_plain(column['headline'])}{_unit(column)}; hollow: strangers")
        return _svg(
            figure,
            f"excess-{name}",
            f"{_plain(name)}: mean value per arm (filled) beside what strangers get (hollow), with the 90 % "
            "interval of the excess.",
        )


def sensitivity(results: Mapping[str, Any]) -> str:
    """Show the smallest bound at which each cell would hold, against the declared one.

    Parameters
    ----------
    results : the record of ``results.json``

    Returns
    -------
    SVG text: one panel per dimension; targets are left out, void rows are hollow. A dot inside the band
    holds within the declared bound.
    """
    columns = [one for one in results["dimensions"] if _sensitivities(results, one["name"])]
    rows = results["matrix"]["rows"]
    with _style():
        figure = Figure(figsize=(2.5 * len(columns) + 1.6, 0.3 * len(rows) + 1.1), layout="constrained")
        axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for axis, column in zip(axes, columns, strict=True):
            found = _sensitivities(results, column["name"])
            declared = _limits(column["bound"])
            held = None if declared is None else (0.0, min(-declared[0], declared[1]))
            top = max([*found.values(), *(held or ()), 0.0]) or 1.0
            _frame(axis, [_label(row) for row in rows], (0.0, 1.15 * top), held)
            for place, row in enumerate(rows):
                if row["arm"] in found:
                    _mark(axis, found[row["arm"]], None, place, void=row["void"])
            axis.set_title(_plain(column["name"]), fontsize=10, loc="left", fontweight="bold")
            axis.set_xlabel(f"smallest bound that holds{_unit(column)}")
        return _svg(
            figure,
            "sensitivity",
            "The smallest bound at which each cell would be within it; the band is what was declared.",
        )


def changes(results: Mapping[str, Any], name: str, arm: str) -> list[float]:
    """Subtract the baseline from an arm, dialogue by dialogue, in the study's quantity.

    Returns
    -------
    [n_pairs]; dialogues that lack either score are left out.
    """
    place = {"value": 1, "excess": 3}[results["quantity"]]
    arms = results["scores"][name]
    before = {row[0]: row[place] for row in arms[results["arms"][0]["name"]]["values"]}
    after = {row[0]: row[place] for row in arms[arm]["values"]}
    pairs = [(before.get(key), after[key]) for key in after]
    return [b - a for a, b in pairs if a is not None and b is not None]


@contextmanager
def _style() -> Iterator[None]:
    """Our settings and nobody else's: a reader's matplotlibrc must not change the bytes."""
    with rc_context(), warnings.catch_warnings():
        # Names in other scripts are drawn by the reader's fonts; only their width is guessed here.
        warnings.filterwarnings("ignore", message=r"(?s).*missing from font", category=UserWarning)
        warnings.filterwarnings("ignore", message=r"(?s).*does not support .* natively", category=UserWarning)
        rcdefaults()
        rcParams.update(STYLE)
        yield


def _names(results: Mapping[str, Any]) -> list[str]:
    return [one["name"] for one in results["dimensions"]]


def _column(results: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    column: Mapping[str, Any] = results["dimensions"][_names(results).index(name)]
    return column


def _unit(column: Mapping[str, Any]) -> str:
    return "" if column["unit"] in ("1", "", None) else f" ({_plain(column['unit'])})"


def _plain(text: Any) -> str:
    """Words from a study file on one line, without what would spoil an SVG file."""
    return UNPRINTABLE.sub("\ufffd", re.sub(r"\s+", " ", str(text))).strip()


def _short(text: Any) -> str:
    """The same, short enough for an axis."""
    plain = _plain(text)
    return plain if len(plain) <= LONGEST_LABEL else plain[: LONGEST_LABEL - 1] + "…"


def _label(row: Mapping[str, Any]) -> str:
    """An arm's name, with what sets its row apart."""
    note = " (void)" if row["void"] else " (placebo)" if row["control"] else ""
    name = _short(row["arm"])
    return name if "placebo" in name and not row["void"] else f"{name}{note}"


def _limits(bound: Any) -> tuple[float, float] | None:
    """A bound as its two limits."""
    if bound is None:
        return None
    return (-bound, bound) if isinstance(bound, (int, float)) else (bound[0], bound[1])


def _interval(finding: Mapping[str, Any]) -> list[float] | None:
    """The interval that decided, or else the 90 % one."""
    limits: list[float] | None = finding.get("deciding_interval") or finding["ci90"]
    return limits


def _drawn(finding: Mapping[str, Any]) -> list[float]:
    """The numbers that a mark shows."""
    if finding["mean_difference"] is None:
        return []
    return [finding["mean_difference"], *(_interval(finding) or [])]


def _laid(one: Mapping[str, Any]) -> list[float] | None:
    """The interval of an excess, laid from the strangers' mean."""
    if one["excess_ci90"] is None or one["baseline"] is None:
        return None
    return [one["baseline"] + limit for limit in one["excess_ci90"]]


def _sensitivities(results: Mapping[str, Any], name: str) -> dict[str, float]:
    """Arm -> smallest bound of its cell; targets and unscored cells left out."""
    found = {}
    for row in results["matrix"]["rows"]:
        for cell in row["cells"]:
            smallest = cell["finding"]["sensitivity"]
            if cell["dimension"] == name and not cell["target"] and smallest is not None:
                found[row["arm"]] = smallest
    return found


def _matrix_edge(bound: Any, cells: Sequence[Mapping[str, Any]]) -> float:
    """How far a column reaches: its bound and the cells that are no target, at most four bounds."""
    declared = max((abs(limit) for limit in _limits(bound) or ()), default=0.0)
    others = max((abs(v) for cell in cells if not cell["target"] for v in _drawn(cell["finding"])), default=0)
    everything = max((abs(v) for cell in cells for v in _drawn(cell["finding"])), default=0.0)
    edge = max(1.8 * declared, min(1.15 * others, 4 * declared)) if declared else 1.15 * everything
    return edge or 1.0


def _range(numbers: Sequence[float]) -> tuple[float, float]:
    """The limits of an axis that shows all of these."""
    low, high = min(numbers), max(numbers)
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin


def _frame(axis: Axes, labels: Sequence[str], limits: tuple[float, float], bound: Any) -> None:
    """An axis with one line per arm from the top down, 0, and the bound."""
    declared = _limits(bound)
    if declared:
        axis.axvspan(*declared, facecolor=BAND, edgecolor="none", zorder=0, clip_on=False)
        for limit in declared:
            axis.axvline(limit, color=EDGE, linewidth=0.8, dashes=(3, 2), zorder=1, clip_on=False)
    if limits[0] <= 0 <= limits[1]:
        axis.axvline(0, color=SOFT, linewidth=0.8, zorder=1, clip_on=False)
    axis.set_xlim(*limits)
    axis.set_yticks(range(len(labels)), list(labels))
    axis.set_ylim(len(labels) - 0.45, -0.55)
    figure = axis.get_figure(root=True)
    wide = figure is not None and len(figure.axes) == 1
    axis.locator_params(axis="x", nbins=8 if wide else 4)


def _cell(axis: Axes, cell: Mapping[str, Any], place: int, edge: float, *, void: bool) -> None:
    """One finding of the matrix; what lies beyond the edge is an arrow with its number."""
    finding, shown = cell["finding"], _drawn(cell["finding"])
    if not shown:
        axis.text(0, place, " unscored", fontsize=7.5, color=SOFT, va="center")
        return
    if max(abs(value) for value in shown) <= edge:
        _mark(axis, shown[0], _interval(finding), place, target=cell["target"], void=void)
        return
    side = 1 if shown[0] > 0 else -1
    colour = SOFT if void else (MARK if cell["target"] else INK)
    marker = ">" if side > 0 else "<"
    axis.plot([side * edge], [place], marker, color=colour, markersize=6, clip_on=False)
    words = f"{shown[0]:+.3f} "
    align = "right" if side > 0 else "left"
    axis.text(0.94 * side * edge, place, words.strip(), color=colour, fontsize=8, va="center", ha=align)


def _mark(
    axis: Axes,
    mean: float,
    limits: Sequence[float] | None,
    place: float,
    *,
    target: bool = False,
    void: bool = False,
) -> None:
    """A mean and its interval: a diamond for a target, hollow when the row is void."""
    colour = SOFT if void else (MARK if target else INK)
    if limits is not None:
        axis.plot(
            list(limits),
            [place, place],
            color=colour,
            linewidth=1.2 if void else 2.2,
            solid_capstyle="butt",
            zorder=3,
            clip_on=False,
        )
    axis.plot(
        [mean],
        [place],
        marker="D" if target else "o",
        markersize=4.6 if target else 5,
        color=colour,
        markerfacecolor="white" if void else colour,
        zorder=4,
        clip_on=False,
    )


def _strip(axis: Axes, values: Sequence[float], place: float, most: int) -> None:
    """Dialogues as points; one path for all of them, a third of the bytes of a mark each."""
    shown = np.sort(np.asarray(values, dtype=np.float64))
    if len(shown) > most:
        shown = shown[np.linspace(0, len(shown) - 1, most).round().astype(np.int64)]
    # Golden-ratio steps spread neighbours without a random generator.
    heights = place + 0.36 * ((np.arange(len(shown)) * 0.6180339887498949) % 1.0 - 0.5)
    corners = np.repeat(np.column_stack([shown, heights]), 2, axis=0)
    path = Path(corners, np.tile(np.array([Path.MOVETO, Path.LINETO], dtype=np.uint8), len(shown)))
    path.should_simplify = False
    axis.add_patch(
        PathPatch(
            path,
            facecolor="none",
            edgecolor=POINT,
            linewidth=2.6,
            capstyle="round",
            alpha=0.75,
            zorder=2,
            clip_on=False,
        )
    )


def _svg(figure: Figure, name: str, words: str) -> str:
    """The figure as SVG that can stand alone, and inside a page beside others."""
    stream = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, count=1, flags=re.DOTALL)
    # matplotlib's style sheet says `*`, which inside a page would reach everything on it.
    text = re.sub(r"<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>\s*", "", text, count=1)
    prefix = re.sub(r"\W", "-", name)
    # Only inside tags: an arm may be called id="x". Text has no bare < or >, so tags can be told.
    text = re.sub(r"<[A-Za-z][^<>]*>", lambda tag: _tag(tag[0], prefix), text)
    head = (
        f'<svg role="img" aria-labelledby="{prefix}-title" stroke-linejoin="round" stroke-linecap="butt" '
    )
    body = text.replace("<svg ", head, 1).strip()
    end = body.index(">") + 1
    return f'{body[:end]}\n <title id="{prefix}-title">{_escaped(words)}</title>{body[end:]}\n'


def _tag(tag: str, prefix: str) -> str:
    """A tag with ids of its own figure, the reader's own font, and coordinates to a hundredth of a point."""
    tag = re.sub(r'\bid="', f'id="{prefix}-', tag)
    tag = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\g<1>{prefix}-", tag)
    tag = re.sub(r"'DejaVu Sans'(?:, '[^']*')*, sans-serif", "system-ui, sans-serif", tag)
    return re.sub(r'\bd="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), tag)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
