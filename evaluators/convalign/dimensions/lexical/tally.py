"""The counts on which one speaker's coordination rests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convalign.dimensions.lexical.chance import ENOUGH_UNITS, Bits, Floats, Ints, canonical


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The least evidence for a score, each a whole number from 0.

    Attributes
    ----------
    target, speaker, utterances : primes with the class (at least 1), replies with it, replies (at
        least 1), summed over the targets
    target_indiv, speaker_indiv, utterances_indiv : the same for each target, left out below it
    """

    target: int = 3
    speaker: int = 0
    utterances: int = 0
    target_indiv: int = 0
    speaker_indiv: int = 0
    utterances_indiv: int = 0

    @property
    def single(self) -> bool:
        """Whether single targets may be left out."""
        return bool(self.target_indiv or self.speaker_indiv or self.utterances_indiv)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Reply pairs of one speaker, in an order that only their content decides.

    Attributes
    ----------
    rows : [n, 3], masks of prime, reply and of the classes for which the pair is kept
    strata : [n], ascending; the set within which the reply may change places
    dialogues : [n], numbers of the dialogues
    counts : [4, n_classes], N, T, K, J over the kept pairs
    defined : [n_classes], which classes have a score
    """

    rows: Ints
    strata: Ints
    dialogues: Ints
    counts: Ints
    defined: Bits

    @property
    def width(self) -> int:
        """Number of classes."""
        return len(self.defined)

    @property
    def answered(self) -> Bits:
        """[n, n_classes], replies that hold a class."""
        return _bits(self.rows[:, 1], self.width)

    @property
    def scores(self) -> Floats:
        """[n_classes], nan where undefined."""
        n, t, k, j = self.counts
        found: Floats = np.where(self.defined, j / np.maximum(k, 1) - t / np.maximum(n, 1), np.nan)
        return found

    @property
    def weights(self) -> Floats:
        """[n, n_classes], what a reply with the class adds to its score in each place."""
        n, _, k, _ = self.counts
        kept = _bits(self.rows[:, 2], self.width)
        primed = _bits(self.rows[:, 0], self.width)
        found: Floats = kept * (primed / np.maximum(k, 1) - 1.0 / np.maximum(n, 1))
        return found

    def by_stratum(self, bit: int) -> Ints:
        """[n_strata, 3], N, T, K of one class in each stratum."""
        four = _four(self.rows, self.width)[:, :3, bit]
        found = np.zeros((int(self.strata.max()) + 1, 3), dtype=np.int64)
        np.add.at(found, self.strata, four)
        return found

    def units(self) -> tuple[Ints, Ints]:
        """What the bootstrap draws: different units, [n_units, 4, n_classes], and how many of each."""
        if int(np.unique(self.dialogues).size) < ENOUGH_UNITS:
            rows, copies = np.unique(self.rows, axis=0, return_counts=True)
            return _four(rows, self.width), copies
        _, number = np.unique(self.dialogues, return_inverse=True)
        sums = np.zeros((int(number.max()) + 1, 4, self.width), dtype=np.int64)
        np.add.at(sums, number, _four(self.rows, self.width))
        flat, copies = np.unique(sums.reshape(len(sums), -1), axis=0, return_counts=True)
        return flat.reshape(-1, 4, self.width), copies


def tally(
    masks: Sequence[tuple[int, int]],
    targets: Sequence[str],
    dialogues: Sequence[str],
    width: int,
    limits: Thresholds,
    within_dialogue: bool,
) -> Tally:
    """Count the reply pairs of one speaker.

    Parameters
    ----------
    masks : [n], classes of prime and reply
    targets, dialogues : [n], of each pair
    width : number of classes
    limits : what is left out and what is undefined
    within_dialogue : replies change places within a dialogue only
    """
    pairs = np.array(masks, dtype=np.int64).reshape(-1, 2)
    target, dialogue = _numbers(targets), _numbers(dialogues)
    primed, answered = _bits(pairs[:, 0], width), _bits(pairs[:, 1], width)
    kept = np.ones((len(pairs), width), dtype=bool)
    if limits.single:
        for one in range(int(target.max()) + 1):
            here = target == one
            enough = primed[here].sum(axis=0) >= limits.target_indiv
            enough &= answered[here].sum(axis=0) >= limits.speaker_indiv
            enough &= bool(here.sum() >= limits.utterances_indiv)
            kept[here] = enough
    held = kept @ (1 << np.arange(width))
    rows = np.column_stack([pairs, held])
    # A target is left out for what its own replies hold: they must not move to another.
    within = dialogue * within_dialogue + target * (int(dialogue.max()) + 1) * limits.single
    order, strata = canonical(rows, within)
    rows, dialogue = rows[order], dialogue[order]
    counts: Ints = _four(rows, width).sum(axis=0)
    n, t, k, _ = counts
    defined: Bits = (k >= max(limits.target, 1)) & (t >= limits.speaker) & (n >= max(limits.utterances, 1))
    return Tally(rows, strata, dialogue, counts, defined)


def _bits(masks: Ints, width: int) -> Bits:
    """[n] masks -> [n, width]."""
    return (masks[:, None] >> np.arange(width) & 1).astype(bool)


def _numbers(names: Sequence[str]) -> Ints:
    """Names as whole numbers from 0."""
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(name, len(seen)) for name in names], dtype=np.int64)


def _four(rows: Ints, width: int) -> Ints:
    """[n, 4, width], what each pair adds to N, T, K and J."""
    primed, answered, kept = (_bits(rows[:, column], width) for column in range(3))
    return np.stack([kept, kept & answered, kept & primed, kept & primed & answered], axis=1).astype(np.int64)
