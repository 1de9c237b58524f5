"""A study file: what is compared with what, and how large a change still counts as none.

It is written before the data. Its hash goes into every run that is scored under it, so that a review can
say whether the bounds were declared first; without that every number stands, and no claim.
"""

from convalign.study.designs import DESIGNS, Design
from convalign.study.files import from_arms, load, parse, schema
from convalign.study.records import KNOWLEDGE, RELATION, Arm, Bound, Study, canonical, exploratory_reasons

__all__ = [
    "DESIGNS",
    "KNOWLEDGE",
    "RELATION",
    "Arm",
    "Bound",
    "Design",
    "Study",
    "canonical",
    "exploratory_reasons",
    "from_arms",
    "load",
    "parse",
    "schema",
]
