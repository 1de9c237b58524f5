"""Write the generated parts of the docs, or check that they are up to date.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from convalign.cli import EXIT_CODES, listing
from convalign.cli.parser import parser

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/metrics.md", "docs/commands.md", "docs/formats.md")
PART = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def metrics() -> str:
    """Every metric of every dimension."""
    rows = [
        [
            one["dimension"],
            f"**`{one['metric']}`**" if one["headline"] else f"`{one['metric']}`",
            one["unit"],
            one["range"],
            one["good"],
            one["summary"],
            one["minimum"],
            one["source"],
        ]
        for one in listing.families(listing.metric_table())
    ]
    return table(["dimension", "metric", "unit", "range", "good", "what", "needs", "source"], rows)


def headlines() -> str:
    """The headline of every dimension."""
    rows = [
        [one["dimension"], f"`{one['metric']}`", one["needs"], one["range"], one["summary"], one["minimum"]]
        for one in listing.metric_table()
        if one["headline"]
    ]
    return table(["dimension", "headline", "reads", "range", "what", "needs at least"], rows)


def commands() -> str:
    """The help text of the command and of each verb."""
    top = parser()
    parts = [top.format_help()]
    verbs = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    parts += [one.format_help() for one in verbs.choices.values()]
    names = ["convalign", *(f"convalign {name}" for name in verbs.choices)]
    return (
        "".join(f"\n## {name}\n\n```text\n{text}```\n" for name, text in zip(names, parts, strict=True))
        + "\n"
    )


def formats() -> str:
    """Every log format that can be read."""
    from convalign import logs

    rows = [[f"`{f['name']}`", " ".join(f["extensions"]), f["reads"], f["ignores"]] for f in logs.formats()]
    return table(["name", "extension", "read", "ignored"], rows)


def errors() -> str:
    """Which error ends with which exit code."""
    return table(["error", "exit code"], [[f"`{k.__name__}`", str(v)] for k, v in EXIT_CODES.items()])


PARTS = {f.__name__: f for f in (headlines, metrics, commands, formats, errors)}


def page(text: str) -> str:
    """A page with every generated part made anew."""
    return PART.sub(lambda m: m[1] + PARTS[m[2]]() + m[4], text)


def main() -> int:
    """Write, or with ``--check`` compare; 1 when a page is out of date."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true")
    check = options.parse_args().check
    # argparse wraps help at the terminal's width.
    os.environ["COLUMNS"] = "100"
    stale = []
    for name in PAGES:
        path = ROOT / name
        old = path.read_text(encoding="utf-8")
        new = page(old)
        if new != old:
            stale.append(name)
            if not check:
                path.write_text(new, encoding="utf-8")
    if stale and check:
        print(f"out of date: {', '.join(stale)}; run make docs", file=sys.stderr)
    return int(bool(stale) and check)


if __name__ == "__main__":
    sys.exit(main())
