"""What is kept of a dialogue: its words as numbers, no text.

A number is spaCy's 64-bit hash of a lower-case form or lemma, the same in every process. Whether a
form is content, what its lemma is and which closed class it belongs to is decided once per form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id

from convalign.dimensions.lexical.function_words import FunctionWords, shipped
from convalign.dimensions.lexical.words import Choice, Reader, reader

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
WORD = 15
"""Bit of `Spoken.marker` that says: this is a word."""
WORD_BIT = 1 << WORD


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """The words of one speaker, or of several, in order.

    Attributes
    ----------
    turn : [n_turns] numbers of the turns that have a transcript, rising
    length : [n_turns] tokens in each
    form, lemma : [n_tokens]
    tag : [n_tokens], or None without a tagger
    letter : [n_tokens] whether the token holds a letter
    marker : [n_tokens] bit k: the form belongs to closed class k of its language; bit `WORD`: it holds
        a letter or a digit, or is a function word
    content : [n_content] what can be taken over: lemmas of content words, or terms
    content_length : [n_turns] of them in each turn
    """

    turn: Ints
    length: Ints
    form: Hashes
    lemma: Hashes
    tag: Hashes | None
    letter: NDArray[np.bool_]
    marker: NDArray[np.uint16]
    content: Hashes
    content_length: Ints

    def __reduce__(self) -> tuple[Any, ...]:
        # Dialogues by the thousand go to disk and to other processes: bytes are ten times faster than
        # arrays one by one.
        parts = (getattr(self, name) for name in _KINDS)
        return _unpacked, tuple(None if part is None else part.tobytes() for part in parts)

    @property
    def size(self) -> tuple[int, int]:
        """Content words, tokens."""
        return len(self.content), len(self.form)

    def take(self, turns: NDArray[np.bool_]) -> Spoken:
        """Some of the turns."""
        return self._cut(turns, np.repeat(turns, self.length), np.repeat(turns, self.content_length))

    def split(self, counts: Sequence[int]) -> Iterator[Spoken]:
        """The first `counts[0]` turns, the next `counts[1]` ones, and so on."""
        ends = [np.concatenate(([0], np.cumsum(one))) for one in (self.length, self.content_length)]
        at = 0
        for count in counts:
            tokens, content = (slice(end[at], end[at + count]) for end in ends)
            yield self._cut(slice(at, at + count), tokens, content)
            at += count

    def _cut(self, turns: Any, tokens: Any, content: Any) -> Spoken:
        return Spoken(
            self.turn[turns], self.length[turns], self.form[tokens], self.lemma[tokens],
            None if self.tag is None else self.tag[tokens], self.letter[tokens],
            self.marker[tokens], self.content[content], self.content_length[turns],
        )  # fmt: skip


_KINDS: dict[str, type] = {
    "turn": np.int64, "length": np.int64, "form": np.uint64, "lemma": np.uint64, "tag": np.uint64,
    "letter": np.bool_, "marker": np.uint16, "content": np.uint64, "content_length": np.int64,
}  # fmt: skip


def _unpacked(*parts: bytes | None) -> Spoken:
    """What was packed to bytes."""
    made: list[Any] = [
        None if part is None else np.frombuffer(part, kind)
        for part, kind in zip(parts, _KINDS.values(), strict=True)
    ]
    return Spoken(*made)


@dataclass(frozen=True, slots=True, eq=False)
class Lexer:
    """Turns texts of one language into numbers.

    Attributes
    ----------
    reader : spaCy's tokeniser, or the user's pipeline
    choice : which words count as content
    functions : function words of the language; None where there is no list
    known : form -> (lemma, letter, marker, content or 0), of the forms met so far; blanks are None
    """

    reader: Reader
    choice: Choice
    functions: FunctionWords | None
    known: dict[int, tuple[int, bool, int, int] | None] = field(default_factory=dict)

    def read(self, turns: Sequence[int], texts: Sequence[str]) -> Spoken:
        """The words of the turns with these numbers."""
        if self.reader.runs or self.choice.terms is not None:
            return self._slowly(turns, texts)
        tokenizer = self.reader.nlp.tokenizer
        arrays = [tokenizer(text).to_array("LOWER") for text in map(self.reader.clean, texts)]
        form: Hashes = np.concatenate([*arrays, np.zeros(0, np.uint64)]).astype(np.uint64, copy=False)
        different, which = np.unique(form, return_inverse=True)
        found = [self._known(one) for one in different.tolist()]
        blank = np.array([one is None for one in found], np.bool_)[which]
        owner = np.repeat(np.arange(len(arrays)), [len(one) for one in arrays])
        facts = [one or (0, False, 0, 0) for one in found]

        def each(place: int, kind: Any) -> Any:
            return np.array([one[place] for one in facts], kind)[which][~blank]

        lemma, letter, marker, content = (
            each(place, kind) for place, kind in enumerate((np.uint64, np.bool_, np.uint16, np.uint64))
        )
        form, owner = form[~blank], owner[~blank]
        counts = content > 0
        return Spoken(
            np.array(turns, np.int64), np.bincount(owner, minlength=len(turns)), form, lemma, None, letter,
            marker, content[counts], np.bincount(owner[counts], minlength=len(turns)),
        )  # fmt: skip

    def _known(self, form: int) -> tuple[int, bool, int, int] | None:
        if form not in self.known:
            text = self.reader.nlp.vocab.strings[form]
            if not text.strip():
                self.known[form] = None
            else:
                lemma = self.reader.lemma(text)
                content = self.reader.verdict(text, lemma, self.choice)
                self.known[form] = (
                    get_string_id(lemma), _letter(text), self._marker(text),
                    get_string_id(content) if content else 0,
                )  # fmt: skip
        return self.known[form]

    def _marker(self, form: str) -> int:
        found = self.functions.of(form) if self.functions is not None else 0
        return found | (WORD_BIT if found or any(map(str.isalnum, form)) else 0)

    def _slowly(self, turns: Sequence[int], texts: Sequence[str]) -> Spoken:
        """By the user's whole pipeline, or by a list of terms, of which some are phrases."""
        words = self.reader.words(texts)
        contents = self.reader.contents(texts, self.choice)
        forms = [form for one in words for form in one.forms]
        tags = [tag for one in words for tag in one.tags or ()]
        return Spoken(
            np.array(turns, np.int64), np.array([len(one.forms) for one in words], np.int64),
            _hashes(forms), _hashes([lemma for one in words for lemma in one.lemmas]),
            _hashes(tags) if self.reader.tagger else None,
            np.array([_letter(form) for form in forms], np.bool_),
            np.array([self._marker(form) for form in forms], np.uint16),
            _hashes([item for one in contents for item in one]),
            np.array([len(one) for one in contents], np.int64),
        )  # fmt: skip


@cache
def lexer(language: str, pipeline: str | None, choice: Choice) -> Lexer:
    """What reads a language; made once per process.

    Raises
    ------
    UsageError, MissingExtraError
        The language or the pipeline cannot be loaded.
    """
    made = reader(language, pipeline)
    return Lexer(made, choice, shipped(made.source.language))


def _letter(form: str) -> bool:
    return any(character.isalpha() for character in form)


def _hashes(texts: Sequence[str]) -> Hashes:
    return np.array([get_string_id(text) for text in texts], np.uint64)
