"""RAGAS: samples of one turn or of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from convalign.dialogue import Dialogue, Turn
from convalign.logs._json import Record
from convalign.logs._log import Cast, Head, Log, fail, meta_of, own_id, role_of, show
from convalign.logs._parts import content_of
from convalign.logs._words import field

NAME = "ragas"
EXTENSIONS = (".json", ".jsonl")
READS = "user_input as a list of human, ai messages; or as text with response; id"
IGNORES = "tool messages (counted); references, contexts and rubrics (kept in meta)"

CURE = 'write {"user_input": [{"type": "human", "content": ...}]}'


def sniff(head: Head) -> bool:
    """Whether the first record is a sample."""
    return head.has("user_input")


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the file, one a sample."""

    def make(record: Record, place: str) -> Dialogue:
        value = record.value
        if not isinstance(value, dict) or "user_input" not in value:
            fail(place, "$.user_input", f"is missing; {CURE}")
        rest = dict(value)
        given = rest.pop("user_input")
        cast, skipped = Cast(), Counter[str]()
        turns: list[Turn] = []
        if isinstance(given, str):
            answer = rest.pop("response", None)
            if not isinstance(answer, str):
                fail(
                    place,
                    "$.response",
                    f"{show(answer)} is no text; a single turn has user_input and response",
                )
            for role, text in (("user", given), ("agent", answer)):
                turns.append(Turn(cast.speaker(role, role, place=place, path="$"), text.strip()))
        elif isinstance(given, list):
            for k, row in enumerate(given):
                path = f"$.user_input[{k}]"
                label = field(row, "type", str, place, path, "write human, ai or tool")
                if label.lower() == "tool":
                    skipped["tool"] += 1
                    continue
                found = role_of(label)
                if found is None:
                    fail(place, f"{path}.type", f"{show(label)} is no kind; write human, ai or tool")
                said = content_of(row.get("content"), skipped, place=place, path=f"{path}.content")
                silent = not said.text and bool(row.get("tool_calls"))
                skipped["tool"] += silent
                if said.is_turn and not silent:
                    speaker = cast.speaker(found, found, place=place, path=f"{path}.type")
                    turns.append(Turn(speaker, said.text, audio=said.audio))
        else:
            fail(place, "$.user_input", f"{show(given)} does not fit; {CURE}")
        own = own_id(rest, ("id", "sample_id"), place)
        meta = meta_of(rest, [], +skipped)
        return Dialogue(own or log.name_of(record), tuple(turns), cast.roles, meta=meta, source=place)

    return log.records(make)
