"""Options from the environment and from convalign.toml: one precedence, and no typo that does nothing."""

from __future__ import annotations

import json
from pathlib import Path

import example
import pytest

from convalign.cli import main
from convalign.cli.config import configured
from convalign.cli.parser import parser


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def seed_of(*argv: str) -> int:
    top = parser()
    configured(top, argv)
    return int(top.parse_args(argv).seed)


def test_command_line_before_environment_before_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("score", "a.jsonl", "-o", "run")
    plain = seed_of(*words, "--seed", "1")
    assert plain == 1
    (here / "convalign.toml").write_text("seed = 2\n[judge]\ngate = true\n", encoding="utf-8")
    assert seed_of(*words) == 2
    (here / "convalign.toml").write_text("seed = 2\n[score]\nseed = 3\n", encoding="utf-8")
    assert seed_of(*words) == 3
    monkeypatch.setenv("CONVALIGN_SEED", "4")
    assert seed_of(*words) == 4
    assert seed_of(*words, "--seed", "5") == 5


def test_flags_lists_and_required_options(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVALIGN_OUTPUT", "run")
    monkeypatch.setenv("CONVALIGN_QUIET", "yes")
    (here / "convalign.toml").write_text(
        'dimensions = ["lexical", "emotional"]\n[score]\nroles = "A=user,B=agent"\n', encoding="utf-8"
    )
    top = parser()
    found = configured(top, ["score", "a"])
    arguments = top.parse_args(["score", "a"])
    assert (arguments.output, arguments.quiet) == ("run", True)
    assert list(arguments.dimensions) == ["lexical", "emotional"]
    assert arguments.roles == {"A": "user", "B": "agent"}
    assert found["score"]["output"] == ("run", "environment (CONVALIGN_OUTPUT)")


def test_a_run_is_made_by_the_file(here: Path) -> None:
    example.write(here / "calls.jsonl", example.records())
    (here / "other.toml").write_text('dimensions = "lexical"\nquiet = true\n', encoding="utf-8")
    assert main(["--config", "other.toml", "score", "calls.jsonl", "-o", "run"]) in (0, 4)
    assert list(json.loads((here / "run" / "run.json").read_text())["signature"]) == ["lexical"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("surogates = 3\n", "no option 'surogates'; did you mean surrogates?"),
        ("[scores]\nseed = 1\n", "[scores]: no such verb; there are: score"),
        ("[judge]\nsurrogates = 1\n", "[judge]: no option 'surrogates'"),
        ("seed = \n", "write TOML, such as surrogates = 40"),
        ('seed = "many"\n', "seed: "),
        ('[score]\nquiet = "perhaps"\n', "quiet: 'perhaps' is neither true nor false"),
        ('[convert]\nto = "word"\n', "to: no choice 'word'; there are: canonical, csv"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    (here / "convalign.toml").write_text(text, encoding="utf-8")
    assert main(["formats"]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "convalign.toml" in told


def test_variables_and_files_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", "none.toml", "formats"]) == 2
    assert "none.toml: No such file or directory; name a file with --config" in capsys.readouterr().err
    monkeypatch.setenv("CONVALIGN_SEEED", "1")
    assert main(["formats"]) == 2
    assert "environment: no option 'CONVALIGN_SEEED'; did you mean CONVALIGN_SEED?" in capsys.readouterr().err


def test_the_doctor_says_where_a_value_is_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONVALIGN_SEED", "9")
    assert main(["doctor", "--json"]) == 0
    options = json.loads(capsys.readouterr().out)["options"]
    assert options["score"]["seed"] == {"value": "9", "from": "environment (CONVALIGN_SEED)"}
    assert main(["doctor"]) == 0
    assert "score --seed 9, from environment (CONVALIGN_SEED)" in capsys.readouterr().out
