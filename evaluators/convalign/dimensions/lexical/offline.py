"""Shared expressions of many dialogues at once, for the rows of a run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from convalign.dimensions.lexical import repeats
from convalign.dimensions.lexical.direction import UNSEEN, Measured
from convalign.dimensions.lexical.repeats import Tokens
from convalign.dimensions.lexical.spoken import Ints, Spoken

Found = dict[tuple[int, int], dict[str, Measured]]


def repetition(words: Sequence[Spoken], who: Sequence[Ints]) -> list[Found]:
    """`repetition.offline` and `initiated` of every ordered pair of speakers.

    Parameters
    ----------
    words : [n_dialogues] whole dialogues
    who : [n_dialogues][n_turns] place of the speaker of each turn

    Returns
    -------
    [n_dialogues], (replier, prime) -> metric -> measured. All dialogues share one suffix array.

    Source
    ------
    methods/lexical.md, section 2: ER over the replier's tokens, and IE, in the sub-dialogue of the two.
    """
    groups: list[tuple[int, int, int]] = []
    forms, letters, turns, speakers, owners = [], [], [], [], []
    first_turn = 0
    for number, (one, speaker) in enumerate(zip(words, who, strict=True)):
        token_turn = np.repeat(np.arange(len(one.length)), one.length)
        token_speaker = speaker[token_turn]
        for a, b in combinations(sorted(set(speaker.tolist())), 2):
            inside = (token_speaker == a) | (token_speaker == b)
            forms.append(one.form[inside])
            letters.append(one.letter[inside])
            turns.append(token_turn[inside] + first_turn)
            speakers.append(token_speaker[inside])
            owners.append(np.full(int(inside.sum()), len(groups)))
            groups.append((number, a, b))
            first_turn += len(one.length)
    found: list[Found] = [{} for _ in words]
    if not groups:
        return found
    _, form = np.unique(np.concatenate(forms), return_inverse=True)
    tokens = Tokens(
        form, np.concatenate(letters), np.concatenate(turns), np.concatenate(speakers), np.concatenate(owners)
    )
    shared = repeats.shared(tokens)
    hit = repeats.covered(
        shared, tokens.turn[shared.start] >= shared.established[shared.entry], len(tokens.form)
    )
    count = len(groups)
    group = tokens.dialogue[shared.example]
    numbers, begins = np.unique(tokens.turn, return_index=True)
    begun = tokens.speaker[begins][np.searchsorted(numbers, shared.first)]
    entries = np.bincount(group, minlength=count)
    total = np.bincount(tokens.dialogue, minlength=count)
    for place in (1, 2):
        holder = np.array([one[place] for one in groups])
        mine = tokens.speaker == holder[tokens.dialogue]
        size = np.bincount(tokens.dialogue[mine], minlength=count)
        again = np.bincount(tokens.dialogue[mine], hit[mine], minlength=count)
        own = np.bincount(group[begun == holder[group]], minlength=count)
        for (number, a, b), *counts in zip(groups, size, again, own, entries, total, strict=True):
            n, hits, started, lexicon, everything = map(int, counts)
            replier, prime = (a, b) if place == 1 else (b, a)
            talk = 0 < n < everything
            found[number][replier, prime] = {
                "repetition.offline": _plain(hits, n if talk else 0, "no words"),
                "initiated": _plain(started, lexicon, "no shared expression" if talk else "no words"),
            }
    return found


def _plain(part: int, whole: int, reason: str) -> Measured:
    """A share without strangers."""
    if not whole:
        return Measured(None, 0, reason, np.zeros(0))
    return Measured(part / whole, whole, UNSEEN, np.zeros(0))
