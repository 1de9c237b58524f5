"""Every turn by itself: what it feels like, what of it is echo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convalign import affect
from convalign.dialogue import Dialogue
from convalign.dimensions.emotional.reading import Feeling, feelings
from convalign.dimensions.emotional.words import has_words, is_question, sentences, without_echo


@dataclass(frozen=True, slots=True)
class TurnAffect:
    """What one turn feels like.

    Attributes
    ----------
    turn, speaker : place in the dialogue, and whose turn it is
    whole, first, last : feeling of the turn, of its first and of its last sentence; None without words, or
        where over half of its pieces are unknown to the model
    sentences : number of sentences with words
    question : the turn ends by asking; its affect is often the partner's, asked about
    truncated : the model saw only the beginning of an endless word
    prime_turn : the last turn by somebody else; None when there is none
    echoed : content tokens that the prime also has
    echo_share_tokens : echoed / content tokens, 0..1; None without content tokens or prime
    controlled : feeling of what is left without the echo; None when nothing is
    probabilities : label -> 0..1, all labels of the model; {} without words
    """

    turn: int
    speaker: str
    whole: Feeling | None
    first: Feeling | None
    last: Feeling | None
    sentences: int
    question: bool
    truncated: bool
    prime_turn: int | None
    echoed: tuple[str, ...]
    echo_share_tokens: float | None
    controlled: Feeling | None
    probabilities: Mapping[str, float]


def turn_affect(dialogue: Dialogue, model: affect.Model | None = None) -> list[TurnAffect]:
    """Read the affect of every turn of a dialogue.

    Parameters
    ----------
    dialogue : any number of speakers; turns are not joined here
    model : from `convalign.affect.load`; None = the default model

    Source
    ------
    methods/emotional.md, section 3.

    Examples
    --------
    >>> from convalign.dialogue import Turn
    >>> said = (Turn("user", "I am so worried."), Turn("agent", "Worried? I'm so sorry. We will mend it."))
    >>> reply = turn_affect(Dialogue("d", said))[1]
    >>> reply.echoed, reply.sentences, reply.first.compassion < 0.5
    (('worried',), 3, True)
    """
    used = model if model is not None else affect.load()
    texts = [turn.text or "" for turn in dialogue.turns]
    primes: list[int | None] = []
    for place, turn in enumerate(dialogue.turns):
        earlier = (k for k in range(place - 1, -1, -1) if dialogue.turns[k].speaker != turn.speaker)
        primes.append(next(earlier, None))
    edits = [
        None if prime is None else without_echo(text, texts[prime])
        for text, prime in zip(texts, primes, strict=True)
    ]
    parts = [sentences(text) for text in texts]
    wanted = [*texts, *(edit.text for edit in edits if edit), *(one for part in parts for one in part)]
    known = feelings(wanted, used)
    worded = [text for text in dict.fromkeys(texts) if has_words(text)]
    numbers = dict(zip(worded, used.predict(worded).tolist(), strict=True))
    cut = dict(zip(worded, used.truncated(worded), strict=True))
    return [
        TurnAffect(
            place,
            turn.speaker,
            known.get(text),
            known.get(part[0]) if part else None,
            known.get(part[-1]) if part else None,
            len(part),
            is_question(text),
            cut.get(text, False),
            prime,
            edit.echoed if edit else (),
            len(edit.echoed) / edit.content if edit and edit.content else None,
            known.get(edit.text) if edit else known.get(text),
            dict(zip(used.labels, numbers.get(text, ()), strict=False)),
        )
        for place, (turn, text, part, prime, edit) in enumerate(
            zip(dialogue.turns, texts, parts, primes, edits, strict=True)
        )
    ]
