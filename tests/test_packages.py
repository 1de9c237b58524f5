"""What is shipped is what is here: the list of packages in setup.cfg goes stale without a word."""

import configparser
import sys
from importlib import resources
from pathlib import Path

import pytest
from packaging.version import Version

sys.path.insert(0, str(Path(__file__).parent))
import bounds

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "evaluators" / "convalign"

if not SOURCE.is_dir():
    pytest.skip("needs the checkout, not only the installed package", allow_module_level=True)


def test_every_package_is_listed() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = set(config["options"]["packages"].split())
    here = {
        ".".join(("convalign", *path.parent.relative_to(SOURCE).parts))
        for path in SOURCE.rglob("__init__.py")
    }
    assert listed == here | {"convalign.rubrics", "convalign.corpora"}


@pytest.mark.parametrize(
    ("package", "folder"), [("convalign.rubrics", "rubrics"), ("convalign.corpora", "corpora")]
)
def test_data_folders_ship_whole(package: str, folder: str) -> None:
    shipped = resources.files(package)
    wanted = [p for p in (ROOT / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert wanted
    for path in wanted:
        assert (shipped / path.relative_to(ROOT / folder).as_posix()).is_file(), path


def test_the_version_is_one() -> None:
    import convalign

    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert convalign.__version__ == config["metadata"]["version"]


def test_the_lower_bounds_are_those_that_the_tests_passed_with() -> None:
    assert bounds.bounds(bounds.TESTED) == bounds.recorded(), "run make lowest"


def test_no_lower_bound_has_an_advisory_that_is_known_here() -> None:
    declared = bounds.bounds()
    assert bounds.ADVISORIES.keys() <= declared.keys()
    for name, (mended, advisory) in bounds.ADVISORIES.items():
        assert declared[name] >= Version(mended), f"{name}: {advisory} is mended in {mended}"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("numpy", "'numpy' has no lower bound; write NAME>=VERSION"),
        ("numpy<3", "'numpy<3' has no lower bound; write NAME>=VERSION"),
        ("numpy>=2\n    numpy>=3", "numpy has the bounds 2 and 3; write one"),
    ],
)
def test_a_bound_that_is_none_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, message: str
) -> None:
    config = tmp_path / "setup.cfg"
    config.write_text(
        f"[options]\ninstall_requires =\n    {lines}\n[options.extras_require]\n", encoding="utf-8"
    )
    monkeypatch.setattr(bounds, "CONFIG", config)
    with pytest.raises(SystemExit, match=message):
        bounds.bounds()


def test_another_version_a_library_that_is_not_there_and_the_gpl_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "COPYLEFT", set())
    wanted = {"pingouin": Version("99"), "no-such-library": Version("1")}
    here = bounds.metadata.version("pingouin")
    assert bounds.unlike(wanted) == [
        f"pingouin: {here} is installed, 99 declared; declare what is there",
        "pingouin: 'GPL-3.0' is no permissive licence; name it in NOTICE",
        "no-such-library: is not installed; install the bounds (make lowest)",
    ]
