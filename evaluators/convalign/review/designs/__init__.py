"""One module per study design: from arms to an answer."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from convalign.review.designs.outcome import Make, Outcome

MODULES: Mapping[str, str] = {"format": "form"}
"""Designs whose module has another name (``format`` is a builtin)."""


def load(design: str) -> Make:
    """Find the function that answers a design's question.

    Parameters
    ----------
    design : of `convalign.study.DESIGNS`
    """
    module = import_module(f"{__name__}.{MODULES.get(design, design)}")
    return cast(Make, module.outcome)


__all__ = ["Make", "Outcome", "load"]
