"""The options of the lexical dimension, checked, and the signature that they give a number."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from convalign.dimensions.lexical.function_words import shipped
from convalign.dimensions.lexical.words import Choice, check_pattern, reader
from convalign.errors import UsageError
from convalign.language import SOURCE as SEEN
from convalign.language import checked
from convalign.scores import Canary

VERSION = 1
"""Goes up when the same words and options would give another number."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that changes a number.

    Attributes
    ----------
    seed : draws the strangers
    surrogates : strangers per direction, >= 1
    within : strangers agree on this field of ``meta`` (a stricter question); None = any topic
    language : of all dialogues; None = as each one says it, else as it is seen in its words
    spacy : name or path of your own spaCy pipeline; None = ``spacy.blank``
    history : only the partner's last turns count, >= 1; None = all before the reply
    uptake_turns : in how many next turns `uptake` looks, >= 1
    terms : only these words and phrases count; stop words among them are kept
    pattern : only words that match this regular expression as a whole count
    numbers : tokens with a digit are content too

    Raises
    ------
    UsageError
        A value out of range, an empty term list, both `terms` and `pattern`.
    """

    seed: int = 0
    surrogates: int = 20
    within: str | None = None
    language: str | None = None
    spacy: str | None = None
    history: int | None = None
    uptake_turns: int = 1
    terms: tuple[str, ...] | None = None
    pattern: str | None = None
    numbers: bool = False

    def __post_init__(self) -> None:
        for name, low in (("seed", 0), ("surrogates", 1), ("history", 1), ("uptake_turns", 1)):
            value = getattr(self, name)
            if value is None and name == "history":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < low:
                raise UsageError(f"{name}: {value!r} does not fit; give a whole number from {low}")
        object.__setattr__(self, "language", checked(self.language))
        if self.terms is not None:
            given = (self.terms,) if isinstance(self.terms, str) else self.terms
            # Sorted and hashable: the order of a list changes no number.
            object.__setattr__(self, "terms", tuple(sorted({t.strip().lower() for t in given if t.strip()})))
            if not self.terms:
                raise UsageError("terms: the list is empty; name at least one word, or leave it out")
            if self.pattern is not None:
                raise UsageError("terms and pattern are both given; give one of them")
        check_pattern(self.pattern)

    @property
    def choice(self) -> Choice:
        """Which words count."""
        return Choice(self.terms, self.pattern, self.numbers)


CANARY = "The children's kettles were boiling, weren't they? The two worst ones certainly had broken."
READ = ["child", "kettle", "boil", "wrong", "certainly", "break"]
"""What the canary is read as, by the tokens and lemmas of `spacy.blank`."""


@cache
def canary(settings: Settings) -> Canary:
    """The words that are read of a text that never changes."""
    made = reader(settings.language or "en", settings.spacy)
    shipped_reading = settings.spacy is None and (settings.language or "en") == "en"
    return Canary(
        {CANARY: made.contents([CANARY], Choice())[0]},
        {CANARY: READ} if shipped_reading else None,
    )


def signature(settings: Settings) -> str:
    """Say in one line how the numbers were made.

    Raises
    ------
    UsageError, MissingExtraError
        The language or the pipeline cannot be loaded.

    Examples
    --------
    >>> signature(Settings(history=2)).split("|")[2:4]
    ['lemma:lookup', 'history:2']
    """
    source = reader(settings.language or "en", settings.spacy).source
    functions = shipped(source.language)
    parts = {
        "tok": source.tokens,
        "lemma": source.lemmas,
        "language": settings.language or SEEN,
        "history": settings.history or "all",
        "uptake": settings.uptake_turns,
        "terms": "all" if settings.terms is None else f"{len(settings.terms)}-{_digest(*settings.terms)}",
        "pattern": "none" if settings.pattern is None else _digest(settings.pattern),
        "numbers": "yes" if settings.numbers else "no",
        "functions": functions.name if functions is not None else "none",
        "surrogates": settings.surrogates,
        "within": settings.within or "none",
        "seed": settings.seed,
        "v": VERSION,
        "canary": canary(settings).stamp,
    }
    return "|".join(["lexical.entrainment", *(f"{name}:{value}" for name, value in parts.items())])


def _digest(*texts: str) -> str:
    """Eight characters that tell two lists apart."""
    return hashlib.blake2b("\n".join(texts).encode(), digest_size=4).hexdigest()
