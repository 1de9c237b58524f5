"""Do replies take up the function-word classes of what they answer?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from convalign.dialogue import Dialogue, Turn
from convalign.dimensions.lexical.coordinate import Coordination, Pair, coordinate
from convalign.dimensions.lexical.function_words import FunctionWords, Markers, function_words
from convalign.dimensions.lexical.tally import Thresholds
from convalign.dimensions.lexical.words import base, reader
from convalign.errors import UsageError


def coordination(
    dialogues: Iterable[Dialogue],
    *,
    speakers: Collection[str] | None = None,
    targets: Collection[str] | None = None,
    together: bool = False,
    names: bool = False,
    markers: Markers | None = None,
    language: str = "en",
    pipeline: str | None = None,
    target_thresh: int = 3,
    speaker_thresh: int = 0,
    utterances_thresh: int = 0,
    target_thresh_indiv: int = 0,
    speaker_thresh_indiv: int = 0,
    utterances_thresh_indiv: int = 0,
    within_dialogue: bool = False,
    permutations: int = 199,
    resamples: int = 999,
    seed: int = 0,
) -> Coordination:
    """Measure how much replies take up function-word classes.

    Parameters
    ----------
    dialogues : of one language; turns without text are missing, "" is a turn without markers
    speakers, targets : only these repliers, only replies to these; None = everybody
    together : one score for each speaker towards all its targets, not one for each target
    names : speakers go by their names; else by role where only one speaker of a dialogue has it,
        so that all users of a log are one speaker
    markers : a list of your own (`function_words`); None = that of the language
    language : of dialogues that do not say theirs
    pipeline : a spaCy pipeline of your own
    target_thresh, speaker_thresh, utterances_thresh : least number of primes with the class (at
        least 1), replies with it, and replies (at least 1), over all targets of a score
    target_thresh_indiv, speaker_thresh_indiv, utterances_thresh_indiv : the same for each single
        target, which is left out below it; replies then change places within a target only
    within_dialogue : replies change places within their dialogue only, which keeps what is common
        to a dialogue out of p
    permutations, resamples : for p of means and for intervals; 0 = none
    seed : of both

    Returns
    -------
    Coordination. A reply answers the last turn by somebody else; several turns in a row answer
    the same one.

    Raises
    ------
    UsageError
        Several languages, no list for the language, a name that nobody has, a bad number.
    MissingExtraError
        The language needs a package that is not installed.

    Source
    ------
    methods/lexical.md, section 3; Danescu-Niculescu-Mizil et al. 2012.

    Examples
    --------
    >>> turns = (Turn("a", "The lamp"), Turn("b", "the shop"), Turn("a", "wait"), Turn("b", "ok"))
    >>> found = coordination([Dialogue("d", turns)], target_thresh=1, resamples=0)
    >>> [(one.label, one.value) for one in found.speakers]
    [('a->b', 0.0), ('b->a', 0.5)]
    """
    given = tuple(dialogues)
    # One name is a collection of letters, which nobody means.
    speakers, targets = ([one] if isinstance(one, str) else one for one in (speakers, targets))
    codes = sorted({base(one.language or language) for one in given}) or [base(language)]
    if len(codes) > 1:
        raise UsageError(f"dialogues are in {', '.join(codes)}; measure one language at a time")
    words = function_words(codes[0], markers)
    pairs = [pair for one in given for pair in pairs_of(one, words, pipeline=pipeline, names=names)]
    known = {one.label(name) if not names else name for one in given for name in one.speakers}
    for name in (*(speakers or ()), *(targets or ())):
        if name not in known:
            raise UsageError(f"no speaker {name!r}; there are: {', '.join(sorted(known)[:8]) or 'none'}")
    kept = [
        pair
        for pair in pairs
        if (speakers is None or pair.replier in speakers) and (targets is None or pair.target in targets)
    ]
    return coordinate(
        kept,
        words.classes,
        thresholds=Thresholds(
            target_thresh,
            speaker_thresh,
            utterances_thresh,
            target_thresh_indiv,
            speaker_thresh_indiv,
            utterances_thresh_indiv,
        ),
        together=together,
        within_dialogue=within_dialogue,
        permutations=permutations,
        resamples=resamples,
        seed=seed,
        words=words.name,
    )


def pairs_of(
    dialogue: Dialogue, words: FunctionWords, *, pipeline: str | None = None, names: bool = False
) -> list[Pair]:
    """Reply pairs of a dialogue, with the classes of both turns.

    Parameters
    ----------
    dialogue : any number of speakers
    words : the function words; `words.language` also chooses the tokeniser
    pipeline : a spaCy pipeline of your own
    names : speakers by name, else by role where they can be told apart by it
    """
    texts = [turn.text or "" for turn in dialogue.turns]
    masks = [words.mask(found.forms) for found in reader(words.language, pipeline).words(texts)]
    label = {name: name if names else dialogue.label(name) for name in dialogue.speakers}
    who = [label[turn.speaker] for turn in dialogue.turns]
    return [
        Pair(who[reply], who[prime], masks[prime], masks[reply], dialogue.id)
        for prime, reply in reply_pairs(dialogue.turns)
    ]


def reply_pairs(turns: Sequence[Turn]) -> list[tuple[int, int]]:
    """Which turn answers which, as places in the dialogue.

    Returns
    -------
    (prime, reply) for each turn with text; the prime is the last turn by another speaker. If that
    turn has no transcript, the reply is left out: what it answers is not known.

    Examples
    --------
    >>> reply_pairs([Turn("a", "x"), Turn("b", "y"), Turn("b", "z"), Turn("a", None)])
    [(0, 1), (0, 2)]
    """
    found: list[tuple[int, int]] = []
    prime = -1
    for place, turn in enumerate(turns):
        if place and turns[place - 1].speaker != turn.speaker:
            prime = place - 1
        if prime >= 0 and turn.text is not None and turns[prime].text is not None:
            found.append((prime, place))
    return found
