"""Scorers for Inspect AI: ``convalign/lexical`` and ``convalign/emotional``, one per dimension.

Inspect finds them by the entry point of the group ``inspect_ai`` in ``setup.cfg``; nothing else imports this
module. There is no prosodic one: Inspect's messages carry no times and no channels, an agent's reply is text
in almost every evaluation, and prosody needs four voiced turns of each speaker. Score recordings with
``convalign score --audio``.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from convalign.dialogue import Dialogue
from convalign.errors import MissingExtraError, UsageError
from convalign.logs import read
from convalign.logs.openai import from_messages
from convalign.scores import REASONS
from convalign.scores import Score as Row
from convalign.strangers import Strangers

try:
    from anyio.to_thread import run_sync
    from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
    from inspect_ai.solver import TaskState
except ImportError as error:
    raise MissingExtraError(
        f"scorers for Inspect need inspect-ai ({error}); pip install 'convalign[inspect]'"
    ) from None

DIRECTIONS = ("agent->user", "user->agent")
REPORTED = ("value", "excess")
KEPT = ("value", "baseline", "excess", "n", "status", "reason")
"""What the metadata of a sample says of the metrics beside the headline."""


@scorer(metrics=[mean(), stderr()])
def lexical(
    strangers: str | None = None,
    direction: str = "agent->user",
    report: Literal["value", "excess"] = "value",
    **options: Any,
) -> Scorer:
    """Score lexical entrainment: the share of the replier's content types taken over from the partner.

    Parameters
    ----------
    strangers : log of other dialogues, in any format that `convalign.read` knows, looked at before the
        evaluation begins; None = no baseline and no excess, with the reason ``too few strangers``
    direction : ``agent->user`` (the agent adapts to the user) or ``user->agent``
    report : which number of the headline's row is the sample's value: ``value`` or ``excess``
    options : of the dimension, as of `convalign.score` (``surrogates=50, seed=1``)

    Returns
    -------
    Scorer. A value is 0..1 (``report="excess"``: -1..1). ``Score.metadata`` has the headline's row (value,
    baseline, excess, n, status, reason, p), ``signature``, the number of dialogues that lend ``strangers``,
    and ``rows``: metric -> its row in this direction. A dialogue that could not be scored has the value with
    which Inspect leaves a sample out of every metric and counts it in ``unscored_samples``; its reason is in
    the metadata.

    Raises
    ------
    UsageError
        Unknown direction, report or option.
    LogError
        `strangers` cannot be read.

    Source
    ------
    docs/metrics.md; docs/other-tools.md.
    """
    return _scorer("lexical", strangers, direction, report, options)


@scorer(metrics=[mean(), stderr()])
def emotional(
    strangers: str | None = None,
    direction: str = "agent->user",
    report: Literal["value", "excess"] = "value",
    **options: Any,
) -> Scorer:
    """Score emotional match: chance-corrected similarity of affect, echoed words deleted.

    Parameters
    ----------
    strangers, direction, report, options : as of `lexical`. Without at least 5 strangers the headline has no
        value, and every sample is unscored.

    Returns
    -------
    Scorer, as of `lexical`; a value is -inf..1.

    Raises
    ------
    UsageError, LogError
        As of `lexical`.

    Source
    ------
    docs/metrics.md; docs/other-tools.md.
    """
    return _scorer("emotional", strangers, direction, report, options)


def _scorer(dimension: str, log: str | None, direction: str, report: str, options: dict[str, Any]) -> Scorer:
    """The scorer of one dimension; what is wrong with a parameter is said before any model is asked."""
    if direction not in DIRECTIONS:
        raise UsageError(f"direction: {direction!r} is none; there are: {', '.join(DIRECTIONS)}")
    if report not in REPORTED:
        raise UsageError(f"report: {report!r} is no number of a row; there are: {', '.join(REPORTED)}")
    # A relative path is one of the place where the evaluation starts, not of the task's folder.
    strangers = Strangers([] if log is None else read(Path(log).absolute()), [dimension], **options)

    async def score(state: TaskState, target: Target) -> Score:
        del target  # alignment has no right answer
        dialogue = dialogue_of(state)
        messages: list[str] = []
        found = await run_sync(lambda: strangers.scored(dialogue, messages=messages))
        return _score(list(found.dialogues), strangers, direction, report, messages)

    return score


def dialogue_of(state: TaskState) -> Dialogue:
    """The dialogue of a sample: its messages by the rules of the format ``openai``.

    Returns
    -------
    Dialogue with the id ``SAMPLE#EPOCH``.
    """
    messages = [message.model_dump() for message in state.messages]
    return from_messages(messages, id=f"{state.sample_id}#{state.epoch}")


def _score(rows: list[Row], strangers: Strangers, direction: str, report: str, messages: list[str]) -> Score:
    """The headline's row as Inspect's score; unscored is NaN there, and no metric or reducer takes it in."""
    [used] = strangers.scorers
    name = used.module.METRICS[0].name
    # A dialogue without a reply has one row, for no direction.
    row = next(r for r in rows if r.metric == name and r.direction in (direction, "-"))
    number: float | None = getattr(row, report)
    parts = [f"{used.name} {name}, {direction}: "]
    if number is None:
        parts.append("unscored")
    else:
        parts.append(f"{report} {number:.3f}")
        if row.baseline is not None:
            parts.append(f" (value {row.value:.3f}, strangers {row.baseline:.3f}, n {row.n})")
        else:
            parts.append(f" (n {row.n}, no baseline)")
    if row.reason is not None:
        parts.append(f"; {row.reason}: {REASONS[row.reason]}")
    if row.reason == "too few strangers":
        parts.append("; give strangers= a log of at least 5 other dialogues")
    parts += [f"; {message}" for message in messages]
    return Score(
        value=float("nan") if number is None else number,
        explanation="".join(parts),
        reason=row.reason if number is None else None,
        metadata={
            **asdict(row),
            "direction": direction,
            "signature": used.signature,
            "strangers": strangers.dialogues,
            "rows": {
                one.metric: {key: getattr(one, key) for key in KEPT}
                for one in rows
                if one.direction == row.direction
            },
        },
    )
