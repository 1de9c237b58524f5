"""ShareGPT: ``{"conversations": [{"from", "value"}]}``, in a list or one a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.logs._json import Record
from convalign.logs._log import Cast, Head, Log, fail, meta_of, own_id, role_of, show
from convalign.logs._parts import content_of

NAME = "sharegpt"
EXTENSIONS = (".json", ".jsonl", ".ndjson")
READS = "from (or role) and value (or text, content); id, conversation_id"
IGNORES = "function calls, observations and tool rows (counted); system rows go to meta.system"

TOOL = ("tool", "function", "function_call", "function_response", "observation")


def sniff(head: Head) -> bool:
    """Whether the first record has conversations."""
    return head.has("conversations")


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of a ShareGPT file, one at a time."""

    def make(record: Record, place: str) -> Dialogue:
        return dialogue_of(record.value, place, lambda: log.name_of(record))

    return log.records(make)


def dialogue_of(value: Any, place: str, otherwise: Callable[[], str]) -> Dialogue:
    """The dialogue of ``{"conversations": [...]}``.

    Parameters
    ----------
    value : one parsed record
    place : for messages
    otherwise : names a record that has no id of its own
    """
    if not isinstance(value, dict):
        fail(place, "$", f'{show(value)} is no dialogue; write {{"conversations": [...]}}')
    rest = dict(value)
    rows = rest.pop("conversations", None)
    if not isinstance(rows, list):
        found = f"{show(rows)} is no list" if "conversations" in value else "is missing"
        fail(place, "$.conversations", f"{found}; write a list of {{from, value}}")
    cast, skipped = Cast(), Counter[str]()
    system: list[str] = []
    turns: list[Turn] = []
    for index, row in enumerate(rows):
        _row(row, turns, system, cast, skipped, place, f"$.conversations[{index}]")
    name = own_id(rest, ("id", "conversation_id", "prompt_id"), place) or otherwise()
    return Dialogue(name, tuple(turns), cast.roles, meta=meta_of(rest, system, skipped), source=place)


def _row(
    row: Any, turns: list[Turn], system: list[str], cast: Cast, skipped: Counter[str], place: str, path: str
) -> None:
    """Enter one row as a turn, a system message or a count."""
    if not isinstance(row, dict):
        fail(place, path, f"{show(row)} is no row; write {{from, value}}")
    who = next((key for key in ("from", "role") if key in row), None)
    what = next((key for key in ("value", "text", "content") if key in row), None)
    if who is None:
        fail(place, f"{path}.from", "is missing; write human or gpt")
    label = row[who]
    if not isinstance(label, str) or not label.strip():
        fail(place, f"{path}.{who}", f"{show(label)} is no speaker; write human or gpt")
    if what is None:
        fail(place, f"{path}.value", "is missing; write what was said, or null without transcript")
    label = label.strip()
    if label.lower() in TOOL:
        skipped["tool"] += 1
        return
    said = content_of(row[what], skipped, place=place, path=f"{path}.{what}")
    if label.lower() == "system":
        system.append(said.text or "")
    elif said.is_turn:
        role = role_of(label)
        speaker = cast.speaker(role or label, role, place=place, path=f"{path}.{who}")
        turns.append(Turn(speaker, said.text, audio=said.audio))
