"""Syllables of a text as it is spoken, from its letters: rules and a short list of exceptions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from convalign.dimensions.prosodic.spelled import spoken

__all__ = ["LANGUAGES", "spoken", "syllable_count"]

LANGUAGES: Final = ("en",)
VOWELS: Final = frozenset("aeiouy")

# What the rules get wrong, by number of syllables; common endings are added by themselves.
_EXCEPTIONS: Final = {
    1: """
        ache aches aisle aren't arent axe aye cheque clothe clothes drawer eye eyed eyes fiend friend hearth
        heist hoist isle ma'am moist pier prayer priest real says seoul shoe suave suite theyre tier weren't
        werent whoa y'all ya'll youre
        """,
    2: """
        acne andes argue awesome biscuit bruise business cafe canoe cashier chelsea chloe circuit cliche
        cocoa comeback conduit cooper crooked duo forte frontier fruity genre glacier guinea headache
        hundred jesuit joey jose jury latte linkedin louis maybe mhm mhmm mmhm mmhmm naive naked noah noel
        omelet omelette pharaoh phoebe pliers posse premier premiere psyche righteous rugged sacred soldier
        swansea unclean vacuum wicked wretched
        """,
    3: """
        achilles adobe albeit angeles anime anyone apache arguing beatrice chandelier coyote element fiance
        fiancee finale heroin heroine israel karate koala lenient montreal nonetheless oasis ochoa overseas
        parliament realtor recipe seattle sesame simile tamale wannabe
        """,
    4: """
        apostrophe catastrophe diabetes epitome guacamole hacienda hyperbole marijuana nevertheless
        vigilante yosemite
        """,
    5: """
        extraordinary
        """,
}
_COUNTS: Final = {word: count for count, words in _EXCEPTIONS.items() for word in words.split()}
_ENDINGS: Final = {
    "s": 0,
    "d": 0,
    "ly": 1,
    "ing": 1,
    "ness": 1,
    "less": 1,
    "ful": 1,
    "ment": 1,
    "er": 1,
    "able": 2,
}

# First halves of compounds, whose e is silent before a consonant.
_HALVES: Final = (
    "some where there home house horse fire life safe time white store game space share note name base "
    "face side line live love make take like nine cheese wine smoke cake lake hope wide pipe ice trade "
    "wave stone bone code whole lime pine rose drive voice grade place stake gate case state noise price "
    "ware spare sauce cause mile goose bare dare bore hide tape wire juice range lace brace rate fare "
    "cape were ire tire one else eye more dodge mine size clothe cleve hole knife tube pale pole phone "
    "smile edge bride race gwide"
)
_HALF: Final = "|".join(word[:-1] for word in _HALVES.split())
# Spoken shorter than written, wherever the word goes on.
_SHORTENED: Final = (
    "^every evry", "^business bizness", "interest intrest", "favou?rit favrit", "^several sevral",
    "^averag avrag", "^evening evning", "^camera camra", "chocolat choclat", "comfortabl comftabl",
    "^wednes wens", "^temperat temprat", "^miserab misrab", "^vegetabl vegtabl", "desperat desprat",
    "(iff|ef|nf)er(?=en[ct]) \\1r", "ically$ icly", "squirrel sqirel",
)  # fmt: skip


Put = str | Callable[[re.Match[str]], str]


def _compiled(*rules: tuple[str, Put]) -> tuple[tuple[re.Pattern[str], Put], ...]:
    return tuple((re.compile(pattern), put) for pattern, put in rules)


# Rewritten in order until every group of vowel letters is one syllable; "-" parts two vowels.
_BEFORE: Final = _compiled(
    (r"^y(?=[aeiou])", "j"),
    (r"qu(?=[aeiouy])", "qw"),
    (r"gu(?!it[yi])(?=[aei])", "gw"),
    (r"^mc", "mac"),
    (r"(?<=[ds])nt$", "ent"),
    *((rule.split(" ")[0], rule.split(" ")[1]) for rule in _SHORTENED),
    (r"^eye(?=[^aeiouyr])", "ai"),
    (r"^(some|where|there|here)(?=[aiou])", r"\1'"),
    (rf"^({_HALF})e(?=(?!st$)[^aeiouyr'].|o(?:ut|ver|ff|ne))", r"\1"),
    (r"(wher|ther|som|her)e'", r"\1"),
    (r"^here(?=by|with|to)", "her"),
    (r"fore(?=cast|see|head|going|most|front|tell|man|hand|arm|clos|ground|play|sight|word|father)", "for"),
    (r"(car|sal|spok|stat|trad)e(?=giv|tak|s[mwp])", r"\1"),
    (
        r"([aeiouy][^aeiouy]{0,2}(?<![^aeiouy][lr])(?:(?<=[aeiouy])[lr]|[^aeiouylr]))e(?=(?:ly|less|ful(?:ly)?|ments?(?:al)?|ness)(?:$|ly|ness))",
        r"\1",
    ),
    (r"([aeiouy][^aeiouy-]+e)(?=as?$)", r"\1-"),
    (r"([oa])(?=ics?$|icly)", r"\1-"),
    (r"yard", "jard"),
)
_AFTER: Final = _compiled(
    (r"(?<=[aeou])y(?=[aeiou])", "j"),
    (r"y(?=i)", "y-"),
    (r"ny(?=[ao])", "nj"),
    (r"(?<=[^aeiou-])(?<!aw)y(?=e[rs]|a|o)", "y-"),
    # ia, io, iu, ie
    (r"(?<=[^cts])i(?=a(?!g(?:e[sd]?)?$))", "i-"),
    (r"(?<=[cts])i(?=a[tsu])", "i-"),
    (r"(?<!a)lli-a(?=[nm])", "llia"),
    (r"([iu])li-ar", r"\1liar"),
    (r"(gin|lvan|forn)i-a", r"\1ia"),
    (r"gi-a(?=ns?$|s?$)", "gia"),
    (r"i(?=o)", "i-"),
    (r"([ctsgx]h?)i-o(?=n|us)", r"\1io"),
    (r"([aeiouy][ln]+)i-on", r"\1ion"),
    (r"([aeiouy][nv])i-o(?=u?r)", r"\1io"),
    (r"i(?=u|i)", "i-"),
    (r"(?<=[^aeiou])i(?=ers?$|est$|et|enn|eth$|ego)", "i-"),
    (r"(?<=[^ctgaeiou])i(?=en(?!d))", "i-"),
    (r"(?<!n)sci(?=en)", "sci-"),
    # ea, eo, eu, ei, ee
    (
        r"^((?:un|over)?(?:re|pre))(?=a(?:ct|d[dj]|l(?:i|loc)|ss|pp|rr|ff|wak|nim)|u|i[mt]|in[scfvtc]|e(?:le|n[at]|v|x|st|mp|m))",
        r"\1-",
    ),
    (r"cre(?=at(?!u))|the(?=atr|ater)|ide(?=a)|^are(?=a)", lambda m: m[0] + "-"),
    (r"(cere|there|surre|bore)(?=al)|(line|nucle)(?=ar)", lambda m: m[0] + "-"),
    (r"([aeiouy][^aeiouy-]*(?:[rnpl]|bb)e)(?=ans?$)", r"\1-"),
    (r"e(?=o)", "e-"),
    (r"([gc]h?)e-o(?=n|us|rg)|(^[lpj])e-op", lambda m: m[0].replace("-", "")),
    (r"e(?=um|us$|ity|is[mt])|e(?=ings?$)|(?<=e)e(?=able)", lambda m: m[0] + "-"),
    # oi, oe, oa
    (
        r"o(?=ing)|^co(?=in[cs]i)|(?<=c)o(?=oper|ord)|^co(?=e[dfrx]|al[ei]|ag|au)|po(?=e[mt])",
        lambda m: m[0] + "-",
    ),
    (r"^(?:pro|do|zo)(?=a[cb]|ol)|(?:who|so)(?=ev)", lambda m: m[0] + "-"),
    # ua, ue, ui, uo, ao
    (r"(?<!j)u(?=a)", "u-"),
    (r"su-a(?=d|g|si)", "sua"),
    (r"(?<!z)u(?=e(?:l(?!ess)|n)|ets?$|est$|ers?$)", "u-"),
    (r"u(?=ing|in|id|is[mt]|it(?:i[^n]|y|ou))|(?<=s)u(?=ic)", "u-"),
    (r"u(?=ou)", "u-"),
    (r"a(?=o)", "a-"),
    # the m that is a syllable
    (r"([aiouy]s|th)ms?$", r"\1em"),
)


def syllable_count(text: str, *, language: str = "en") -> int | None:
    """Count the syllables of a text as it is spoken aloud.

    Parameters
    ----------
    text : as transcribed; figures and abbreviations are spoken out first, tags are no speech
    language : code of ISO 639; one of `LANGUAGES`

    Returns
    -------
    0 or more; None for a language without a rule

    Source
    ------
    Groups of vowel letters, less the silent ones; rules and exceptions written for this project.

    Examples
    --------
    >>> syllable_count("Your order no. 4417 ships on Dec. 3rd."), syllable_count("[laughter]")
    (20, 0)
    """
    if language not in LANGUAGES:
        return None
    return sum(map(_word_syllables, spoken(text)))


def _plain(word: str) -> str:
    """The word in ASCII letters: an accent tells that a last e, or the second of two vowels, is heard."""
    if word.isascii():
        return word
    for pattern, put in _ACCENTS:
        word = pattern.sub(put, word)
    return "".join(map(_base, word))


@lru_cache(maxsize=4096)
def _base(letter: str) -> str:
    letter = unicodedata.normalize("NFKD", letter)[:1]
    return _LATIN.get(letter, letter if letter.isascii() else "")


_LATIN: Final = {"æ": "e", "œ": "e", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "ð": "th", "þ": "th", "ı": "i"}
_ACCENTS: Final = _compiled(
    ("(?<=[a-z])é(e?s?)$", r"ay"), ("é(?=[aou])", "e-"), ("(?<=[aeiouy])ë$", "-ey"), ("(?<=[a-z])ë$", "ey"),
    ("(?<=[aeiouy])ï", "-i"), ("(?<=[aeiouy])ë", "-e"), ("(?<=[aeiouy])ö", "-o"), ("(?<=[aeiouy])ü", "-u"),
)  # fmt: skip


@lru_cache(maxsize=1 << 14)
def _word_syllables(word: str) -> int:
    """Syllables of one word as `spoken` gives it."""
    letters = _LONG.sub(r"\1\1", _plain(word))
    if letters in _COUNTS:
        return _COUNTS[letters]
    first, *rest = letters.strip("'").split("'")
    if rest[:1] == ["t"] and first.endswith("n") and len(first) > 1:
        stem = first[:-1]
        count = _core(stem) + (stem not in _NOT_SYLLABIC)
    else:
        count = _core(first) if len(first) > 1 or not rest or first in VOWELS else 0
    before = first
    for part in rest:
        count += _clitic(before, part)
        before = part
    return max(1, count)


def _clitic(before: str, part: str) -> int:
    """Syllables that what follows an apostrophe adds."""
    if part in {"s", "es"}:
        return int(before.endswith(_HISSING))
    if part == "d":
        return int(before.endswith(("t", "d")))
    if part in {"ve", "ll", "re"}:
        return int(before not in _OPEN and not before.endswith(("a", "i", "o", "u", "y", "w")))
    return _core(part) if part == "n" or VOWELS & set(part) else 0


def _core(word: str) -> int:
    """Syllables of a word of plain letters."""
    if word == "w":
        return 3
    if word in _COUNTS:
        return _COUNTS[word]
    for ending, more in _ENDINGS.items():
        known = _COUNTS.get(word.removesuffix(ending)) if word.endswith(ending) else None
        if known is not None:
            return known + more + _heard(word.removesuffix(ending), ending)
    for pattern, put in _BEFORE:
        word = pattern.sub(put, word)
    word = _without_silent_e(word)
    for pattern, put in _AFTER:
        word = pattern.sub(put, word)
    return max(1, len(_GROUP.findall(word)))


def _heard(before: str, ending: str) -> int:
    """Whether -s or -d is a syllable of its own."""
    return int(
        before.endswith(_HISSING)
        if ending in {"s", "es"}
        else ending == "d" and before.endswith(("t", "d", "te", "de"))
    )


_LONG: Final = re.compile(r"([a-z])\1{2,}")
_GROUP: Final = re.compile("[aeiouy]+")
_NOT_SYLLABIC: Final = frozenset("do wo ca ai sha are were".split())
_OPEN: Final = frozenset("he she we the me".split())
_HISSING: Final = ("s", "x", "z", "sh", "ch", "se", "ce", "ze", "xe", "ge", "che")


def _without_silent_e(word: str) -> str:
    """The word less the e of a last -e, -ed or -es that is not spoken."""
    if word.endswith("e"):
        stem, ending = word[:-1], ""
    elif word.endswith(("ed", "es")):
        stem, ending = word[:-2], word[-1]
    else:
        return word
    heard = (
        not VOWELS.intersection(stem)
        or stem.endswith("e")
        or (stem[-1] in "lr" and stem[-2] not in VOWELS and stem[-2] not in "lrw")
        or (ending == "d" and stem[-1] in "td")
        or (ending == "s" and (stem[-1] in "sxzcg" or stem.endswith(("sh", "ch"))))
        or (not ending and stem[-1] in VOWELS)
    )
    return word if heard else stem + ending
