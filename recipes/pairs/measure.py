"""Score the minimal pairs with the scorers as they ship, and leave what they make of them in the package.

python recipes/pairs/measure.py
"""

from __future__ import annotations

import json
from pathlib import Path

from convalign.review.separability import PERTURBED, SHIPPED, measured, unseeded
from convalign.scoring import scorers

PATH = Path(__file__).parents[2] / "corpora" / "pairs" / SHIPPED


def main() -> None:
    """Write the file."""
    found = {
        scorer.name: {"signature": unseeded(scorer.signature), "scores": measured(scorer)}
        for scorer in scorers(tuple(PERTURBED), {})
    }
    PATH.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
