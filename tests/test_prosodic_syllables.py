"""Syllables of transcripts: figures and abbreviations said out, words counted, tags left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalign.dimensions.prosodic.syllables import LANGUAGES, spoken, syllable_count

Shared = Callable[[str], Path]

# Counted by hand.
WORDS = """
1 cat a I the yes you where smile made baked asked walked loved friend eye heard moved years shoe
2 being science going create table little people really every business maybe beyond wanted needed
2 boxes houses didn't couldn't isn't wouldn't lion poem prism rhythm evening something someone
2 homework hopeless careful safely movement
3 idea radio museum evidence remember beautiful everything customer apartment recipe serious animal
3 officer
4 information January experience situation immediate appreciate
5 university refrigerator curiosity
"""


@pytest.mark.parametrize(
    ("word", "count"),
    [(word, int(line.split()[0])) for line in WORDS.strip().splitlines() for word in line.split()[1:]],
)
def test_words_by_hand(word: str, count: int) -> None:
    assert syllable_count(word) == count


# What is written, and what one hears.
SAID = [
    ("1,250", "one thousand two hundred fifty"),
    ("3.5", "three point five"),
    ("1984", "nineteen eighty four"),
    ("2005", "two thousand five"),
    ("in 2024", "in twenty twenty four"),
    ("4417", "four thousand four hundred seventeen"),
    ("98765", "nine eight seven six five"),
    ("0042", "zero zero four two"),
    ("3:30 pm", "three thirty p m"),
    ("10:05", "ten oh five"),
    ("9am", "nine a m"),
    ("9:30 a.m.", "nine thirty a m"),
    ("$12.50", "twelve dollars fifty"),
    ("$1", "one dollar"),
    ("$5 million", "five million dollars"),
    ("5%", "five percent"),
    ("1st and 22nd", "first and twenty second"),
    ("the 30th", "the thirtieth"),
    ("1/2", "one half"),
    ("5-10 days", "five to ten days"),
    ("5 km", "five kilometers"),
    ("20 °C", "twenty degrees celsius"),
    ("10 mph", "ten miles per hour"),
    ("1 lb", "one pound"),
    ("6 ft", "six feet"),
    ("Dr. Low", "doctor low"),
    ("Mr. and Mrs. Fox", "mister and missus fox"),
    ("e.g. this", "for example this"),
    ("i.e. that", "that is that"),
    ("A vs. B", "a versus b"),
    ("no. 5", "number five"),
    ("no, never", "no never"),
    ("#5", "number five"),
    ("Dec. 3", "december three"),
    ("Mon. to Fri.", "monday to friday"),
    ("I may go.", "i may go"),
    ("R&D", "r and d"),
    ("salt & pepper", "salt and pepper"),
    ("555-0199", "five five five zero one nine nine"),
    ("FBI", "f b i"),
    ("TV", "t v"),
    ("THE PIN", "the pin"),
    ("ann@shop.com", "ann at shop dot com"),
    ("[laughter] yes <noise> no ((unclear))", "yes no"),
    ("well (laughs) *sighs* fine", "well fine"),
    ("um, uh-huh", "um uh huh"),
    ("90s", "nineties"),
    ("\U0001f600 :-) ...", ""),
]


@pytest.mark.parametrize(("written", "heard"), SAID)
def test_what_is_said(written: str, heard: str) -> None:
    assert " ".join(spoken(written)) == heard


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Your order no. 4417 ships on Dec. 3rd at 9:30 a.m. for $24.99.", 35),
        ("w", 3),
        ("FBI", 3),
        ("mhm", 2),
        ("Résumé, café, naïve.", 3 + 2 + 2),
        ("I’m sorry, you’re right.", 1 + 2 + 1 + 1),
        ("[laughter]", 0),
        ("", 0),
        ("... !", 0),
    ],
)
def test_whole_texts(text: str, count: int) -> None:
    assert syllable_count(text) == count


def test_other_languages_have_no_rule() -> None:
    assert LANGUAGES == ("en",)
    assert syllable_count("guten Tag", language="de") is None


def test_counts_are_those_of_speech(shared: Shared) -> None:
    # phoneme events of espeak-ng; how: vectors/README.md, prosodic
    records = json.loads(shared("vectors/prosodic/truth_syllables.json").read_text())
    truth = {one["text"]: one["syllables"] for one in records}
    errors = [abs((syllable_count(text) or 0) / count - 1) for text, count in truth.items()]
    assert len(errors) == 7
    assert sum(errors) / len(errors) <= 0.01


@given(st.text(max_size=80))
def test_any_text_has_a_count(text: str) -> None:
    count = syllable_count(text)
    assert count is not None
    assert count >= len(spoken(text)) >= 0
    assert syllable_count(text) == count


@given(st.lists(st.sampled_from("we order seven lovely tables and create ideas".split()), max_size=8))
def test_texts_add_up(words: list[str]) -> None:
    for cut in range(len(words)):
        one, two = " ".join(words[:cut]), " ".join(words[cut:])
        assert syllable_count(f"{one} . {two}") == (syllable_count(one) or 0) + (syllable_count(two) or 0)


@pytest.mark.parametrize(
    "piece", ["a", "1", "a.", "((", "*a", "a-", "9,", "'", "[x", "1:", "a@", "ss", "$1", "́"]
)
def test_long_texts_take_little_longer(piece: str) -> None:
    # Quadratic time would take minutes here; there is no clock in this test.
    assert syllable_count(piece * 50_000) is not None
