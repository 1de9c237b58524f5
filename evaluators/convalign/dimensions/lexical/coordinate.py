"""The arithmetic of coordination, on reply pairs whose classes are known, whoever found them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from convalign.dimensions.lexical import chance
from convalign.dimensions.lexical.chance import Floats
from convalign.dimensions.lexical.tally import Tally, Thresholds, tally
from convalign.errors import UsageError


@dataclass(frozen=True, slots=True)
class Pair:
    """One reply and what it answers.

    Attributes
    ----------
    replier, target : who replies, and to whom
    prime, reply : classes held by the two turns, as masks
    dialogue : which dialogue it comes from
    """

    replier: str
    target: str
    prime: int
    reply: int
    dialogue: str = ""


@dataclass(frozen=True, slots=True)
class MarkerScore:
    """Coordination of one speaker on one class.

    Attributes
    ----------
    marker : name of the class
    score : J/K - T/N, -1..1, higher is more aligned; None = below a threshold
    replies, with_marker, primes, both : N, T, K, J
    p : P(J' >= J) when the speaker's replies change places, exact; None without a score
    interval : middle 95 % of the bootstrap; None without a score or with too few samples
    """

    marker: str
    score: float | None
    replies: int
    with_marker: int
    primes: int
    both: int
    p: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class SpeakerScore:
    """Coordination of one speaker towards its targets.

    Attributes
    ----------
    speaker : the replier
    targets : to whom it replies
    markers : [n_classes], in order of the list
    value : mean of the scores that there are, -1..1; None if there is none
    replies : reply pairs before any threshold
    p : Monte Carlo permutation p of the mean, one-sided
    interval : middle 95 % of the bootstrap, over dialogues from 10 on, else over pairs
    reason : ``too few pairs`` without a value
    """

    speaker: str
    targets: tuple[str, ...]
    markers: tuple[MarkerScore, ...]
    value: float | None
    replies: int
    p: float | None
    interval: tuple[float, float] | None
    reason: str | None

    @property
    def label(self) -> str:
        """``agent->user``."""
        return f"{self.speaker}->{','.join(self.targets)}"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A mean over speakers of each speaker's mean.

    Attributes
    ----------
    value : -1..1; None with 0 speakers
    speakers : over how many
    p : Monte Carlo permutation p, replies changing places within each speaker
    interval : middle 95 %; speakers are drawn from 10 on, else their pairs or dialogues
    """

    value: float | None
    speakers: int
    p: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Coordination:
    """Coordination of a set of speakers.

    Attributes
    ----------
    classes : names, in order
    speakers : one for each speaker and target (set), ordered by name
    agg1 : speakers that have a score for all classes
    agg2 : missing classes filled with the mean of those who have them; None unless every class
        was scored for somebody
    agg3 : each speaker's mean over the classes that it has
    words : which list found the classes, for the signature
    """

    classes: tuple[str, ...]
    speakers: tuple[SpeakerScore, ...]
    agg1: Aggregate
    agg2: Aggregate
    agg3: Aggregate
    words: str = "given"


@dataclass(frozen=True, slots=True)
class _Run:
    """What chance gave for one speaker: [permutations, n_classes] and [resamples, n_classes]."""

    scores: Floats
    shuffled: Floats
    resampled: Floats


def coordinate(
    pairs: Iterable[Pair],
    classes: Sequence[str],
    *,
    thresholds: Thresholds | None = None,
    together: bool = False,
    within_dialogue: bool = False,
    permutations: int = 199,
    resamples: int = 999,
    seed: int = 0,
    words: str = "given",
) -> Coordination:
    """Measure coordination where the classes of each turn are known.

    Parameters
    ----------
    pairs : replies with what they answer; replies to oneself are left out
    classes : names, 1..16; class i is bit i of a mask
    thresholds, together, within_dialogue, permutations, resamples, seed : as in `coordination`
    words : where the classes come from

    Returns
    -------
    Coordination

    Raises
    ------
    UsageError
        A number is out of range.
    """
    limits = thresholds or Thresholds()
    for name, value in (
        *((f.name, getattr(limits, f.name)) for f in fields(limits)),
        ("permutations", permutations), ("resamples", resamples), ("seed", seed),
    ):  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise UsageError(f"{name}: {value!r} does not fit; give a whole number from 0")
    groups: dict[tuple[str, str | None], list[Pair]] = {}
    for pair in pairs:
        if pair.replier != pair.target:
            groups.setdefault((pair.replier, None if together else pair.target), []).append(pair)
    some = full = 0
    scored: list[SpeakerScore] = []
    runs: list[tuple[bytes, _Run]] = []
    for (speaker, _), held in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        rows = [(pair.prime, pair.reply) for pair in held]
        data = tally(
            rows, [p.target for p in held], [p.dialogue for p in held], len(classes), limits, within_dialogue
        )
        run = _run(data, permutations, resamples, seed)
        targets = tuple(sorted({pair.target for pair in held}))
        scored.append(_speaker(speaker, targets, classes, data, run))
        # Samples are needed only while speakers are too few to be drawn; those of many fill memory.
        some, full = some + bool(data.defined.any()), full + bool(data.defined.all())
        if some > chance.ENOUGH_UNITS and not (data.defined.all() and full <= chance.ENOUGH_UNITS):
            run = _Run(run.scores, run.shuffled, run.resampled[:0])
        runs.append((data.rows.tobytes(), run))
    # Sums of draws must not depend on names.
    runs.sort(key=lambda item: item[0])
    parts = [run for _, run in runs]
    agg1, agg2, agg3 = (_aggregate(parts, kind, resamples, seed) for kind in (1, 2, 3))
    return Coordination(tuple(classes), tuple(scored), agg1, agg2, agg3, words)


def _run(data: Tally, permutations: int, resamples: int, seed: int) -> _Run:
    """Scores of one speaker with what chance gives."""
    draw = chance.generator(seed, data.rows)
    none = np.full((permutations, data.width), np.nan)
    if not data.defined.any():
        return _Run(data.scores, none, np.full((resamples, data.width), np.nan))
    shuffled = chance.shuffled_scores(data.answered, data.weights, data.strata, permutations, draw)
    resampled = chance.resampled_scores(*data.units(), resamples, draw)
    for scores in (shuffled, resampled):
        scores[:, ~data.defined] = np.nan
    return _Run(data.scores, shuffled, resampled)


def _speaker(
    speaker: str, targets: tuple[str, ...], classes: Sequence[str], data: Tally, run: _Run
) -> SpeakerScore:
    """The result of one speaker."""
    found = []
    for bit, name in enumerate(classes):
        n, t, k, j = data.counts[:, bit].tolist()
        if not data.defined[bit]:
            found.append(MarkerScore(name, None, n, t, k, j, None, None))
            continue
        exact = chance.exact_p(data.by_stratum(bit), j)
        middle = chance.interval(run.resampled[:, bit])
        found.append(MarkerScore(name, j / k - t / n, n, t, k, j, exact, middle))
    n = len(data.rows)
    scores = [one.score for one in found if one.score is not None]
    if not scores:
        return SpeakerScore(speaker, targets, tuple(found), None, n, None, None, "too few pairs")
    value = math.fsum(scores) / len(scores)
    p = chance.monte_carlo_p(value, chance.mean_of_defined(run.shuffled))
    spread = chance.interval(chance.mean_of_defined(run.resampled))
    return SpeakerScore(speaker, targets, tuple(found), value, n, p, spread, None)


def _aggregate(runs: Sequence[_Run], kind: int, resamples: int, seed: int) -> Aggregate:
    """Aggregate 1, 2 or 3 over speakers."""
    some = [run for run in runs if not np.isnan(run.scores).all()]
    if kind == 1:
        some = [run for run in some if not np.isnan(run.scores).any()]
    real = np.array([run.scores for run in some])
    if not some or (kind == 2 and np.isnan(real).all(axis=0).any()):
        return Aggregate(None, 0, None, None)
    means = _means(real, fill=kind == 2)
    value = math.fsum(means.tolist()) / len(some)
    shuffled = _means(np.array([run.shuffled for run in some]), fill=kind == 2).mean(axis=0)
    if len(some) >= chance.ENOUGH_UNITS:
        draw = chance.generator(seed, np.sort(means).view(np.int64))
        samples = draw.choice(np.sort(means), size=(resamples, len(some))).mean(axis=1)
    else:
        samples = _means(np.array([run.resampled for run in some]), fill=kind == 2)
        samples = samples.mean(axis=0)
    return Aggregate(value, len(some), chance.monte_carlo_p(value, shuffled), chance.interval(samples))


def _means(scores: Floats, *, fill: bool) -> Floats:
    """Each speaker's mean, [n_speakers, ...], over the last axis; gaps filled with the group's mean."""
    if fill:
        group = chance.mean_of_defined(np.moveaxis(scores, 0, -1))
        scores = np.where(np.isnan(scores), group, scores)
    return chance.mean_of_defined(scores)
