"""The rows of a run, laid out so that an entry finds its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from convalign.errors import RunError
from convalign.rubric.files import NEGATIVE_ONLY
from convalign.rubric.records import Entry, Weighed
from convalign.scores import Score, TurnScore

Key = tuple[str, str, str | None]


class Table:
    """Rows by dimension, metric and direction; read once, never changed.

    Parameters
    ----------
    rows : per dialogue; at most one for each dialogue, metric and direction
    turns : per turn, or None
    cluster : dialogue -> user, or None
    """

    def __init__(
        self,
        rows: Iterable[Score],
        turns: Iterable[TurnScore] | None = None,
        cluster: Mapping[str, str] | None = None,
    ) -> None:
        self._rows: dict[Key, dict[str, Score]] = defaultdict(dict)
        self._turns: dict[Key, list[TurnScore]] = defaultdict(list)
        self._cluster = cluster
        self._directions: dict[str, None] = {}
        for row in rows:
            place = self._rows[row.dimension, row.metric, row.direction]
            if row.dialogue in place:
                name = f"{row.dimension}.{row.metric} {row.direction}"
                raise RunError(f"{row.dialogue}: two rows for {name}; judge one run at a time")
            place[row.dialogue] = row
            self._directions[row.direction] = None
        for turn in turns or ():
            self._turns[turn.dimension, turn.metric, turn.direction].append(turn)
        self.has_turns = turns is not None
        self._known = {(dimension, metric) for dimension, metric, _ in self._rows}

    def has(self, dimension: str, metric: str | None = None) -> bool:
        """Whether there is any row of this dimension (and metric)."""
        if metric is None:
            return any(dimension == known for known, _ in self._known)
        return (dimension, metric) in self._known

    def metric(self, entry: Entry) -> str:
        """Under which name the rows of an entry stand: ``match.negative`` for one kind of prime."""
        if entry.primes == "all" or entry.metric in NEGATIVE_ONLY:
            return entry.metric
        return f"{entry.metric}.{entry.primes}"

    def rows(self, dimension: str, metric: str, direction: str) -> Sequence[Score]:
        """Rows per dialogue, in the order of the dialogues' names, so that no result hangs on file order."""
        found = self._rows.get((dimension, metric, direction), {})
        return [found[name] for name in sorted(found)]

    def turn_rows(self, dimension: str, metric: str, direction: str) -> Sequence[TurnScore]:
        """Rows per turn, by dialogue and turn."""
        found = self._turns.get((dimension, metric, direction), [])
        return sorted(found, key=lambda turn: (turn.dialogue, turn.turn))

    def directions(self) -> tuple[str, ...]:
        """Every direction that any row has, in order of appearance."""
        return tuple(self._directions)

    def user(self, dialogue: str) -> str | None:
        """Whose a dialogue is: its own without clusters, None where the clusters leave it out."""
        return dialogue if self._cluster is None else self._cluster.get(dialogue)

    @property
    def clustered(self) -> bool:
        """Whether users, and not dialogues, are the units."""
        return self._cluster is not None

    @staticmethod
    def weigh_turn(turn: TurnScore) -> Weighed:
        """A turn as it is quoted."""
        return Weighed(turn.dialogue, turn.turn, turn.speaker, turn.value, turn.baseline, turn.excess)
