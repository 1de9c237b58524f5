"""The statistics: whether something moved, stayed within its bound, or neither can be said.

The only door to pingouin, scipy, statsmodels and pandas. Every test returns a `Finding`; "unchanged" is
said only against a bound that was declared before the data.
"""

from convalign.independence.bayes import jzs_bf01
from convalign.independence.correlation_power import (
    correlation_power,
    dialogues_needed,
    smallest_correlation_bound,
)
from convalign.independence.equivalence import (
    correlation_equivalence,
    paired_equivalence,
    paired_estimate,
    paired_superiority,
)
from convalign.independence.finding import Finding
from convalign.independence.interval import MeanInterval, mean_interval
from convalign.independence.matrix import Claim, Matrix, MatrixRow, Row, transfer_matrix
from convalign.independence.power import (
    equivalence_power,
    pairs_needed,
    smallest_bound,
    superiority_pairs_needed,
    superiority_power,
)
from convalign.independence.selectivity import Selectivity
from convalign.independence.traits import Htmt, htmt
from convalign.independence.words import sentence

__all__ = [
    "Claim",
    "Finding",
    "Htmt",
    "Matrix",
    "MatrixRow",
    "MeanInterval",
    "Row",
    "Selectivity",
    "correlation_equivalence",
    "correlation_power",
    "dialogues_needed",
    "equivalence_power",
    "htmt",
    "jzs_bf01",
    "mean_interval",
    "paired_equivalence",
    "paired_estimate",
    "paired_superiority",
    "pairs_needed",
    "sentence",
    "smallest_bound",
    "smallest_correlation_bound",
    "superiority_pairs_needed",
    "superiority_power",
    "transfer_matrix",
]
