"""Does a speaker take over the words of the other?

What is measured
----------------
`entrainment`, for ``A->B``: of the content words in A's replies, the share that A has from B, that
is, that B used before A ever did. Words that A brought in, or used before B, do not count, so a
speaker does not align by being copied. `uptake` asks from the other side: of the words that B
brings in, the share that A uses in its next turn. Beside them stand the measures of the field:
shared expressions (`shared_expressions`, `incremental_expressions`, `ExpressionStream`), function-word
`coordination`, `style_matching`, `turn_similarity`, `frequency_matching` and, with an encoder of your
own, `conceptual_similarity`.

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
repetition : share of the replier's words, function words too, that the partner said in an earlier turn
repetition.offline : share of the replier's tokens in established shared expressions; no strangers
initiated : share of the shared expressions that the replier used first; no strangers
vocabulary : word types of both over word types of either, punctuation too
coordination : how much likelier a closed word class is in a reply when the prime has it; mean over classes
style : likeness of the rates of closed word classes; mean over classes that either uses
similarity.lemmas : cosine of the lemma counts of reply and prime, mean over pairs
similarity.tags : cosine of their part-of-speech bigrams, those of equal words left out; null without a tagger

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

from convalign.dimensions.lexical.concepts import conceptual_similarity, load_encoder
from convalign.dimensions.lexical.coordination import coordination
from convalign.dimensions.lexical.expressions import Expression, expression_lexicon, shared_expressions
from convalign.dimensions.lexical.frequency import frequency_matching, frequent_words
from convalign.dimensions.lexical.function_words import function_words
from convalign.dimensions.lexical.measure import Observation, observe, reference, score
from convalign.dimensions.lexical.online import ExpressionStream, TurnExpressions, incremental_expressions
from convalign.dimensions.lexical.settings import Settings, canary, signature
from convalign.dimensions.lexical.similarity import turn_similarity
from convalign.dimensions.lexical.style import style_matching
from convalign.dimensions.lexical.takeover import Share, entrainment, uptake
from convalign.dimensions.lexical.terms import read_terms
from convalign.dimensions.lexical.words import content_lemmas
from convalign.scores import Metric

__all__ = [
    "METRICS",
    "NEEDS",
    "Expression",
    "ExpressionStream",
    "Observation",
    "Settings",
    "Share",
    "TurnExpressions",
    "canary",
    "conceptual_similarity",
    "content_lemmas",
    "coordination",
    "entrainment",
    "expression_lexicon",
    "frequency_matching",
    "frequent_words",
    "function_words",
    "incremental_expressions",
    "load_encoder",
    "observe",
    "read_terms",
    "reference",
    "score",
    "shared_expressions",
    "signature",
    "style_matching",
    "turn_similarity",
    "uptake",
]

NEEDS: Literal["text", "audio"] = "text"
"""What a dialogue must have."""

METRICS = (
    Metric(
        "entrainment", "share", 0.0, 1.0, "higher",
        "share of the replier's content types that it took over from the partner",
        "own definition, docs/metrics.md", "one content type in a reply after the partner spoke",
        route=True, by_turn=True,
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
    Metric(
        "repetition", "share", 0.0, 1.0, "higher",
        "share of the replier's words, function words too, that the partner said in an earlier turn",
        "Dubuisson Duplessis et al. 2021 (DER, over words)", "one word after the partner spoke", route=True,
    ),
    Metric(
        "repetition.offline", "share", 0.0, 1.0, "higher",
        "share of the replier's tokens in established shared expressions; no strangers",
        "Dubuisson Duplessis et al. 2017 (ER)", "one token",
    ),
    Metric(
        "initiated", "share", 0.0, 1.0, "none",
        "share of the shared expressions that the replier used first; no strangers",
        "Dubuisson Duplessis et al. 2017 (IE)", "one shared expression",
    ),
    Metric(
        "vocabulary", "share", 0.0, 1.0, "higher",
        "word types of both over word types of either, punctuation too",
        "Dubuisson Duplessis et al. 2017 (VO)", "one token of each",
    ),
    Metric(
        "coordination", "1", -1.0, 1.0, "higher",
        "how much likelier a closed word class is in a reply when the prime has it; mean over classes",
        "Danescu-Niculescu-Mizil et al. 2012 (agg3)", "3 primes with a class", route=True,
    ),
    Metric(
        "style", "share", 0.0, 1.0, "higher",
        "likeness of the rates of closed word classes; mean over classes that either uses",
        "Ireland & Pennebaker 2010 (LSM)", "one token of each, one class used",
    ),
    Metric(
        "similarity.lemmas", "cosine", 0.0, 1.0, "higher",
        "cosine of the lemma counts of reply and prime, mean over pairs",
        "Duran, Paxton & Fusaroli 2019 (ALIGN)", "one pair of turns with words",
    ),
    Metric(
        "similarity.tags", "cosine", 0.0, 1.0, "higher",
        "cosine of their part-of-speech bigrams, those of equal words left out; null without a tagger",
        "Duran, Paxton & Fusaroli 2019 (ALIGN)", "one pair of turns with words",
    ),
)  # fmt: skip
"""Headline first."""
