"""The figures of a review, as SVG text; the one door to matplotlib.

Figures are made without pyplot, so nothing global is touched and no display is needed. Colour only
sets arms apart from their baseline; no colour stands for a sum over dimensions.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

MOST_LINES = 120
"""Pairs of dialogues drawn per arm."""
MOST_POINTS = 300
"""Dialogues drawn per arm; intervals always rest on all of them."""

INK, SOFT, MARK, BAND = "#334155", "#94a3b8", "#1d4ed8", "#e2e8f0"
STYLE: Any = {
    "svg.hashsalt": "convalign",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.usetex": False,
    "text.parse_math": False,
}


def draw(results: Mapping[str, Any]) -> dict[str, str]:
    """Draw every figure of a review.

    Parameters
    ----------
    results : the record of ``results.json``

    Returns
    -------
    Name -> SVG text without XML prologue, ids unique per figure: ``matrix``, ``sensitivity``, ``dose``; per
    dimension ``excess-<name>``, ``paired-<name>`` and ``change-<name>`` where there is something to draw;
    ``course-<n>`` per dialogue whose affect is shown, ``voices-<n>`` per call whose sound is. Same results,
    same bytes.
    """
    drawn = {}
    if results["matrix"]["rows"]:
        drawn["matrix"] = matrix(results)
        if any(one["sd"] for one in _findings(results)):
            drawn["sensitivity"] = sensitivity(results)
    if results["design"] == "dose":
        drawn["dose"] = dose(results)
    for column in results["dimensions"]:
        name = column["name"]
        arms = results["scores"][name]
        if any(one["excess"] is not None for one in arms.values()):
            drawn[f"excess-{name}"] = excess(results, name)
        if len(results["arms"]) > 1 and any(one["values"] for one in arms.values()):
            drawn[f"paired-{name}"] = paired(results, name)
        if any(_changes(results, name, row["arm"]) for row in results["matrix"]["rows"]):
            drawn[f"change-{name}"] = change(results, name)
    for place, one in enumerate(results["courses"]):
        drawn[f"course-{place}"] = course(one, place)
    for place, one in enumerate(results["voices"]):
        drawn[f"voices-{place}"] = voices(one, place)
    return drawn


def matrix(results: Mapping[str, Any]) -> str:
    """Every arm against every dimension: mean change, 90 % interval, bound."""
    rows, columns = results["matrix"]["rows"], results["columns"]
    with rc_context(STYLE):
        figure = Figure(figsize=(3.0 * len(columns) + 1.2, 0.42 * len(rows) + 1.1))
        axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for k, (axis, column) in enumerate(zip(axes, columns, strict=True)):
            bound = _limits(column["bound"])
            if bound:
                axis.axvspan(*bound, color=BAND, zorder=0)
            axis.axvline(0, color=SOFT, linewidth=0.8, zorder=1)
            for place, row in enumerate(rows):
                cell = row["cells"][k]
                _interval(axis, cell["finding"], place, target=cell["target"], faint=row["void"])
            unit = "" if column["unit"] == "1" else f" ({column['unit']})"
            axis.set_title(column["name"], fontsize=10)
            axis.set_xlabel(f"{column['headline']}{unit}")
            axis.set_yticks(range(len(rows)), [_label(row) for row in rows])
            axis.margins(y=0.15)
        axes[0].invert_yaxis()
        figure.tight_layout()
        words = f"{results['caption']} per arm with its 90 % interval; the band is the bound."
        return _svg(figure, "matrix", words)


def sensitivity(results: Mapping[str, Any]) -> str:
    """Equivalence p of every cell against the bound that might have been declared."""
    rows, columns = results["matrix"]["rows"], results["columns"]
    edge = NormalDist().inv_cdf(1 - results["alpha"])
    with rc_context(STYLE):
        figure = Figure(figsize=(3.0 * len(columns) + 1.2, 3.0))
        axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for k, (axis, column) in enumerate(zip(axes, columns, strict=True)):
            cells = [(row, row["cells"][k]) for row in rows]
            shown = [(row, cell["finding"]) for row, cell in cells if cell["finding"]["sensitivity"]]
            shown = [(row, one) for row, one in shown if not _is_target(row, k)]
            limits = _limits(column["bound"])
            right = 1.6 * max([one["sensitivity"] for _, one in shown] + [limits[1] if limits else 0.0])
            for number, (row, one) in enumerate(shown):
                bounds = np.linspace(0, right, 80)[1:]
                low, high = one["deciding_interval"] or one["ci90"] or [one["sensitivity"]] * 2
                # A normal curve through the deciding interval, so that both agree at alpha.
                half, middle = max((high - low) / 2, 1e-12), (high + low) / 2
                z = edge * (bounds - abs(middle)) / half
                p = 0.5 * np.array([math.erfc(v / math.sqrt(2)) for v in z])
                style = ("-", "--", ":", "-.")[number % 4]
                faint = row["void"] or row["control"]
                axis.plot(bounds, p, style, color=SOFT if faint else INK, linewidth=1.4, label=_label(row))
            axis.axhline(results["alpha"], color=SOFT, linewidth=0.8, linestyle=":")
            if limits:
                axis.axvline(limits[1], color=MARK, linewidth=1.0)
            axis.set_ylim(0, 1)
            axis.set_title(column["name"], fontsize=10)
            axis.set_xlabel("bound")
            if shown:
                axis.legend(frameon=False, fontsize=7, loc="upper right")
        axes[0].set_ylabel("equivalence p")
        figure.tight_layout()
        return _svg(figure, "sensitivity", "Equivalence p of every cell by bound.")


def dose(results: Mapping[str, Any]) -> str:
    """Mean score at each strength, every dimension on its own scale."""
    curves = results["details"]["curves"]
    with rc_context(STYLE):
        figure = Figure(figsize=(3.0 * len(curves) + 0.6, 2.6))
        axes = figure.subplots(1, len(curves), squeeze=False)[0]
        for axis, (name, curve) in zip(axes, curves.items(), strict=True):
            points = [(one["strength"], one["mean"]) for one in curve if one["mean"] is not None]
            if points:
                axis.plot(*zip(*points, strict=True), "-o", color=INK, markersize=4)
            axis.set_title(name, fontsize=10)
            axis.set_xlabel("strength")
            axis.margins(y=0.25)
        figure.tight_layout()
        return _svg(figure, "dose", "Mean score by strength of steering.")


def paired(results: Mapping[str, Any], name: str) -> str:
    """Every dialogue before and after, one panel per arm."""
    place = {"value": 1, "excess": 3}[results["quantity"]]
    arms = results["scores"][name]
    first = results["arms"][0]["name"]
    others = [one["name"] for one in results["arms"][1:]]
    before = {row[0]: row[place] for row in arms[first]["values"] if row[place] is not None}
    with rc_context(STYLE):
        across = min(4, len(others))
        down = math.ceil(len(others) / across)
        figure = Figure(figsize=(1.9 * across + 0.8, 2.1 * down + 0.3))
        grid = figure.subplots(down, across, sharey=True, squeeze=False)
        for number, axis in enumerate(grid.ravel()):
            if number >= len(others):
                axis.set_visible(False)
                continue
            rows = arms[others[number]]["values"]
            after = {row[0]: row[place] for row in rows if row[place] is not None}
            both = sorted(set(before) & set(after))
            if len(both) > MOST_LINES:
                both = sorted(np.random.default_rng(7).choice(both, MOST_LINES, replace=False).tolist())
            # One path for all lines: a page with thousands of them stays small.
            x = np.tile([0.0, 1.0, np.nan], len(both))
            y = np.array([v for d in both for v in (before[d], after[d], np.nan)])
            axis.plot(x, y, color=SOFT, linewidth=0.6, alpha=0.6)
            shared = set(before) & set(after)
            if shared:
                means = [float(np.mean([side[d] for d in shared])) for side in (before, after)]
                axis.plot([0, 1], means, "-o", color=MARK, linewidth=2.2, markersize=4)
            axis.set_xticks([0, 1], ["before", "after"])
            axis.set_xlim(-0.25, 1.25)
            axis.set_title(others[number], fontsize=9)
        grid[0][0].set_ylabel(results["quantity"])
        figure.tight_layout()
        return _svg(figure, f"paired-{name}", f"{name}: every dialogue in {first} and in each arm.")


def excess(results: Mapping[str, Any], name: str) -> str:
    """What each arm has above its strangers: dialogues, mean, 90 % interval."""
    arms = {arm: one for arm, one in results["scores"][name].items() if one["excess"] is not None}
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.4 * len(arms) + 0.9))
        axis = figure.subplots()
        axis.axvline(0, color=SOFT, linewidth=0.8)
        for place, one in enumerate(arms.values()):
            values = [value for *_, value in one["values"] if value is not None]
            _strip(axis, values, place)
            _mark(axis, one["excess"], one["excess_ci90"], place)
        axis.set_yticks(range(len(arms)), list(arms))
        axis.set_xlabel("excess over strangers, per dialogue")
        axis.margins(y=0.15)
        axis.invert_yaxis()
        figure.tight_layout()
        words = f"{name}: excess over strangers per arm; points are dialogues, bars mean and 90 % interval."
        return _svg(figure, f"excess-{name}", words)


def change(results: Mapping[str, Any], name: str) -> str:
    """How each dialogue changed from the baseline, against the bound."""
    column = next(one for one in results["dimensions"] if one["name"] == name)
    place_of = [one["name"] for one in results["dimensions"]].index(name)
    rows = [(row, _changes(results, name, row["arm"])) for row in results["matrix"]["rows"]]
    rows = [(row, values) for row, values in rows if values]
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.4 * len(rows) + 0.9))
        axis = figure.subplots()
        bound = _limits(column["bound"])
        if bound:
            axis.axvspan(*bound, color=BAND, zorder=0)
        axis.axvline(0, color=SOFT, linewidth=0.8)
        for place, (row, values) in enumerate(rows):
            _strip(axis, values, place)
            _interval(axis, row["cells"][place_of]["finding"], place, target=False, faint=False)
        axis.set_yticks(range(len(rows)), [_label(row) for row, _ in rows])
        axis.set_xlabel("change from the baseline, per dialogue")
        axis.margins(y=0.15)
        axis.invert_yaxis()
        figure.tight_layout()
        words = f"{name}: change of each dialogue from the baseline; the band is the declared bound."
        return _svg(figure, f"change-{name}", words)


def course(one: Mapping[str, Any], place: int) -> str:
    """Valence of every speaker turn by turn; rings mark turns that decided a verdict."""
    first = one["series"][0]["arm"]
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.9))
        axis = figure.subplots()
        axis.axhspan(-0.2, 0.2, color=BAND, zorder=0)
        axis.axhline(0, color=SOFT, linewidth=0.8)
        edited = False
        for number, line in enumerate(one["series"]):
            turns, valence = zip(*line["points"], strict=True)
            mine = line["arm"] == first
            edited = edited or not mine
            colour = (INK, MARK)[number % 2] if mine else MARK
            name = line["label"] if mine else f"{line['label']}, {line['arm']}"
            axis.plot(
                turns, valence, "-" if mine else "--", marker="o", markersize=4, color=colour, label=name
            )
            chosen = {turn for arm, turn in one["marks"] if arm == line["arm"]}
            rings = [(t, v) for t, v in line["points"] if t in chosen]
            if rings:
                axis.plot(*zip(*rings, strict=True), "o", markersize=11, fillstyle="none", color=INK)
        axis.set_ylim(-1.08, 1.08)
        axis.set_xlabel("turn")
        axis.set_ylabel("valence")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3)
        figure.tight_layout()
        words = "Valence of both speakers turn by turn; the band is what counts as neutral."
        return _svg(figure, f"course-{place}", words)


def voices(one: Mapping[str, Any], place: int) -> str:
    """Pitch, rate and level of both speakers over a call; a bar is a turn, its width the turn's time."""
    panels = one["panels"]
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 1.55 * len(panels) + 0.9))
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axis, panel in zip(axes, panels, strict=True):
            first = panel["series"][0]["arm"] if panel["series"] else ""
            for number, line in enumerate(panel["series"]):
                mine = line["arm"] == first
                colour = (INK, MARK)[number % 2] if mine else MARK
                name = line["label"] if mine else f"{line['label']}, {line['arm']}"
                middles = [((start + end) / 2, value) for start, end, value in line["turns"]]
                if middles:
                    axis.plot(*zip(*middles, strict=True), ":", color=colour, linewidth=0.8, alpha=0.6)
                for start, end, value in line["turns"]:
                    axis.plot(
                        [start, end], [value, value], "-" if mine else "--", color=colour,
                        linewidth=3.2 if mine else 1.8, solid_capstyle="butt", label=name,
                    )  # fmt: skip
                    name = "_"  # one entry in the legend
            axis.set_ylabel(f"{panel['feature']}\n{panel['unit']}")
            axis.margins(y=0.15)
        axes[-1].set_xlabel("s" if one["clock"] == "s" else "turn")
        if axes[0].get_legend_handles_labels()[0]:
            axes[0].legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.42), ncols=3)
        figure.align_ylabels()
        figure.tight_layout()
        words = "Pitch, speech rate and level of both speakers turn by turn over one call."
        return _svg(figure, f"voices-{place}", words)


def _findings(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All cells of the matrix."""
    return [cell["finding"] for row in results["matrix"]["rows"] for cell in row["cells"]]


def _is_target(row: Mapping[str, Any], place: int) -> bool:
    return bool(row["cells"][place]["target"])


def _changes(results: Mapping[str, Any], name: str, arm: str) -> list[float]:
    """Arm less baseline, dialogue by dialogue, in the study's quantity; [] for a row that is no arm."""
    place = {"value": 1, "excess": 3}[results["quantity"]]
    arms = results["scores"][name]
    if arm not in arms:
        return []
    before = {row[0]: row[place] for row in arms[results["arms"][0]["name"]]["values"]}
    after = {row[0]: row[place] for row in arms[arm]["values"]}
    pairs = [(before.get(key), after[key]) for key in after]
    return [b - a for a, b in pairs if a is not None and b is not None]


def _label(row: Mapping[str, Any]) -> str:
    """An arm's name, with what sets its row apart."""
    return f"{row['arm']} (void)" if row["void"] else str(row["arm"])


def _limits(bound: Any) -> tuple[float, float] | None:
    """A bound as its two limits."""
    if bound is None:
        return None
    return (-bound, bound) if isinstance(bound, (int, float)) else (bound[0], bound[1])


def _interval(axis: Axes, finding: Mapping[str, Any], place: int, *, target: bool, faint: bool) -> None:
    """One finding: dot and line; nothing when it was not scored."""
    if finding["mean_difference"] is None:
        return
    colour = SOFT if faint else (MARK if target else INK)
    limits = finding.get("deciding_interval") or finding["ci90"]
    _mark(axis, finding["mean_difference"], limits, place, colour=colour)


def _mark(axis: Axes, mean: float, limits: Sequence[float] | None, place: int, *, colour: str = INK) -> None:
    """A mean and its interval."""
    if limits is not None:
        axis.plot(limits, [place, place], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=3)
    axis.plot([mean], [place], marker="o", markersize=5, color=colour, zorder=4)


def _strip(axis: Axes, values: Sequence[float], place: int) -> None:
    """Dialogues as points beside the line; a seeded draw of them when there are many."""
    draw_from = np.random.default_rng(7)
    shown = np.asarray(values, dtype=np.float64)
    if len(shown) > MOST_POINTS:
        shown = draw_from.choice(shown, MOST_POINTS, replace=False)
    offsets = place + draw_from.uniform(-0.24, 0.24, len(shown))
    axis.plot(shown, offsets, ".", color=SOFT, markersize=3.5, alpha=0.65, zorder=2)


NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold: one such character in a name, and no program opens the figure."""


def _svg(figure: Figure, name: str, words: str) -> str:
    """The figure as SVG that can stand inside a page beside others."""
    words = NO_XML.sub("\ufffd", words)
    stream = io.StringIO()
    figure.savefig(
        stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Title": words}
    )
    text = stream.getvalue()
    text = NO_XML.sub("\ufffd", text[text.index("<svg") :])
    # The licence block names addresses; a page that asks nobody for anything names none.
    title = f"<title>{_escaped(words)}</title>"
    text = re.sub(r"<metadata>.*?</metadata>", lambda _: title, text, flags=re.DOTALL)
    prefix = re.sub(r"\W", "-", name)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\g<1>{prefix}-", text)
    return text.replace("<svg ", '<svg role="img" ', 1).strip() + "\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
