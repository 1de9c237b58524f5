"""Messages of chat formats: what is said, what is a tool's business, what was thought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convalign.dialogue import AudioSegment
from convalign.logs._log import fail, show

THOUGHTS = ("reasoning", "thinking", "redacted_thinking", "reasoning_content", "reasoning_details")
TOOLS = ("tool_call", "tool_calls", "tool_use", "tool_result", "tool_call_response", "function_call")
SOUNDS = ("audio", "input_audio", "output_audio", "audio_url")
TEXTS = ("text", "input_text", "output_text")


@dataclass(frozen=True, slots=True)
class Said:
    """What one message says.

    Attributes
    ----------
    text : None = no transcript
    audio : a sound file on this machine that the message names
    is_turn : False when the message only calls tools or thinks
    """

    text: str | None
    audio: AudioSegment | None
    is_turn: bool


def content_of(content: Any, skipped: Counter[str], *, place: str, path: str) -> Said:
    """Read the content of a message: a string, null, or a list of parts.

    Parameters
    ----------
    content : as the log has it
    skipped : counts the parts that are no words, by their type
    place, path : for messages

    Raises
    ------
    LogError
        A content or part of another form.
    """
    if content is None:
        return Said(None, None, True)
    if isinstance(content, str):
        return Said(content.strip(), None, True)
    if not isinstance(content, list):
        fail(place, path, f"{show(content)} is no content; write a string, null, or a list of parts")
    texts: list[str] = []
    sounds: list[AudioSegment] = []
    silent = 0
    for index, part in enumerate(content):
        where = f"{path}[{index}]"
        kind = _kind(part, place, where)
        if kind in TEXTS or kind == "refusal":
            texts.append(_words(part, "refusal" if kind == "refusal" else "text", place, where))
        elif kind in SOUNDS:
            _hear(part, kind, texts, sounds, skipped)
        elif kind in THOUGHTS:
            skipped["reasoning"] += 1
            silent += 1
        elif kind in TOOLS:
            skipped["tool"] += 1
            silent += 1
        else:
            skipped[kind.removeprefix("input_").removesuffix("_url")] += 1
    only_silent = bool(content) and silent == len(content)
    text = "\n".join(texts).strip() if texts else None
    return Said("" if not content else text, sounds[0] if sounds else None, not only_silent)


def _kind(part: Any, place: str, path: str) -> str:
    """The type of a part; a bare string is text."""
    if isinstance(part, str):
        return "text"
    if not isinstance(part, dict):
        fail(place, path, f'{show(part)} is no part; write {{"type": "text", "text": ...}}')
    kind = part.get("type", "text" if "text" in part else None)
    if not isinstance(kind, str) or not kind.strip():
        fail(
            place,
            f"{path}.type",
            f"{show(kind)} is no type of a part; write text, image_url, input_audio, ...",
        )
    return kind.strip()


def _words(part: Any, key: str, place: str, path: str) -> str:
    """The text of a text part."""
    text = part if isinstance(part, str) else part.get(key)
    if isinstance(text, Mapping):
        text = text.get("value")
    if not isinstance(text, str):
        fail(place, f"{path}.{key}", f"{show(text)} is no text; write a string")
    return text


def _hear(
    part: Mapping[str, Any], kind: str, texts: list[str], sounds: list[AudioSegment], skipped: Counter[str]
) -> None:
    """Take the transcript and the local file of an audio part; sound inside the log is counted."""
    inner = part.get(kind)
    fields = {**part, **inner} if isinstance(inner, Mapping) else dict(part)
    transcript = fields.get("transcript")
    if isinstance(transcript, str):
        texts.append(transcript)
    named = inner if isinstance(inner, str) else fields.get("path") or fields.get("url")
    if isinstance(named, str) and _is_file(named) and not sounds:
        sounds.append(AudioSegment(named))
    else:
        skipped["audio"] += 1


def _is_file(name: str) -> bool:
    """Whether a text can be the path of a file here: no address, no sound written as text."""
    return "://" not in name and not name.startswith("data:") and 0 < len(name) <= 1024
