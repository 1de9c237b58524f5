"""What importing may load: nothing heavy until a verb needs it."""

import subprocess
import sys

import pytest

HEAVY = (
    "numpy", "spacy", "librosa", "numba", "swift_f0", "soundfile", "soxr", "onnxruntime", "tokenizers",
    "transformers", "torch", "vaderSentiment", "pingouin", "pandas", "scipy", "statsmodels", "matplotlib",
    "jinja2", "jsonschema", "tqdm", "inspect_ai",
)  # fmt: skip

COUNT = "import sys; print(' '.join(sorted({m.partition('.')[0] for m in sys.modules} & set(%r))))"


def loaded(code: str, names: tuple[str, ...] = HEAVY) -> list[str]:
    """Which of `names` a fresh interpreter has loaded after `code`."""
    program = f"{code}\n{COUNT % (names,)}"
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()


@pytest.mark.parametrize(
    "module",
    [
        "convalign",
        "convalign.cli",
        "convalign.logs",
        "convalign.scores",
        "convalign.dimensions",
        "convalign.interventions",
    ],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert loaded(f"import {module}") == []


def test_the_check_can_fail() -> None:
    assert loaded("import numpy") == ["numpy"]


def test_parsing_arguments_loads_nothing_heavy() -> None:
    assert loaded("from convalign.cli.parser import parser\nparser().format_help()") == []


@pytest.mark.parametrize(
    ("dimension", "others"),
    [
        ("lexical", ("convalign.affect", "convalign.audio", "onnxruntime", "soundfile")),
        ("emotional", ("convalign.audio", "spacy", "soundfile")),
        ("prosodic", ("convalign.affect", "spacy", "vaderSentiment")),
    ],
)
def test_scoring_one_dimension_leaves_the_others_libraries_alone(
    dimension: str, others: tuple[str, ...]
) -> None:
    code = (
        "import sys, convalign\n"
        "from convalign.dialogue import Dialogue, Turn\n"
        "turns = (Turn('user', 'my kettle broke'), Turn('agent', 'your kettle broke'))\n"
        f"rows = convalign.score([Dialogue('a', turns)], [{dimension!r}])\n"
        "assert rows\n"
        f"print(' '.join(m for m in {others!r} if m in sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.split() == []


def test_scoring_words_does_not_load_the_review() -> None:
    code = (
        "import convalign\n"
        "from convalign.dialogue import Dialogue, Turn\n"
        "turns = (Turn('user', 'hi'), Turn('agent', 'hi'))\n"
        "convalign.score([Dialogue('a', turns)], ['lexical', 'emotional'])"
    )
    assert loaded(code, ("pingouin", "matplotlib", "statsmodels", "librosa", "torch")) == []


def test_public_names_exist_and_star_import_works() -> None:
    code = "from convalign import *\nimport convalign\nprint(sorted(set(convalign.__all__) - set(globals())))"
    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        == "[]\n"
    )


def test_an_unknown_name_is_an_attribute_error() -> None:
    import convalign

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        convalign.nothing  # noqa: B018
