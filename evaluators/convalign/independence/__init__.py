"""The statistics: whether something moved, stayed within its bound, or neither can be said.

The only door to pingouin, scipy, statsmodels and pandas. Every test returns a `Finding`; "unchanged" is
said only against a bound that was declared before the data.
"""

from convalign.independence.agreement import Agreement, absolute_agreement
from convalign.independence.bayes import jzs_bf01
from convalign.independence.correlation_power import (
    correlation_power,
    dialogues_needed,
    smallest_correlation_bound,
)
from convalign.independence.crossed import Crossed, crossed_sentence, crossed_table, joint_relations
from convalign.independence.equivalence import (
    correlation_equivalence,
    paired_equivalence,
    paired_estimate,
    paired_superiority,
)
from convalign.independence.finding import Finding
from convalign.independence.interval import MeanInterval, mean_interval
from convalign.independence.knowledge import Knowledge, knowledge_change, mcnemar_p, wilson
from convalign.independence.matrix import Claim, Matrix, MatrixRow, Row, transfer_matrix
from convalign.independence.mixed import MixedCell, mixed_cells, mixed_slope
from convalign.independence.power import (
    equivalence_power,
    pairs_needed,
    smallest_bound,
    superiority_pairs_needed,
    superiority_power,
)
from convalign.independence.ratio import Ratio, ratio_of_means
from convalign.independence.relation import Relation, between_dialogues, pooled_correlation
from convalign.independence.selectivity import Selectivity
from convalign.independence.separable import (
    RELIABLE,
    UNRELIABLE,
    Reliability,
    Traits,
    compare_traits,
    separated,
    split_half,
)
from convalign.independence.slopes import Slopes, dose_slopes
from convalign.independence.traits import Htmt, htmt
from convalign.independence.within import within_dialogues
from convalign.independence.words import sentence

__all__ = [
    "RELIABLE",
    "UNRELIABLE",
    "Agreement",
    "Claim",
    "Crossed",
    "Finding",
    "Htmt",
    "Knowledge",
    "Matrix",
    "MatrixRow",
    "MeanInterval",
    "MixedCell",
    "Ratio",
    "Relation",
    "Reliability",
    "Row",
    "Selectivity",
    "Slopes",
    "Traits",
    "absolute_agreement",
    "between_dialogues",
    "compare_traits",
    "correlation_equivalence",
    "correlation_power",
    "crossed_sentence",
    "crossed_table",
    "dialogues_needed",
    "dose_slopes",
    "equivalence_power",
    "htmt",
    "joint_relations",
    "jzs_bf01",
    "knowledge_change",
    "mcnemar_p",
    "mean_interval",
    "mixed_cells",
    "mixed_slope",
    "paired_equivalence",
    "paired_estimate",
    "paired_superiority",
    "pairs_needed",
    "pooled_correlation",
    "ratio_of_means",
    "sentence",
    "separated",
    "smallest_bound",
    "smallest_correlation_bound",
    "split_half",
    "superiority_pairs_needed",
    "superiority_power",
    "transfer_matrix",
    "wilson",
    "within_dialogues",
]
