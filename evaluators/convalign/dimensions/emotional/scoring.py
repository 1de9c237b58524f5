"""From dialogues to rows: valences, pairs, strangers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from convalign import affect
from convalign.dialogue import Dialogue, Turn
from convalign.dimensions.emotional.measures import Match, match, similarity, slope
from convalign.dimensions.emotional.words import Edited, has_words, source, without_echo
from convalign.errors import UsageError
from convalign.scores import Score, Scored, TurnScore, row, turn_row
from convalign.surrogates import FEWEST, Pool, Side, side

NAME = "emotional"
NAMES = ("match", "match_raw", "echo_share", "slope", "slope_raw")
FEWEST_PAIRS = 4
FEWEST_FOR_SLOPE = 8
ECHO_LANGUAGE = "en"

Primes = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What changes a number here.

    Attributes
    ----------
    seed : of the strangers
    surrogates : strangers' primes per dialogue and direction, at least 1
    within : meta field in which strangers must agree
    language : of dialogues that do not say it
    affect : model name or folder, as in `convalign.affect.load`
    """

    seed: int = 0
    surrogates: int = 200
    within: str | None = None
    language: str = "en"
    affect: str = "default"

    def __post_init__(self) -> None:
        if self.surrogates < 1:
            raise UsageError(f"surrogates: {self.surrogates} is less than 1")
        _model(self.affect)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A reply and the turn that it answers.

    Attributes
    ----------
    turn : place of the reply in the dialogue's own turns (the first, where several were joined)
    v_prime, v_reply : valences, -1..1; None without words
    v_edited : of the reply without echoed words; None when nothing is left
    echoed : echoed content tokens
    """

    turn: int
    v_prime: float | None
    v_reply: float | None
    v_edited: float | None
    echoed: int


@dataclass(frozen=True, slots=True)
class Observation:
    """What is kept of one dialogue: valences, no text.

    Attributes
    ----------
    sides : one per speaker; content = valences of the turns that somebody answered
    directions : (label, replier's place, prime's place, exchanges)
    turns : (place in the dialogue's own turns, speaker, valence or None) of joined turns
    reason : why nothing can be scored, or None
    """

    dialogue: str
    sides: tuple[Side[Primes], ...]
    directions: tuple[tuple[str, int, int, tuple[Exchange, ...]], ...]
    turns: tuple[tuple[int, str, float | None], ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Joined:
    """Consecutive turns of one speaker as one."""

    place: int
    speaker: str
    text: str


@cache
def _model(name: str) -> affect.Model:
    """One model per process."""
    return affect.load(name)


def signature(settings: Settings) -> str:
    """How the numbers were made, in one line."""
    model = _model(settings.affect)
    parts = (
        "emotional.match",
        f"affect:{model.signature}",
        f"echo:deleted-{source()}",
        f"primes:{settings.surrogates}",
        f"within:{settings.within or 'none'}",
        f"language:{settings.language}",
        f"seed:{settings.seed}",
        "v:1",
    )
    return "|".join(parts)


def observe(dialogues: Sequence[Dialogue], settings: Settings) -> list[Observation]:
    """Predict the valence of every turn, whole and without echoed words, in one batch.

    Returns
    -------
    [n_dialogues], in order.
    """
    model = _model(settings.affect)
    joined = [_join(dialogue.turns) for dialogue in dialogues]
    reasons = [_reason(d, j, settings, model) for d, j in zip(dialogues, joined, strict=True)]
    edits = [
        [] if reason else [_edit(turns, k) for k in range(len(turns))]
        for turns, reason in zip(joined, reasons, strict=True)
    ]
    texts: dict[str, None] = {}
    for turns, edited in zip(joined, edits, strict=True):
        for turn, edit in zip(turns, edited, strict=False):
            texts |= dict.fromkeys(t for t in (turn.text, edit.text if edit else "") if has_words(t))
    listed = list(texts)
    values = model.scheme.valence(model.predict(listed), model.labels) if listed else ()
    valence = {text: float(value) for text, value in zip(listed, values, strict=True)}
    return [
        _observation(d, j, e, r, valence, settings)
        for d, j, e, r in zip(dialogues, joined, edits, reasons, strict=True)
    ]


def reference(observations: Iterable[Observation], pool: Pool[Primes], settings: Settings) -> dict[str, Any]:
    """Nothing of this dimension is frozen over a run."""
    return {}


def score(
    observation: Observation, pool: Pool[Primes], reference: Mapping[str, Any], settings: Settings
) -> Scored:
    """Score every direction of one dialogue, beside its strangers.

    Returns
    -------
    Scored; turn rows for ``valence`` (no direction), and per direction ``match``, ``match_raw`` (one reply
    against its prime, baseline = the same reply against strangers' primes) and ``valence_controlled``.
    """
    name = observation.dialogue
    if not observation.directions:
        alone = observation.reason or "one speaker"
        return Scored(tuple(row(name, NAME, m, "-", value=None, n=0, reason=alone) for m in NAMES))
    rows: list[Score] = []
    turns: list[TurnScore] = []
    if observation.reason is None:
        for place, speaker, value in observation.turns:
            reason = None if value is not None else "no words"
            turns.append(
                turn_row(name, place, speaker, NAME, "valence", None, value=value, n=1, reason=reason)
            )
    for label, replier, prime, exchanges in observation.directions:
        if observation.reason is not None:
            rows += [row(name, NAME, m, label, value=None, n=0, reason=observation.reason) for m in NAMES]
            continue
        strangers = _strangers(pool, observation.sides[prime], settings)
        rows += _rows(name, label, exchanges, strangers)
        speaker = observation.sides[replier].speaker
        turns += _turn_rows(name, label, speaker, exchanges, strangers)
    return Scored(tuple(rows), tuple(turns))


def _strangers(pool: Pool[Primes], target: Side[Primes], settings: Settings) -> list[Primes]:
    """Strangers' series of primes, until there are as many primes as wanted; [] under 5 strangers."""
    drawn = pool.strangers(target, max(settings.surrogates, FEWEST), accept=lambda one: bool(one.content))
    kept: list[Primes] = []
    total = 0
    for one in drawn:
        if total >= settings.surrogates and len(kept) >= FEWEST:
            break
        kept.append(one.content)
        total += len(one.content)
    return kept


def _rows(name: str, label: str, exchanges: tuple[Exchange, ...], strangers: list[Primes]) -> list[Score]:
    """The dialogue rows of one direction."""
    worded = [e for e in exchanges if e.v_prime is not None and e.v_reply is not None]
    edited = [e for e in worded if e.v_edited is not None]
    raw = _matched([(e.v_reply, e.v_prime) for e in worded], strangers)
    controlled = _matched([(e.v_edited, e.v_prime) for e in edited], strangers)
    few = "no words" if exchanges and not worded else "too few pairs"
    lost = "only echoed words" if len(worded) >= FEWEST_PAIRS > len(edited) else few
    rows = [
        _match_row(name, "match", label, controlled, len(edited), lost),
        _match_row(name, "match_raw", label, raw, len(worded), few),
        _share_row(name, label, raw, controlled, len(edited), lost),
    ]
    for metric, pairs in (
        ("slope", [(e.v_edited, e.v_prime) for e in edited]),
        ("slope_raw", [(e.v_reply, e.v_prime) for e in worded]),
    ):
        rows.append(_slope_row(name, metric, label, pairs, strangers))
    return rows


def _matched(pairs: list[tuple[Any, Any]], strangers: list[Primes]) -> Match | str:
    """The match, or why there is none."""
    if len(pairs) < FEWEST_PAIRS:
        return "too few pairs"
    if not strangers:
        return "too few strangers"
    found = match([r for r, _ in pairs], [p for _, p in pairs], strangers)
    return (
        found if found.value is not None and len(found.strangers) == len(strangers) else "no spread in affect"
    )


def _match_row(name: str, metric: str, label: str, found: Match | str, n: int, few: str) -> Score:
    """One row of a match."""
    if isinstance(found, str):
        reason = few if found == "too few pairs" else found
        return row(name, NAME, metric, label, value=None, n=n, reason=reason)
    return row(name, NAME, metric, label, value=found.value, n=n, surrogates=found.strangers)


def _share_row(name: str, label: str, raw: Match | str, controlled: Match | str, n: int, few: str) -> Score:
    """match_raw less match."""
    if isinstance(raw, str) or isinstance(controlled, str) or raw.value is None or controlled.value is None:
        found = controlled if isinstance(controlled, str) else str(raw)
        reason = few if found == "too few pairs" else found
        return row(name, NAME, "echo_share", label, value=None, n=n, reason=reason)
    chance = [a - b for a, b in zip(raw.strangers, controlled.strangers, strict=True)]
    value = raw.value - controlled.value
    return row(name, NAME, "echo_share", label, value=value, n=n, surrogates=chance, tail=None)


def _slope_row(
    name: str, metric: str, label: str, pairs: list[tuple[Any, Any]], strangers: list[Primes]
) -> Score:
    """One row of a slope."""
    if len(pairs) < FEWEST_FOR_SLOPE:
        return row(name, NAME, metric, label, value=None, n=len(pairs), reason="too few pairs")
    replies = [r for r, _ in pairs]
    value = slope(replies, [p for _, p in pairs])
    if value is None:
        return row(name, NAME, metric, label, value=None, n=len(pairs), reason="no variation")
    stood_in = (slope(replies, [one[k % len(one)] for k in range(len(replies))]) for one in strangers)
    chance = [s for s in stood_in if s is not None]
    if len(chance) < FEWEST:
        chance = []
    reason = None if chance else "too few strangers"
    return row(
        name, NAME, metric, label, value=value, n=len(pairs), surrogates=chance, reason=reason, tail="two"
    )


def _turn_rows(
    name: str, label: str, speaker: str, exchanges: tuple[Exchange, ...], strangers: list[Primes]
) -> list[TurnScore]:
    """The rows per reply."""
    primes = [p for one in strangers for p in one]
    rows = []
    for e in exchanges:
        reason = "no words" if e.v_prime is None or e.v_reply is None else None
        for metric, value in (("match", e.v_edited), ("match_raw", e.v_reply)):
            why = reason or ("only echoed words" if value is None else None)
            found = chance = None
            if why is None and value is not None and e.v_prime is not None:
                found = similarity([value], [e.v_prime])
                chance = similarity([value] * len(primes), primes) if primes else None
            rows.append(
                turn_row(
                    name, e.turn, speaker, NAME, metric, label, value=found, n=1, reason=why, baseline=chance
                )
            )
        why = reason or ("only echoed words" if e.v_edited is None else None)
        value = None if why else e.v_edited
        rows.append(
            turn_row(name, e.turn, speaker, NAME, "valence_controlled", label, value=value, n=1, reason=why)
        )
    return rows


def _join(turns: Sequence[Turn]) -> list[_Joined]:
    """Consecutive turns of one speaker become one."""
    joined: list[_Joined] = []
    for place, turn in enumerate(turns):
        text = turn.text or ""
        if joined and joined[-1].speaker == turn.speaker:
            last = joined[-1]
            joined[-1] = _Joined(last.place, last.speaker, f"{last.text} {text}".strip())
        else:
            joined.append(_Joined(place, turn.speaker, text))
    return joined


def _reason(dialogue: Dialogue, joined: list[_Joined], settings: Settings, model: affect.Model) -> str | None:
    """Why a dialogue cannot be scored at all."""
    if len(dialogue.turns) == 1:
        return "one turn"
    if len(dialogue.speakers) < 2:
        return "one speaker"
    if not any(has_words(turn.text) for turn in joined):
        return "no words"
    language = (dialogue.language or settings.language).partition("-")[0].lower()
    covered = language in model.scheme.languages and language == ECHO_LANGUAGE
    return None if covered else "language not covered"


def _edit(turns: list[_Joined], place: int) -> Edited | None:
    """A turn without the words of the one before it; None for the first."""
    return without_echo(turns[place].text, turns[place - 1].text) if place else None


def _observation(
    dialogue: Dialogue,
    joined: list[_Joined],
    edits: list[Edited | None],
    reason: str | None,
    valence: Mapping[str, float],
    settings: Settings,
) -> Observation:
    """Pairs and sides of one dialogue."""
    speakers = dialogue.speakers
    answered: dict[str, list[float]] = {speaker: [] for speaker in speakers}
    pairs: dict[tuple[str, str], list[Exchange]] = {}
    turns = []
    for place, turn in enumerate(joined if reason is None else ()):
        own = valence.get(turn.text)
        turns.append((turn.place, turn.speaker, own))
        edit = edits[place]
        if edit is None:
            continue
        prime = joined[place - 1]
        heard = valence.get(prime.text)
        if heard is not None:
            answered[prime.speaker].append(heard)
        pairs.setdefault((turn.speaker, prime.speaker), []).append(
            Exchange(turn.place, heard, own, valence.get(edit.text), len(edit.echoed))
        )
    sides = tuple(
        side(
            dialogue,
            speaker,
            tuple(answered[speaker]),
            fingerprint="\x00".join(t.text for t in joined if t.speaker == speaker),
            within=settings.within,
        )
        for speaker in speakers
    )
    directions = tuple(
        (
            d.label,
            speakers.index(d.replier),
            speakers.index(d.prime),
            tuple(pairs.get((d.replier, d.prime), ())),
        )
        for d in dialogue.directions()
    )
    return Observation(dialogue.id, sides, directions, tuple(turns), reason)
