"""Dialogues scored one at a time, against strangers from a log that is looked at once.

`convalign.score` takes a whole log, whose dialogues are each other's strangers. Where dialogues come one by
one (an evaluation harness, a column of a data set, a server), the strangers must not depend on what came
before, nor on the batch: they are fixed here.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from convalign.dialogue import Dialogue
from convalign.scores import Score, Scored, TurnScore
from convalign.scoring import Outcome, Scorer, freeze, gather, observe, score_seen, scorers
from convalign.surrogates import Pool, Side

_ONE_BY_ONE = threading.Lock()
"""Scorers load their models on first use and are not made for two threads at once."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """The pool of one dimension, as it can be copied and sent to another process."""

    sides: tuple[Side[Any], ...]
    dialogues: int
    speakers: Counter[str]

    def pool(self, scorer: Scorer) -> Pool[Any]:
        """The same pool again, to which the sides of one more dialogue may be added."""
        made: Pool[Any] = Pool(seed=scorer.settings.seed)
        made.count(self.dialogues, self.speakers)
        for one in self.sides:
            made.offer(made.place(one), partial(_itself, one))
        return made


def _itself(one: Side[Any]) -> Side[Any]:
    return one


class Strangers:
    """A fixed log from which strangers are drawn, whatever is scored against it and in which order.

    Parameters
    ----------
    dialogues : the log; empty = there are no strangers, so that every baseline is None with the reason
        ``too few strangers``
    dimensions : names; None = all
    options : as of `convalign.score` (``surrogates=50, seed=1``)

    Attributes
    ----------
    scorers : the dimensions with their settings; ``signature`` of each says how its numbers are made
    dialogues : number of dialogues of the log

    Raises
    ------
    UsageError
        Unknown dimension or option.
    LogError
        `dialogues` is an iterator of `convalign.read`, and the log cannot be read.

    Notes
    -----
    A dialogue that is in the log (same id) gets the rows that `convalign.score` gives it there. Another one
    gets the rows of a log with this dialogue added; what a dimension freezes over a run (the prosodic scale)
    is frozen over the log alone. Of each role and language at most 1,000 dialogues are kept. Objects can be
    pickled, so that other processes can score against the same strangers.

    Examples
    --------
    >>> from convalign.dialogue import Dialogue, Turn
    >>> turns = (Turn("user", "a cheap red lamp please"), Turn("agent", "this red lamp is cheap"))
    >>> rows = Strangers([], ["lexical"]).score(Dialogue("d1", turns))
    >>> [(r.value, r.baseline, r.reason) for r in rows if r.metric == "entrainment"][1]
    (1.0, None, 'too few strangers')
    """

    def __init__(
        self, dialogues: Iterable[Dialogue], dimensions: Sequence[str] | None = None, **options: Any
    ) -> None:
        self.scorers = scorers(dimensions, options)
        gathered = gather(dialogues, self.scorers)
        self.dialogues = len(gathered)
        self._ids = frozenset(one.index["dialogue"] for one in gathered)
        self._references = freeze(self.scorers, gathered.of, gathered.pools, None)
        self._kept = {
            name: _Kept(tuple(pool.kept()), *pool.counts()) for name, pool in gathered.pools.items()
        }

    def score(
        self, dialogue: Dialogue, *, turns: bool = False, messages: list[str] | None = None
    ) -> list[Score] | list[TurnScore]:
        """Rows of one dialogue.

        Parameters
        ----------
        turns : True gives the rows per turn instead of the rows per dialogue
        messages : receives what went wrong where a row's reason is ``failed``, as in ``run.json``

        Returns
        -------
        Rows as of `convalign.score`.
        """
        found = self.scored(dialogue, messages=messages)
        return list(found.turns) if turns else list(found.dialogues)

    def scored(self, dialogue: Dialogue, *, messages: list[str] | None = None) -> Scored:
        """Rows per dialogue and rows per turn of one dialogue; as `score`, both at once."""
        outcome = Outcome(references=dict(self._references))
        with _ONE_BY_ONE:
            [seen] = observe([dialogue], self.scorers)
            pools = {s.name: self._kept[s.name].pool(s) for s in self.scorers}
            if dialogue.id not in self._ids:
                for name, observation in seen.observations.items():
                    for side in observation.sides:
                        pools[name].add(side)
            made = score_seen(seen, self.scorers, pools, outcome)
        if messages is not None:
            messages += outcome.messages
        return made
