"""Figures as words: cardinals, ordinals, years, times and dates, the American way and without "and"."""

from __future__ import annotations

from typing import Final

_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS: Final = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES: Final = ("", "thousand", "million", "billion", "trillion")
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_FRACTIONS: Final = {
    (1, 2): ["one", "half"],
    (1, 3): ["one", "third"],
    (2, 3): ["two", "thirds"],
    (1, 4): ["one", "quarter"],
    (3, 4): ["three", "quarters"],
}
LARGEST: Final = 15


def digits(figures: str) -> list[str]:
    """Each digit by its name; anything else is passed over."""
    return [_ONES[int(figure)] for figure in figures if figure in "0123456789"]


def cardinal(value: int) -> list[str]:
    """Say a whole number below 10 ** 15.

    Examples
    --------
    >>> cardinal(1250)
    ['one', 'thousand', 'two', 'hundred', 'fifty']
    """
    if not value:
        return ["zero"]
    words: list[str] = []
    for power in reversed(range(len(_SCALES))):
        part = value // 1000**power % 1000
        if part:
            words += [*_below_thousand(part), *filter(None, [_SCALES[power]])]
    return words


def _below_thousand(value: int) -> list[str]:
    hundreds, rest = divmod(value, 100)
    words = [_ONES[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        words.append(_TENS[rest // 10])
        rest %= 10
    return [*words, _ONES[rest]] if rest else words


def ordinal(value: int) -> list[str]:
    """Say 22 as twenty second.

    Examples
    --------
    >>> ordinal(22), ordinal(30)
    (['twenty', 'second'], ['thirtieth'])
    """
    *before, last = cardinal(value)
    return [*before, _ORDINALS.get(last) or (last[:-1] + "ie" if last.endswith("y") else last) + "th"]


def plural(words: list[str]) -> list[str]:
    """Say 90s as nineties, 2000s as two thousands."""
    *before, last = words
    return [*before, last[:-1] + "ies" if last.endswith("y") else last + ("es" if last == "six" else "s")]


def year(value: int) -> list[str]:
    """Say a year by its two halves, as English does from 1100 on but for 2000-2009.

    Examples
    --------
    >>> year(1984), year(2005), year(1900)
    (['nineteen', 'eighty', 'four'], ['two', 'thousand', 'five'], ['nineteen', 'hundred'])
    """
    century, rest = divmod(value, 100)
    if 2000 <= value < 2010:
        return cardinal(value)
    return [*cardinal(century), *(_two(rest) if rest else ["hundred"])]


def _two(value: int) -> list[str]:
    """Say 5 as "oh five" where two figures are meant."""
    return ["oh", _ONES[value]] if 0 < value < 10 else cardinal(value)


def number(figures: str, *, quantity: bool = False) -> list[str]:
    """Say figures as they stand: with commas or a point, or digit by digit.

    Parameters
    ----------
    figures : ASCII digits with thousands commas and one decimal point, both optional
    quantity : something is counted (money, a unit), so that long figures are no code

    Examples
    --------
    >>> number("1,250"), number("3.5"), number("04")
    (['one', 'thousand', 'two', 'hundred', 'fifty'], ['three', 'point', 'five'], ['zero', 'four'])
    """
    whole, point, decimals = figures.partition(".")
    plain = whole.replace(",", "")
    code = len(plain) > LARGEST or (plain.startswith("0") and len(plain) > 1)
    code = code or (len(plain) > 4 and plain == whole and not quantity)
    words = (digits(plain) if code else cardinal(int(plain))) if plain else []
    return [*words, "point", *digits(decimals)] if point and decimals else words


def clock(hour: int, minute: int | None, second: int | None, half: str) -> list[str]:
    """Say a time; `half` is "a", "p" or nothing."""
    words = cardinal(hour)
    if second is not None:
        words += [*_two(minute or 0), *_two(second)]
    elif minute:
        words += _two(minute)
    elif not half:
        words.append("o'clock" if 0 < hour <= 12 else "hundred")
    return [*words, half, "m"] if half else words


def date(parts: list[str]) -> list[str]:
    """Say the numbers of a date in the order they stand, without leading zeros but in the year."""
    said = []
    for place, part in enumerate(parts):
        last = len(part) == 2 and place == 2
        said += (
            year(int(part))
            if len(part) == 4 and int(part) > 1099
            else (_two if last else cardinal)(int(part))
        )
    return said


def fraction(whole: str, upper: str, lower: str) -> list[str]:
    """Say a half, thirds and quarters; any other pair as two numbers (12/05, 24/7)."""
    known = _FRACTIONS.get((int(upper), int(lower)))
    before = [*cardinal(int(whole)), *(["and"] if known else [])] if whole else []
    return before + (known or [*cardinal(int(upper)), *cardinal(int(lower))])
