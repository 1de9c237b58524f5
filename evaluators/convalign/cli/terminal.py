"""What a person sees on stderr: a bar while it works, a summary when it is done."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from tqdm import tqdm

from convalign.language import NOT_SURE
from convalign.logs import Report
from convalign.scale import Progress, silent
from convalign.scoring import Outcome, Scorer

EVERY_S = 60.0
"""Between two lines of progress."""

MOST = 5
"""Reasons, directions and messages that a summary lists before it only counts."""


@contextmanager
def progress(*, quiet: bool, stream: TextIO | None = None) -> Iterator[Progress]:
    """A bar per stage on a terminal, a line a minute elsewhere (and with ``TERM=dumb``), or nothing."""
    stream = stream or sys.stderr
    if quiet or stream is None:
        yield silent
        return
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield Lines(stream)
        return
    bars: dict[str, tqdm[Any]] = {}

    def show(what: str, done: int, total: int | None) -> None:
        if what not in bars:
            for bar in bars.values():
                bar.close()
            form = None if done or total is not None else "{desc} {elapsed}"
            bars[what] = tqdm(
                desc=what, total=total, unit=" dialogues", file=stream, leave=False, bar_format=form
            )
        bars[what].update(done - bars[what].n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


class Lines:
    """Progress where nothing can be drawn over: one line a minute.

    Parameters
    ----------
    stream : where to print
    clock : seconds that never go backwards
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._what, self._began, self._from = "", clock(), 0
        self._next = self._began + EVERY_S

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Say how far a stage is, once it is time."""
        now = self._clock()
        if what != self._what:
            self._what, self._began, self._from = what, now, done
        if now < self._next:
            return
        self._next = now + EVERY_S
        if not done and total is None:
            print(what, file=self._stream, flush=True)
            return
        rate = (done - self._from) / (now - self._began) if now > self._began else 0.0
        of = "" if total is None else f" of {total:,}"
        left = "" if total is None or not rate else f", {duration((total - done) / rate)} left"
        print(f"{what} {done:,}{of} dialogues, {rate:.3g} a second{left}", file=self._stream, flush=True)


def duration(seconds: float) -> str:
    """A time to wait, in the two units that matter.

    Examples
    --------
    >>> duration(3725), duration(59.6)
    ('1 h 02 min', '1 min 00 s')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def say(text: str, *, quiet: bool = False) -> None:
    """One line on stderr."""
    if not quiet:
        print(text, file=sys.stderr)


def summary(report: Report, outcome: Outcome, chosen: tuple[Scorer, ...], *, seconds: float) -> str:
    """What was read and scored, what was not and why.

    Returns
    -------
    Lines of text; per dimension the mean of its headline beside what strangers get, per direction.
    """
    skipped = f", {report.skipped_count:,} skipped" if report.skipped_count else ""
    lines = [f"{report.read:,} dialogues, {outcome.turns:,} turns read in {seconds:.1f} s{skipped}"]
    lines += [f"  skipped {message}" for message in report.skipped[:MOST]]
    width = max(len(s.name) for s in chosen)
    for scorer in chosen:
        reasons = outcome.unscored[scorer.name].most_common()
        parts = [f"{outcome.scored[scorer.name]:,} scored"]
        if reasons:
            listed = ", ".join(f"{reason} {count:,}" for reason, count in reasons[:MOST])
            parts.append(f"{sum(c for _, c in reasons):,} unscored ({listed})")
        if outcome.without_input[scorer.name]:
            lacks = "no audio" if scorer.module.NEEDS == "audio" else "no words"
            parts.append(f"{outcome.without_input[scorer.name]:,} unscored ({lacks})")
        lines.append(f"{scorer.name:<{width}}  {', '.join(parts)}")
        lines += [f"{'':<{width}}  {item}" for item in _headline(outcome, scorer)]
    if set(outcome.languages) - {"en"}:
        named = (
            f"{'not sure' if code == NOT_SURE else code} {n:,}" for code, n in outcome.languages.most_common()
        )
        lines.append(f"languages: {', '.join(named)}; --language CODE overrides")
    lines += [f"note: {note} ({count:,} times)" for note, count in report.notes]
    lines += [f"warning: {message}" for message in outcome.messages[:MOST]]
    if len(outcome.messages) > MOST:
        lines.append(f"warning: {len(outcome.messages) - MOST:,} more in run.json")
    return "\n".join(lines)


def _headline(outcome: Outcome, scorer: Scorer) -> list[str]:
    """Mean headline per direction, those with the most dialogues first."""
    found = [(key, t) for key, t in outcome.headlines.items() if key[0] == scorer.name and t.n]
    found.sort(key=lambda item: (-item[1].n, item[0]))
    lines = []
    for (_, metric, direction), tally in found[:MOST]:
        chance = "no strangers to compare with"
        excess = tally.excess(seed=scorer.settings.seed)
        if excess is not None:
            chance = f"strangers {tally.baseline:.3f}, excess {excess.mean:+.3f}"
            if excess.low is not None and excess.high is not None:
                chance += f" [{excess.low:+.3f}, {excess.high:+.3f}]"
        lines.append(f"{metric} {direction}: {tally.value:.3f}, {chance} (n {tally.n:,})")
    if len(found) > MOST:
        lines.append(
            f"and {len(found) - MOST:,} more directions; --roles SPEAKER=user,SPEAKER=agent joins them"
        )
    return lines
