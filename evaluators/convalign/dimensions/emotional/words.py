"""Which words of a reply are the partner's: the echo that must not count as affect.

Written for this dimension alone; no other dimension is read (an import contract holds it). English has lists
of its own; the echo of the other languages of `LEMMAS` is found by spaCy's tables.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from importlib.metadata import version

from convalign.affect.emoticons import EMOJI, felt

WORD = re.compile(rf"[^\W\d_]+(?:['\u0300-\u036f][^\W\d_]+)*|{EMOJI}")
APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\uff07": "'"})

STOP_WORDS = frozenset(
    """
    a an the this that these those such same another other others each every either neither both all
    any some no none few many much more most less least several enough half i me my mine myself we
    us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
    it its itself they them their theirs themselves one ones oneself who whom whose which what
    whatever whoever someone somebody something anyone anybody anything everyone everybody
    everything nobody nothing am is are was were be been being have has had having do does did doing
    done will would shall should can could may might must ought dare let lets get gets got getting
    going i'm you're he's she's it's we're they're
    i've you've we've they've i'd you'd he'd she'd we'd they'd i'll you'll he'll she'll it'll we'll
    they'll that's there's here's what's who's where's how's let's isn't aren't wasn't weren't
    haven't hasn't hadn't don't doesn't didn't won't wouldn't shan't shouldn't can't cannot couldn't
    mightn't mustn't not never nor n't ain't im ive dont doesnt didnt wont cant couldnt wouldnt isnt
    arent wasnt thats and or but so yet if then else because since although though while whereas
    unless until till whether as than of in on at by for with without about against between among
    into onto through during before after above below over under to from up down out off again
    further near far along across behind beyond toward towards upon within per via here there where
    when why how now ever always often sometimes usually just only also too very quite rather even still
    already almost perhaps however therefore otherwise instead oh ah um uh er hm hmm mm
    """.split()
)
"""Closed-class words: never an echo. Negations are among them, so that they stay in the text.

Words that carry little by themselves ("okay", "want", "know") are none of them: said back, they move a
reading of affect as words of feeling do (benchmarks/emotional)."""

ENDINGS = ("'s", "ing", "edly", "ed", "ies", "es", "s", "ly", "er", "est")
SHORTEST_STEM = 3


@dataclass(frozen=True, slots=True)
class Edited:
    """A reply without the partner's words.

    Attributes
    ----------
    text : what is left; "" when no letter is left
    echoed : the deleted tokens, lower case, in order
    content : content tokens of the reply, before deletion
    """

    text: str
    echoed: tuple[str, ...]
    content: int


def has_words(text: str | None) -> bool:
    """Whether there is a letter in it at all, an emoji or an emoticon."""
    return text is not None and (any(unicodedata.category(c)[0] == "L" for c in text) or felt(text))


SENTENCE = re.compile(r"(?<=[.!?\u2026])[\"'\u201d\u2019)]*\s+")


def sentences(text: str) -> list[str]:
    """The sentences of a text that have words.

    Examples
    --------
    >>> sentences("I am so sorry. Really?! ... Let's see.")
    ['I am so sorry.', 'Really?!', "Let's see."]
    """
    return [one for one in SENTENCE.split(text.strip()) if has_words(one)]


def is_question(text: str) -> bool:
    """Whether a text ends by asking: its affect is often the partner's, asked about."""
    return text.rstrip(" \"')\u201d\u2019").endswith("?")


OWN = frozenset("i i'm i've i'd i'll im ive me my mine myself we we're we've us our".split())
PARTNER = frozenset(
    """
    you you're you've you'd you'll your yours yourself they they're they'll they've their them he she
    will won't
    """.split()
)


YOU = frozenset("you you're you've you'd you'll your yours yourself".split())


def to_partner(text: str) -> list[str]:
    """The clauses that speak to the partner.

    Examples
    --------
    >>> to_partner("That is awful, but you are brave.")
    ['but you are brave.']
    """
    return [one for one in clauses(text) if not YOU.isdisjoint(_tokens(one))]


def about_partner(text: str) -> bool:
    """Whether a text speaks of the partner, of others or of what will happen more than of its speaker.

    Examples
    --------
    >>> about_partner("You will lose everything."), about_partner("I feel so hopeless.")
    (True, False)
    """
    words = _tokens(text)
    return sum(word in PARTNER for word in words) > sum(word in OWN for word in words)


BLEAK = frozenset(
    """
    nowhere forever worse worst worthless hopeless doomed ruin ruined ruins lose fault wasted waste
    pointless useless helpless alone die dying dead fail failing failed fails downhill
    """.split()
)
"""Worsening words: bleak unless something before them in their clause denies them."""

ABSOLUTE = frozenset("never nobody nothing none cannot can't won't".split())
"""Absolute words (Al-Mosaiwi & Johnstone 2018): bleak only where they deny something wanted."""

WANTED = frozenset(
    """
    back better hire hires recover recovers heal heals forgive forgives trust trusts trusted love loves
    loved like likes liked help helps believe believes listen listens answer answers care cares pass succeed
    find finds money friends want wants understand see return
    """.split()
)
"""What a partner in need wants: "never forgive" is bleak, "never charge" a relief."""

DENIED = frozenset("not no without far hardly nothing never nobody none cannot nor neither".split())
"""Before a bleak word, within its clause, these take it back."""

PART = re.compile(r"\b(?:and|but|because|or)\b", re.IGNORECASE)


def bleak(text: str) -> bool:
    """Whether a text says that things cannot get better or will get worse.

    Judged clause by clause, on the sense of the word: a worsening word counts unless it is denied, "late"
    only as "too late", and an absolute word only where it denies what the partner wants.

    Examples
    --------
    >>> bleak("They will never forgive you."), bleak("You are not worthless to them.")
    (True, False)
    >>> bleak("You will never be charged again."), bleak("They will stay open late for you.")
    (False, False)
    """
    return any(_bleak(_tokens(part)) for clause in clauses(text) for part in PART.split(clause))


def _bleak(words: list[str]) -> bool:
    """The same of the words of one clause."""
    for k, word in enumerate(words):
        denied = any(one in DENIED or one.endswith("n't") for one in words[:k])
        worse = word in BLEAK or (word == "late" and k > 0 and words[k - 1] == "too")
        if worse and not denied:
            return True
        if word in ABSOLUTE and not denied and not WANTED.isdisjoint(words[k + 1 :]):
            return True
    return False


CLAUSE = re.compile(r"(?<=[.,;:!?\u2026])\s+")


def clauses(text: str) -> list[str]:
    """What stands between marks of punctuation and has words.

    Examples
    --------
    >>> clauses("I'm sorry, that must hurt.")
    ["I'm sorry,", 'that must hurt.']
    """
    return [one for one in CLAUSE.split(text.strip()) if has_words(one)]


LEMMAS = {
    **dict.fromkeys(("en", "de", "es", "fr", "it", "nl", "pt", "ru", "tr"), ("lemma_lookup",)),
    "pl": tuple(f"lemma_lookup_{kind}" for kind in ("adj", "adv", "noun", "pron", "verb")),
}
"""Language -> tables of spacy-lookups-data (MIT): where echo can be deleted."""


def without_echo(reply: str, prime: str, language: str = "en") -> Edited:
    """Delete from a reply every content word that the partner has just used, in whatever inflection.

    Parameters
    ----------
    reply, prime : texts of a reply and of the turn that it answers
    language : one of `LEMMAS`

    Returns
    -------
    Edited. All occurrences are deleted, with the commas that they leave; stop words and negations stay.

    Source
    ------
    methods/emotional.md, sections 4 and 5: deletion by form alone leaves nearly the whole effect of an
    inflected echo.

    Examples
    --------
    >>> without_echo("You mentioned worries, deliveries. I am here.", "I worry about my delivery")
    Edited(text='You mentioned. I am here.', echoed=('worries', 'deliveries'), content=2)
    """
    heard: set[str] = set()
    closed = closed_class(language)
    for token in _tokens(prime):
        if token not in closed:
            heard |= keys(token, language)
    flat = _flat(reply)
    echoed, kept, content, last = [], [], 0, 0
    for found in WORD.finditer(flat):
        token = found.group().lower()
        if token in closed:
            continue
        content += 1
        if keys(token, language) & heard:
            echoed.append(token)
            kept.append(flat[last : found.start()])
            last = found.end()
    kept.append(flat[last:])
    text = _tidy("".join(kept)) if echoed else reply
    return Edited(text if has_words(text) else "", tuple(echoed), content)


def _flat(text: str) -> str:
    """The same letters and apostrophes however they were typed."""
    return unicodedata.normalize("NFC", text).translate(APOSTROPHES)


def _tokens(text: str) -> list[str]:
    """Words of a text, lower case."""
    return [found.group().lower() for found in WORD.finditer(_flat(text))]


@cache
def closed_class(language: str) -> frozenset[str]:
    """Words that are never an echo: our own list of English, spaCy's stop words of other languages."""
    if language == "en":
        return STOP_WORDS
    return frozenset(import_module(f"spacy.lang.{language}.stop_words").STOP_WORDS)


@cache
def keys(token: str, language: str = "en") -> frozenset[str]:
    """What a token may be recognised by: its form, its lemma, and its form without an ending.

    Parameters
    ----------
    token : lower case
    language : one of `LEMMAS`; endings are taken off in English only

    Returns
    -------
    Keys; two tokens that share one count as the same word.

    Examples
    --------
    >>> bool(keys("worried") & keys("worry")), bool(keys("cat") & keys("car"))
    (True, False)
    """
    lemmas = _lemmas(language)
    found = {token, lemmas.get(token, token)}
    for ending in ENDINGS if language == "en" else ():
        stem = token.removesuffix(ending)
        if stem != token and len(stem) >= SHORTEST_STEM:
            found |= {stem, f"{stem}e", f"{stem}y"}
            if stem[-1] == stem[-2]:
                found.add(stem[:-1])
            if stem[-1] == "i":
                found.add(f"{stem[:-1]}y")
    found |= {lemmas.get(key, key) for key in found}
    return frozenset(found)


@cache
def _lemmas(language: str) -> dict[str, str]:
    """Forms and their lemmas; spaCy itself is not needed."""
    found: dict[str, str] = {}
    for name in LEMMAS[language]:
        path = resources.files("spacy_lookups_data") / "data" / f"{language}_{name}.json.gz"
        table: dict[str, str | list[str]] = json.loads(gzip.decompress(path.read_bytes()))
        for form, lemma in table.items():
            found.setdefault(form.lower(), (lemma if isinstance(lemma, str) else lemma[0]).lower())
    return found


def source() -> str:
    """Where the lemmas come from, for the signature."""
    return f"lemma-{version('spacy-lookups-data')}"


EMPTY_QUOTES = re.compile(
    r"[\"\u201c\u201d\u00ab\u00bb]\s*[\"\u201c\u201d\u00ab\u00bb]|[\u2018(\[]\s*[\u2019)\]]"
)


def _tidy(text: str) -> str:
    """Close the gaps that deleted words leave: quotation marks and conjunctions around nothing, commas."""
    text = EMPTY_QUOTES.sub("", re.sub(r"\s+", " ", text))
    text = re.sub(r"(?:\s*\b(?:and|or)\b)+(?=\s*(?:[,.!?;:]|$))", "", text)
    text = re.sub(r"(?:\s*,)+(?=\s*(?:[.!?;:]|$))", "", text)
    text = re.sub(r"\s*,(?:\s*,)+", ",", text)
    text = re.sub(r"\s+([,.!?;:])", r"\1", text)
    text = re.sub(r"([.!?;:])\s*,", r"\1", text)
    return re.sub(r"\s+", " ", text).strip().removeprefix(",").strip()
