"""The page on which every benchmark has its part, between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).parent / "README.md"


def put(mark: str, table: Sequence[str]) -> None:
    """Lines in the place of what stands between the two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(mark)
    after = rest.partition(mark)[2]
    PAGE.write_text(f"{before}{mark}\n\n{chr(10).join(table)}\n\n{mark}{after}", encoding="utf-8")
