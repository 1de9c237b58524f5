"""What is shipped is what is here: the list of packages in setup.cfg goes stale without a word."""

import configparser
from importlib import resources
from pathlib import Path

import pytest

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
