"""DeepEval: conversational test cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.logs._json import Record
from convalign.logs._log import Cast, Head, Log, fail, meta_of, own_id, role_of, show
from convalign.logs._parts import content_of
from convalign.logs._words import field

NAME = "deepeval"
EXTENSIONS = (".json", ".jsonl")
READS = "turns with role, content, user_id; a list, JSON lines, or conversational_test_cases; name is the id"
IGNORES = "retrieval context, expected outcomes and the rest (kept in meta); tools called (counted)"

CURE = 'write {"turns": [{"role": "user", "content": ...}]}'


def sniff(head: Head) -> bool:
    """Whether turns have roles, or test cases stand together."""
    return head.has("turns[].role", "turns[].content") or head.has("conversational_test_cases")


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one a test case."""
    cases: list[Dialogue] = []

    def make(record: Record, place: str) -> Dialogue:
        value = record.value
        if isinstance(value, dict) and "conversational_test_cases" in value:
            listed = field(value, "conversational_test_cases", list, place, "$", CURE)
            if not listed:
                fail(place, "$.conversational_test_cases", "is empty; give at least one test case")
            made = []
            for n, one in enumerate(listed):
                name = log.name if len(listed) == 1 else f"{log.name}#{n + 1}"
                made.append(_case(one, name, place, f"$.conversational_test_cases[{n}]"))
            cases.extend(made[1:])
            return made[0]
        return _case(value, log.name_of(record), place, "$")

    for dialogue in log.records(make):
        yield dialogue
        yield from cases
        cases.clear()


def _case(value: Any, name: str, place: str, path: str) -> Dialogue:
    """One test case."""
    rows = field(value, "turns", list, place, path, CURE)
    rest = {key: item for key, item in value.items() if key != "turns"}
    cast, skipped = Cast(), Counter[str]()
    turns: list[Turn] = []
    for k, row in enumerate(rows):
        where = f"{path}.turns[{k}]"
        label = field(row, "role", str, place, where, "write user or assistant")
        role = role_of(label)
        if role is None:
            fail(place, f"{where}.role", f"{show(label)} is no role; write user or assistant")
        called = row.get("tools_called", row.get("toolsCalled")) or []
        skipped["tool"] += len(called) if isinstance(called, list) else 0
        said = content_of(row.get("content"), skipped, place=place, path=f"{where}.content")
        if said.is_turn:
            person = row.get("user_id", row.get("userId"))
            speaker = str(person) if isinstance(person, (str, int)) and role == "user" else role
            turns.append(
                Turn(cast.speaker(speaker, role, place=place, path=where), said.text, audio=said.audio)
            )
    own = own_id(rest, ("name",), place)
    return Dialogue(own or name, tuple(turns), cast.roles, meta=meta_of(rest, [], +skipped), source=place)
