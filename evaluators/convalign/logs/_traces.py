"""Traces: one dialogue spread over spans, each of which repeats the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from convalign.dialogue import Dialogue, Notes, Turn
from convalign.logs._json import loads
from convalign.logs._log import Cast, fail, meta_of, role_of, show
from convalign.logs._parts import TOOLS, content_of

Message = tuple[str, str | None]
"""Role and text."""


@dataclass(frozen=True, slots=True)
class Span:
    """One call of a model.

    Attributes
    ----------
    id : of the span; a later one with the same id replaces it
    conversation : that it belongs to
    started : its wall-clock start, for the order alone
    messages : input and output without system and tool messages
    system : system messages
    skipped : what is no turn, counted
    place : where it stands
    """

    id: str
    conversation: str
    started: str
    messages: tuple[Message, ...]
    system: tuple[str, ...]
    skipped: Counter[str]
    place: str


@dataclass(slots=True)
class Heard:
    """Messages of one span while they are read."""

    messages: list[Message] = field(default_factory=list)
    system: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def take(self, given: Any, place: str, path: str, notes: Notes, *, answer: bool = False) -> None:
        """Enter messages: a list, one message, a text, or any of these as JSON in a text."""
        if isinstance(given, str):
            stripped = given.strip()
            if stripped[:1] in ("[", "{"):
                given = loads(stripped, place, 1, notes)
            elif stripped:
                self.messages.append(("agent" if answer else "user", stripped))
                return
        if given is None or given == "":
            return
        if isinstance(given, dict) and isinstance(given.get("messages"), list):
            given = given["messages"]
        for n, one in enumerate(given if isinstance(given, list) else [given]):
            self._message(one, place, f"{path}[{n}]" if isinstance(given, list) else path)

    def _message(self, one: Any, place: str, path: str) -> None:
        if not isinstance(one, dict):
            fail(place, path, f"{show(one)} is no message; write role and content")
        label = one.get("role", one.get("type"))
        if not isinstance(label, str) or not label.strip():
            fail(place, f"{path}.role", f"{show(label)} is no role; write user or assistant")
        word = label.strip().lower()
        if word in ("tool", "function", *TOOLS):
            self.skipped["tool"] += 1
            return
        content = _parts(one["parts"], place, path) if "parts" in one else one.get("content")
        said = content_of(content, self.skipped, place=place, path=f"{path}.content")
        if word in ("system", "developer"):
            if said.text:
                self.system.append(said.text)
            return
        calls = one.get("tool_calls")
        if calls:
            self.skipped["tool"] += len(calls) if isinstance(calls, list) else 1
            if not said.text:
                return
        if said.is_turn:
            self.messages.append((role_of(word) or word, said.text))


def _parts(parts: Any, place: str, path: str) -> Any:
    """Parts of an OpenTelemetry message as those of a chat message."""
    if not isinstance(parts, list):
        fail(place, f"{path}.parts", f"{show(parts)} is no list of parts; write a list with type and content")
    made = []
    for part in parts:
        if isinstance(part, dict) and part.get("type") == "text":
            made.append({"type": "text", "text": part.get("content", part.get("text"))})
        else:
            made.append(part)
    return made


def dialogues(spans: Sequence[Span], notes: Notes) -> Iterator[Dialogue]:
    """Put the spans of each conversation together.

    Parameters
    ----------
    spans : in order of the file
    notes : counts spans that stand twice, and those that do not fit the others

    Yields
    ------
    One dialogue per conversation, in order of their first span. A span whose messages begin with what is
    known continues it; one that holds only the end of it (a window) appends what is new; one that fits
    neither is left out, because two dialogues may share an id. Equal messages are never removed by text.
    """
    unique: dict[tuple[str, str], Span] = {}
    for span in spans:
        if (span.conversation, span.id) in unique:
            notes.add("spans that were exported twice: the last one counts")
        unique[span.conversation, span.id] = span
    for conversation in dict.fromkeys(span.conversation for span in unique.values()):
        mine = [span for span in unique.values() if span.conversation == conversation]
        ordered = sorted(mine, key=lambda span: (span.started, span.id))
        known: list[Message] = []
        system: dict[str, None] = {}
        skipped: Counter[str] = Counter()
        for span in ordered:
            new = _continued(known, span.messages)
            if new is None:
                notes.add("spans that contradict the others of their conversation were left out")
                skipped["span"] += 1
                continue
            known += new
            system |= dict.fromkeys(span.system)
            skipped |= span.skipped  # a count that each span repeats with the history
        cast, turns = Cast(), []
        for role, text in known:
            named = role if role in ("user", "agent") else None
            cast.speaker(role, named, place=ordered[0].place, path="role")
            turns.append(Turn(role, text))
        meta = meta_of({"started": ordered[0].started} if ordered[0].started else {}, list(system), +skipped)
        yield Dialogue(conversation, tuple(turns), cast.roles, meta=meta, source=ordered[0].place)


def _continued(known: Sequence[Message], span: Sequence[Message]) -> list[Message] | None:
    """What a span adds to the messages so far; None when it does not fit."""
    if list(span[: len(known)]) == list(known):
        return list(span[len(known) :])
    for size in range(min(len(known), len(span)), 0, -1):
        if list(known[len(known) - size :]) == list(span[:size]):
            return list(span[size:])
    return None
