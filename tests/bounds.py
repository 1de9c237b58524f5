"""The lower bounds of setup.cfg: as pins, held against what is installed, recorded once tests have passed.

    python tests/bounds.py               each bound as a pin, for a program that looks advisories up
    python tests/bounds.py --installed   the libraries here are exactly the bounds, and may be used here
    python tests/bounds.py --record      the same, and written to tests/lowest.txt

Nothing is fetched: licences and Python versions stand in the metadata of what is installed. A release
that was taken back or never was fails by itself, because the installer picks another one.
"""

from __future__ import annotations

import argparse
import configparser
import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

HERE = Path(__file__).parent
CONFIG = HERE.parent / "setup.cfg"
RECORD = HERE / "lowest.txt"
TESTED = ("test", "interop")
"""Extras whose bounds the tests run with; those of others that name the same packages are the same."""

ADVISORIES = {
    "distributed": ("2026.1.0", "CVE-2026-23528"),
    "duckdb": ("1.1.0", "CVE-2024-41672"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "mkdocs-material": ("9.7.7", "CVE-2026-73295"),
    "onnx": ("1.21.0", "CVE-2026-27489"),
    "pyarrow": ("23.0.1", "CVE-2026-25087"),
    "pytest": ("9.0.3", "CVE-2025-71176"),
    "torch": ("2.10.0", "CVE-2026-24747"),
    "tqdm": ("4.66.3", "CVE-2024-34062"),
    "transformers": ("5.3.0", "CVE-2026-4372"),
}
"""Package -> the release that mended the last advisory known when this was written, kept by hand.

It keeps a bound from sinking again; what is new is asked for where there is a network (``make audit``).
"""

PERMISSIVE = re.compile(r"\b(mit|bsd|apache|isc|mpl|mozilla public|python software foundation)\b")
COPYLEFT = {"pingouin", "praat-parselmouth", "soxr"}
"""What NOTICE names, and says where it may be imported."""


def bounds(extras: tuple[str, ...] | None = None) -> dict[str, Version]:
    """Package -> its lower bound, in the order of setup.cfg.

    Parameters
    ----------
    extras : which, beside what is always needed; None = all

    Raises
    ------
    SystemExit
        A package with two bounds, or a line that has an upper one or none where it should have one.
    """
    config = configparser.ConfigParser()
    config.read(CONFIG, encoding="utf-8")
    listed = [("options", config["options"]["install_requires"])]
    named = config["options.extras_require"]
    listed += [(name, named[name]) for name in named if extras is None or name in extras]
    found: dict[str, Version] = {}
    for where, lines in listed:
        for line in lines.split("\n"):
            if not line.strip():
                continue
            wanted = Requirement(line)
            if not wanted.specifier and wanted.name.startswith(("types-", "pandas-stubs", "scipy-stubs")):
                continue  # stubs follow the library that they describe
            (only,) = list(wanted.specifier) or [None]
            if only is None or only.operator != ">=":
                raise SystemExit(f"setup.cfg: {where}: {line!r} has no lower bound; write NAME>=VERSION")
            version = Version(only.version)
            if found.setdefault(wanted.name, version) != version:
                raise SystemExit(
                    f"setup.cfg: {where}: {wanted.name} has the bounds {found[wanted.name]} and {version}; "
                    "write one"
                )
    return found


def unlike(wanted: dict[str, Version]) -> list[str]:
    """What is wrong with the libraries here, a line each: another version, this Python, the licence."""
    wrong = []
    for name, bound in wanted.items():
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name}: is not installed; install the bounds (make lowest)")
            continue
        if Version(about["Version"]) != bound:
            wrong.append(f"{name}: {about['Version']} is installed, {bound} declared; declare what is there")
        needs = SpecifierSet(about.get("Requires-Python") or "")
        if not needs.contains("3.11", prereleases=True):
            wrong.append(f"{name}: {bound} is for Python {needs}; declare a release for 3.11")
        if name not in COPYLEFT and not permissive(about):
            wrong.append(f"{name}: {licence(about)[:80]!r} is no permissive licence; name it in NOTICE")
    return wrong


def licence(about: metadata.PackageMetadata) -> str:
    """What the metadata say, classifiers first."""
    classifiers = [one for one in about.get_all("Classifier") or [] if one.startswith("License")]
    said = (*classifiers, about.get("License-Expression"), (about.get("License") or "")[:400])
    return " ".join(filter(None, said))


def permissive(about: metadata.PackageMetadata) -> bool:
    """Whether it is a licence that leaves users free, and not one of the GPL family."""
    said = licence(about).lower()
    return PERMISSIVE.search(said) is not None and "general public" not in said and "gpl" not in said


def recorded() -> dict[str, Version]:
    """The bounds with which the tests passed last."""
    lines = RECORD.read_text(encoding="utf-8").split()
    return {name: Version(version) for name, _, version in (line.partition("==") for line in lines)}


def main() -> int:
    """Print pins, or check, or check and record."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--installed", action="store_true")
    options.add_argument("--record", action="store_true")
    given = options.parse_args()
    tested = bounds(TESTED)
    if not given.installed and not given.record:
        print("\n".join(f"{name}=={version}" for name, version in bounds().items()))
        return 0
    wrong = unlike(tested)
    print("\n".join(wrong) or f"{len(tested)} libraries are at their lower bounds")
    if given.record and not wrong:
        RECORD.write_text(
            "".join(f"{name}=={version}\n" for name, version in tested.items()), encoding="utf-8"
        )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
