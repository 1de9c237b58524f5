"""What every test may use."""

import random
from collections.abc import Callable
from pathlib import Path

import faults
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


@pytest.fixture(scope="session", params=faults.SEEDS, ids="seed {}".format)
def seed(request: pytest.FixtureRequest) -> int:
    """Where the moments of a fault come from; several where there is time (make soak)."""
    return int(request.param)


@pytest.fixture
def draw(seed: int) -> random.Random:
    """Chance that can be replayed."""
    return random.Random(seed)
