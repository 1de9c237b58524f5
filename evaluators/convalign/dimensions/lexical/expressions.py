"""Shared expressions: what two speakers say alike, how long it is, and who brought it in.

The measures of dialign (Dubuisson Duplessis et al. 2017, 2021) over whole dialogues. By default
with our own rules: spaCy's tokens, names or roles of the speakers, any number of them, null with a
reason where a mean has nothing under it, and self-repetition over the speaker's own tokens. With
``compat="dialign"`` the 31 columns of dialign 1.1, under its names and by its rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convalign.dialogue import Dialogue
from convalign.dimensions.lexical import repeats
from convalign.dimensions.lexical.repeats import Repeats, Tokens
from convalign.dimensions.lexical.words import reader
from convalign.errors import UsageError

Compat = Literal["dialign"] | None
NOTHING = "no shared expression"
NOBODY = "NS"
"""How dialign calls the second speaker of a monologue."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An n-gram that two speakers (or one speaker in two turns) use, and that stands free somewhere.

    Attributes
    ----------
    form : its tokens, joined by blanks
    size : number of tokens
    first_speaker : who used it first
    turns : numbers of the turns that hold it, from 0
    free_frequency : turns in which it stands free, that is, in no longer expression
    established : turn by which two speakers have used it and it has stood free
    priming : turns of the first speaker that hold it before the other one does
    """

    form: str
    size: int
    first_speaker: str
    turns: tuple[int, ...]
    free_frequency: int
    established: int
    priming: int

    @property
    def frequency(self) -> int:
        """Turns that hold it, free or not."""
        return len(self.turns)

    @property
    def spanning(self) -> int:
        """Turns from the first to the last one that holds it."""
        return self.turns[-1] - self.turns[0] + 1


@dataclass(frozen=True, slots=True)
class Script:
    """A dialogue as numbers, for one of the two sets of rules.

    Attributes
    ----------
    forms : [n_tokens] as compared
    tokens : the same as numbers
    turns : [n_turns] speaker of each turn
    speakers : names or roles; dialign: in alphabetical order
    """

    forms: tuple[str, ...]
    tokens: Tokens
    turns: tuple[str, ...]
    speakers: tuple[str, ...]


def shared_expressions(
    dialogue: Dialogue,
    compat: Compat = None,
    lowercase: bool = True,
    *,
    language: str = "en",
    pipeline: str | None = None,
) -> dict[str, Any]:
    """Measure what the speakers of a dialogue say alike.

    Parameters
    ----------
    compat : ``"dialign"`` gives dialign's 31 columns under dialign's names and rules
    lowercase : compare lower-case forms
    language, pipeline : of the tokeniser, where the dialogue names no language; not used by dialign

    Returns
    -------
    dict. Ours: ``turns``, ``tokens``, ``lexicon_size``, ``variety`` (expressions per token),
    ``repetition`` (share of tokens in expressions, from their establishment on),
    ``vocabulary_overlap`` (0..1), ``entropy`` (bits), ``mean_length`` and ``max_length`` (tokens);
    ``speakers`` -> for each one ``tokens``, ``token_share``, ``initiated`` (share of the lexicon),
    ``repetition``, ``vocabulary_overlap`` (share of its types) and ``self`` (the first measures over
    its own turns); ``directions`` -> ``repetition`` of the replier's tokens in what it shares with
    that partner; ``reasons`` -> why a measure is None. Shares are 0..1.
    dialign's: floats and names, None where dialign prints NaN.

    Raises
    ------
    UsageError
        `compat` is unknown, or asks for more than two speakers.

    Source
    ------
    methods/lexical.md, section 2; dialign 1.1.

    Examples
    --------
    >>> from convalign.dialogue import Dialogue, Turn
    >>> texts = ["i need a cheap red lamp", "a cheap red lamp costs ten", "ok a cheap red lamp then"]
    >>> found = shared_expressions(Dialogue("d", tuple(Turn(s, t) for s, t in zip("ABA", texts))))
    >>> found["lexicon_size"], round(found["repetition"], 3), found["mean_length"]
    (1, 0.444, 4.0)
    """
    made = script(dialogue, compat, lowercase, language=language, pipeline=pipeline)
    return _dialign(made) if compat else _ours(made)


def expression_lexicon(
    dialogue: Dialogue,
    compat: Compat = None,
    lowercase: bool = True,
    *,
    speaker: str | None = None,
    language: str = "en",
    pipeline: str | None = None,
) -> list[Expression]:
    """List the expressions themselves.

    Parameters
    ----------
    speaker : list what this speaker repeats of itself, instead of what is shared
    compat, lowercase, language, pipeline : as in `shared_expressions`

    Returns
    -------
    Sorted by size, then frequency (both falling), then form.
    """
    made = script(dialogue, compat, lowercase, language=language, pipeline=pipeline)
    if speaker is None:
        return listed(made, repeats.shared(made.tokens), made.tokens)
    if speaker not in made.speakers:
        raise UsageError(f"no speaker {speaker!r}; there are: {', '.join(made.speakers)}")
    mine = made.tokens.take(made.tokens.speaker == made.speakers.index(speaker))
    return listed(made, repeats.own(mine), mine)


def script(
    dialogue: Dialogue,
    compat: Compat = None,
    lowercase: bool = True,
    *,
    language: str = "en",
    pipeline: str | None = None,
) -> Script:
    """Turn a dialogue into numbers; turns without a transcript hold no token.

    Raises
    ------
    UsageError
        `compat` is unknown, or dialign is asked for more than two speakers.
    """
    if compat not in (None, "dialign"):
        raise UsageError(f"compat: {compat!r} is not known here; write 'dialign', or leave it out")
    if compat is None:
        texts = [turn.text or "" for turn in dialogue.turns]
        turns = reader(dialogue.language or language, pipeline).forms(texts, lower=lowercase)
        names = {speaker: dialogue.label(speaker) for speaker in dialogue.speakers}
        return _script(turns, [names[turn.speaker] for turn in dialogue.turns], tuple(names.values()))
    labels = [turn.speaker.strip().removesuffix(":") for turn in dialogue.turns]
    speakers = tuple(sorted(set(labels)))
    if len(speakers) > 2:
        raise UsageError(
            f"{dialogue.id}: dialign takes two speakers, here are {', '.join(speakers)}; leave compat out"
        )
    return _script([dialign_tokens(turn.text or "", lowercase) for turn in dialogue.turns], labels, speakers)


def dialign_tokens(text: str, lowercase: bool = True) -> tuple[str, ...]:
    r"""Split a text as dialign 1.1 does.

    Returns
    -------
    Runs of ``\ . ? ! ,`` are words of their own, blanks separate; a run at the beginning leaves an
    empty first token, and an empty text is one empty token.

    Examples
    --------
    >>> dialign_tokens("? foo, bar")
    ('', '?', 'foo', ',', 'bar')
    """
    spaced = re.sub(r"([\\.?!,]+)", r" \1 ", text.strip())
    tokens = re.split(" +", spaced.lower() if lowercase else spaced)
    while len(tokens) > 1 and not tokens[-1]:
        tokens.pop()
    return tuple(tokens)


def listed(made: Script, found: Repeats, tokens: Tokens) -> list[Expression]:
    """The expressions of `found` in the order of dialign's table."""
    where = np.arange(len(made.forms))[np.isin(made.tokens.turn, np.unique(tokens.turn))]
    entries = []
    for entry in range(len(found.size)):
        turns = found.held[entry].tolist()
        size, at = int(found.size[entry]), int(where[found.example[entry]])
        holder = made.turns[turns[0]]
        until = min(int(found.second[entry]), int(found.established[entry]))
        entries.append(
            Expression(
                " ".join(made.forms[at : at + size]), size, holder, tuple(turns),
                int(found.free_frequency[entry]), int(found.established[entry]),
                sum(1 for turn in turns if turn < until and made.turns[turn] == holder),
            )
        )  # fmt: skip
    return sorted(entries, key=lambda one: (-one.size, -one.frequency, one.form))


def _script(turns: Sequence[Sequence[str]], who: Sequence[str], speakers: tuple[str, ...]) -> Script:
    forms = tuple(form for turn in turns for form in turn)
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(form, len(numbers)) for form in forms], np.int64)
    lengths = [len(turn) for turn in turns]
    letters = {form: any(character.isalpha() for character in form) for form in numbers}
    places = np.array([speakers.index(one) for one in who], np.int64)
    tokens = Tokens(
        ids,
        np.array([letters[form] for form in forms], np.bool_),
        np.repeat(np.arange(len(turns)), lengths),
        np.repeat(places, lengths) if turns else ids,
        np.zeros(len(forms), np.int64),
    )
    return Script(forms, tokens, tuple(who), speakers)


def _shape(found: Repeats) -> tuple[float, float | None, int]:
    """Entropy in bits, mean and greatest length of expressions, weighted by free turns."""
    weight = np.bincount(found.size, weights=found.free_frequency.astype(float))
    if not weight.sum():
        return 0.0, None, 0
    share = weight[weight > 0] / weight.sum()
    mean = float((np.arange(len(weight)) * weight).sum() / weight.sum())
    return float(-(share * np.log2(share)).sum()) + 0.0, mean, int(found.size.max())


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _overlap(tokens: Tokens, speakers: int) -> list[set[int]]:
    """Types of each speaker."""
    return [set(tokens.form[tokens.speaker == one].tolist()) for one in range(speakers)]


def _repeated(found: Repeats, tokens: Tokens) -> NDArray[np.bool_]:
    """Tokens in a free occurrence of an expression, in its establishing turn or later."""
    counts = tokens.turn[found.start] >= found.established[found.entry]
    return repeats.covered(found, counts, len(tokens.form))


def _ours(made: Script) -> dict[str, Any]:
    tokens, n = made.tokens, len(made.forms)
    found = repeats.shared(tokens)
    hit = _repeated(found, tokens)
    entropy, mean, longest = _shape(found)
    entries = len(found.size)
    types = _overlap(tokens, len(made.speakers))
    everything = set().union(*types) if types else set()
    spread = sum(1 for form in everything if sum(form in one for one in types) > 1)
    reasons: dict[str, str] = {}
    result: dict[str, Any] = {
        "turns": len(made.turns), "tokens": n, "lexicon_size": entries,
        "variety": _share(entries, n), "repetition": _share(hit.sum(), n),
        "vocabulary_overlap": _share(spread, len(everything)),
        "entropy": entropy if entries else None, "mean_length": mean,
        "max_length": longest if entries else None,
        "speakers": {}, "directions": {}, "reasons": reasons,
    }  # fmt: skip
    if not entries:
        reasons.update(dict.fromkeys(("entropy", "mean_length", "max_length", "initiated"), NOTHING))
    if not n:
        reasons.update(dict.fromkeys(("variety", "repetition", "vocabulary_overlap"), "no words"))
    first = np.array([made.speakers.index(made.turns[turn]) for turn in found.first], np.int64)
    for number, name in enumerate(made.speakers):
        mine = tokens.speaker == number
        own = tokens.take(mine)
        again = repeats.own(own)
        bits, length, most = _shape(again)
        size = int(mine.sum())
        all_free = repeats.covered(again, np.ones(len(again.start), np.bool_), size)
        others = set().union(*(one for place, one in enumerate(types) if place != number))
        result["speakers"][name] = {
            "tokens": size, "token_share": _share(size, n),
            "initiated": _share((first == number).sum(), entries),
            "repetition": _share(hit[mine].sum(), size),
            "vocabulary_overlap": _share(len(types[number] & others), len(types[number])),
            "self": {
                "lexicon_size": len(again.size), "variety": _share(len(again.size), size),
                "repetition": _share(all_free.sum(), size),
                "entropy": bits if len(again.size) else None, "mean_length": length,
                "max_length": most if len(again.size) else None,
            },
        }  # fmt: skip
    for one, name in enumerate(made.speakers):
        for two, other in enumerate(made.speakers):
            if one == two:
                continue
            pair = tokens.take((tokens.speaker == one) | (tokens.speaker == two))
            among = repeats.shared(pair) if len(made.speakers) > 2 else found
            mine = pair.speaker == one
            share = _share(_repeated(among, pair)[mine].sum(), mine.sum())
            result["directions"][f"{name}->{other}"] = {"repetition": share}
            if share is None:
                reasons[f"{name}->{other}"] = "no words"
    return result


def _dialign(made: Script) -> dict[str, Any]:
    tokens, n = made.tokens, len(made.forms)
    found = repeats.shared(tokens)
    hit = _repeated(found, tokens)
    entropy, mean, longest = _shape(found)
    entries = len(found.size)
    names = (*made.speakers, NOBODY, NOBODY)[:2]
    types = (*_overlap(tokens, len(made.speakers)), set[int](), set[int]())[:2]
    first = [made.turns[turn] for turn in found.first]
    result: dict[str, Any] = {
        "Num. utterances": len(made.turns), "Num. tokens": n,
        "Expression Lexicon Size (ELS)": entries, "Expression Variety (EV)": _share(entries, n),
        "Expression Repetition (ER)": _share(hit.sum(), n),
        "Voc. Overlap": _share(len(types[0] & types[1]), len(types[0] | types[1])),
        "ENTR": entropy, "L": mean, "LMAX": longest, "S1": names[0], "S2": names[1],
    }  # fmt: skip
    for place, name in enumerate(names, 1):
        mine = tokens.speaker == place - 1
        result[f"S{place}/Initiated Expression (IE_S{place})"] = _share(first.count(name), entries)
        result[f"S{place}/Expression Repetition (ER_S{place})"] = _share(hit[mine].sum(), mine.sum())
        result[f"S{place}/tokens (%)"] = _share(mine.sum(), n)
    both = len(types[0] & types[1])
    result["Voc. Overlap S1"], result["Voc. Overlap S2"] = (_share(both, len(one)) for one in types)
    for place, name in enumerate(names, 1):
        own = tokens.take(tokens.speaker == place - 1)
        again = repeats.own(own)
        bits, length, most = _shape(again)
        # dialign puts one empty token in place of every turn of the other speaker.
        size = len(own.form) + sum(1 for who in made.turns if who != name)
        free = repeats.covered(again, np.ones(len(again.start), np.bool_), len(own.form)).sum()
        values = (len(again.size), _share(len(again.size), size), _share(free, size), bits, length, most)
        for column, value in zip(("ELS", "EV", "ER", "ENTR", "L", "LMAX"), values, strict=True):
            result[f"SR/S{place}/{column}"] = value
    return result
