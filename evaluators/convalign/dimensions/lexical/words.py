"""Which words of a turn carry content: the one place where spaCy is read.

A turn becomes a list of content lemmas. The tokens are spaCy's; whether a form is content, and
which lemma it has, is decided once per form and remembered, because lookup lemmas do not depend
on context. Only a user's own pipeline is run over whole texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import spacy
import spacy.about
from spacy.language import Language
from spacy.lookups import load_lookups

from convalign.errors import MissingExtraError, UsageError

APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc\uff07", "'"))
"""Typographic apostrophes, which spaCy's contractions do not know."""

PACKAGES = {
    "ja": "sudachipy sudachidict_core",
    "ko": "natto-py (with mecab-ko)",
    "th": "pythainlp",
    "vi": "pyvi",
}
"""What spaCy needs besides itself to split these languages into words."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which words count as content.

    Attributes
    ----------
    terms : only these words and phrases, as lower-case text; None = every content word
    pattern : only words that match this regular expression as a whole; None = every content word
    numbers : numbers and codes (a token with a digit) are content too
    """

    terms: tuple[str, ...] | None = None
    pattern: str | None = None
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where tokens and lemmas come from.

    Attributes
    ----------
    tokens : ``spacy-blank-en-3.8.18``, or name and version of the user's pipeline
    lemmas : ``lookup`` (a table of spacy-lookups-data), ``form`` (there is no table: lower-cased
        forms are compared) or ``pipeline``
    language : code of the pipeline
    """

    tokens: str
    lemmas: Literal["lookup", "form", "pipeline"]
    language: str


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of one text, blanks left out.

    Attributes
    ----------
    forms : [n_tokens], lower case
    lemmas : [n_tokens], lower case
    tags : [n_tokens], universal parts of speech (fine tags where the pipeline has no others), or None
    """

    forms: tuple[str, ...]
    lemmas: tuple[str, ...]
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """A pipeline made ready; one per language and process.

    Attributes
    ----------
    source : for the signature
    nlp : spaCy's object; only its tokeniser is run unless `whole`
    stops : stop words of the language, lower case
    lemma : lower-case form -> lower-case lemma
    whole : run the user's whole pipeline and take its lemmas
    tagger : the pipeline gives parts of speech
    """

    source: Source
    nlp: Language
    stops: frozenset[str]
    lemma: Callable[[str], str]
    whole: bool
    tagger: bool = False
    verdicts: dict[Choice, dict[int, str]] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        """Whether the pipeline itself must be run, and not only its tokeniser."""
        return self.whole or self.tagger

    def contents(self, texts: Sequence[str], choice: Choice) -> list[list[str]]:
        """Content lemmas of each text, in order, [n_texts][n_content_tokens]."""
        clean = [_clean(text) for text in texts]
        if self.whole:
            pairs = [[(t.lower_, (t.lemma_ or t.lower_).lower()) for t in d] for d in self.nlp.pipe(clean)]
            return [_select(found, choice, self) for found in pairs]
        if choice.terms is not None:
            return [_select([(f, self.lemma(f)) for f in self._forms(t)], choice, self) for t in clean]
        verdicts = self.verdicts.setdefault(choice, {})
        return [self._quick(text, choice, verdicts) for text in clean]

    def words(self, texts: Sequence[str]) -> list[Words]:
        """Every token of each text, with its lemma and, where the pipeline has a tagger, its tag."""
        if not self.runs:
            return [Words(forms, tuple(map(self.lemma, forms))) for forms in self.forms(texts)]
        clean = [_clean(text) for text in texts]
        found = []
        for doc in self.nlp.pipe(clean):
            tokens = [token for token in doc if not token.is_space]
            lower = tuple(token.lower_ for token in tokens)
            lemmas = tuple((t.lemma_ or t.lower_).lower() for t in tokens) if self.whole else None
            tags = tuple(token.pos_ or token.tag_ for token in tokens) if self.tagger else None
            found.append(Words(lower, lemmas or tuple(map(self.lemma, lower)), tags))
        return found

    def forms(self, texts: Sequence[str], *, lower: bool = True) -> list[tuple[str, ...]]:
        """Every token of each text, blanks left out; nothing but the tokeniser is run."""
        # One after the other: a document is far heavier than the words in it.
        found = []
        for text in texts:
            doc = self.nlp.tokenizer(_clean(text))
            found.append(tuple([t.lower_ if lower else t.text for t in doc if not t.is_space]))
        return found

    def verdict(self, form: str, lemma: str, choice: Choice) -> str:
        """The lemma if a form counts as content, else nothing; for choices without terms."""
        return _verdict(form, lemma, choice, self.stops)

    @staticmethod
    def clean(text: str) -> str:
        """NFC and plain apostrophes, as every text is given to spaCy."""
        return _clean(text)

    def _forms(self, text: str) -> list[str]:
        """Lower-case tokens of a clean text."""
        return [token.lower_ for token in self.nlp.tokenizer(text)]

    def _quick(self, text: str, choice: Choice, verdicts: dict[int, str]) -> list[str]:
        """Content lemmas of one clean text, by the remembered verdict on each form."""
        found = []
        orths: list[int] = self.nlp.tokenizer(text).to_array("ORTH").tolist()
        for orth in orths:
            lemma = verdicts.get(orth)
            if lemma is None:
                form = self.nlp.vocab.strings[orth].lower()
                lemma = verdicts[orth] = _verdict(form, self.lemma(form), choice, self.stops)
            if lemma:
                found.append(lemma)
        return found


def content_lemmas(
    text: str,
    *,
    language: str = "en",
    pipeline: str | None = None,
    terms: Iterable[str] | None = None,
    pattern: str | None = None,
    numbers: bool = False,
) -> list[str]:
    """Show which words of a text can be taken up, in the form in which they are compared.

    Parameters
    ----------
    text : any script; NFC and plain apostrophes are made here
    language : spaCy's code (``en``, ``de``, ``zh``); a region is ignored (``pt-BR``)
    pipeline : name or path of a spaCy pipeline of your own, instead of ``spacy.blank(language)``
    terms : only these words and phrases; they need not be content words
    pattern : only words that match this regular expression as a whole (lower case; form or lemma)
    numbers : tokens with a digit are content too

    Returns
    -------
    [n_content_tokens] lower-case lemmas in order of the text. Content = at least one letter, only
    letters and marks, neither form nor lemma a stop word. A phrase of `terms` is one item.

    Raises
    ------
    UsageError
        spaCy has no such language or pipeline, or `pattern` is no regular expression.
    MissingExtraError
        The language needs a package that is not installed.

    Source
    ------
    methods/lexical.md, text rules; lookup tables of spacy-lookups-data.

    Examples
    --------
    >>> content_lemmas("I don't need the two red lamps, just a kettle.")
    ['need', 'red', 'lamp', 'kettle']
    """
    check_pattern(pattern)
    choice = Choice(None if terms is None else tuple(terms), pattern, numbers)
    return reader(language, pipeline).contents([text], choice)[0]


def reader(language: str, pipeline: str | None = None) -> Reader:
    """Make ready what reads a language; made once per process.

    Raises
    ------
    UsageError, MissingExtraError
        As `content_lemmas`.
    """
    return _own(pipeline) if pipeline is not None else _blank(base(language))


def base(language: str) -> str:
    """The code without its region: ``pt-BR`` -> ``pt``."""
    return re.split("[-_]", language.strip().lower(), maxsplit=1)[0]


def check_pattern(pattern: str | None) -> None:
    """Refuse a pattern that is no regular expression, with a `UsageError`."""
    try:
        re.compile(pattern or "")
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(
            f"pattern {(pattern or '')[:80]!r}: {error}; write a regular expression of Python"
        ) from None


@cache
def _blank(language: str) -> Reader:
    """spaCy's tokeniser, stop words and lookup lemmas for one language."""
    try:
        nlp = spacy.blank(language)
    except ImportError as error:
        if "[E048]" in str(error):
            raise UsageError(
                f"language {language!r}: spaCy has none of this code; write one such as en, de, es, zh"
            ) from None
        package = PACKAGES.get(language, str(error).split("\n", maxsplit=1)[0])
        raise MissingExtraError(
            f"language {language!r}: splitting it into words needs {package}; "
            "install it, or name a spaCy pipeline of your own"
        ) from None
    lemma, kind = _lemmas(language)
    source = Source(f"spacy-blank-{language}-{spacy.about.__version__}", kind, language)
    return Reader(source, nlp, _stops(nlp), lemma, whole=False)


@cache
def _own(pipeline: str) -> Reader:
    """The user's pipeline; its lemmas where it has a component for them, else the table's."""
    try:
        nlp = spacy.load(pipeline)
    except (OSError, ImportError, ValueError) as error:
        first = str(error).split("\n", maxsplit=1)[0]
        raise UsageError(
            f"spacy pipeline {pipeline!r}: {first}; name an installed pipeline or its folder"
        ) from None
    made = {made for name in nlp.pipe_names for made in nlp.get_pipe_meta(name).assigns}
    whole, tagger = "token.lemma" in made, bool({"token.pos", "token.tag"} & made)
    language = nlp.lang or "xx"
    lemma, kind = _lemmas(language)
    name = f"{language}_{nlp.meta['name']}-{nlp.meta['version']}-spacy-{spacy.about.__version__}"
    source = Source(name, "pipeline" if whole else kind, language)
    return Reader(source, nlp, _stops(nlp), lemma, whole, tagger)


def _stops(nlp: Language) -> frozenset[str]:
    """Stop words in the spelling in which forms are compared."""
    return frozenset(_clean(word).lower() for word in nlp.Defaults.stop_words)


def _lemmas(language: str) -> tuple[Callable[[str], str], Literal["lookup", "form"]]:
    """Form -> lemma, and whether a table stands behind it."""
    tables = load_lookups(language, ["lemma_lookup"], strict=False)
    table = tables.get_table("lemma_lookup") if tables.has_table("lemma_lookup") else None
    if not table:
        return str, "form"
    known = table

    @cache
    def lemma(form: str) -> str:
        # Tables hold German nouns with their capital only; users do not always write it.
        found = known.get(form) or known.get(form.capitalize()) or form
        return unicodedata.normalize("NFC", str(found)).lower()

    return lemma, "lookup"


def _clean(text: str) -> str:
    """NFC and plain apostrophes; a lone surrogate cannot be given to spaCy."""
    if text.isascii():
        return text
    text = text.encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", text).translate(APOSTROPHES)


def _alphabetic(form: str) -> bool:
    """At least one letter, all characters letters or marks (`str.isalpha` knows no vowel signs)."""
    kinds = [unicodedata.category(character)[0] for character in form]
    return "L" in kinds and all(kind in "LM" for kind in kinds)


def _verdict(form: str, lemma: str, choice: Choice, stops: frozenset[str]) -> str:
    """The lemma if the form is content, else nothing."""
    if choice.pattern is not None:
        matches = re.compile(choice.pattern, re.IGNORECASE).fullmatch
        return lemma if form.strip() and (matches(form) or matches(lemma)) else ""
    if choice.numbers and any(unicodedata.category(character)[0] == "N" for character in form):
        return form
    return lemma if _alphabetic(form) and form not in stops and lemma not in stops else ""


def _select(tokens: list[tuple[str, str]], choice: Choice, made: Reader) -> list[str]:
    """Content of one text from its (form, lemma) pairs; the longest phrase of a term list first."""
    if choice.terms is None:
        return [found for form, lemma in tokens if (found := _verdict(form, lemma, choice, made.stops))]
    phrases = _phrases(choice.terms, made)
    longest = max(map(len, phrases), default=0)
    items: list[str] = []
    at = 0
    while at < len(tokens):
        for size in range(min(longest, len(tokens) - at), 0, -1):
            part = tokens[at : at + size]
            term = phrases.get(tuple(f for f, _ in part)) or phrases.get(tuple(m for _, m in part))
            if term:
                items.append(term)
                at += size
                break
        else:
            at += 1
    return items


_PHRASES: dict[tuple[tuple[str, ...], Source], dict[tuple[str, ...], str]] = {}


def _phrases(terms: tuple[str, ...], made: Reader) -> dict[tuple[str, ...], str]:
    """Forms and lemmas of each term -> the one text by which it is counted."""
    key = (terms, made.source)
    if key not in _PHRASES:
        table: dict[tuple[str, ...], str] = {}
        for term in terms:
            words = [(t.lower_, (t.lemma_ or made.lemma(t.lower_)).lower()) for t in made.nlp(_clean(term))]
            lemmas = tuple(lemma for _, lemma in words)
            table[lemmas] = " ".join(lemmas)
            table.setdefault(tuple(form for form, _ in words), " ".join(lemmas))
        _PHRASES[key] = table
    return _PHRASES[key]
