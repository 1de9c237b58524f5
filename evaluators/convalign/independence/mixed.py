"""The mixed model that stands beside the paired tests: same cells, all rows at once."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from convalign.independence.checks import checked_alpha
from convalign.independence.finding import Interval, plain

FEWEST_GROUPS = 10
MOST_GROUPS = 5000
"""More would take minutes, where the paired interval is narrow anyway."""


@dataclass(frozen=True, slots=True)
class MixedCell:
    """One arm on one dimension, as the mixed model sees it.

    Attributes
    ----------
    change : contrast of the arm with the baseline on this dimension, score units; None with `reason`
    ci90 : normal interval, level 1 - 2 alpha
    note : a singular fit, or slopes that had to be left out
    reason : why there is none
    """

    change: float | None
    ci90: Interval | None
    note: str | None
    reason: str | None

    def record(self) -> dict[str, Any]:
        """Turn it into what JSON can hold."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


def mixed_cells(
    scores: Mapping[str, tuple[Sequence[float | None], Sequence[float | None]]],
    groups: Sequence[Hashable],
    tokens: Sequence[tuple[float | None, float | None]],
    alpha: float = 0.05,
) -> dict[str, MixedCell]:
    """Fit score ~ arm * dimension + log tokens with an intercept and an arm slope per group.

    Parameters
    ----------
    scores : dimension -> (before, after), [n_dialogues] each; every dimension is divided by the sd of
        its scores before, so that one residual variance serves all, and multiplied back
    groups : [n_dialogues], user (or dialogue) that a random intercept belongs to
    tokens : [n_dialogues] words of the replier before and after; None where not known: then length is left
        out, and said
    alpha : of the intervals

    Returns
    -------
    dimension -> MixedCell. The paired finding decides; this one shows whether unequal numbers of dialogues
    per user, or longer replies, are behind it.

    Source
    ------
    statsmodels MixedLM, REML; methods/statistics.md, section 3.
    """
    rate = checked_alpha(alpha)
    rows: list[tuple[int, int, float, float, Hashable]] = []
    scale: dict[str, float] = {}
    lengths = all(a is not None and b is not None and a > 0 and b > 0 for a, b in tokens) and bool(tokens)
    for place, (name, (before, after)) in enumerate(scores.items()):
        first = [v for v in before if v is not None]
        spread = float(np.std(first, ddof=1)) if len(first) > 2 else 0.0
        if spread <= 0:
            continue
        scale[name] = spread
        for k, (b, a) in enumerate(zip(before, after, strict=True)):
            if b is not None and a is not None:
                for arm, value in ((0, b), (1, a)):
                    length = float(np.log(float(tokens[k][arm] or 1.0))) if lengths else 0.0
                    rows.append((place, arm, value / spread, length, groups[k]))
    missing = {
        name: MixedCell(None, None, None, "its scores before do not vary")
        for name in scores
        if name not in scale
    }
    units = len({row[4] for row in rows})
    if units < FEWEST_GROUPS:
        why = f"fewer than {FEWEST_GROUPS} groups"
        return missing | {name: MixedCell(None, None, None, why) for name in scale}
    if units > MOST_GROUPS:
        why = f"not fitted beyond {MOST_GROUPS:,} groups"
        return missing | {name: MixedCell(None, None, None, why) for name in scale}
    return missing | _fitted(rows, scale, list(scores), lengths, rate)


def _fitted(
    rows: list[tuple[int, int, float, float, Hashable]],
    scale: dict[str, float],
    names: list[str],
    lengths: bool,
    alpha: float,
) -> dict[str, MixedCell]:
    """The fit, and the contrasts read from it."""
    import statsmodels.api as sm  # type: ignore[import-untyped]
    from scipy import special

    used = [place for place, name in enumerate(names) if name in scale]
    y = np.array([row[2] for row in rows])
    arm = np.array([row[1] for row in rows], dtype=np.float64)
    which = np.array([row[0] for row in rows])
    intercepts = np.stack([(which == place).astype(float) for place in used], axis=1)
    design = np.hstack([intercepts, intercepts * arm[:, None]])
    notes = [] if lengths else ["length left out: words per dialogue are not known"]
    if lengths:
        length = np.array([row[3] for row in rows])
        if np.ptp(length) > 0:
            design = np.hstack([design, (length - length.mean())[:, None]])
    codes = {group: k for k, group in enumerate(dict.fromkeys(row[4] for row in rows))}
    groups = np.array([codes[row[4]] for row in rows])
    fit, extra, errors = None, None, np.array([])
    for random, said in ((np.stack([np.ones_like(arm), arm], axis=1), None), (None, "arm slopes left out")):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                tried: Any = sm.MixedLM(y, design, groups, exog_re=random).fit(reml=True)
                errors = np.asarray(tried.bse_fe, dtype=float)
            except (np.linalg.LinAlgError, ValueError):
                continue
        singular = any("singular" in str(w.message) or "boundary" in str(w.message) for w in caught)
        if tried.converged and np.all(np.isfinite(errors)):
            fit, extra = tried, "singular: a random effect is estimated as 0" if singular else None
            notes += [said] if said else []
            break
    if fit is None:
        return {name: MixedCell(None, None, None, "the mixed model did not converge") for name in scale}
    note = "; ".join([*notes, *([extra] if extra else [])]) or None
    reach = float(special.ndtri(1 - alpha))
    beta = np.asarray(fit.fe_params, dtype=float)
    result = {}
    for k, place in enumerate(used):
        name = names[place]
        change, se = beta[len(used) + k] * scale[name], errors[len(used) + k] * scale[name]
        limits = (float(change - reach * se), float(change + reach * se))
        result[name] = MixedCell(float(change), limits, note, None)
    return result


def mixed_slope(
    strengths: Sequence[float], scores: Sequence[Sequence[float | None]], alpha: float = 0.05
) -> MixedCell:
    """Fit score ~ strength with an intercept and a slope per prompt.

    Parameters
    ----------
    strengths : [n_doses]
    scores : [n_prompts, n_doses]; a prompt with a gap is left out
    alpha : of the interval

    Returns
    -------
    MixedCell; `change` is the slope, score units per unit of strength.

    Source
    ------
    statsmodels MixedLM, REML; methods/statistics.md, section 9 (dose).
    """
    import statsmodels.api as sm
    from scipy import special

    rate = checked_alpha(alpha)
    kept = np.array([row for row in scores if None not in row], dtype=np.float64)
    if len(kept) < FEWEST_GROUPS:
        return MixedCell(None, None, None, f"fewer than {FEWEST_GROUPS} prompts")
    if len(kept) > MOST_GROUPS:
        return MixedCell(None, None, None, f"not fitted beyond {MOST_GROUPS:,} prompts")
    spread = float(kept.std())
    if spread == 0:
        return MixedCell(None, None, None, "the scores do not vary")
    design = sm.add_constant(np.tile(np.asarray(strengths, dtype=np.float64), len(kept)))
    groups = np.repeat(np.arange(len(kept)), kept.shape[1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit: Any = sm.MixedLM(kept.ravel() / spread, design, groups, exog_re=design).fit(reml=True)
            slope, se = float(fit.fe_params[1]) * spread, float(fit.bse_fe[1]) * spread
        except (np.linalg.LinAlgError, ValueError):
            return MixedCell(None, None, None, "the mixed model could not be fitted")
    if not fit.converged or not np.isfinite(se):
        return MixedCell(None, None, None, "the mixed model did not converge")
    singular = any("singular" in str(w.message) or "boundary" in str(w.message) for w in caught)
    reach = float(special.ndtri(1 - rate)) * se
    note = "singular: a random effect is estimated as 0" if singular else None
    return MixedCell(slope, (slope - reach, slope + reach), note, None)
