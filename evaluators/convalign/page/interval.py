"""The small interval of a cell: numbers only, nothing from a log goes into its markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

WIDTH, HEIGHT = 200.0, 26.0
"""Of the drawing, in its own units; the page stretches it to the cell."""

ROOM = 1.7
"""How many bounds a cell shows to each side when its interval asks for no more."""


def cell_interval(finding: Mapping[str, Any], bound: Any, *, target: bool = False) -> Markup:
    """Draw a finding against 0 and its bound.

    Every cell is zoomed so that its band and its whole interval are in view; the band is the measure.

    Parameters
    ----------
    finding : record of a Finding
    bound : D > 0, (low, high) or None
    target : drawn as a diamond, as in the figures

    Returns
    -------
    An SVG element, hidden from screen readers because the same numbers stand beside it; empty when the
    finding holds no numbers.
    """
    mean = finding["mean_difference"]
    if mean is None:
        return Markup("")
    limits = finding.get("deciding_interval") or finding["ci90"] or [mean, mean]
    declared = _limits(bound)
    edge = max(
        ROOM * max((abs(one) for one in declared), default=0.0), *(1.12 * abs(v) for v in (mean, *limits))
    )
    edge = edge or 1.0

    def x(value: float) -> float:
        return round(WIDTH / 2 * (1 + value / edge), 1)

    middle, parts = HEIGHT / 2, []
    if declared:
        left, right = x(declared[0]), x(declared[1])
        parts.append(
            f'<rect class="band" x="{left}" y="2" width="{round(right - left, 1)}" height="{HEIGHT - 4:g}"/>'
        )
        parts += [f'<line class="limit" x1="{at}" x2="{at}" y1="2" y2="{HEIGHT - 2:g}"/>' for at in (left, right)]
    parts.append(f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{HEIGHT:g}"/>')
    low, high = x(limits[0]), x(limits[1])
    if high > low:
        parts.append(f'<line class="ci" x1="{low}" x2="{high}" y1="{middle:g}" y2="{middle:g}"/>')
        parts += [
            f'<line class="ci end" x1="{at}" x2="{at}" y1="{middle - 4:g}" y2="{middle + 4:g}"/>'
            for at in (low, high)
        ]
    at = x(mean)
    if target:
        parts.append(
            f'<path class="mean" d="M{round(at - 4.6, 1)} {middle:g}L{at} {middle - 4.6:g}'
            f'L{round(at + 4.6, 1)} {middle:g}L{at} {middle + 4.6:g}Z"/>'
        )
    else:
        parts.append(f'<circle class="mean" cx="{at}" cy="{middle:g}" r="3.6"/>')
    return Markup(
        f'<svg class="interval" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" aria-hidden="true" focusable="false">'
        f"{''.join(parts)}</svg>"
    )


def _limits(bound: Any) -> list[float]:
    """A bound as its two limits; none when nothing was declared."""
    if bound is None:
        return []
    return [-bound, bound] if isinstance(bound, (int, float)) else [bound[0], bound[1]]
