"""A rubric says what a use case needs of each dimension; judging says whether a run has it.

Never added up: a judgement is one verdict per entry (``met``, ``unmet``, ``unknown``), each with its
numbers, its evidence and whatever speaks against it. Definitions: methods/use-cases.md.
"""

from convalign.rubric import rates
from convalign.rubric.calibration import calibrate
from convalign.rubric.files import load, names, parse
from convalign.rubric.judging import judge
from convalign.rubric.panel import category_error
from convalign.rubric.records import Entry, Evidence, Floor, Judgement, Rubric, Side, Target, Verdict, Weighed
from convalign.rubric.tables import listing, table

__all__ = [
    "Entry",
    "Evidence",
    "Floor",
    "Judgement",
    "Rubric",
    "Side",
    "Target",
    "Verdict",
    "Weighed",
    "calibrate",
    "category_error",
    "judge",
    "listing",
    "load",
    "names",
    "parse",
    "rates",
    "table",
]
