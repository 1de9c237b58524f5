"""Emoji as words, and emoticons that no network has learnt: what would be read as one unknown sign."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import emoji

SENSE = {
    "red heart": "love",
    "face blowing a kiss": "sending love",
    "thumbs up": "good",
    "thumbs down": "not good",
    "face with tears of joy": "laughing tears of joy",
    "face with symbols on mouth": "angry cursing face",
    "face with steam from nose": "angry huffing face",
    "pensive face": "sad pensive face",
}
"""Names that a reader of words takes in another sense: a heart is red, tears are shed."""
TONE = re.compile(r"_(?:light|medium-light|medium|medium-dark|dark)_skin_tone")

EMOTICONS = {
    "angry face": r">[:=]-?\(",
    "broken heart": r"</3+",
    "crying face": r"[:=]['\u2019]-?\(|T_T|;_;",
}
"""Name -> what people type for it; the others, such as ``:)``, are pieces that networks have learnt."""
TYPED = re.compile(r"(?<!\w)(?:" + "|".join(f"({one})" for one in EMOTICONS.values()) + r")(?![\w/(])")
ONE = "[\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff]"
EMOJI = f"{ONE}(?:[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]|\u200d{ONE})*"
"""A pattern of an emoji with its variations and whatever is joined to it."""
FELT = re.compile(
    rf"{EMOJI}|{TYPED.pattern}|(?<![\w:/])(?:[:=;]-?[()DPp/|*oO\[\]]|<3+|[xX]D|\^_?\^|-_-)(?![\w/])"
)
SOURCE = f"emoji-{version('emoji')}"


def spelled(text: str, known: Callable[[str], bool] = lambda sign: False) -> str:
    """A text with its emoji, and its rare emoticons, as words: their names in Unicode's CLDR.

    Skin tones are left out; a few names give way to what the sign is used for (`SENSE`).

    Parameters
    ----------
    known : whether an emoji stays, because a model's vocabulary has it

    Examples
    --------
    >>> spelled("ok \U0001f621"), spelled("no :'("), spelled("thanks :)")
    ('ok enraged face', 'no crying face', 'thanks :)')
    """

    def named(sign: str, told: dict[str, Any]) -> str:
        plain = sign.replace("\ufe0f", "")
        if known(plain):
            return f" {plain} "
        name = TONE.sub("", told["en"].strip(":")).replace("_", " ").replace("-", " ")
        return f" {SENSE.get(name, name)} "

    found = TYPED.sub(_typed, text)
    if not found.isascii():
        found = emoji.replace_emoji(found, named)
    return found if found == text else re.sub(r" {2,}", " ", found).strip()


def felt(text: str) -> bool:
    """Whether there is an emoji or an emoticon in a text: it says something without a word.

    Examples
    --------
    >>> felt(":)"), felt("😡"), felt("?!"), felt("8:30")
    (True, True, False, False)
    """
    return FELT.search(text) is not None


def _typed(found: re.Match[str]) -> str:
    return f" {tuple(EMOTICONS)[(found.lastindex or 1) - 1]} "
