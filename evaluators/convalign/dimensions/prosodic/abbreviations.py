"""How one written word is spoken: abbreviations in full, initials by letter, the rest as it stands."""

from __future__ import annotations

import re
from typing import Final


def _table(entries: str) -> dict[str, list[str]]:
    """Entries such as "mr mister|phd p h d"."""
    split = (entry.split() for entry in entries.split("|"))
    return {short: words for short, *words in split}


# Only with their full stop, for they are words or names without; the first table only with a capital.
_NAMED: Final = _table(
    "jan january|feb february|apr april|jun june|jul july|aug august|sep september|sept september|"
    "oct october|nov november|dec december|mon monday|tue tuesday|tues tuesday|wed wednesday|"
    "thu thursday|thur thursday|thurs thursday|fri friday|mt mount|gov governor|sen senator|"
    "gen general|capt captain|rev reverend"
)
_DOTTED: Final = _table(
    "inc incorporated|ave avenue|ext extension|tel telephone|prof professor|incl including"
)
# Words too, at the end of a sentence.
_DOUBTFUL: Final = _table("sat saturday|sun sunday|mar march")
_SHORT: Final = _table(
    "mr mister|mrs missus|ms miz|jr junior|sr senior|vs versus|etc et cetera|approx approximately|"
    "dept department|ltd limited|rd road|blvd boulevard|apt apartment|misc miscellaneous|avg average|"
    "qty quantity|ok okay|phd p h d|pls please|plz please|thx thanks|btw by the way|ppl people|"
    "msg message|hrs hours|mins minutes|lbs pounds|w/ with|w/o without|b/c because"
)
_MONTHS: Final = frozenset("jan feb mar apr jun jul aug sep sept oct nov dec".split())

# Capitals read by letter although a vowel is among them, and no words when shouted.
_INITIALS: Final = frozenset(
    "FBI CIA USA UK EU UN UAE ATM CEO CFO CTO COO AI ID USB URL API IRS ETA USD EUR CPU GPU FAQ DIY FYI "
    "OMG SUV VIP ADHD UFO EV AC ISP IP IPO UPS IOU ASAP NYC NY NYPD LAPD LGBTQ OCD IV EMT HIV IQ AKA "
    "MBA IBM AOL UI UX EPA USPS UTC UCLA NBA BBC QA ICU UV ABC IOS".split()
)
_HUMMED: Final = frozenset(
    "hm hmm mm mhm mhmm mmhm mmhmm sh shh pf pff pft pfft psst pst grr brr tsk hmph nth zz".split()
)
_IT_IS: Final = re.compile(r" (?:department|dept|support|team|help|desk|staff|manager|issue|guy|specialist)")
_SHOUTED: Final = re.compile(r"[A-Z]{2,}\W*$|^\W*[A-Z]{2,}")
_AGAIN: Final = re.compile(r"([a-z])\1{2,}")
_PLURAL: Final = re.compile(r"([A-Z]{2,6})'?s")


def said(word: str, *, stop: bool = False, before: str = "", after: str = "") -> list[str]:
    """Say one word.

    Parameters
    ----------
    word : letters and apostrophes
    stop : a full stop follows
    before, after : what stands beside it, a few characters

    Returns
    -------
    The words spoken, small letters.

    Examples
    --------
    >>> said("Dept", stop=True), said("TVs"), said("PIN")
    (['department'], ['t', "v's"], ['pin'])
    """
    low = word.lower()
    if low in {"dr", "st"} and (stop or word.istitle()):
        return [_title(low, before, after)]
    full = _in_full(word, stop=stop, after=after)
    if full:
        return full
    several = _PLURAL.fullmatch(word)
    if several and _by_letter(several[1], before, after):
        letters = list(several[1].lower())
        return [*letters[:-1], f"{letters[-1]}'s"]
    return list(low) if _by_letter(word, before, after) else [low]


def _in_full(word: str, *, stop: bool, after: str) -> list[str]:
    """An abbreviation's words; [] for a word that is none here."""
    low = word.lower()
    if low in _SHORT:
        return list(_SHORT[low])
    if word[0].isupper():
        if stop and low in _NAMED:
            return list(_NAMED[low])
        if (stop and low in _DOUBTFUL and re.match(r",| ?-| [a-z0-9]", after)) or (
            low in _MONTHS and re.match(r"\.? ?[0-9]", after)
        ):
            return list((_NAMED | _DOUBTFUL)[low])
    return list(_DOTTED[low]) if stop and low in _DOTTED else []


def _title(low: str, before: str, after: str) -> str:
    """Doctor or drive, saint or street: by the name that follows."""
    named = re.match(r" ?[A-Z]", after) or not re.search(r"[A-Z]\w* $", before)
    return {"dr": "doctor", "st": "saint"}[low] if named else {"dr": "drive", "st": "street"}[low]


def _by_letter(word: str, before: str, after: str) -> bool:
    """Whether the word is read letter by letter."""
    if len(word) < 2 or not (word.isascii() and word.isalpha()):
        return False
    low = _AGAIN.sub(r"\1\1", word.lower())
    if not set("aeiouy") & set(low):
        return low not in _HUMMED and (word.isupper() or len(word) < 6)
    if word == "US":
        return not _SHOUTED.search(before) and not _SHOUTED.search(after)
    return word in _INITIALS or (word == "IT" and _IT_IS.match(after) is not None)
