"""Log formats that are recognised, so that the message can name them, and not read in this version."""

from __future__ import annotations

import re
from pathlib import Path

from convalign.logs._log import Head

CURE = "convert it to CSV with speaker, text, start, end"

_BEGINNINGS: tuple[tuple[str, str], ...] = (
    ("a binary Praat TextGrid (in Praat: Save as text file)", r"ooBinaryFile"),
    ("XML", r"\s*<\?xml\b"),
    ("RTTM", r"(;;.*\n)*SPEAKER \S+ \S+ +[\d.]+ +[\d.]+ <NA>"),
    ("CTM", r"(;;.*\n)*\S+ \S+ +\d+\.\d+ +\d+\.\d+ +\S+( +[\d.]+)?[ \t]*(\n|$)"),
    ("a zip file (Inspect log, office document)", r"PK\x03\x04"),
    ("Parquet", r"PAR1"),
)
_KEYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("HarperValleyBank", ("speaker_role", "start_ms")),
    ("OpenInference traces", ("attributes.openinference.span.kind",)),
    ("LangSmith traces", ("run_type", "trace_id")),
    ("an Inspect log", ("version", "eval", "samples")),
    ("a ChatGPT export", ("mapping", "current_node")),
)
_FOLDERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("HarperValleyBank", ("transcript", "metadata")),
    ("HarperValleyBank", ("data/transcript", "data/metadata")),
    ("a saved Hugging Face data set", ("dataset_info.json", "state.json")),
    ("a saved Hugging Face data set", ("dataset_dict.json",)),
)


def named(head: Head, magic: bytes) -> str | None:
    """The format of a file that is recognised but not read, or None.

    Parameters
    ----------
    head : its beginning as text
    magic : its first bytes, for what is no text
    """
    text = head.text or magic.decode("latin-1")
    for name, pattern in _BEGINNINGS:
        if re.match(pattern, text):
            return name
    for name, paths in _KEYS:
        if head.has(*paths):
            return name
    return None


def folder(root: Path) -> str | None:
    """The format of a folder that is one log as a whole, or None."""
    for name, members in _FOLDERS:
        if all((root / member).exists() for member in members):
            return name
    return None


def message(name: str) -> str:
    """What to say about a file of such a format."""
    return f"looks like {name}, which this version does not read; {CURE}"
