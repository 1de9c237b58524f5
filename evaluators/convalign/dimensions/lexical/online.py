"""Shared expressions as they come: each turn judged by the history alone.

`ExpressionStream` is fed one turn after the other and can sit beside a running agent. It keeps one
suffix automaton per speaker (Blumer et al. 1985), so a turn costs about its own length whatever
the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convalign.dialogue import Dialogue
from convalign.dimensions.lexical import repeats
from convalign.dimensions.lexical.expressions import Compat, Script, listed, script
from convalign.dimensions.lexical.words import reader


@dataclass(frozen=True, slots=True)
class TurnExpressions:
    """What a turn repeats.

    Attributes
    ----------
    speaker : who speaks
    tokens : number of tokens
    repetition : share of them in expressions that another speaker used before (dialign: DER);
        None without tokens
    self_repetition : share in expressions that the same speaker used in an earlier turn (DSER)
    shared : the expressions from others in this turn, as they stand there
    established : those of them that the speaker uses for the first time
    """

    speaker: str
    tokens: int
    repetition: float | None
    self_repetition: float | None
    shared: tuple[str, ...]
    established: tuple[str, ...]


class ExpressionStream:
    """Feed turns, and hear what each one repeats.

    Parameters
    ----------
    lowercase : compare lower-case forms
    language, pipeline : of the tokeniser

    Examples
    --------
    >>> stream = ExpressionStream()
    >>> stream.add("A", "i need a cheap red lamp").repetition
    0.0
    >>> stream.add("B", "a cheap red lamp costs ten").shared
    ('a cheap red lamp',)
    """

    def __init__(self, *, lowercase: bool = True, language: str = "en", pipeline: str | None = None) -> None:
        self._reader = reader(language, pipeline)
        self._lower = lowercase
        self._heard: dict[str, _Automaton] = {}

    def add(self, speaker: str, text: str | None) -> TurnExpressions:
        """Judge a turn by what came before it, then remember it; None = no transcript."""
        return self.add_tokens(speaker, self._reader.forms([text or ""], lower=self._lower)[0])

    def add_tokens(self, speaker: str, tokens: Sequence[str]) -> TurnExpressions:
        """The same for a turn that is split into tokens already."""
        mine = self._heard.setdefault(speaker, _Automaton())
        lengths = [0] * len(tokens)
        for name, automaton in self._heard.items():
            if name != speaker:
                lengths = list(map(max, lengths, automaton.match(tokens)))
        spans = list(_maximal(tokens, lengths))
        selfs = list(_maximal(tokens, mine.match(tokens)))
        found = tuple(dict.fromkeys(tuple(tokens[a:b]) for a, b in spans))
        new = tuple(gram for gram in found if not mine.holds(gram))
        mine.extend(tokens)
        return TurnExpressions(
            speaker, len(tokens), _covered(spans, len(tokens)), _covered(selfs, len(tokens)),
            tuple(map(" ".join, found)), tuple(map(" ".join, new)),
        )  # fmt: skip


def incremental_expressions(
    dialogue: Dialogue,
    compat: Compat = None,
    lowercase: bool = True,
    *,
    language: str = "en",
    pipeline: str | None = None,
) -> list[TurnExpressions]:
    """Measure turn by turn what is repeated of the history.

    Parameters
    ----------
    compat : ``"dialign"``: its tokens; `shared` are then all established expressions of the history
        that the turn holds, free or not, and `established` those established in this turn. This
        reads the history anew at every turn: the time grows with the square of the turns.
    lowercase, language, pipeline : as in `shared_expressions`

    Returns
    -------
    [n_turns]. The token-weighted mean of `repetition` is not the offline one: the future adds
    expressions, and can turn free ones into constrained ones.

    Source
    ------
    methods/lexical.md, section 2, online.
    """
    if compat is None:
        stream = ExpressionStream(
            lowercase=lowercase, language=dialogue.language or language, pipeline=pipeline
        )
        return [stream.add(turn.speaker, turn.text) for turn in dialogue.turns]
    return _dialign(script(_two(dialogue), compat, lowercase))


def _two(dialogue: Dialogue) -> Dialogue:
    """dialign counts every further speaker as the first one here, without a word."""
    first, *more = dialogue.speakers
    fold = dict.fromkeys(more[1:], first)
    turns = (replace(turn, speaker=fold.get(turn.speaker, turn.speaker)) for turn in dialogue.turns)
    return replace(dialogue, turns=tuple(turns))


def _dialign(made: Script) -> list[TurnExpressions]:
    others = repeats.before(made.tokens)
    selfs = repeats.before(made.tokens, same=True)
    result = []
    for turn, speaker in enumerate(made.turns):
        here = made.tokens.turn == turn
        past = made.tokens.take(made.tokens.turn <= turn)
        known = [e for e in listed(made, repeats.shared(past), past) if turn in e.turns]
        shared = [e for e in known if e.established <= turn]
        size = int(here.sum())
        result.append(
            TurnExpressions(
                speaker, size, float(np.mean(others[here])), float(np.mean(selfs[here])),
                tuple(e.form for e in shared), tuple(e.form for e in shared if e.established == turn),
            )
        )  # fmt: skip
    return result


def _maximal(tokens: Sequence[str], lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Spans that are part of no other one and hold a letter; lengths are of the match that ends here."""
    for at, length in enumerate(lengths):
        start = at + 1 - length
        longer = at + 1 < len(lengths) and at + 2 - lengths[at + 1] <= start
        if length and not longer and any(c.isalpha() for form in tokens[start : at + 1] for c in form):
            yield start, at + 1


def _covered(spans: Sequence[tuple[int, int]], tokens: int) -> float | None:
    inside = {place for start, end in spans for place in range(start, end)}
    return len(inside) / tokens if tokens else None


class _Automaton:
    """Suffix automaton of all turns of a speaker; accepts exactly their n-grams."""

    def __init__(self) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._link = [-1]
        self._length = [0]

    def holds(self, gram: Sequence[str]) -> bool:
        """Whether an n-gram stands in one of the turns."""
        state = 0
        for token in gram:
            following = self._next[state].get(token)
            if following is None:
                return False
            state = following
        return True

    def match(self, tokens: Sequence[str]) -> list[int]:
        """[n_tokens] length of the longest n-gram of the automaton that ends at each token."""
        state = length = 0
        lengths = []
        for token in tokens:
            while state and token not in self._next[state]:
                state = self._link[state]
                length = self._length[state]
            if token in self._next[state]:
                state = self._next[state][token]
                length += 1
            lengths.append(length)
        return lengths

    def extend(self, tokens: Sequence[str]) -> None:
        """Add a turn; n-grams never reach from one turn into the next."""
        last = 0
        for token in tokens:
            last = self._step(last, token)

    def _step(self, last: int, token: str) -> int:
        there = self._next[last].get(token)
        if there is not None:
            return there if self._length[there] == self._length[last] + 1 else self._split(last, token, there)
        new = self._state({}, -1, self._length[last] + 1)
        while last >= 0 and token not in self._next[last]:
            self._next[last][token] = new
            last = self._link[last]
        if last < 0:
            self._link[new] = 0
            return new
        there = self._next[last][token]
        short = self._length[there] == self._length[last] + 1
        self._link[new] = there if short else self._split(last, token, there)
        return new

    def _split(self, last: int, token: str, there: int) -> int:
        """Give the shorter n-grams of a state one of their own."""
        copy = self._state(dict(self._next[there]), self._link[there], self._length[last] + 1)
        while last >= 0 and self._next[last].get(token) == there:
            self._next[last][token] = copy
            last = self._link[last]
        self._link[there] = copy
        return copy

    def _state(self, following: dict[str, int], link: int, length: int) -> int:
        self._next.append(following)
        self._link.append(link)
        self._length.append(length)
        return len(self._next) - 1
