"""What every test may use."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="module")
def observed_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the reviews of a file share the memory that the arms of one review share: what one test has
    looked at, under the same settings, the next does not look at again.
    """
    from convalign.review import arms

    memory = tmp_path_factory.mktemp("observed") / "memory"
    real = arms.score_to_run

    def remembering(*given: Any, **named: Any) -> Any:
        return real(*given, **(named | {"memory": memory}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arms, "score_to_run", remembering)
        yield
