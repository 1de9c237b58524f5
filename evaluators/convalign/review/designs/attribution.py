"""Attribution: one model in two harnesses; which dimension did the harness change?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from convalign.errors import StudyError
from convalign.review.arms import Arm, paired
from convalign.review.designs import outcome as out
from convalign.scores import Metric
from convalign.study import Study

FIELD = "model"
"""Meta field that names the model."""


def outcome(study: Study, arms: Sequence[Arm], metrics: Mapping[str, Sequence[Metric]]) -> out.Outcome:
    """Test every dimension for a change, and for staying within its bound."""
    model = _model(arms)
    one, other = arms
    cells, ends = [], {}
    for name, listed in metrics.items():
        pairs = paired(one, other, name, listed[0], study)
        kept, moved = out.kept(pairs, name, listed[0], study), out.moved(pairs, listed[0], study)
        made = out.cell(name, listed[0], kept)
        made["moved"] = moved.record()
        cells.append(made)
        if kept.within:
            ends[name] = "kept"
        elif moved.conclusion in ("improved", "worsened"):
            ends[name] = str(moved.conclusion)
        else:
            ends[name] = "undecided"
    changed = [f"{name} ({end})" for name, end in ends.items() if end in ("improved", "worsened")]
    kept_ones = [name for name, end in ends.items() if end == "kept"]
    open_ones = [name for name, end in ends.items() if end == "undecided"]
    parts = (
        [f"the harness changed {out.listing(changed)}"] if changed else ["no dimension was shown to change"]
    )
    parts += [f"{out.listing(kept_ones)} stayed within bounds"] if kept_ones else []
    parts += [f"undecided: {out.listing(open_ones)}"] if open_ones else []
    sentence = out.capital("; ".join(parts)) + "."
    shown = not open_ones
    row = out.row(other.name, cells, shown=shown, sentence=sentence)
    detail = (
        []
        if model
        else [f"the logs do not name a model (meta field {FIELD!r}): that it is the same is taken on trust"]
    )
    return out.Outcome(
        out.answer(sentence, detail, shown=shown, holds=None),
        out.matrix([row], sentence, shown=shown),
        {"model": model, "changes": ends},
        f"change from {one.name}",
    )


def _model(arms: Sequence[Arm]) -> str | None:
    """The model that both logs name; None where one of them does not.

    Raises
    ------
    StudyError
        They name different models.
    """
    named = []
    for arm in arms:
        found = Counter(str(one["meta"][FIELD]) for one in arm.index.values() if one["meta"].get(FIELD))
        if len(found) > 1:
            raise StudyError(
                f"{arm.name}: names the models {', '.join(sorted(found))}; attribution takes one"
            )
        named.append(next(iter(found), None))
    if None not in named and named[0] != named[1]:
        raise StudyError(
            f"{arms[0].name} is of the model {named[0]}, {arms[1].name} of {named[1]}; "
            "what a harness changed is seen only with the same model"
        )
    return named[0] if None not in named else None
