"""Rows per turn: what was heard of each, how far it can be trusted, and how near a reply is to its prime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convalign.dimensions.prosodic.features import EVERY, READ
from convalign.dimensions.prosodic.headline import NAME
from convalign.dimensions.prosodic.units import Unit
from convalign.dimensions.prosodic.voices import Observation, Pairs
from convalign.scores import TurnScore, turn_row


def turn_rows(one: Observation, directions: Sequence[Pairs], metrics: Sequence[str]) -> Iterator[TurnScore]:
    """Rows of every turn of a dialogue.

    Yields
    ------
    Without direction: the features, each in its own unit; ``start_s`` and ``end_s``;
    ``overlap_share``, ``voiced_share``, ``out_of_range_share`` (of the voiced frames, taken for octave
    errors), ``clipped_share`` and ``snr_db``. With direction:
    ``turn_proximity.<feature>`` of every reply. Turns that were joined stand at the first of them;
    turns that were proposed and do not fit the log's have no rows.
    """
    asked = [f for f in EVERY if f not in READ or any(m.endswith(f".{f.name}") for m in metrics)]
    places = [(k, feature) for k, feature in enumerate(EVERY) if feature in asked]
    for unit in one.units:
        if unit.turn is None:
            continue
        at = (one.dialogue, unit.turn, one.speakers[unit.slot], NAME)
        for k, feature in places:
            value = unit.values[k]
            shown = None if value is None else feature.shown(value)
            yield turn_row(
                *at, feature.name, None, value=shown, n=int(value is not None), reason=unit.reasons[k]
            )
        for name, share in _quality(unit):
            if share is not None:
                yield turn_row(*at, name, None, value=share, n=1)
    for direction, pairs in zip(one.directions, directions, strict=True):
        for reply, prime in zip(pairs.units, pairs.primes, strict=True):
            if reply.turn is None:
                continue
            for k, feature in places:
                a, b = reply.values[k], prime.values[k]
                value = None if a is None or b is None else -abs(a - b) + 0.0
                reason = None if value is not None else reply.reasons[k] or prime.reasons[k]
                yield turn_row(
                    one.dialogue, reply.turn, direction.replier, NAME, f"turn_proximity.{feature.name}",
                    direction.label, value=value, n=int(value is not None), reason=reason,
                )  # fmt: skip


def _quality(unit: Unit) -> tuple[tuple[str, float | None], ...]:
    """When a turn was, and how good its sound is."""
    heard = unit.reasons[0] is None or unit.values[1] is not None or unit.values[2] is not None
    return (
        ("start_s", unit.start_s),
        ("end_s", unit.end_s),
        ("overlap_share", unit.overlap),
        ("voiced_share", unit.voiced if heard else None),
        ("out_of_range_share", unit.out_of_range if heard else None),
        ("clipped_share", unit.clipped if heard else None),
        ("snr_db", unit.snr_db),
    )
