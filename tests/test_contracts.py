"""The import contracts hold, and each can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "evaluators"

pytest.importorskip("importlinter", reason="import-linter is in the dev extra")
if not (SOURCE / "convalign").is_dir():
    pytest.skip("needs the checkout, not only the installed package", allow_module_level=True)

BREACHES = {
    "A dialogue moves one way": ("scores.py", "import convalign.scoring"),
    "No dimension knows another": ("dimensions/lexical/__init__.py", "import convalign.dimensions.emotional"),
    "No intervention knows another": (
        "interventions/lexical/__init__.py",
        "import convalign.interventions.emotional",
    ),
    "Only the emotional dimension reads affect": (
        "dimensions/lexical/__init__.py",
        "import convalign.affect",
    ),
    "Only what is prosodic hears": ("dimensions/emotional/__init__.py", "import convalign.audio"),
    "No dimension is reached by way of the loader": ("surrogates.py", "import convalign.dimensions"),
    "Scorers and edits open no log": ("dimensions/lexical/__init__.py", "import convalign.logs"),
    "Each heavy library has one door": ("scores.py", "import spacy"),
}


def lint(folder: Path) -> str:
    """Run the contracts over a copy of the source."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-cache",
    ]
    env = {"PYTHONPATH": str(folder / "evaluators"), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(
        SOURCE, tmp_path / "evaluators", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    return tmp_path


def test_contracts_hold(copy: Path) -> None:
    assert f"{len(BREACHES)} kept, 0 broken" in lint(copy)


@pytest.mark.parametrize("contract", sorted(BREACHES))
def test_each_contract_can_break(copy: Path, contract: str) -> None:
    file, line = BREACHES[contract]
    path = copy / "evaluators" / "convalign" / file
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    assert f"{contract} BROKEN" in lint(copy)
