"""Which language a dialogue is in: said by whoever asks, by its log, or seen in its words."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from convalign.dialogue import Dialogue
from convalign.errors import UsageError

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

NOT_SURE = "und"
"""Undetermined, as ISO 639 calls it: the words do not tell."""
SEEN = 400
"""Letters that are looked at, from the middle of a dialogue: openings are greetings, and often English."""
MARGIN = 0.7
"""The probability from which an answer counts; below it the answer is that it is not sure."""
NO_LANGUAGE = "zxx"
"""No linguistic content, as ISO 639 calls it: not one letter."""
SOURCE = f"seen-py3langid-{version('py3langid')}"
"""How languages are seen, for signatures."""


@cache
def code(name: str) -> str | None:
    """The shortest code of ISO 639 for a language; a region or a script is left out.

    Parameters
    ----------
    name : a code of two or three letters, with or without a region, or the English name

    Returns
    -------
    Two letters where there are two, else three; None when there is no such language. Mandarin and other
    members of a macrolanguage have its code; Norwegian is Bokmål, as it is mostly written.

    Examples
    --------
    >>> code("en-US"), code("eng"), code("English"), code("cmn_Hans"), code("klingonese")
    ('en', 'en', 'en', 'zh', None)
    """
    from iso639 import Lang
    from iso639.exceptions import DeprecatedLanguageValue, InvalidLanguageValue

    wanted = name.strip()
    for one in (wanted.lower(), re.split("[-_]", wanted.lower(), maxsplit=1)[0], wanted.title()):
        try:
            found = Lang(one)
        except (InvalidLanguageValue, DeprecatedLanguageValue):
            continue
        whole = found.macro() if not found.pt1 else None
        short = str(found.pt1 or (whole and whole.pt1) or found.pt3)
        return "nb" if short == "no" else short
    return None


def checked(name: str | None) -> str | None:
    """The code of a language that somebody asked for.

    Raises
    ------
    UsageError
        There is no such language.
    """
    found = None if name is None else code(name)
    if name is not None and found is None:
        raise UsageError(f"language: {name!r} is no code of ISO 639; write one such as en, de, es, zh")
    return found


def told(dialogue: Dialogue, asked: str | None = None) -> Dialogue:
    """The same dialogue, saying its language (`of`)."""
    return replace(dialogue, meta={**dialogue.meta, "language": of(dialogue, asked)})


def of(dialogue: Dialogue, asked: str | None = None) -> str:
    """The language of a dialogue.

    Parameters
    ----------
    dialogue : what its log says of its language holds, else its words are looked at
    asked : code that goes before both

    Returns
    -------
    A code; `NOT_SURE` where the words do not tell, or speakers are in different languages; `NO_LANGUAGE`
    without a letter; what the log says as it is, where that is no code.
    """
    if asked is not None:
        return asked
    if dialogue.language not in (None, NO_LANGUAGE):
        return code(dialogue.language) or dialogue.language.lower()
    said: dict[str, list[str]] = {}
    for turn in dialogue.turns:
        said.setdefault(turn.speaker, []).append(turn.text or "")
    if not any(c.isalpha() for texts in said.values() for text in texts for c in text):
        return NO_LANGUAGE
    # Seen as one text, two languages are the one that has more letters.
    if len({seen(" ".join(texts)) for texts in said.values()} - {NOT_SURE}) > 1:
        return NOT_SURE
    return seen(" ".join(turn.text for turn in dialogue.turns if turn.text))


def seen(text: str) -> str:
    """The language that words are in, or `NOT_SURE`.

    Source
    ------
    langid (Lui & Baldwin 2012) as maintained in py3langid: naive Bayes over byte n-grams, 97 languages.

    Examples
    --------
    >>> seen("Guten Tag, ich habe eine Frage zu meiner Bestellung."), seen("ok")
    ('de', 'und')
    """
    flat = " ".join(text.split())
    start = max(0, (len(flat) - SEEN) // 2)
    return _seen(flat[start : start + SEEN])


@lru_cache(maxsize=4096)
def _seen(text: str) -> str:
    if not text:
        return NOT_SURE
    found, probability = _identifier().classify(text)
    if probability < MARGIN or found == NO_LANGUAGE:
        return NOT_SURE
    return code(found) or str(found)


@cache
def _identifier() -> LanguageIdentifier:
    """The classifier; half a second, so it is loaded where a log does not say its language."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except OSError as error:  # it unpacks its model into a temporary file
        cure = f"free space in {tempfile.gettempdir()}, or say the language (--language en)"
        raise UsageError(f"languages cannot be looked at: {error.strerror}; {cure}") from None
