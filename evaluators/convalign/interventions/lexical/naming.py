"""What a partner's turn offers to be named: its noun phrases and its terms.

Read with a small tokeniser and closed word lists of its own: the edit must not see words as the
scorer does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from convalign.interventions.lexical.words import (
    AFFECT,
    DETERMINERS,
    INTENSIFIERS,
    NEGATIONS,
    NO_TERMS,
    PAST,
    PREPOSITIONS,
)

REACH = 3
"""Words before an affect word in which a negation turns it round."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a turn.

    Attributes
    ----------
    text, form : as written, and in lower case
    joined : only blanks stand between it and the word before
    counting : a number comes next (``the remaining 120 boxes``)
    """

    text: str
    form: str
    joined: bool
    counting: bool


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a frame can name.

    Attributes
    ----------
    text : ``the blue kettle``, or a single word
    stems : of its terms, by which words are told apart
    noun : it reads well after a preposition; otherwise it is quoted
    """

    text: str
    stems: tuple[str, ...]
    noun: bool


def phrases(text: str, terms: str, names: frozenset[str]) -> list[Phrase]:
    """Find what of a turn can be named, in order.

    Parameters
    ----------
    terms : ``neutral``, ``any`` or ``affect``: which words may be named
    names : words that keep their capital (`capitals`)

    Returns
    -------
    Noun phrases (``the blue kettle``) where the words around say that it is one, else single
    words to be quoted. A word after a negation is left out when it carries feeling.
    """
    words = list(tokens(text))
    found = []
    for place, token in enumerate(words):
        if not _nameable(words, place, terms):
            continue
        word, own = _word(token, names), stem(token.form)
        size, before = _context(words, place)
        head = _ends_phrase(words, place)
        unclear = token.form.endswith("ing") or (
            size > 1 and (re.search(r"(ly|[^su]s)$", token.form) or words[place - 1].form.endswith("s"))
        )
        if head and not unclear and before in DETERMINERS:
            other = words[place - 1]
            if size > 1 and _nameable(words, place - 1, terms) and stem(other.form) != own:
                found.append(Phrase(f"the {_word(other, names)} {word}", (stem(other.form), own), noun=True))
            else:
                found.append(Phrase(f"the {word}", (own,), noun=True))
        elif head and not unclear and size == 1 and before in PREPOSITIONS:
            found.append(Phrase(word, (own,), noun=True))
        else:
            found.append(Phrase(word, (own,), noun=False))
    return found


def quoted(text: str, names: frozenset[str]) -> list[Phrase]:
    """Every neutral term of a turn by itself, to be quoted."""
    words = list(tokens(text))
    return [
        Phrase(_word(token, names), (stem(token.form),), noun=False)
        for place, token in enumerate(words)
        if _nameable(words, place, "neutral")
    ]


def _context(words: Sequence[Token], place: int) -> tuple[int, str]:
    """How many possible terms stand together up to a place, and the word before them."""
    start = place
    while start > 0 and words[start].joined and words[start - 1].form not in NO_TERMS:
        start -= 1
    left = start - 1
    while left >= 0 and words[left + 1].joined and words[left].form in INTENSIFIERS:
        left -= 1
    return place - start + 1, words[left].form if left >= 0 and words[left + 1].joined else ""


def _ends_phrase(words: Sequence[Token], place: int) -> bool:
    """Whether a word can be the last of a noun phrase: no verb, and no possible noun after it."""
    if words[place].counting or _past(words[place].form):
        return False
    if place + 1 == len(words) or not words[place + 1].joined:
        return True
    return words[place + 1].form in NO_TERMS or _past(words[place + 1].form)


def _past(form: str) -> bool:
    """Most likely a verb that says what became of the noun before it."""
    return form in PAST or (form.endswith("ed") and len(form) > 4)


def _nameable(words: Sequence[Token], place: int, terms: str) -> bool:
    """Whether the word at a place is a term of the wanted kind."""
    form = words[place].form
    if form in NO_TERMS and not (terms != "neutral" and form in AFFECT):
        return False
    if len(form) < 3 or not form.isalpha():
        return False
    if form not in AFFECT:
        return terms != "affect"
    if terms == "neutral":
        return False
    # To echo "happy" where the partner said "not happy" would turn the partner's words round.
    near = words[max(0, place - REACH) : place]
    return not any(t.form in NEGATIONS or t.form.endswith(("n't", "n’t")) for t in near)


def tokens(text: str) -> Iterator[Token]:
    """Words of a text, with an apostrophe inside them."""
    end = 0
    for match in re.finditer(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text):
        word, joined = match.group(), not text[end : match.start()].strip()
        end = match.end()
        yield Token(word, word.lower(), joined, re.match(r"\s*[$€£]?\d", text[end:]) is not None)


def capitals(texts: Iterable[str | None]) -> frozenset[str]:
    """Words that somebody writes with a capital inside a sentence: names."""
    found = set()
    for text in texts:
        previous = False
        for token in tokens(text or ""):
            if previous and token.joined and token.text[0].isupper() and not token.text.isupper():
                found.add(token.form)
            previous = True
    return frozenset(found)


def _word(token: Token, names: frozenset[str]) -> str:
    """A word as it stands inside a sentence: small unless it is a name."""
    return token.form.capitalize() if token.form in names else token.form


def stem(form: str) -> str:
    """A word without its ending, only to tell that two forms are one word."""
    for ending, put in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", "")):
        if form.endswith(ending) and len(form) - len(ending) >= 3:
            cut = form[: -len(ending)] + put
            return cut[:-1] if len(cut) > 3 and cut[-1] == cut[-2] else cut
    return form
