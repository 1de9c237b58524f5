"""Stranger partners: who could have sat in the partner's place, and did not.

The chance level of an alignment score is what the same replies get against somebody who was
never heard by the replier. A stranger is one speaker's side of another dialogue: same role,
same language, no person in common, not a copy. Strangers are drawn by a seeded hash of
dialogue ids, so neither the order of the log nor the number of workers changes the draw.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from convalign.dialogue import Dialogue

FEWEST = 5
"""With fewer eligible dialogues there is no chance level."""

ROLE_LABELS = frozenset({"user", "agent"})
"""Speaker labels that name a role, never a person, however rare they are."""

Content = TypeVar("Content")


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
    """All sides of a log, from which strangers are drawn.

    Parameters
    ----------
    sides : every speaker of every dialogue; their order has no influence
    seed : same seed, same strangers

    Notes
    -----
    Roles decide who can stand in for whom. Where the log gives none, a label that stands in more
    than half of the dialogues (``agent_1``) is a label and serves as role; any other name is a
    person, and the order of appearance serves as role. Persons are never their own strangers.
    """

    def __init__(self, sides: Iterable[Side[Content]], *, seed: int) -> None:
        self._seed = seed
        listed = list(sides)
        dialogues = {s.dialogue for s in listed}
        seen = Counter(name for s in listed for name in {s.speaker})
        self._labels = {name for name, count in seen.items() if 2 * count > len(dialogues)}
        groups: dict[tuple[str, str | None, str | None], list[Side[Content]]] = defaultdict(list)
        for one in listed:
            groups[self._group(one)].append(one)
        self._groups = {key: sorted(group, key=self._rank) for key, group in groups.items()}

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
        salt : another draw for the same target (extension strangers)

        Returns
        -------
        [<= count] different sides, in drawing order; [] when fewer than `FEWEST` are eligible,
        fewer than `count` when there are not more.
        """
        group = self._groups.get(self._group(target), [])
        if len(group) <= FEWEST:
            return []
        drawn: list[Side[Content]] = []
        taken: set[int] = set()
        for index in self._order(target, 4 * count, len(group), salt):
            if index in taken:
                continue
            taken.add(index)
            if self._eligible(target, group[index]) and (accept is None or accept(group[index])):
                drawn.append(group[index])
                if len(drawn) == count:
                    return drawn
        return drawn if len(drawn) >= FEWEST else []

    def _order(self, target: Side[Content], draws: int, size: int, salt: str) -> Iterator[int]:
        """Places to try: by hash first, cheap where most are eligible, then all of them in turn."""
        place = str(target.order)
        for draw in range(draws):
            yield self._hash(salt, target.dialogue, place, str(draw)) % size
        start = self._hash(salt, target.dialogue, place, "walk") % size
        for step in range(size):
            yield (start + step) % size

    def _group(self, one: Side[Content]) -> tuple[str, str | None, str | None]:
        """What must be equal: role (or what serves as role), language, topic."""
        if one.role is not None:
            role = f"role {one.role}"
        elif one.speaker in self._labels:
            role = f"label {one.speaker}"
        else:
            role = f"place {one.order}"
        return role, one.language, one.topic

    def _eligible(self, target: Side[Content], other: Side[Content]) -> bool:
        """Another dialogue, nobody in common, not a copy."""
        if other.dialogue == target.dialogue or other.fingerprint == target.fingerprint:
            return False
        common = ({target.speaker} | target.others) & ({other.speaker} | other.others)
        return common <= self._labels | ROLE_LABELS

    def _rank(self, one: Side[Content]) -> tuple[int, str, int]:
        return self._hash("rank", one.dialogue), one.dialogue, one.order

    def _hash(self, *parts: str) -> int:
        text = "\x00".join((str(self._seed), *parts))
        return int.from_bytes(
            hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
        )
