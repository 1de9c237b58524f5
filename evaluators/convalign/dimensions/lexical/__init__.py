"""Does a speaker take over the words of the other?

What is measured
----------------
`entrainment`, for ``A->B``: of the content words in A's replies, the share that A has from B, that
is, that B used before A ever did. Words that A brought in, or used before B, do not count, so a
speaker does not align by being copied. `uptake` asks from the other side: of the words that B
brings in, the share that A uses in its next turn.

Conventions
-----------
Shares, 0..1, up is more aligned. Content = alphabetic and no stop word, compared as lemmas of a
lookup table (as lower-case forms where spaCy has no table for the language; the signature says so).
A word counts once per turn. Evidence n is content types; replies without content add nothing. The
baseline is the mean of the same replies against strangers: the same role in other dialogues, cut or
extended by further strangers to the partner's number of content words at each point. Null, with a
reason, before the partner said anything ("no partner history"), without content ("no content
words"), without text ("no words"), alone ("one speaker", "one turn"); the baseline alone is null
with "too few strangers". With more than two speakers, each ordered pair is scored by itself, and
``A->all`` against everybody else.

Metrics
-------
entrainment : share of the replier's content types that it took over from the partner
uptake : share of the partner's new content types that the replier uses in its next turn
uptake.rest : share of the partner's new content types that the replier uses in any later turn

Limits
------
Words are compared by spelling: no synonyms, no misspellings, no senses. Lookup lemmas know no
context. Talk about the same thing shares words without anybody adapting: plain strangers remove
little of that, strangers ``within`` the same topic more. `entrainment` falls when a reply adds
words; `uptake` does not, but grows with the length of the reply. A word with an apostrophe or a
joiner inside it is no content word. A dialogue of few content words says little by itself.

References
----------
Own definition (docs/metrics.md). Related: Brennan & Clark 1996 (lexical entrainment); Fusaroli et
al. 2012 (task vocabulary); Dubuisson Duplessis et al. 2017, 2021 (who initiates an expression).
"""

from __future__ import annotations

from typing import Literal

from convalign.dimensions.lexical.measure import Observation, observe, reference, score
from convalign.dimensions.lexical.settings import Settings, signature
from convalign.dimensions.lexical.takeover import Share, entrainment, uptake
from convalign.dimensions.lexical.words import content_lemmas
from convalign.scores import Metric

__all__ = [
    "METRICS",
    "NEEDS",
    "Observation",
    "Settings",
    "Share",
    "content_lemmas",
    "entrainment",
    "observe",
    "reference",
    "score",
    "signature",
    "uptake",
]

NEEDS: Literal["text", "audio"] = "text"
"""What a dialogue must have."""

METRICS = (
    Metric(
        "entrainment", "share", 0.0, 1.0, "higher",
        "share of the replier's content types that it took over from the partner",
        "own definition, docs/metrics.md", "one content type in a reply after the partner spoke",
    ),
    Metric(
        "uptake", "share", 0.0, 1.0, "higher",
        "share of the partner's new content types that the replier uses in its next turn",
        "own definition, docs/metrics.md", "one new content type before a reply", beside=True,
    ),
    Metric(
        "uptake.rest", "share", 0.0, 1.0, "higher",
        "share of the partner's new content types that the replier uses in any later turn",
        "own definition, docs/metrics.md", "one new content type before a reply",
    ),
)  # fmt: skip
"""Headline first."""
