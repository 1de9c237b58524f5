"""What is recognised and not read in this version, so that the message can name it."""

from __future__ import annotations

import re

from convalign.logs._log import Head

CURE = "convert it to CSV with speaker, text, start, end"

_BEGINNINGS: tuple[tuple[str, str], ...] = (
    ("a binary Praat TextGrid (in Praat: Save as text file)", r"ooBinaryFile"),
    ("XML", r"\s*<\?xml\b"),
    ("a zip file (office document, archive)", r"PK\x03\x04"),
)


def named(head: Head) -> str | None:
    """The format of a file that is recognised but not read, or None."""
    text = head.text or head.magic.decode("latin-1")
    return next((name for name, pattern in _BEGINNINGS if re.match(pattern, text)), None)


def message(name: str) -> str:
    """What to say about a file of such a format."""
    return f"looks like {name}, which this version does not read; {CURE}"
