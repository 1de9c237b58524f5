"""How far one speaker's affect meets the other's, with the partner's echoed words removed.

What is measured
----------------
Every turn gets a valence (how positive or negative it sounds) from an affect model. A reply is compared
with the turn that it answers, after every content word that the partner has just used was deleted from
it, in whatever inflection: repeating "worried" is not yet feeling anything.

Conventions
-----------
Valence is -1..1. ``match`` is a similarity corrected for chance: 0 = what strangers' primes give, 1 = equal,
negative = further than a stranger. Its baseline is the same statistic of strangers (about 0). Consecutive
turns of one speaker are joined first. Null, with a reason: under 4 pairs (slopes: 8), no words, no
spread in affect, fewer than 5 strangers, a language that model or echo control do not cover.

Metrics
-------
match : headline; chance-corrected similarity of reply and prime, echoed words deleted
match_raw : the same with nothing deleted; always beside it
echo_share : match_raw less match: how much of the match is parroting
slope : how much of the partner's affect comes back, echoed words deleted
slope_raw : the same with nothing deleted

Limits
------
English. The lexicon model has valence only: no caring, no distress, so acknowledging, regulating and
escalating are not scored. Text about something bad reads as negative. On negative primes a high match
is mirroring, not support. One pair means little: the figure is for dialogues and corpora. The partner's
words are deleted, a stranger's are not: where replies share words with primes by accident (a few stock
sentences), ``match`` lies below 0 even at chance; ``match_raw`` does not.

References
----------
Hutto & Gilbert (2014), VADER. Hess & Fischer (2014), mimicry of affect. Cohen (1960), chance correction.
"""

from __future__ import annotations

from typing import Final, Literal

from convalign.dimensions.emotional.measures import Match, match, similarity, slope
from convalign.dimensions.emotional.scoring import Observation, Settings, observe, reference, score, signature
from convalign.dimensions.emotional.words import without_echo
from convalign.scores import Metric

__all__ = [
    "METRICS",
    "NEEDS",
    "Match",
    "Observation",
    "Settings",
    "match",
    "observe",
    "reference",
    "score",
    "signature",
    "similarity",
    "slope",
    "without_echo",
]

NEEDS: Final[Literal["text", "audio"]] = "text"

_MATCH = "(S - S_chance) / (1 - S_chance), S = mean of 1 - |v_reply - v_prime| / 2"
_FOUR, _EIGHT = "4 reply pairs, 5 strangers", "8 reply pairs, primes that vary"

METRICS: Final = (
    Metric(
        "match", "1", None, 1.0, "higher",
        "chance-corrected similarity of reply and prime, echoed words deleted", _MATCH, _FOUR,
    ),
    Metric(
        "match_raw", "1", None, 1.0, "higher", "the same with nothing deleted", _MATCH, _FOUR, beside=True,
    ),
    Metric(
        "echo_share", "1", None, None, "lower",
        "match_raw less match: how much of the match is parroting", "match_raw - match", _FOUR, beside=True,
    ),
    Metric(
        "slope", "1", None, None, "higher",
        "how much of the partner's affect comes back, echoed words deleted",
        "least squares of v_reply on v_prime", _EIGHT,
    ),
    Metric(
        "slope_raw", "1", None, None, "higher", "the same with nothing deleted",
        "least squares of v_reply on v_prime", _EIGHT,
    ),
)  # fmt: skip
