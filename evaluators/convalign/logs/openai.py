"""Chat messages as OpenAI's interface takes them: ``{"messages": [...]}`` or a bare list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.logs._json import Record
from convalign.logs._log import Cast, Head, Log, fail, meta_of, own_id, role_of, show
from convalign.logs._parts import THOUGHTS, Said, content_of

NAME = "openai"
EXTENSIONS = (".jsonl", ".ndjson", ".json")
READS = (
    "role, name, content (text, refusals, transcripts of audio parts); id, conversation_id, thread_id, "
    "prompt_id"
)
IGNORES = (
    "tool calls and results, reasoning, images and files (all counted); system messages go to meta.system"
)

ID_KEYS = ("id", "conversation_id", "thread_id", "prompt_id")
SYSTEM = ("system", "developer")
TOOL = ("tool", "function")


def sniff(head: Head) -> bool:
    """Whether the first record has messages, is a bare list of them, or is a batch file's line."""
    return (
        head.has("messages")
        or head.has("custom_id", "response")
        or head.has("custom_id", "body")
        or head.has("choices[].message")
        or _is_bare(head)
    )


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of chat messages, one at a time."""

    def make(record: Record, place: str) -> Dialogue:
        return dialogue_of(record.value, place, lambda: log.name_of(record))

    return log.records(make, whole=_is_bare(log.head))


def dialogue_of(value: Any, place: str, otherwise: Callable[[], str]) -> Dialogue:
    """The dialogue of ``{"messages": [...]}`` or of a bare list of messages.

    Parameters
    ----------
    value : one parsed record
    place : for messages
    otherwise : names a record that has no id of its own
    """
    messages, rest, path = _messages(value, place)
    return _dialogue(messages, rest, path, place, otherwise)


def from_messages(messages: Iterable[Any], *, id: str | int) -> Dialogue:  # noqa: A002
    """Make a dialogue of chat messages that are already in memory.

    Parameters
    ----------
    messages : ``{"role", "content", ...}`` in order: a list, a column of a table, an array
    id : names the dialogue in rows, and keeps it from being its own stranger; unique in a data set

    Returns
    -------
    Dialogue, by the rules of the format ``openai``: system and tool messages are no turns (system texts are
    kept in ``meta.system``), reasoning and tool calls are dropped and counted (``meta.skipped``), the text
    parts of a message are joined.

    Raises
    ------
    LogError
        A message of another form: ``messages of 'call-7': $[3].role: found; what would work``.

    Source
    ------
    docs/formats.md; docs/other-tools.md.

    Examples
    --------
    >>> said = [{"role": "user", "content": "my lamp broke"}, {"role": "assistant", "content": "Your lamp?"}]
    >>> [(t.speaker, t.text) for t in from_messages(said, id="call-7").turns]
    [('user', 'my lamp broke'), ('agent', 'Your lamp?')]
    """
    place = f"messages of {show(id)}"
    if isinstance(messages, (str, bytes, Mapping)) or not isinstance(messages, Iterable):
        found = show(messages if not isinstance(messages, Mapping) else dict(messages))
        fail(place, "$", f"{found} is no list of messages; give [{{role, content}}, ...]")
    if isinstance(id, bool) or not isinstance(id, (str, int)) or not str(id).strip():
        fail(place, "$", f"{show(id)} is no id; give id= a text or a number, another one for each dialogue")
    return dialogue_of(list(messages), place, lambda: str(id))


def _is_bare(head: Head) -> bool:
    """Whether each record is a list of messages itself."""
    return any(f"{lists}.role" in head.keys and f"{lists}.content" in head.keys for lists in ("[]", "[][]"))


def _messages(value: Any, place: str) -> tuple[list[Any], dict[str, Any], str]:
    """The list of messages, what stands beside it, and its path."""
    if isinstance(value, list):
        return value, {}, "$"
    if not isinstance(value, dict):
        fail(place, "$", f'{show(value)} is no dialogue; write {{"messages": [...]}}')
    if "messages" not in value and ("response" in value or "choices" in value):
        fail(
            place,
            "$",
            "a batch result holds only the answer, not the prompt; "
            "append each answer to its request's messages",
        )
    if "body" in value and "messages" not in value:
        fail(place, "$", "a batch request holds only the prompt; append the answer to its messages")
    messages = value.get("messages")
    if not isinstance(messages, list):
        found = f"{show(messages)} is no list" if "messages" in value else "is missing"
        fail(place, "$.messages", f"{found}; write a list of {{role, content}}")
    return messages, {key: item for key, item in value.items() if key != "messages"}, "$.messages"


def _dialogue(
    messages: list[Any], rest: dict[str, Any], path: str, place: str, otherwise: Callable[[], str]
) -> Dialogue:
    """Turn a list of messages into a dialogue."""
    cast, skipped = Cast(), Counter[str]()
    system: list[str] = []
    turns: list[Turn] = []
    for index, message in enumerate(messages):
        where = f"{path}[{index}]"
        role = _role(message, place, where)
        if role.lower() in SYSTEM:
            system.append(
                content_of(message.get("content"), skipped, place=place, path=f"{where}.content").text or ""
            )
        elif role.lower() in TOOL:
            skipped["tool"] += 1
        else:
            said = _said(message, skipped, place, where)
            if said.is_turn:
                turns.append(Turn(_speaker(message, role, cast, place, where), said.text, audio=said.audio))
    name = own_id(rest, ID_KEYS, place) or otherwise()
    return Dialogue(name, tuple(turns), cast.roles, meta=meta_of(rest, system, skipped), source=place)


def _role(message: Any, place: str, path: str) -> str:
    """The role of a message as written."""
    if not isinstance(message, dict):
        fail(place, path, f"{show(message)} is no message; write {{role, content}}")
    role = message.get("role")
    if not isinstance(role, str) or not role.strip():
        found = f"{show(role)} is no role" if "role" in message else "is missing"
        fail(place, f"{path}.role", f"{found}; write user, assistant, system or tool")
    return role.strip()


def _said(message: Mapping[str, Any], skipped: Counter[str], place: str, path: str) -> Said:
    """What a message says, tool calls and thoughts counted."""
    for key in THOUGHTS:
        if message.get(key):
            skipped["reasoning"] += 1
    calls = message.get("tool_calls") or message.get("function_call")
    count = len(calls) if isinstance(calls, list) else int(bool(calls))
    if count:
        skipped["tool"] += count
    said = content_of(message.get("content"), skipped, place=place, path=f"{path}.content")
    audio, refusal = message.get("audio"), message.get("refusal")
    if not said.text and isinstance(audio, Mapping) and isinstance(audio.get("transcript"), str):
        said = Said(audio["transcript"].strip(), said.audio, True)
    if not said.text and isinstance(refusal, str):
        said = Said(refusal.strip(), said.audio, True)
    return Said(said.text, said.audio, False) if count and not said.text and said.audio is None else said


def _speaker(message: Mapping[str, Any], role: str, cast: Cast, place: str, path: str) -> str:
    """Who speaks: the name beside the role, else the role itself."""
    known, name = role_of(role), message.get("name")
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if name is not None and not isinstance(name, str):
        fail(place, f"{path}.name", f"{show(name)} is no text; write a name, or leave it out")
    return cast.speaker((name or "").strip() or known or role, known, place=place, path=f"{path}.name")
