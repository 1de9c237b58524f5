"""How far one speaker's affect meets the other's, with the partner's echoed words removed.

What is measured
----------------
Every turn gets a valence (how positive or negative it sounds) and, where the model has such labels, how
much compassion, regulation and distress it holds. A reply is compared with the turn that it answers, after
every content word that the partner has just used was deleted from it, in whatever inflection: repeating
"worried" is not yet feeling anything. Replies to a partner who feels bad are judged by what they do, not
by how near they are: plain mirroring is not support.

Conventions
-----------
Valence is -1..1. A prime is negative under -.2, positive over .2. ``match`` is a similarity corrected for
chance: 0 = what strangers' primes give, 1 = equal, negative = further than a stranger. Its baseline is the
same statistic of strangers (about 0). Consecutive turns of one speaker are joined first. Null, with a
reason: under 4 pairs (slopes, synchrony, convergence: 8), no words, no negative prime, no spread in affect,
fewer than 5 strangers, a label that the model lacks, a language that model or echo control do not cover.
Strangers of acknowledging and the like are the same replies with a stranger's primes in place of the
partner's: whoever is compassionate to everybody, whatever they said, has no excess.

Metrics
-------
match : headline; chance-corrected similarity of reply and prime, echoed words deleted
match_raw : the same with nothing deleted; always beside it
echo_share : match_raw less match: how much of the match is parroting
match.positive : the headline on positive primes, against strangers' positive primes
match.negative : the headline on negative primes; high is mirroring, not support
slope : how much of the partner's affect comes back, graded valence, echoed words deleted
slope_raw : the same with nothing deleted
emotion_match : chance-corrected agreement of seven emotions, echoed words deleted
acknowledge : compassion of replies to negative primes, of the clause with most
regulate : caring, optimism, relief and approval in replies to negative primes, the last sentence weighted
regulate.shift : how much more positive those replies are than their primes
escalate : share of those replies that threaten the partner or are hostile, without compassion
dismiss : share of those replies that answer with marked cheer without compassion
mirror : share of those replies that are distress of the speaker's own without compassion
trajectory : how the partner's valence rises over the dialogue
trajectory.level : the partner's mean valence
trajectory.volatility : its standard deviation
outcome : the partner's next turn less the one that was answered
synchrony : whether both valences move together, trends removed
synchrony.best : the same at the best lag of -2 to 2 exchanges
synchrony.lag : that lag; above 0 the replier follows
convergence : whether the two valences draw together

Limits
------
English. The default model learnt from written American comments (Reddit); other registers are out of its
domain. The lexicon has valence only: no caring, no distress, no classes. Text about something bad reads as
negative. One pair means little: the figure is for dialogues and corpora. The outcome side is not caused by
the replies: low valence rises by itself, therefore strangers who started equally low stand beside it. The
partner's words are deleted, a stranger's are not: where replies share words with primes by accident (a few
stock sentences), ``match`` lies below 0 even at chance; ``match_raw`` does not.

References
----------
Demszky et al. (2020), GoEmotions. Hutto & Gilbert (2014), VADER. Hess & Fischer (2014), mimicry of affect.
Cohen (1960), chance correction. Lin (1991), divergence. Spearman (1904), correction for attenuation.
"""

from __future__ import annotations

from typing import Final, Literal

from convalign.dimensions.emotional.course import (
    Synchrony,
    Trajectory,
    convergence,
    outcome,
    synchrony,
    trajectory,
)
from convalign.dimensions.emotional.measures import Match, agreement, match, similarity, slope
from convalign.dimensions.emotional.reading import Observation
from convalign.dimensions.emotional.scoring import Settings, canary, observe, reference, score, signature
from convalign.dimensions.emotional.turns import TurnAffect, turn_affect
from convalign.dimensions.emotional.words import without_echo
from convalign.scores import Metric

__all__ = [
    "METRICS",
    "NEEDS",
    "Match",
    "Observation",
    "Settings",
    "Synchrony",
    "Trajectory",
    "TurnAffect",
    "agreement",
    "canary",
    "convergence",
    "match",
    "observe",
    "outcome",
    "reference",
    "score",
    "signature",
    "similarity",
    "slope",
    "synchrony",
    "trajectory",
    "turn_affect",
    "without_echo",
]

NEEDS: Final[Literal["text", "audio"]] = "text"

_MATCH = "(S - S_chance) / (1 - S_chance), S = mean of 1 - |v_reply - v_prime| / 2"
_FOUR, _EIGHT = "4 reply pairs, 5 strangers", "8 reply pairs, primes that vary"

_REPLIES = "over replies to primes under -.2; labels of Demszky et al. 2020"
_ONE = "1 negative prime, 5 strangers"

METRICS: Final = (
    Metric(
        "match", "1", None, 1.0, "higher",
        "chance-corrected similarity of reply and prime, echoed words deleted", _MATCH, _FOUR,
        route=True, by_turn=True,
    ),
    Metric(
        "match_raw", "1", None, 1.0, "higher", "the same with nothing deleted", _MATCH, _FOUR, beside=True,
    ),
    Metric(
        "echo_share", "1", None, None, "lower",
        "match_raw less match: how much of the match is parroting", "match_raw - match", _FOUR, beside=True,
    ),
    Metric(
        "match.positive", "1", None, 1.0, "higher",
        "the headline on positive primes, against strangers' positive primes", _MATCH, _FOUR,
    ),
    Metric(
        "match.negative", "1", None, 1.0, "none",
        "the headline on negative primes; high is mirroring, not support", _MATCH, _FOUR,
    ),
    Metric(
        "slope", "1", None, None, "higher",
        "how much of the partner's affect comes back, echoed words deleted",
        "least squares of graded v_reply on v_prime", _EIGHT, route=True,
    ),
    Metric(
        "slope_raw", "1", None, None, "higher", "the same with nothing deleted",
        "least squares of graded v_reply on v_prime", _EIGHT,
    ),
    Metric(
        "emotion_match", "1", None, 1.0, "higher",
        "chance-corrected agreement of seven emotions, echoed words deleted",
        "1 - Jensen-Shannon divergence, Lin 1991", _FOUR, route=True,
    ),
    Metric(
        "acknowledge", "share", 0.0, 1.0, "higher",
        "compassion of replies to negative primes, of the clause with most", _REPLIES, _ONE,
    ),
    Metric(
        "regulate", "share", 0.0, 1.0, "higher",
        "caring, optimism, relief and approval in replies to negative primes, the last sentence weighted",
        _REPLIES, _ONE,
    ),
    Metric(
        "regulate.shift", "1", -2.0, 2.0, "none",
        "how much more positive those replies are than their primes", _REPLIES, _ONE,
    ),
    Metric(
        "escalate", "share", 0.0, 1.0, "lower",
        "share of those replies that threaten the partner or are hostile, without compassion", _REPLIES, _ONE,
    ),
    Metric(
        "dismiss", "share", 0.0, 1.0, "lower",
        "share of those replies that answer with marked cheer without compassion", _REPLIES, _ONE,
    ),
    Metric(
        "mirror", "share", 0.0, 1.0, "none",
        "share of those replies that are distress of the speaker's own without compassion", _REPLIES, _ONE,
    ),
    Metric(
        "trajectory", "1", None, None, "none", "how the partner's valence rises over the dialogue",
        "least squares on turn number, 0 to 1", "4 turns with words, 5 strangers",
    ),
    Metric(
        "trajectory.level", "1", -1.0, 1.0, "none", "the partner's mean valence", "mean",
        "1 turn with words, 5 strangers",
    ),
    Metric(
        "trajectory.volatility", "1", 0.0, 2.0, "none", "its standard deviation", "n - 1",
        "3 turns with words, 5 strangers",
    ),
    Metric(
        "outcome", "1", -2.0, 2.0, "higher", "the partner's next turn less the one that was answered",
        "beside strangers' change from the same valence", "1 reply with a turn after it, 5 strangers",
    ),
    Metric(
        "synchrony", "1", -1.0, 1.0, "higher", "whether both valences move together, trends removed",
        "Pearson; p by circular shifts", "8 reply pairs that vary",
    ),
    Metric(
        "synchrony.best", "1", -1.0, 1.0, "higher", "the same at the best lag of -2 to 2 exchanges",
        "Pearson; p by the same maximum under circular shifts", "8 reply pairs that vary",
    ),
    Metric(
        "synchrony.lag", "exchanges", -2.0, 2.0, "none", "that lag; above 0 the replier follows",
        "place of the largest correlation", "8 reply pairs that vary",
    ),
    Metric(
        "convergence", "1", -1.0, 1.0, "higher", "whether the two valences draw together",
        "Pearson of -|v_A - v_B| with the number of the exchange", "8 reply pairs that vary",
    ),
)  # fmt: skip
