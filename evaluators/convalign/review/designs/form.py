"""Format: how much of the score is reachable without reading the user?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from convalign.review.arms import Arm, paired
from convalign.review.designs import outcome as out
from convalign.scores import Metric
from convalign.study import Study


def outcome(study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]]) -> out.Outcome:
    """Compare real replies with replies of the same form, and both with the bare template."""
    by_role = {str(arm.declared.role): arm for arm in arms}
    real, form, floor = by_role["real"], by_role["form"], by_role["floor"]
    rows = []
    for arm in (form, floor):
        cells = []
        for name, listed in metrics.items():
            pairs = paired(real, arm, name, listed[0], study)
            cells.append(out.cell(name, listed[0], out.kept(pairs, name, listed[0], study)))
        rows.append(out.row(arm.name, cells, shown=False, sentence=f"{arm.name} against {real.name}"))
    shares, detail = {}, []
    for name, listed in metrics.items():
        part = out.changes(floor, form, name, listed[0], study)
        whole = out.changes(floor, real, name, listed[0], study)
        made = out.share(part, whole, real, study, flips=True)
        # A share of a score that the real replies do not have above the template is no share.
        if made.whole is not None and made.value is not None and made.whole < 0:
            below = "real replies score below the bare template"
            made = replace(made, value=None, interval=None, how=None, reason=below)
        shares[name] = made.record()
        detail.append(_words(name, shares[name]))
    told = {name: one for name, one in shares.items() if one["value"] is not None}
    if told:
        parts = [f"{max(0.0, 100 * one['value']):.0f} % of {name}" for name, one in told.items()]
        sentence = f"Reachable without reading the user: {out.listing(parts)}."
    else:
        sentence = "No dimension of the real replies is above the bare template: there is no share to tell."
    return out.Outcome(
        out.answer(sentence, detail, shown=None, holds=None),
        out.matrix(rows, sentence, shown=False),
        {"shares": shares},
        f"change from {real.name}",
    )


def _words(name: str, one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return f"{name}: no share: {one['reason']}."
    around = [f"{100 * limit:.0f}" for limit in one["interval"] or ()]
    limits = f" [{', '.join(around)}]" if around else ""
    return (
        f"{name}: {100 * one['value']:.0f} %{limits} of this score is reachable without reading the user "
        f"(p {one['p']:.2g} that form alone is above the template)."
    )
