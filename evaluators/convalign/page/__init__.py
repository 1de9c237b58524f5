"""The page of a design review: one HTML file that asks nobody for anything.

Everything that comes from a log or a study file is escaped; figures are the only markup that is taken as
it is, and they come from `convalign.figures`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from convalign.page import numbers
from convalign.page.interval import cell_interval

MOST_BYTES = 3_000_000
"""Of a page; figures that would pass it are left out, and the page says which."""

MOST_QUOTES = 24
"""Turns quoted; the page says how many there are more."""

SYMBOLS = {"improved": "▲", "worsened": "▼", "unchanged": "=", "changed": "≈", "inconclusive": "?"}
"""Beside the words, never instead."""

NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no HTML file may hold, or that cannot be written as UTF-8."""


def render(results: Mapping[str, Any], figures: Mapping[str, str]) -> str:
    """Fill the page.

    Parameters
    ----------
    results : the record of ``results.json``
    figures : name -> SVG text, from `convalign.figures.draw`

    Returns
    -------
    A whole HTML document of at most `MOST_BYTES` in UTF-8, without scripts and without addresses to load
    from. Figures are left out, largest first, where it would be larger. Same input, same text.
    """
    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": numbers.number,
        "signed": numbers.signed,
        "p": numbers.p_value,
        "percent": numbers.percent,
        "interval": numbers.interval,
        "slug": _slug,
    }
    environment.globals |= {"cell_interval": cell_interval, "symbol": symbol, "bound": numbers.bound}
    template = environment.get_template("review.html")
    kept, left_out = dict(figures), []
    while True:
        text = template.render(
            r=results,
            style=Markup(_source("review.css")),
            figures={name: _inline(svg) for name, svg in kept.items()},
            left_out=left_out,
            rubrics=_by_rubric(results["verdicts"]),
            quotes=results["turns"][:MOST_QUOTES],
            pages=_parts(results),
        )
        text = NO_TEXT.sub("\ufffd", text)
        if not kept or len(text.encode()) <= MOST_BYTES:
            return text
        largest = max(kept, key=lambda name: (len(kept[name]), name))
        del kept[largest]
        left_out.append(largest)


def symbol(conclusion: str | None) -> str:
    """Give the sign that stands beside a conclusion, so that colour never speaks alone."""
    return "·" if conclusion is None else SYMBOLS[conclusion.split()[0]]


def _source(name: str) -> str:
    """A file of this folder."""
    return (resources.files("convalign.page") / name).read_text(encoding="utf-8")


def _inline(svg: str) -> Markup:
    """A figure for inside a page, where the namespaces are known and their addresses are not needed."""
    end = svg.index(">")
    return Markup(re.sub(r'\s(?:xmlns(?::xlink)?|width|height)="[^"]*"', "", svg[:end]) + svg[end:])


def _slug(name: str) -> str:
    """A name as the anchor of a heading."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name)


def _by_rubric(verdicts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Verdicts by rubric, in the order of the study; placebos are no systems and are left out."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in verdicts:
        if not one.get("control"):
            found.setdefault(one["rubric"], []).append(one)
    return [{"name": name, "first": judged[0], "arms": judged} for name, judged in found.items()]


def _parts(results: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The sections that this review has: anchor, heading."""
    parts = [
        ("matrix", "What moved", True),
        ("dimensions", "Each dimension by itself", True),
        ("verdicts", "Verdicts by use case", bool(results["verdicts"])),
        ("single-number", "What a single number would have said", bool(results["category_error"])),
        ("turns", "Turns that weighed most", bool(results["turns"])),
        ("methods", "How it was tested", True),
        ("rebuild", "How to make it again", True),
        ("limits", "Limits, and what is not built", True),
    ]
    return [(anchor, heading) for anchor, heading, present in parts if present]
