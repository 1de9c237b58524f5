"""Whose words are whose: the arithmetic of `entrainment` and `uptake`, on lists of lemmas.

Nothing here knows a language, a file or a stranger's name: a stranger is another stream of
content lemmas put in the partner's place.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Said = tuple[str, Sequence[str] | None]
"""Speaker and content lemmas of a turn; None = no transcript."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A turn of the replier.

    Attributes
    ----------
    turn : its place in the dialogue, from 0
    types : its content lemmas, each once, in order
    heard : content tokens of the partner before it
    since : content tokens of the partner before the window; 0 = the whole history counts
    """

    turn: int
    types: tuple[str, ...]
    heard: int
    since: int

    @property
    def reason(self) -> str | None:
        """Why it has no value of its own, or None."""
        if not self.heard:
            return "no partner history"
        return None if self.types else "no content words"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a direction needs to be scored against any partner.

    Attributes
    ----------
    replies : turns of the replier that have a transcript, in order
    stream : content tokens of the partner before the last reply, in order
    first : content lemma of the replier -> number of the reply that holds it first
    holders : content lemma of the replier -> numbers of the replies that hold it
    windowed : only the last turns of the partner count
    """

    replies: tuple[Reply, ...]
    stream: tuple[str, ...]
    first: dict[str, int]
    holders: dict[str, list[int]]
    windowed: bool

    @property
    def length(self) -> int:
        """Content tokens that a stranger must have to stand in for the partner."""
        return len(self.stream)


@dataclass(frozen=True, slots=True)
class Heard:
    """A stream of content tokens in the partner's place, and where each lemma comes first.

    Attributes
    ----------
    stream : of the partner, real or stranger, as long as the real one or longer
    index : lemma -> place of its first occurrence; made here
    """

    stream: Sequence[str]
    index: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        # Backwards, so that the first occurrence is the one that stays.
        places = range(len(self.stream) - 1, -1, -1)
        object.__setattr__(self, "index", dict(zip(reversed(self.stream), places, strict=True)))


@dataclass(frozen=True, slots=True)
class Share:
    """A share with what it rests on.

    Attributes
    ----------
    value : 0..1, or None with a reason
    n : content types over which the share is taken
    reason : a key of `convalign.scores.REASONS`, or None
    turns : for `entrainment`, (turn, taken over, content types) of each scored reply
    """

    value: float | None
    n: int
    reason: str | None = None
    turns: tuple[tuple[int, int, int], ...] = ()


def exchange(
    turns: Iterable[Said], replier: str, prime: str | None = None, *, history: int | None = None
) -> Exchange:
    """Arrange a dialogue for one direction.

    Parameters
    ----------
    turns : speaker and content lemmas of every turn, in order
    replier : whose turns are judged
    prime : the partner; None = everybody else
    history : only the partner's last `history` turns before a reply; None = all of them
    """
    replies: list[Reply] = []
    stream: list[str] = []
    starts: list[int] = []
    first: dict[str, int] = {}
    holders: dict[str, list[int]] = {}
    for turn, (speaker, lemmas) in enumerate(turns):
        if lemmas is None:
            continue
        if speaker == replier:
            since = starts[-history] if history is not None and len(starts) >= history else 0
            types = tuple(dict.fromkeys(lemmas))
            for lemma in types:
                first.setdefault(lemma, len(replies))
                holders.setdefault(lemma, []).append(len(replies))
            replies.append(Reply(turn, types, len(stream), since))
        elif prime is None or speaker == prime:
            starts.append(len(stream))
            stream.extend(lemmas)
    heard = replies[-1].heard if replies else 0
    return Exchange(tuple(replies), tuple(stream[:heard]), first, holders, history is not None)


def taken_over(given: Exchange, heard: Heard) -> list[int]:
    """Count the words of each reply that the replier has from a partner.

    Returns
    -------
    [n_replies]; of the content types of each scored reply, how many the partner used before the
    replier's own first use (and inside the window, if there is one). 0 for replies without history.

    Source
    ------
    methods/lexical.md, section 1: ``j(w) < h(t_w)``.
    """
    counts = [0] * len(given.replies)
    places: dict[str, list[int]] = {}
    if given.windowed:
        for place, lemma in enumerate(heard.stream):
            places.setdefault(lemma, []).append(place)
    for lemma, numbers in given.holders.items():
        at = heard.index.get(lemma)
        if at is None or at >= given.replies[given.first[lemma]].heard:
            continue
        for number in numbers:
            if not given.windowed or _inside(places[lemma], given.replies[number]):
                counts[number] += 1
    return counts


def entrainment(
    turns: Iterable[Said],
    replier: str,
    prime: str | None = None,
    *,
    history: int | None = None,
    stream: Sequence[str] | None = None,
) -> Share:
    """Measure how many of a speaker's content words are the partner's own.

    Parameters
    ----------
    turns : speaker and content lemmas (`content_lemmas`) of every turn; None = no transcript
    replier, prime : who takes over from whom; prime None = from everybody else
    history : only the partner's last `history` turns; None = all before the reply
    stream : content lemmas of a stranger, put in the partner's place; None = the real partner

    Returns
    -------
    Share, 0..1, higher is more aligned. n = content types of the scored replies, each counted once
    per turn. None with "no words" (the replier has no transcript), "no partner history" or
    "no content words".

    Source
    ------
    methods/lexical.md, section 1.

    Examples
    --------
    >>> turns = [("a", ["red", "lamp"]), ("b", ["lamp", "cost", "dollar"]), ("a", ["dollar", "lamp", "dear"])]
    >>> entrainment(turns, "a", "b").turns
    ((2, 1, 3),)
    """
    given = exchange(turns, replier, prime, history=history)
    return entrainment_of(given, Heard(given.stream if stream is None else stream))


def entrainment_of(given: Exchange, heard: Heard) -> Share:
    """`entrainment` of an arranged direction against a stream."""
    scored = [(number, reply) for number, reply in enumerate(given.replies) if reply.reason is None]
    if not scored:
        return Share(None, 0, _why(given))
    counts = taken_over(given, heard)
    turns = tuple((reply.turn, counts[number], len(reply.types)) for number, reply in scored)
    n = sum(types for _, _, types in turns)
    return Share(sum(taken for _, taken, _ in turns) / n, n, None, turns)


def uptake(
    turns: Iterable[Said],
    replier: str,
    prime: str | None = None,
    *,
    window: int | None = 1,
    stream: Sequence[str] | None = None,
) -> Share:
    """Measure how many of the words that a partner brings in are taken up.

    Parameters
    ----------
    turns, replier, prime, stream : as in `entrainment`; a stranger's stream is cut into turns as
        long as the partner's
    window : number of the replier's next turns in which a word may be taken up; None = the rest

    Returns
    -------
    Share, 0..1, higher is more aligned. n = words that the partner used first, before a turn of
    the replier. None with "no words" or "no partner history" (nothing new came before a reply).

    Source
    ------
    methods/lexical.md, section 1.

    Examples
    --------
    >>> turns = [("a", ["red", "lamp"]), ("b", ["lamp", "cost", "dollar"]), ("a", ["dollar", "lamp", "dear"])]
    >>> uptake(turns, "a", "b").value
    0.5
    """
    given = exchange(turns, replier, prime)
    return uptake_of(given, Heard(given.stream if stream is None else stream), window)


def uptake_of(given: Exchange, heard: Heard, window: int | None) -> Share:
    """`uptake` of an arranged direction against a stream."""
    lengths = [reply.heard for reply in given.replies]
    never, end = len(lengths), given.length
    new = used = 0
    for lemma, place in heard.index.items():
        if place >= end:
            continue
        # The next reply after the partner's first use; the replier's own first use decides the
        # rest, because a word that is new to both cannot have been used before it.
        after = bisect_right(lengths, place)
        mine = given.first.get(lemma, never)
        if mine >= after:
            new += 1
            used += mine < (never if window is None else min(never, after + window))
    if not new:
        return Share(None, 0, "no partner history" if given.replies else "no words")
    return Share(used / new, new)


def _inside(places: list[int], reply: Reply) -> bool:
    """Whether a word was said inside the window of a reply."""
    after = bisect_right(places, reply.since - 1)
    return after < len(places) and places[after] < reply.heard


def _why(given: Exchange) -> str:
    """Why no reply of a direction is scored."""
    if not given.replies:
        return "no words"
    return "no content words" if any(reply.heard for reply in given.replies) else "no partner history"
