"""A transformer for ConvoKit: scores the conversations of a corpus and writes the rows into their meta.

ConvoKit is not imported: a corpus is whatever has the few methods named by the protocols below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol, TypeVar

from convalign.dialogue import Dialogue, Turn
from convalign.errors import UsageError
from convalign.logs.convokit import Utterance, dialogue_of, times_of
from convalign.scores import Score, TurnScore
from convalign.strangers import Strangers

TEXT = ("lexical", "emotional")
"""The dimensions that read what a corpus has."""
KEYS = ("value", "baseline", "excess", "n", "status", "reason")


class Component(Protocol):
    """What is used of every part of a corpus."""

    @property
    def id(self) -> Any:
        """Its name."""
        ...

    @property
    def meta(self) -> Any:
        """What is known of it."""
        ...

    def add_meta(self, key: str, value: Any, /) -> None:
        """Write a field of its meta."""
        ...


class Said(Component, Protocol):
    """What is used of an utterance."""

    @property
    def speaker(self) -> Any:
        """Who speaks; its ``id`` is used."""
        ...

    @property
    def text(self) -> Any:
        """What is said, or None."""
        ...

    @property
    def reply_to(self) -> Any:
        """Id of the utterance that it answers, or None."""
        ...

    @property
    def timestamp(self) -> Any:
        """A number to sort threads by, or None."""
        ...


class Conversation(Component, Protocol):
    """What is used of a conversation."""

    def iter_utterances(self) -> Iterable[Any]:
        """Its utterances, as `Said`."""
        ...


class Corpus(Protocol):
    """What is used of a corpus."""

    def iter_conversations(self) -> Iterable[Any]:
        """Its conversations, as `Conversation`."""
        ...

    def add_meta(self, key: str, value: Any, /) -> None:
        """Write a field of its meta."""
        ...


AnyCorpus = TypeVar("AnyCorpus", bound=Corpus)
Selector = Callable[[Any], bool]


class Alignment:
    """Score the conversations of a corpus on each dimension, apart.

    ``fit`` looks at the conversations that lend strangers; ``transform`` scores conversations against them
    and writes

    - ``conversation.meta["alignment_lexical"][metric][direction]``: value, baseline, excess, n, status,
      reason; the same for each other dimension, under a key of its own;
    - ``utterance.meta["alignment_lexical"][metric][direction]``: the same per turn (with ``turns=True``),
      where a dimension has such rows; the direction ``-`` stands where a row has none (a turn's valence);
    - ``corpus.meta["alignment_signatures"]``: dimension -> the line that says how its numbers were made.

    Parameters
    ----------
    dimensions : names; the default are those that read text
    roles : speaker id -> ``user``, ``agent`` or another role; ids that are role words need none. Without
        roles, directions bear the speakers' names
    turns : False writes no meta of utterances
    attribute : how the keys begin
    options : of the dimensions, as of `convalign.score` (``surrogates=50, seed=1``)

    Attributes
    ----------
    strangers : what `fit` saw; None before

    Raises
    ------
    UsageError
        Unknown dimension or option.

    Notes
    -----
    A value that could not be had is None with a reason from `convalign.scores.REASONS`: under ``value`` where
    nothing could be scored (``too few pairs``), under ``baseline`` and ``excess`` where fewer than 5 other
    conversations can stand in for a partner (``too few strangers``). A conversation without a reply has the
    direction ``-`` only. Leave None out of a mean, and count it.

    What it does not do: it adds no number over dimensions; it computes no score of a speaker over
    conversations; it hears nothing (a corpus has no sound, so prosody is unscored with the reason ``no
    audio``); it reads a thread in which an utterance has several answers by time, so that the turn before is
    then not always the one that was answered. For function-word coordination as ConvoKit computes it, see
    `convalign.dimensions.lexical.coordination`.

    Source
    ------
    docs/metrics.md; docs/other-tools.md.
    """

    def __init__(
        self,
        dimensions: Sequence[str] = TEXT,
        *,
        roles: Mapping[str, str] | None = None,
        turns: bool = True,
        attribute: str = "alignment",
        **options: Any,
    ) -> None:
        self.strangers: Strangers | None = None
        self._dimensions, self._options = tuple(dimensions), options
        self._roles, self._turns, self._attribute = dict(roles or {}), turns, attribute
        Strangers([], self._dimensions, **options)  # says at once what is wrong with the options

    def fit(self, corpus: Corpus, y: Any = None, selector: Selector | None = None) -> Alignment:
        """Look at the conversations that lend strangers.

        Parameters
        ----------
        y : not used
        selector : conversation -> whether it lends strangers; None = all do

        Raises
        ------
        LogError
            A speaker that has no name, a time that is none.
        """
        del y
        dialogues = (dialogue for _, dialogue, _ in self._read(corpus, selector))
        self.strangers = Strangers(dialogues, self._dimensions, **self._options)
        return self

    def transform(self, corpus: AnyCorpus, selector: Selector | None = None) -> AnyCorpus:
        """Score conversations and write the rows into the meta of `corpus`, which is changed in place.

        Parameters
        ----------
        selector : conversation -> whether it is scored; None = all are

        Returns
        -------
        The same corpus.

        Raises
        ------
        UsageError
            `fit` was not called.
        LogError
            As of `fit`.
        """
        if self.strangers is None:
            raise UsageError(
                "transform: there are no strangers yet; call fit(corpus) before, or fit_transform(corpus)"
            )
        for conversation, dialogue, said in self._read(corpus, selector):
            made = self.strangers.scored(dialogue)
            for name in self._dimensions:
                key = f"{self._attribute}_{name}"
                conversation.add_meta(key, _nested(r for r in made.dialogues if r.dimension == name))
                rows = [r for r in made.turns if r.dimension == name] if self._turns else []
                for turn in sorted({r.turn for r in rows}):
                    said[turn].add_meta(key, _nested(r for r in rows if r.turn == turn))
        signatures = {scorer.name: scorer.signature for scorer in self.strangers.scorers}
        corpus.add_meta(f"{self._attribute}_signatures", signatures)
        return corpus

    def fit_transform(self, corpus: AnyCorpus, y: Any = None, selector: Selector | None = None) -> AnyCorpus:
        """Score the conversations of a corpus that are each other's strangers."""
        return self.fit(corpus, y, selector).transform(corpus, selector)

    def _read(
        self, corpus: Corpus, selector: Selector | None
    ) -> Iterator[tuple[Conversation, Dialogue, list[Said]]]:
        """Conversations with their dialogues and their utterances in the order of the turns."""
        for conversation in corpus.iter_conversations():
            if selector is not None and not selector(conversation):
                continue
            said: dict[str, Said] = {str(one.id): one for one in conversation.iter_utterances()}
            rows = [_utterance(one, str(conversation.id)) for one in said.values()]
            dialogue, ordered = dialogue_of(str(conversation.id), rows)
            given = {name: role for name, role in self._roles.items() if name in dialogue.speakers}
            yield (
                conversation,
                replace(dialogue, roles={**dialogue.roles, **given}),
                [said[row.id] for row in ordered],
            )


def _utterance(one: Said, conversation: str) -> Utterance:
    """What is read of an utterance, as the reader of ConvoKit's files keeps it."""
    place = f"conversation {conversation!r}, utterance {str(one.id)!r}"
    speaker, text, when = one.speaker.id, one.text, one.timestamp
    start_s, end_s = times_of(one.meta, place)
    return Utterance(
        str(one.id),
        None if one.reply_to is None else str(one.reply_to),
        Turn(str(speaker).strip(), None if text is None else str(text).strip(), start_s, end_s),
        float(when) if isinstance(when, (int, float)) else 0.0,
        place,
    )


def _nested(rows: Iterable[Score | TurnScore]) -> dict[str, dict[str, dict[str, Any]]]:
    """Rows as metric -> direction -> numbers: plain values, which ConvoKit writes as JSON."""
    made: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        record = asdict(row)
        made.setdefault(row.metric, {})[row.direction or "-"] = {key: record[key] for key in KEYS}
    return made
