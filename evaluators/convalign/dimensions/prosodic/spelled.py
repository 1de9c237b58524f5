"""A written text as the words one speaks: figures, signs and abbreviations said out, tags left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from convalign.dimensions.prosodic import numerals
from convalign.dimensions.prosodic.abbreviations import said

_UNITS: Final = {
    unit: words.split()
    for unit, words in (
        entry.split(" ", 1)
        for entry in (
            "% percent|km kilometers|m meters|cm centimeters|mm millimeters|mi miles|ft feet|yd yards|"
            "yds yards|"
            "kg kilograms|g grams|mg milligrams|lb pounds|lbs pounds|oz ounces|l liters|ml milliliters|"
            "mph miles per hour|km/h kilometers per hour|kph kilometers per hour|h hours|hr hours|hrs hours|"
            "min minutes|mins minutes|s seconds|sec seconds|secs seconds|ms milliseconds|yr years|yrs years|"
            "wk weeks|wks weeks|kb kilobytes|mb megabytes|gb gigabytes|tb terabytes|hz hertz|khz kilohertz|"
            "mhz megahertz|ghz gigahertz|w watts|kw kilowatts|kwh kilowatt hours|v volts|db decibels|"
            "°c degrees celsius|°f degrees fahrenheit|° degrees|k thousand|bn billion|m2 square meters|"
            "km2 square kilometers|sqft square feet|pcs pieces|pts points|€ euros|£ pounds|$ dollars|¥ yen|"
            "₹ rupees|¢ cents"
        ).split("|")
    )
}
_MONEY: Final = {
    "$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", ""),
    "₹": ("rupee", ""),
}  # fmt: skip
_MANY: Final = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion", "t": "trillion"}
_SIGNS: Final = {"&": "and", "@": "at", "+": "plus", "=": "equals", "~": "about", "×": "times", "÷": "over"}
_IN_ADDRESS: Final = str.maketrans(
    {".": " dot ", "@": " at ", "/": " slash ", "-": " dash ", "_": " underscore ", "+": " plus ", "#": " "}
)
_SAME: Final = str.maketrans(
    dict.fromkeys("‘’ʼ`´", "'") | dict.fromkeys("‐‑‒–−", "-") | dict.fromkeys("⁄∕", "/")
)
_VULGAR: Final = {"½": " 1/2 ", "⅓": " 1/3 ", "⅔": " 2/3 ", "¼": " 1/4 ", "¾": " 3/4 "}

_NOISE: Final = (
    "laugh(?:s|ing|ter)?|chuckl(?:es?|ing)|giggl(?:es?|ing)|sigh(?:s|ing)?|cough(?:s|ing)?|sneez(?:es?|ing)|"
    "sniff(?:s|les)?|sob(?:s|bing)?|cries|crying|gasps?|groans?|yawns?|breath(?:es?|ing)?|inhales|exhales|"
    "pauses?|silence|noise|static|music|applause|inaudible|unclear|unintelligible|crosstalk|overlap|beep|"
    "ringing|whisper(?:s|ing)?|mumbl(?:es|ing)|shrugs|smiles|nods"
)
_TAGS: Final = re.compile(
    r"\[[^\[\]]*\]|</?[a-zA-Z][^<>]*>|\(\([^()]*\)\)|(?<![\w*])\*[a-zA-Z][^*\n]*(?<![\s*])\*(?![\w*])"
    rf"|\((?i:{_NOISE})\.?\)"
)
_LETTERS: Final = r"(?:[^\W\d_][\u0300-\u036f]?)+"
_NUMBER: Final = r"(?:(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|(?<![\w.])\.[0-9]+)"
_UNIT: Final = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_AFTER_NUMBER: Final = r"(?:(?<=[0-9%])|(?<=[ap]m)|(?<=m\.))"

# One alternative per kind of token, named; tried in this order, each bounded, so that time is linear.
_TOKENS: Final = re.compile(
    rf"""
      (?P<face>(?<!\w)(?:[:;=]['^]?-?[)(DPpOo/\\|*]|:3|<3+|[xX]D)(?!\w))
    | (?i:(?<![\w@])(?:https?://)?(?P<web>(?:[\w.+-]{{1,64}}+@)?(?:[a-z0-9-]{{1,63}}\.){{1,5}}
        (?:com|org|net|edu|gov|io|co|uk|de|fr|eu|ai|app|info|biz|tv)(?![\w@])(?:[/?\#][^\s<>"]{{0,200}})?))
    | (?i:(?<![\w.])(?P<initials>(?:[a-z]\.){{1,8}}[a-z](?!\w)\.?))
    | (?P<joined>(?<!\w)[A-Z]{{1,3}}&[A-Z]{{1,3}}(?!\w))
    | (?P<slashed>(?<!\w)(?i:w/o(?!\w)|w/|b/c(?!\w)))
    | (?P<phone>(?<![\w.,])(?:
          (?:\+?[0-9]{{1,3}}[ .-])?(?:\([0-9]{{3}}\)[ ]?|[0-9]{{3}}[ .-])[0-9]{{3}}[ .-][0-9]{{4}}
        | [0-9]{{3}}-[0-9]{{4}} | \+[0-9][0-9 ()-]{{6,18}}[0-9]
        | 0[0-9]{{2,4}}[ -][0-9]{{3,4}}[ -]?[0-9]{{3,4}} | [0-9]{{4}}(?:[ -][0-9]{{4}}){{3}})(?![\w-]))
    | (?P<date>(?<![\w.,])(?:[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}
        | [0-9]{{1,2}}(?P<mark>[/.-])[0-9]{{1,2}}(?P=mark)(?:[0-9]{{4}}|[0-9]{{2}}))(?![\w/]))
    | (?P<version>(?<![\w.,])[0-9]{{1,6}}(?:\.[0-9]{{1,6}}){{2,6}}(?!\w))
    | (?P<time>(?<![\w:])(?P<hour>[01]?[0-9]|2[0-4])(?:
          :(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?(?![0-9:])
          (?:[ ]?(?i:(?P<half>[ap])\.?m(?!\w)\.?))?
        | (?:\.(?P<minute2>[0-5][0-9]))?[ ]?(?i:(?P<half2>[ap])\.?m(?!\w)\.?)))
    | (?P<fraction>(?<![\w/.,])(?:(?P<whole>[0-9]{{1,3}})[ ]{{1,2}})?
        (?P<upper>[0-9]{{1,2}})/(?P<lower>[0-9]{{1,2}})
        (?![\w/]))
    | (?P<ordinal>(?<![\w.])(?P<rank>[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,3}}|[0-9]{{1,6}})(?i:st|nd|rd|th)(?!\w))
    | (?P<decade>(?<!\w)(?P<tens>(?:1[0-9]|20)?[1-9]0|[12][0-9]00)'?s(?!\w))
    | (?P<money>(?P<coin>[$€£¥₹])[ ]?(?P<amount>{_NUMBER})(?:[ ]?(?i:(?P<many>k|m|bn?|t)(?!\w)))?
        (?:[ ](?P<scale>hundred|thousand|million|billion|trillion)(?!\w))?)
    | (?P<number>(?P<figures>{_NUMBER})(?:[ -]?(?P<unit>(?i:{_UNIT}))(?![^\W_]))?)
    | {_AFTER_NUMBER}(?P<minus>[ ]-[ ](?=[0-9][0-9.,]{{0,12}}[ ]?=))
    | {_AFTER_NUMBER}(?P<to>[ ]?-[ ]?(?=[$€£]?[0-9]))
    | (?P<negative>(?<![\w)-])-(?=[$€£]?[0-9]))
    | (?P<times>(?<=[0-9])[ ]?[*×x][ ]?(?=[0-9]))
    | (?P<no>(?<!\w)(?i:no)\.[ ]?(?=\#?[0-9])|\#[ ]?(?=[0-9]))
    | \#(?P<hashtag>[^\W_]\w*)
    | (?P<word>{_LETTERS}(?:'{_LETTERS})*)
    | (?P<sign>[&@+=~×÷])
    """,
    re.VERBOSE,
)
Token = re.Match[str]


def spoken(text: str) -> list[str]:
    """Say a text: the words one hears when it is read aloud in English.

    Parameters
    ----------
    text : any string

    Returns
    -------
    Words in small letters; an initial is a word of one letter. Empty when nothing is speech.

    Examples
    --------
    >>> " ".join(spoken("Dr. Low [coughs] paid $12.50 on Dec. 3rd, 2024 at 9:05 a.m."))
    'doctor low paid twelve dollars fifty on december third twenty twenty four at nine oh five a m'
    """
    return _speak(_TAGS.sub(" | ", _plain(text)))


def _plain(text: str) -> str:
    """One form of every sign: ASCII where there is one, an accent after its letter."""
    text = text.translate(_SAME)
    if not text.isascii():
        text = re.sub(r"([\u0300-\u036f])[\u0300-\u036f]+", r"\1", "".join(map(_sign, text)))
    return re.sub(r"[^\S\n]+", " ", text)


@lru_cache(maxsize=4096)
def _sign(sign: str) -> str:
    """One character, decomposed alone: to normalize a whole text of marks takes quadratic time."""
    if sign in _VULGAR or sign in "™®©":
        return _VULGAR.get(sign, "")
    kept = (s for s in unicodedata.normalize("NFKD", sign) if "\u0300" <= s <= "\u036f" or _is_read(s))
    return "".join(str(unicodedata.decimal(s)) if s.isdecimal() else s for s in kept)


def _is_read(sign: str) -> bool:
    """Marks of other scripts, invisible signs and halves of characters are passed over."""
    return unicodedata.category(sign) not in {"Mn", "Mc", "Me", "Cf", "Cs"}


def _speak(text: str) -> list[str]:
    """Words of a text without tags."""
    words: list[str] = []
    for token in _TOKENS.finditer(text):
        kind = token.lastgroup or ""
        if kind in _SAYINGS:
            words += _SAYINGS[kind](token)
        elif kind == "number":
            words += _number(token, words)
        elif kind in _FIXED:
            words.append(_FIXED[kind])
    return [unicodedata.normalize("NFC", word) for word in words]


def _word(token: Token) -> list[str]:
    text, start, end = token.string, token.start(), token.end()
    return said(
        token[0],
        stop=text[end : end + 1] == ".",
        before=text[max(0, start - 20) : start],
        after=_after(text, end),
    )


def _after(text: str, end: int) -> str:
    """What follows a word, past its full stop."""
    end += text[end : end + 1] == "."
    return text[end : end + 20]


def _web(token: Token) -> list[str]:
    return _speak(token["web"].rstrip("/.,!?;:)'").translate(_IN_ADDRESS))


def _hashtag(token: Token) -> list[str]:
    """The words of #BlackFriday_2024."""
    return ["hashtag", *_speak(re.sub(r"(?<=[a-z])(?=[A-Z0-9])|_", " ", token["hashtag"]))]


def _initials(token: Token) -> list[str]:
    letters = [letter for letter in token[0].lower() if letter != "."]
    return {"eg": ["for", "example"], "ie": ["that", "is"]}.get("".join(letters), letters)


def _joined(token: Token) -> list[str]:
    return ["and" if letter == "&" else letter for letter in token[0].lower()]


def _phone(token: Token) -> list[str]:
    return [*(["plus"] if "+" in token[0] else []), *numerals.digits(token[0])]


def _version(token: Token) -> list[str]:
    first, *rest = token[0].split(".")
    return [*numerals.number(first), *(word for part in rest for word in ["point", *numerals.number(part)])]


def _time(token: Token) -> list[str]:
    minute, second = token["minute"] or token["minute2"], token["second"]
    half = (token["half"] or token["half2"] or "").lower()
    return numerals.clock(int(token["hour"]), int(minute or 0), int(second) if second else None, half)


def _money(token: Token) -> list[str]:
    """Twelve dollars fifty; ninety nine cents; five million dollars."""
    unit, cent = _MONEY[token["coin"]]
    whole, _, cents = token["amount"].partition(".")
    scale = [word for word in (_MANY.get((token["many"] or "").lower()), token["scale"]) if word]
    if len(cents) != 2 or scale or not cent:
        said_so = numerals.number(token["amount"], quantity=True)
        return [*said_so, *scale, _counted(unit, token["amount"] == "1" and not scale)]
    pence = numerals.cardinal(int(cents)) if int(cents) else []
    if not whole.strip("0"):
        return [*(pence or ["zero"]), _counted(cent, cents == "01")]
    main = [*numerals.number(whole, quantity=True), _counted(unit, whole == "1")]
    return [*main, *pence, *([_counted(cent, cents == "01")] if 0 < int(cents) < 10 else [])]


def _counted(unit: str, one: bool) -> str:
    return unit if one or unit == "yen" else "pence" if unit == "penny" else f"{unit}s"


def _number(token: Token, before: list[str]) -> list[str]:
    """A number with its unit; alone and of four figures, 1900 to 2099 is a year."""
    figures, unit = token["figures"], token["unit"]
    if unit:
        name = {"M": ["million"], "G": ["g"]}.get(unit) or _UNITS[unit.lower()]
        one = figures == "1" and len(name) == 1
        return [*numerals.number(figures, quantity=True), *([_one(name[0])] if one else name)]
    if (
        len(figures) == 4
        and figures[:2] in {"19", "20"}
        and figures.isdecimal()
        and before[-1:] != ["number"]
    ):
        return numerals.year(int(figures))
    return numerals.number(figures)


def _one(name: str) -> str:
    """One of a unit."""
    return "foot" if name == "feet" else name if name in {"hertz", "yen"} else name.removesuffix("s")


_FIXED: Final = MappingProxyType(
    {"minus": "minus", "negative": "minus", "to": "to", "times": "times", "no": "number"}
)
_SAYINGS: Final[Mapping[str, Callable[[Token], list[str]]]] = MappingProxyType(
    {
        "word": _word,
        "web": _web,
        "hashtag": _hashtag,
        "initials": _initials,
        "joined": _joined,
        "slashed": lambda token: said(token[0]),
        "phone": _phone,
        "date": lambda token: numerals.date(re.split(r"\D", token[0])),
        "version": _version,
        "time": _time,
        "fraction": lambda token: numerals.fraction(token["whole"] or "", token["upper"], token["lower"]),
        "ordinal": lambda token: numerals.ordinal(int(token["rank"].replace(",", ""))),
        "decade": lambda token: numerals.plural(_decade(int(token["tens"]))),
        "money": _money,
        "sign": lambda token: [_SIGNS[token[0]]],
    }
)


def _decade(value: int) -> list[str]:
    return numerals.cardinal(value) if value < 100 or value % 1000 == 0 else numerals.year(value)
