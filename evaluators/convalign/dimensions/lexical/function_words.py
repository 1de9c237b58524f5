"""Which words of a turn are function words, and of which class.

The lists are data, one file per language in ``markers/``. A form may belong to several classes
("that"), so a form is a set of classes, written as the bits of a whole number. A pipeline that
does not split contractions still finds them: both spellings are listed.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from convalign.dimensions.lexical.words import APOSTROPHES, base
from convalign.errors import UsageError
from convalign.files import loads, readable

CLASSES = (
    "article",
    "auxiliary",
    "conjunction",
    "adverb",
    "personal_pronoun",
    "impersonal_pronoun",
    "preposition",
    "quantifier",
)
"""The classes of the lists that come with the package; a language may have fewer."""

MOST = 16
"""Classes that fit into one mask."""

Markers = Mapping[str, Iterable[str]] | str | Path
"""A list of one's own: class -> forms, or the path of a JSON file that holds it."""

_POINTS = re.compile("[\u064b-\u0652\u0670\u0640]")


@dataclass(frozen=True, slots=True)
class FunctionWords:
    """The function words of a language.

    Attributes
    ----------
    language : code without region
    name : for the signature: the language and a digest of the list
    classes : names in order; class i is bit i of a mask
    table : lower-case form -> mask of its classes
    """

    language: str
    name: str
    classes: tuple[str, ...]
    table: Mapping[str, int] = field(hash=False)

    def of(self, form: str) -> int:
        """Classes of one lower-case form as a mask; 0 = no function word."""
        found = self.table.get(form, 0)
        if not found and self.language == "ar":
            # Vowel signs and tatweel are written or not at the writer's pleasure.
            found = self.table.get(_POINTS.sub("", form), 0)
        return found

    def mask(self, forms: Iterable[str]) -> int:
        """Classes that a turn holds, as a mask, from its lower-case forms."""
        held = 0
        for form in forms:
            held |= self.of(form)
        return held

    def counts(self, forms: Iterable[str]) -> tuple[NDArray[np.int64], int]:
        """How often each class occurs, [n_classes], and the number of words.

        A word is a form with a letter or a digit, or one that is listed; punctuation is none.
        """
        words = 0
        tally: dict[int, int] = {}
        for form in forms:
            found = self.of(form)
            words += bool(found) or any(map(str.isalnum, form))
            if found:
                tally[found] = tally.get(found, 0) + 1
        counts = [sum(n for m, n in tally.items() if m >> bit & 1) for bit in range(len(self.classes))]
        return np.array(counts, dtype=np.int64), words

    def held(self, mask: int) -> tuple[str, ...]:
        """Names of the classes in a mask."""
        return tuple(name for bit, name in enumerate(self.classes) if mask >> bit & 1)


def languages() -> tuple[str, ...]:
    """Codes of the languages that have a list."""
    folder = resources.files("convalign.dimensions.lexical") / "markers"
    return tuple(
        sorted(path.name.removesuffix(".json") for path in folder.iterdir() if path.name.endswith(".json"))
    )


def function_words(language: str = "en", markers: Markers | None = None) -> FunctionWords:
    """Get the function words by which style is compared.

    Parameters
    ----------
    language : spaCy's code; a region is ignored (``pt-BR``)
    markers : a list of your own, class -> forms, or the path of a JSON file with it (the object
        itself, or as its ``classes``); None = the list of the language

    Returns
    -------
    FunctionWords; lists of the package are read once per process

    Raises
    ------
    UsageError
        The language has no list, or your own one is none: not readable, no classes, over 16
        classes, an empty class, a form of several words.

    Source
    ------
    methods/lexical.md, section 3; own lists, ``markers/*.json`` (each names its source).

    Examples
    --------
    >>> words = function_words("en")
    >>> words.held(words.of("that"))
    ('conjunction', 'impersonal_pronoun')
    >>> function_words("en", {"hedge": ["maybe", "perhaps"]}).of("maybe")
    1
    """
    code = base(language)
    if markers is None:
        found = shipped(code)
        if found is None:
            raise UsageError(
                f"no function words for language {language!r}; there are: {', '.join(languages())}; "
                "or give a list of your own as markers"
            )
        return found
    if isinstance(markers, str | Path):
        return _make(code, _read(Path(markers)), str(markers))
    return _make(code, markers, "markers")


@cache
def shipped(language: str) -> FunctionWords | None:
    """The list of the package for a language, or None: a scorer then says "language not covered"."""
    code = base(language)
    if code not in languages():
        return None
    path = resources.files("convalign.dimensions.lexical") / "markers" / f"{code}.json"
    return _make(code, json.loads(path.read_text(encoding="utf-8"))["classes"], path.name)


def _read(path: Path) -> object:
    """The classes of a user's JSON file."""
    try:
        made = loads(readable(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a JSON file {{class: [forms]}}") from None
    except ValueError as error:
        raise UsageError(f"{path}: no JSON ({error}); write {{class: [forms]}}") from None
    return made.get("classes", made) if isinstance(made, dict) else made


def _make(language: str, given: object, place: str) -> FunctionWords:
    """Check a list and turn it into masks."""
    if not isinstance(given, Mapping) or not given:
        raise UsageError(f"{place}: no classes; write {{class: [forms]}}")
    if len(given) > MOST:
        raise UsageError(f"{place}: {len(given)} classes; give at most {MOST}")
    classes = tuple(map(str, given))
    table: dict[str, int] = {}
    for bit, (name, forms) in enumerate(given.items()):
        for form in _forms(f"{place}: {name}", forms):
            table[form] = table.get(form, 0) | 1 << bit
    written = json.dumps([classes, sorted(table.items())], ensure_ascii=False)
    digest = hashlib.blake2b(written.encode(), digest_size=4).hexdigest()
    return FunctionWords(language, f"{language}-{digest}", classes, MappingProxyType(table))


def _forms(place: str, forms: object) -> Sequence[str]:
    """The forms of a class in the spelling in which they are compared."""
    if isinstance(forms, str) or not isinstance(forms, Iterable):
        raise UsageError(f"{place}: {forms!r} is no list; write its forms as a list of words")
    found: list[str] = []
    for form in forms:
        if not isinstance(form, str) or len(form.split()) != 1:
            raise UsageError(f"{place}: {form!r} is not one word; write each form by itself")
        found.append(unicodedata.normalize("NFC", form).translate(APOSTROPHES).strip().lower())
    if not found:
        raise UsageError(f"{place}: the class is empty; name at least one form, or leave it out")
    return found
