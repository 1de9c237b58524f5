"""What mkdocs asks while it builds the site: pages that lie elsewhere in the repository, generated ones."""

from __future__ import annotations

import html
import json
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    "index.md": "README.md",
    "rubrics.md": "rubrics/README.md",
    "corpus.md": "corpora/README.md",
    "reports.md": "reports/README.md",
    "benchmarks.md": "benchmarks/README.md",
    "architecture.md": "ARCHITECTURE.md",
    "changes.md": "CHANGELOG.md",
}
"""Page of the site -> file of the repository, which stays where it is read on its own."""
TARGETS = {
    "above_chance": "above what strangers get",
    "band": "within a band of human dialogues",
    "at_most": "at most the ceiling of human dialogues",
    "none": "shown without a verdict",
}
"""What an entry of a rubric is held against, in words."""
PAGES = {path: page for page, path in ELSEWHERE.items()} | {"reports": "reports.md", "CONTRIBUTING.md": None}
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
_FIGURE = re.compile(
    r"<figure[^>]*>\s*(<svg.*?</svg>)\s*(?:<figcaption>(.*?)</figcaption>)?\s*</figure>", re.DOTALL
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in the folder of the docs."""
    for page, path in ELSEWHERE.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "use-cases.md", content=use_cases()))
    content, figures = gallery()
    files.append(File.generated(config, "gallery.md", content=content))
    for name, figure in figures.items():
        files.append(File.generated(config, f"gallery/{name}.svg", content=figure))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links at pages of the site; what is only in the repository becomes its path."""
    del config, files
    source = ELSEWHERE.get(page.file.src_uri)
    folder = posixpath.dirname(source if source is not None else f"docs/{page.file.src_uri}")

    def replaced(match: re.Match[str]) -> str:
        words, target, anchor = match[1], match[2], match[3] or ""
        path = posixpath.normpath(posixpath.join(folder, target)).rstrip("/")
        place = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        if source is None and not target.startswith("../"):
            return match[0]
        if place is None:
            if not (ROOT / path).exists():
                raise ValueError(f"{page.file.src_uri}: links to {target}, which is not there")
            return f"{words} (`{path}`)"
        return f"[{words}]({posixpath.relpath(place, posixpath.dirname(page.file.src_uri) or '.')}{anchor})"

    return _LINK.sub(replaced, markdown)


def gallery() -> tuple[str, dict[str, str]]:
    """The page of figures, and the figures, taken from the committed reviews."""
    table = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)/` \| (\w+) \| (.+?) \| `(.+?)` \|$", table, re.MULTILINE)
    parts = [
        "# Gallery of figures\n\nEvery figure of the [example reviews](reports.md), as their pages draw it; "
        "what they find was mostly put there on purpose. The command rebuilds the review.\n"
    ]
    figures: dict[str, str] = {}
    for folder, design, answer, command in rows:
        page = (ROOT / "reports" / folder / "index.html").read_text(encoding="utf-8")
        found = _FIGURE.findall(page)
        if not found:
            raise ValueError(f"reports/{folder}/index.html: holds no figure; rebuild it with make reports")
        parts.append(f"\n## {design.capitalize()}\n\n{answer[0].upper()}{answer[1:]}. `{command}`\n")
        for number, (drawn, caption) in enumerate(found, 1):
            name = f"{folder}-{number}"
            figures[name] = _alone(drawn)
            seen = " ".join(_title(drawn).split()).replace("[", "(").replace("]", ")")
            noted = html.unescape(re.sub(r"<[^>]+>", "", caption)).strip()
            said = f"{seen[0].upper()}{seen[1:].rstrip('.')}." + (
                "" if noted.startswith("The same") else f" {noted}"
            )
            parts.append(f"\n![{seen}](gallery/{name}.svg)\n\n{said}\n")
    return "".join(parts), figures


def _alone(drawn: str) -> str:
    """A figure as a file of its own."""
    opening = drawn[: drawn.index(">")]
    named = "" if "xmlns=" in opening else ' xmlns="http://www.w3.org/2000/svg"'
    return drawn.replace("<svg", f"<svg{named}", 1)


def _title(drawn: str) -> str:
    """What a figure says it shows."""
    match = re.search(r"<title>(.*?)</title>", drawn, re.DOTALL)
    if match is None:
        raise ValueError("a figure of a review has no title; draw it again with make reports")
    return html.unescape(match[1])


def use_cases() -> str:
    """A section per rubric: what it asks of each dimension, on what evidence, and how to judge by it."""
    parts = [(ROOT / "docs" / "use-cases.head.md").read_text(encoding="utf-8")]
    for path in sorted((ROOT / "rubrics").glob("*.json")):
        if path.name == "schema.json":
            continue
        rubric = json.loads(path.read_text(encoding="utf-8"))
        name = rubric["name"]
        parts.append(f"\n## {name.replace('_', ' ').capitalize()}\n\n")
        parts.append(f"For: {rubric['population']}. Judge by it with `--rubric {name}`.\n")
        for dimension, entries in rubric["dimensions"].items():
            for entry in entries if isinstance(entries, list) else [entries]:
                parts.append(_entry(dimension, entry))
    return "".join(parts)


def _entry(dimension: str, entry: dict[str, Any]) -> str:
    """What a rubric asks of a dimension."""
    lines = [f"\n**{dimension.capitalize()}**: {entry['need'].replace('_', ' ')}"]
    if entry.get("metric"):
        lines.append(f", `{entry['metric']}` {entry.get('direction', '')}".rstrip())
    if entry.get("primes"):
        lines.append(f", replies to {entry['primes']} turns only")
    target = entry.get("target", {})
    lines.append(f", {TARGETS[target.get('kind', 'none')]}")
    if entry.get("serves"):
        lines.append(f". Serves: {entry['serves']}")
    lines.append(".\n")
    for one in entry.get("contraindications", []):
        limit = (
            f"; `{one['metric']}` at most {one.get('at_most', 0)} above false alarms"
            if "metric" in one
            else ""
        )
        lines.append(f"\n- must not happen: {one['when']} ({one['why']}{limit})")
    for one in entry.get("evidence", []):
        side = "for" if one["supports"] else "against"
        people = f"; {one['population']}" if one.get("population") else ""
        lines.append(f"\n- {side}, {one['grade']}: {one['finding']} ({one['source']}{people})")
    return "".join(lines) + "\n"
