"""README and docs: every block runs, every generated part is what the code says now."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import example
import pytest

from convalign import study
from convalign.affect.declaration import declaration
from convalign.cli import main
from convalign.cli.config import configured
from convalign.cli.parser import parser
from convalign.dialogue import from_record
from convalign.scores import Score

ROOT = Path(__file__).parents[1]
if not (ROOT / "README.md").is_file():
    pytest.skip("needs the checkout, not only the installed package", allow_module_level=True)

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "ARCHITECTURE.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NEEDS = re.compile(r"^<!-- needs: (\w+) -->\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A block that needs a package which the tests do not bring: it has its own test, or is skipped by name."""


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    return [text for name, text in BLOCK.findall(page.read_text(encoding="utf-8")) if name == kind]


@pytest.mark.parametrize(
    ("page", "package"),
    [
        (page, package)
        for page in PAGES
        if blocks(page, "console") or blocks(page, "python")
        for package in (
            None,
            *dict.fromkeys(name for name, _ in NEEDS.findall(page.read_text(encoding="utf-8"))),
        )
    ],
    ids=lambda one: one.name if isinstance(one, Path) else one or "all",
)
def test_blocks_run_in_order(
    page: Path,
    package: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Commands and snippets run as they stand; lines below a command are what it prints."""
    if package is not None and find_spec(package) is None:
        pytest.skip(f"{page.name}: its blocks with {package} did not run; {package} is not installed")
    example.write(tmp_path / "calls.jsonl", example.records())
    monkeypatch.chdir(tmp_path)
    # What other tools keep of their own stays in the folder, and they ask no hub.
    for name in ("HF_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    text_of_page = page.read_text(encoding="utf-8")
    needs = {text: name for name, text in NEEDS.findall(text_of_page)}
    for kind, text in BLOCK.findall(text_of_page):
        if kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                line, _, expected = part.partition("\n")
                words = shlex.split(line)
                assert words[0] == "convalign", line
                capsys.readouterr()
                assert main(words[1:]) in (0, 4), line
                if expected.strip():
                    assert capsys.readouterr().out == expected, line
        elif kind == "python" and needs.get(text) == package:
            subprocess.run([sys.executable, "-c", text], check=True)


def test_every_mark_of_a_package_stands_before_a_block() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert len(re.findall("^<!-- needs", text, re.MULTILINE)) == len(NEEDS.findall(text)), page.name


def test_shell_blocks_name_verbs_and_options_that_exist() -> None:
    found = 0
    for page in PAGES:
        for text in blocks(page, "sh"):
            for command in re.split(r"&&|\n", text):
                words = shlex.split(command)
                if words and words[0] == "convalign":
                    assert parser().parse_args(words[1:]).verb
                    found += 1
    assert found >= 3


def test_toml_blocks_are_configurations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = 0
    for page in PAGES:
        for text in blocks(page, "toml"):
            (tmp_path / "convalign.toml").write_text(text, encoding="utf-8")
            assert configured(parser(), ["score", "a", "-o", "b"])
            found += 1
    assert found


def test_json_blocks_are_what_they_claim() -> None:
    record = json.loads(blocks(ROOT / "docs" / "formats.md", "json")[0])
    assert from_record(record).directions()
    row = Score(**json.loads(blocks(ROOT / "docs" / "start.md", "json")[0]))
    assert row.excess == pytest.approx((row.value or 0) - (row.baseline or 0))
    declared = json.loads(blocks(ROOT / "docs" / "statistics.md", "json")[0])
    assert study.parse(declared).bounds.keys() == {"lexical", "emotional", "prosodic"}


def test_the_declaration_of_an_affect_model_is_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(blocks(ROOT / "docs" / "affect.md", "json")[0], encoding="utf-8")
    assert declaration(path).scheme.roles["caring"] == ("compassion", "regulation")


def test_generated_parts_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_links_point_to_files() -> None:
    """Pages of the site that are made while it is built count as files."""
    made = {"use-cases.md", "gallery.md", *ELSEWHERE}
    for page in PAGES:
        for target in re.findall(r"\]\((?!\w+:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists() or target in made, f"{page.name}: {target}"


ELSEWHERE = re.findall(r'^    "(\w+\.md)": "', (ROOT / "docs" / "site_hooks.py").read_text(), re.MULTILINE)


def test_the_site_builds_strictly_and_loads_nothing_from_outside(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="pip install '.[docs]' builds the site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pages = sorted((tmp_path / "site").glob("*.html"))
    assert {"index.html", "use-cases.html", "gallery.html"} <= {page.name for page in pages}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]+src="([^"]+)"|<link[^>]+href="([^"]+)"', text)
        assert not [one for pair in loaded for one in pair if "//" in one], page.name
    gallery = (tmp_path / "site" / "gallery.html").read_text(encoding="utf-8")
    drawn = sum(
        one.read_text(encoding="utf-8").count("<figure") for one in (ROOT / "reports").glob("*/index.html")
    )
    assert gallery.count("<img ") == drawn > 0
    cases = (tmp_path / "site" / "use-cases.html").read_text(encoding="utf-8")
    rubrics = {path.stem for path in (ROOT / "rubrics").glob("*.json")} - {"schema"}
    assert {name for name in rubrics if f"--rubric {name}<" in cases} == rubrics


def test_every_verb_has_help_and_an_entry() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    top = parser()
    choices = next(a.choices for a in top._actions if a.choices and not a.option_strings)
    for verb, one in dict(choices).items():  # type: ignore[call-overload]
        assert f"## convalign {verb}\n" in text
        for action in one._actions:
            assert action.help, f"{verb}: {action.dest} has no help"
