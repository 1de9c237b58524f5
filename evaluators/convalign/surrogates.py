"""Stranger partners: who could have sat in the partner's place, and did not.

The chance level of an alignment score is what the same replies get against somebody who was
never heard by the replier. A stranger is one speaker's side of another dialogue: same role,
same language, no person in common, not a copy. Strangers are drawn by a seeded hash of
dialogue ids, so neither the order of the log nor the number of workers changes the draw.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from functools import total_ordering
from heapq import heappush, heappushpop
from typing import Generic, TypeVar

from convalign.dialogue import Dialogue

FEWEST = 5
"""With fewer eligible dialogues there is no chance level."""

MOST = 1_000
"""Sides that are kept of each role, language and topic."""

DRAWS = 8
"""Numbers that one hash gives."""

ROLE_LABELS = frozenset({"user", "agent"})
"""Speaker labels that name a role, never a person, however rare they are."""

Content = TypeVar("Content")

Place = tuple[tuple[str | int, str | None, str | None], int]
"""Role (or order of appearance), language and topic of a side, and its rank among their likes."""


@dataclass(frozen=True, slots=True)
class Side(Generic[Content]):
    """One speaker's share of one dialogue, as a dimension sees it.

    Attributes
    ----------
    dialogue : id of the dialogue
    speaker : name or label in that dialogue
    role : from the log, None when the log gives none
    order : 0 for the speaker who has the first turn, 1 for the next one to appear, ...
    others : the other speakers of the dialogue
    language : as the log says it, or None
    topic : value of the field named by ``within``, or None
    fingerprint : equal for two sides that are copies of each other (of words, or of sound)
    content : what the dimension needs of a partner
    """

    dialogue: str
    speaker: str
    role: str | None
    order: int
    others: frozenset[str]
    language: str | None
    topic: str | None
    fingerprint: str
    content: Content


def side(
    dialogue: Dialogue, speaker: str, content: Content, *, fingerprint: str, within: str | None = None
) -> Side[Content]:
    """Describe one speaker of a dialogue as a possible stranger for others.

    Parameters
    ----------
    content : what the dimension needs of a partner; kept as it is
    fingerprint : text that is equal only for copies; hashed here
    within : name of a ``meta`` field; strangers must then agree on its value
    """
    speakers = dialogue.speakers
    topic = None if within is None else str(dialogue.meta.get(within))
    digest = hashlib.blake2b(fingerprint.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return Side(
        dialogue.id, speaker, dialogue.roles.get(speaker), speakers.index(speaker),
        frozenset(speakers) - {speaker}, dialogue.language, topic, digest, content,
    )  # fmt: skip


class Pool(Generic[Content]):
    """The sides of a log, from which strangers are drawn.

    Parameters
    ----------
    sides : every speaker of every dialogue; their order has no influence
    seed : same seed, same strangers

    Notes
    -----
    Roles decide who can stand in for whom. Where the log gives none, a label that stands in more
    than half of the dialogues (``agent_1``) is a label and serves as role; any other name is a
    person, and the order of appearance serves as role. Persons are never their own strangers.
    Of each role, language and topic, the `MOST` sides that a seeded hash of the dialogue puts first
    are kept, so that memory does not grow with the log.
    """

    def __init__(self, sides: Iterable[Side[Content]] = (), *, seed: int) -> None:
        self.seed = seed
        self._dialogues: set[str] = set()
        self._counted = 0
        self._speakers: Counter[str] = Counter()
        self._kept: dict[tuple[str | int, str | None, str | None], _Kept[Content]] = defaultdict(list)
        self._ready: _Ready[Content] | None = None
        for one in sides:
            self.add(one)

    def add(self, one: Side[Content]) -> None:
        """Let a side stand in for others, if it is among those that are kept."""
        self._dialogues.add(one.dialogue)
        self._speakers[one.speaker] += 1
        self._put(one)

    def place(self, one: Side[Content]) -> Place:
        """Where a side stands among those of its role, language and topic: enough to know if it is kept."""
        key = (one.order if one.role is None else one.role, one.language, one.topic)
        return key, self._hash("rank", one.dialogue)

    def count(self, dialogues: int, speakers: Counter[str]) -> None:
        """Count dialogues whose sides are offered by their `place` (see `offer`) and never added."""
        self._counted += dialogues
        self._speakers.update(speakers)
        self._ready = None

    def offer(self, place: Place, load: Callable[[], Side[Content]]) -> None:
        """Take a side that `count` has counted, and load it only if it is among those that are kept."""
        key, rank = place
        kept = self._kept[key]
        if len(kept) < MOST or rank <= -kept[0][0]:
            self._put(load())

    def kept(self) -> list[Side[Content]]:
        """The sides that can be drawn; offered to an empty pool with the same counts, they make this one."""
        return [one for sides in self._kept.values() for *_, one in sides]

    def counts(self) -> tuple[int, Counter[str]]:
        """What `count` would have to be told for all that this pool has met."""
        return len(self._dialogues) + self._counted, Counter(self._speakers)

    def _put(self, one: Side[Content]) -> None:
        self._ready = None
        key, rank = self.place(one)
        kept = self._kept[key]
        # A heap with the last one on top: numbers negated, ids turned around.
        item = (-rank, _Last(one.dialogue), -one.order, one)
        if len(kept) < MOST:
            heappush(kept, item)
        else:
            heappushpop(kept, item)

    def _made(self) -> _Ready[Content]:
        """Who is kept, by group, once all have been added."""
        if self._ready is None:
            half = len(self._dialogues) + self._counted
            labels = {name for name, count in self._speakers.items() if 2 * count > half} | ROLE_LABELS
            made: _Ready[Content] = _Ready(labels, {}, {})
            for _, kept in sorted(self._kept.items(), key=lambda item: str(item[0])):
                for *_, one in sorted(kept, reverse=True):
                    made.groups.setdefault(_group(one, labels), []).append(one)
                    made.people[id(one)] = _persons(one, labels)
            self._ready = made
        return self._ready

    def strangers(
        self,
        target: Side[Content],
        count: int,
        *,
        accept: Callable[[Side[Content]], bool] | None = None,
        salt: str = "",
    ) -> list[Side[Content]]:
        """Draw partners that `target`'s own partner never heard.

        Parameters
        ----------
        target : the real partner, whose place is taken
        count : how many are wanted
        accept : a further condition of the dimension (length, voice range)
        salt : another draw for the same target

        Returns
        -------
        [<= count] different sides, in drawing order; [] when fewer than `FEWEST` are eligible,
        fewer than `count` when there are not more.
        """
        made = self._made()
        group = made.groups.get(_group(target, made.labels), [])
        if len(group) <= FEWEST:
            return []
        people = _persons(target, made.labels)
        drawn: list[Side[Content]] = []
        taken: set[int] = set()
        for index in self._order(target, 4 * count, len(group), salt):
            if index in taken:
                continue
            taken.add(index)
            other = group[index]
            # Another dialogue, not a copy, nobody in common.
            if other.dialogue == target.dialogue or other.fingerprint == target.fingerprint:
                continue
            if not people.isdisjoint(made.people[id(other)]) or (accept is not None and not accept(other)):
                continue
            drawn.append(other)
            if len(drawn) == count:
                return drawn
        return drawn if len(drawn) >= FEWEST else []

    def _order(self, target: Side[Content], draws: int, size: int, salt: str) -> Iterator[int]:
        """Places to try: by hash first, cheap where most are eligible, then all of them in turn."""
        place = str(target.order)
        for block in range(-(-draws // DRAWS)):
            for number in self._hashes(salt, target.dialogue, place, str(block)):
                yield number % size
        start = self._hash(salt, target.dialogue, place, "walk") % size
        for step in range(size):
            yield (start + step) % size

    def _hash(self, *parts: str) -> int:
        return self._hashes(*parts)[0]

    def _hashes(self, *parts: str) -> tuple[int, ...]:
        """Eight numbers of 64 bits."""
        text = "\x00".join((str(self.seed), *parts))
        return struct.unpack(">8Q", hashlib.blake2b(text.encode("utf-8", "surrogatepass")).digest())


@dataclass(frozen=True, slots=True)
class _Ready(Generic[Content]):
    """A pool to draw from: labels, sides by group in drawing order, persons by id of a side."""

    labels: Set[str]
    groups: dict[tuple[str, str | None, str | None], list[Side[Content]]]
    people: dict[int, Set[str]]


@total_ordering
@dataclass(frozen=True, slots=True)
class _Last:
    """Sorts the wrong way round."""

    text: str

    def __lt__(self, other: _Last) -> bool:
        return self.text > other.text


_Kept = list[tuple[int, _Last, int, Side[Content]]]


def _group(one: Side[Content], labels: Set[str]) -> tuple[str, str | None, str | None]:
    """What must be equal: role (or what serves as role), language, topic."""
    if one.role is not None:
        role = f"role {one.role}"
    elif one.speaker in labels:
        role = f"label {one.speaker}"
    else:
        role = f"place {one.order}"
    return role, one.language, one.topic


def _persons(one: Side[Content], labels: Set[str]) -> Set[str]:
    """The speakers of a side's dialogue whose names are not labels."""
    return ({one.speaker} | one.others) - labels
