"""What every test may use."""

from collections.abc import Callable
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Find a file of independent truth beside the checkout; skip, naming it, where it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"needs {name}, which lies outside the project and is absent here")
        return path

    return find
