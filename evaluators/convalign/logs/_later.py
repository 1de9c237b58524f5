"""Log formats that are recognised, so that the message can name them, and not read in this version."""

from __future__ import annotations

import re
from pathlib import Path

from convalign.logs._log import Head

CURE = "convert it to CSV with speaker, text, start, end"

_BEGINNINGS: tuple[tuple[str, str], ...] = (
    ("WebVTT", r"WEBVTT(\s|$)"),
    ("SRT", r"\s*\d+[ \t]*\n\d+:\d\d:\d\d[,.]\d{3} -->"),
    ("a Praat TextGrid", r'File type = "ooTextFile|ooBinaryFile|"ooTextFile'),
    ("ELAN", r"(?s)\s*(<\?xml.*?\?>\s*)?(<!--.*?-->\s*)*<ANNOTATION_DOCUMENT\b"),
    ("XML", r"\s*<\?xml\b"),
    ("CHAT", r"(@UTF8\s*\n)?(@Window:.*\n|@PID:.*\n|@Font:.*\n)*@Begin\b"),
    ("RTTM", r"(;;.*\n)*SPEAKER \S+ \S+ +[\d.]+ +[\d.]+ <NA>"),
    ("STM", r"(;;.*\n)*\S+ \S+ \S+ +\d+(\.\d+)? +\d+(\.\d+)? .*\S"),
    ("CTM", r"(;;.*\n)*\S+ \S+ +\d+\.\d+ +\d+\.\d+ +\S+( +[\d.]+)?[ \t]*(\n|$)"),
    ("a zip file (Inspect log, office document)", r"PK\x03\x04"),
    ("Parquet", r"PAR1"),
)
_KEYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("WhisperX JSON", ("segments[].start",)),
    ("Deepgram JSON", ("results.channels",)),
    ("Amazon Transcribe JSON", ("results.transcripts",)),
    ("Amazon Transcribe JSON", ("Transcript[].ParticipantRole",)),
    ("SegLST", ("session_id", "words", "speaker")),
    ("HarperValleyBank", ("speaker_role", "start_ms")),
    ("OpenTelemetry traces", ("resourceSpans",)),
    ("OpenTelemetry traces", ("attributes.gen_ai.operation.name",)),
    ("OpenTelemetry traces", ("attributes.gen_ai.input.messages",)),
    ("OpenInference traces", ("attributes.openinference.span.kind",)),
    ("Langfuse traces", ("traceId", "startTime")),
    ("LangSmith traces", ("run_type", "trace_id")),
    ("an Inspect log", ("version", "eval", "samples")),
    ("DeepEval", ("turns[].role",)),
    ("DeepEval", ("turns[].content",)),
    ("DeepEval", ("conversational_test_cases",)),
    ("RAGAS", ("user_input",)),
    ("a ChatGPT export", ("mapping", "current_node")),
    ("a ConvoKit utterance file", ("conversation_id", "speaker", "reply-to")),
)
_FOLDERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a ConvoKit folder", ("utterances.jsonl", "speakers.json")),
    ("a ConvoKit folder", ("utterances.jsonl", "corpus.json")),
    ("a ConvoKit folder", ("utterances.json", "users.json")),
    ("HarperValleyBank", ("transcript", "metadata")),
    ("HarperValleyBank", ("data/transcript", "data/metadata")),
    ("a saved Hugging Face data set", ("dataset_info.json", "state.json")),
    ("a saved Hugging Face data set", ("dataset_dict.json",)),
)


def named(head: Head, magic: bytes) -> str | None:
    """The format of a file that is recognised but not read, or None.

    Parameters
    ----------
    head : its beginning as text
    magic : its first bytes, for what is no text
    """
    text = head.text or magic.decode("latin-1")
    for name, pattern in _BEGINNINGS:
        if re.match(pattern, text):
            return name
    for name, paths in _KEYS:
        if head.has(*paths):
            return name
    return None


def folder(root: Path) -> str | None:
    """The format of a folder that is one log as a whole, or None."""
    for name, members in _FOLDERS:
        if all((root / member).exists() for member in members):
            return name
    return None


def message(name: str) -> str:
    """What to say about a file of such a format."""
    return f"looks like {name}, which this version does not read; {CURE}"
