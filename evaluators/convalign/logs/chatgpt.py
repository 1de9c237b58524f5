"""ChatGPT: ``conversations.json`` of an account's export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from convalign.dialogue import Dialogue, Turn
from convalign.logs._json import Record
from convalign.logs._log import Cast, Head, Log, fail, meta_of, own_id, show
from convalign.logs._parts import content_of

NAME = "chatgpt"
EXTENSIONS = (".json",)
READS = "the branch of each conversation that ends in current_node; text, transcripts of voice"
IGNORES = "other branches, tool messages, reasoning and images (counted), hidden messages, times"

ROLES = {"user": "user", "assistant": "agent"}
THOUGHTS = ("thoughts", "reasoning_recap")
CURE = "give conversations.json of the export"


def sniff(head: Head) -> bool:
    """Whether the first record has a tree of messages."""
    return head.has("mapping") and not head.has("messages")


def read(log: Log) -> Iterator[Dialogue]:
    """Dialogues of the export, one at a time."""

    def make(record: Record, place: str) -> Dialogue:
        if not isinstance(record.value, dict) or not isinstance(record.value.get("mapping"), dict):
            fail(place, "$.mapping", f"{show(record.value)} has no tree of messages; {CURE}")
        rest = dict(record.value)
        skipped, system, turns, cast = Counter[str](), list[str](), list[Turn](), Cast()
        for path, message in _branch(record.value, place):
            _message(message, turns, system, skipped, cast, place, path)
        name = own_id(rest, ("conversation_id", "id"), place) or log.name_of(record)
        title = rest.get("title")
        meta = meta_of({"title": title} if isinstance(title, str) and title else {}, system, skipped)
        return Dialogue(name, tuple(turns), cast.roles, meta=meta, source=place)

    return log.records(make)


def _branch(value: Mapping[str, Any], place: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Messages from the root to the current node."""
    mapping = value["mapping"]
    leaves = [name for name, node in mapping.items() if isinstance(node, dict) and not node.get("children")]
    name = value.get("current_node") or (leaves[-1] if leaves else None)
    found: list[tuple[str, Mapping[str, Any]]] = []
    seen: set[str] = set()
    while name is not None:
        node = mapping.get(name) if isinstance(name, str) else None
        if not isinstance(node, dict) or name in seen:
            fail(place, f"$.mapping.{name}", f"{'leads back to itself' if node else 'is missing'}; {CURE}")
        seen.add(name)
        if isinstance(node.get("message"), dict):
            found.append((f"$.mapping.{name}.message", node["message"]))
        name = node.get("parent")
    return found[::-1]


def _message(
    message: Mapping[str, Any], turns: list[Turn], system: list[str], skipped: Counter[str], cast: Cast,
    place: str, path: str,
) -> None:  # fmt: skip
    """Enter one message as a turn, a system message or a count."""
    author, content, metadata = (message.get(key) for key in ("author", "content", "metadata"))
    role = author.get("role") if isinstance(author, dict) else None
    if not isinstance(role, str):
        fail(place, f"{path}.author.role", f"{show(role)} is no role; {CURE}")
    if not isinstance(content, dict):
        fail(place, f"{path}.content", f"{show(content)} is no content; {CURE}")
    kind = content.get("content_type")
    if isinstance(metadata, dict) and metadata.get("is_visually_hidden_from_conversation"):
        return
    if role in ("tool", "function") or message.get("recipient", "all") != "all" or kind == "code":
        skipped["tool"] += 1
    elif kind in THOUGHTS:
        skipped["reasoning"] += 1
    else:
        parts = [_part(part) for part in content.get("parts") or []]
        said = content_of(parts or content.get("text"), skipped, place=place, path=f"{path}.content.parts")
        if role == "system" or kind == "user_editable_context":
            system += [said.text] if said.text else []
        elif said.is_turn and (said.text is not None or not parts):
            speaker = cast.speaker(ROLES.get(role, role), ROLES.get(role), place=place, path=f"{path}.author")
            turns.append(Turn(speaker, said.text))


def _part(part: Any) -> Any:
    """A part by the names that chat messages use."""
    if isinstance(part, dict) and "content_type" in part:
        kind = part["content_type"]
        if kind == "audio_transcription":
            return {"type": "text", "text": part.get("text")}
        return {"type": "image" if "image" in str(kind) else "audio" if "audio" in str(kind) else "file"}
    return part
