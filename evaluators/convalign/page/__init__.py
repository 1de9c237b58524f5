"""The page of a design review: one HTML file that asks nobody for anything.

Everything that comes from a log or a study file is escaped; figures are the only markup that is taken as
it is, and they come from `convalign.figures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from convalign.independence import RELIABLE, UNRELIABLE

FOREST_WIDTH = 150.0
"""Of the small interval in a cell, in its own units."""

SYMBOLS = {"improved": "▲", "worsened": "▼", "unchanged": "=", "changed": "≈", "inconclusive": "?"}
"""Beside the words, never instead."""


def render(results: Mapping[str, Any], figures: Mapping[str, str]) -> str:
    """Fill the page.

    Parameters
    ----------
    results : the record of ``results.json``
    figures : name -> SVG text, from `convalign.figures.draw`

    Returns
    -------
    A whole HTML document, UTF-8, without scripts and without addresses to load from.
    """
    sources = {
        name: (resources.files("convalign.page") / name).read_text(encoding="utf-8")
        for name in ("review.html", "designs.html")
    }
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "signed": signed, "p": p_value, "percent": percent}
    environment.globals |= {
        "forest": forest,
        "symbol": symbol,
        "bound": bound_text,
        "related": related,
        "capital": capital,
        "reliable": RELIABLE,
        "unreliable": UNRELIABLE,
    }
    style = (resources.files("convalign.page") / "review.css").read_text(encoding="utf-8")
    return environment.get_template("review.html").render(
        r=results,
        style=Markup(style),
        figures={name: Markup(svg) for name, svg in figures.items()},
        scales=_scales(results),
    )


def number(value: Any) -> str:
    """A number as every part of the page writes it: three decimals; a dash for missing."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def signed(value: Any) -> str:
    """The same with its sign."""
    return "–" if value is None else f"{value:+,.3f}"


def p_value(value: Any) -> str:
    """A p, never as 0."""
    if value is None:
        return "–"
    return "< .0001" if value < 0.0001 else f"{value:.2g}"


def percent(value: Any) -> str:
    """A share as per cent."""
    return "–" if value is None else f"{100 * value:.0f} %"


def symbol(conclusion: str | None) -> str:
    """The sign that stands beside a conclusion."""
    return "·" if conclusion is None else SYMBOLS[conclusion.split()[0]]


def bound_text(bound: Any) -> str:
    """A bound as the conclusions write it."""
    if bound is None:
        return "no bound"
    if isinstance(bound, (int, float)):
        return f"±{bound:g}"
    return f"({bound[0]:g}, {bound[1]:g})"


def related(conclusion: str | None) -> str | None:
    """A conclusion about a correlation: nothing changed there, things are related."""
    return (
        None
        if conclusion is None
        else conclusion.replace("unchanged", "unrelated").replace("changed", "related")
    )


def capital(text: str) -> str:
    """The same with a capital letter at its start."""
    return text[:1].upper() + text[1:]


def _scales(results: Mapping[str, Any]) -> dict[str, float]:
    """Per dimension the largest number that a small interval must hold, so that a column compares."""
    scales = {}
    for place, column in enumerate(results["columns"]):
        numbers = [0.0]
        declared = column["bound"]
        numbers += [
            abs(one) for one in (declared if isinstance(declared, (list, tuple)) else [declared or 0.0])
        ]
        for row in results["matrix"]["rows"]:
            numbers += [abs(one) for one in _drawn(row["cells"][place]["finding"])]
        scales[column["name"]] = 1.1 * max(numbers) or 1.0
    return scales


def _drawn(finding: Mapping[str, Any]) -> list[float]:
    """The numbers that an interval shows."""
    if finding["mean_difference"] is None:
        return []
    return [finding["mean_difference"], *(finding.get("deciding_interval") or finding["ci90"] or [])]


def forest(finding: Mapping[str, Any], bound: Any, scale: float) -> Markup:
    """A finding as a small interval against 0 and its bound; numbers only, nothing from a log.

    Parameters
    ----------
    finding : record of a Finding
    bound : D, (low, high) or None
    scale : the largest absolute number of the column

    Returns
    -------
    An SVG element; empty when there is nothing to draw.
    """
    shown = _drawn(finding)
    if not shown:
        return Markup("")

    def x(value: float) -> float:
        return round(FOREST_WIDTH / 2 * (1 + value / scale), 1)

    limits = [] if bound is None else ([-bound, bound] if isinstance(bound, (int, float)) else list(bound))
    band = ""
    if limits:
        left, right = x(limits[0]), x(limits[1])
        band = f'<rect class="band" x="{left}" y="1" width="{round(right - left, 1)}" height="16"/>'
    low, high = (shown[1], shown[2]) if len(shown) == 3 else (shown[0], shown[0])
    return Markup(
        f'<svg class="forest" viewBox="0 0 {FOREST_WIDTH:g} 18" aria-hidden="true">{band}'
        f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="0" y2="18"/>'
        f'<line class="ci" x1="{x(low)}" x2="{x(high)}" y1="9" y2="9"/>'
        f'<circle class="mean" cx="{x(shown[0])}" cy="9" r="3.2"/></svg>'
    )
