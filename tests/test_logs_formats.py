"""Readers of other tools' formats, on a small call written for these tests, and on its hostile twins."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convalign import logs
from convalign.dialogue import Dialogue
from convalign.errors import LogError

SAID = (
    ("user", "The lamp flickers, it is new.", 0.5, 2.0),
    ("agent", "Which lamp is it?", 2.5, 3.5),
    ("user", "The tall one.", 4.0, 5.0),
)
NAMES = {"user": "assistant"}


def clock(seconds: float, mark: str) -> str:
    return f"00:00:{int(seconds):02d}{mark}{round(1000 * (seconds % 1)):03d}"


def spoken() -> list[dict[str, Any]]:
    """The words with times, spread evenly over each turn."""
    made = []
    for speaker, text, start, end in SAID:
        parts = text.split()
        step = (end - start) / len(parts)
        for k, word in enumerate(parts):
            times = (round(start + k * step, 3), round(start + (k + 1) * step, 3))
            made.append({"speaker": speaker, "word": word, "start": times[0], "end": times[1]})
    return made


def vtt() -> str:
    cues = [f"{clock(a, '.')} --> {clock(b, '.')}\n<v {who}>{text}\n" for who, text, a, b in SAID]
    return "WEBVTT\n\nNOTE a test\n\n" + "\n".join(cues)


def srt() -> str:
    return "\n".join(
        f"{k}\n{clock(a, ',')} --> {clock(b, ',')}\n{who}: {text}\n"
        for k, (who, text, a, b) in enumerate(SAID, 1)
    )


def stm() -> str:
    return ";; a test\n" + "".join(f"call 1 {who} {a} {b} <o> {text}\n" for who, text, a, b in SAID)


def textgrid() -> str:
    tiers = ""
    for who in ("agent", "user"):
        mine = [row for row in SAID if row[0] == who]
        rows = "".join(f'{a}\n{b}\n"{text}"\n' for _, text, a, b in mine)
        tiers += f'"IntervalTier"\n"{who}"\n0\n6\n{len(mine) + 1}\n0\n0.1\n""\n{rows}'
    return f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n6\n<exists>\n2\n{tiers}'


def elan() -> str:
    slots, tiers = "", {"user": "", "agent": ""}
    for k, (who, text, a, b) in enumerate(SAID):
        for end, value in (("a", a), ("b", b)):
            slots += f'<TIME_SLOT TIME_SLOT_ID="{end}{k}" TIME_VALUE="{round(1000 * value)}"/>'
        tiers[who] += (
            f'<ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="a{k}" TIME_SLOT_REF2="b{k}">'
            f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
        )
    body = "".join(f'<TIER TIER_ID="{who}">{rows}</TIER>' for who, rows in tiers.items())
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT>'
    return f"{head}<TIME_ORDER>{slots}</TIME_ORDER>{body}</ANNOTATION_DOCUMENT>\n"


def whisperx() -> str:
    words = spoken()
    segments = [
        {
            "start": a, "end": b, "text": f" {text}", "speaker": who,
            "words": [one for one in words if one["speaker"] == who and a <= one["start"] < b],
        }
        for who, text, a, b in SAID
    ]  # fmt: skip
    del segments[0]["words"][1]["start"], segments[0]["words"][1]["end"]
    return json.dumps({"segments": segments, "language": "en"})


def deepgram() -> str:
    numbers = {"user": 0, "agent": 1}
    words = [one | {"punctuated_word": one["word"], "speaker": numbers[one["speaker"]]} for one in spoken()]
    return json.dumps({"results": {"channels": [{"alternatives": [{"words": words}]}]}})


def transcribe() -> str:
    channels: dict[str, list[Any]] = {"user": [], "agent": []}
    for one in spoken():
        word = one["word"].rstrip(",.?")
        times = {"start_time": str(one["start"]), "end_time": str(one["end"])}
        channels[one["speaker"]].append(
            {"type": "pronunciation", **times, "alternatives": [{"content": word}]}
        )
        if word != one["word"]:
            mark = one["word"][-1]
            channels[one["speaker"]].append({"type": "punctuation", "alternatives": [{"content": mark}]})
    listed = [{"channel_label": f"ch_{k}", "items": items} for k, items in enumerate(channels.values())]
    results = {"transcripts": [{"transcript": ""}], "channel_labels": {"channels": listed}, "items": []}
    return json.dumps({"status": "COMPLETED", "results": results})


def seglst() -> str:
    rows = [
        {"session_id": "call", "speaker": who, "words": text, "start_time": a, "end_time": str(b)}
        for who, text, a, b in SAID
    ]
    return json.dumps(rows)


def deepeval() -> str:
    turns = [{"role": NAMES.get(who, who), "content": text} for who, text, _, _ in SAID]
    for turn in turns:
        turn["role"] = "assistant" if turn["role"] == "agent" else "user"
    return json.dumps({"conversational_test_cases": [{"name": "call", "turns": turns}]})


def ragas() -> str:
    kinds = {"user": "human", "agent": "ai"}
    return json.dumps({"user_input": [{"type": kinds[who], "content": text} for who, text, _, _ in SAID]})


def convokit() -> str:
    rows = [
        {
            "id": f"u{k}", "conversation_id": "call", "speaker": who, "text": text,
            "reply-to": f"u{k - 1}" if k else None, "timestamp": k, "meta": {"big": "<##bin0&&@**>"},
        }
        for k, (who, text, _, _) in enumerate(SAID)
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in reversed(rows))


def transcript() -> str:
    rows = ""
    for who, text, start, end in SAID:
        words = text[:-1].replace(",", " ,") + f" {text[-1]}"
        rows += f"*{who[:1].upper()}:\t{words} \x15{round(1000 * start)}_{round(1000 * end)}\x15\n"
    people = "@Participants:\tU user Participant, A agent Participant\n"
    ids = "".join(f"@ID:\teng|call|{code}|||||Participant|||\n" for code in "UA")
    return f"@UTF8\n@Begin\n@Languages:\teng\n{people}{ids}{rows}@End\n"


def chat(upto: int) -> list[dict[str, str]]:
    roles = {"user": "user", "agent": "assistant"}
    return [{"role": roles[who], "content": text} for who, text, _, _ in SAID[:upto]]


def langfuse() -> str:
    spans = [
        {
            "id": f"o{k}", "traceId": f"t{k}", "sessionId": "call", "type": "GENERATION",
            "startTime": f"2026-01-31T12:00:0{k}Z", "input": chat(k), "output": chat(k + 1)[-1],
        }
        for k in (1,)
    ]  # fmt: skip
    last = {
        "id": "o2", "traceId": "t2", "sessionId": "call", "type": "GENERATION",
        "startTime": "2026-01-31T12:00:09Z", "input": chat(3), "output": "",
    }  # fmt: skip
    return json.dumps([last, *spans])


def otel() -> str:
    parts = [{"role": one["role"], "parts": [{"type": "text", "content": one["content"]}]} for one in chat(3)]
    lines = []
    for k, upto in enumerate((1, 3)):
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.conversation.id": "call",
            "gen_ai.input.messages": json.dumps(parts[:upto]),
            "gen_ai.output.messages": json.dumps(parts[upto : upto + 1]),
        }
        lines.append(
            {"traceId": f"t{k}", "spanId": f"s{k}", "startTimeUnixNano": f"{k}", "attributes": attributes}
        )
    return "".join(json.dumps(line) + "\n" for line in lines)


def rttm() -> str:
    return ";; a test\n" + "".join(
        f"SPEAKER call 1 {a} {b - a} <NA> <NA> {who} <NA> <NA>\n" for who, _, a, b in SAID
    )


def ctm() -> str:
    channels = {"user": "A", "agent": "B"}
    return "".join(
        f"call {channels[one['speaker']]} {one['start']} {one['end'] - one['start']:.3f} {one['word']} .9\n"
        for one in spoken()
    )


def langsmith() -> str:
    runs = [
        {
            "id": f"r{k}", "run_type": "llm", "trace_id": f"t{k}", "session_id": "project",
            "parent_run_id": "p",
            "start_time": f"2026-01-31T12:00:0{k}", "extra": {"metadata": {"thread_id": "call"}},
            "inputs": {"messages": [[constructed(one) for one in chat(k)]]},
            "outputs": {"generations": [[{"message": constructed(one)} for one in chat(3)[k : k + 1]]]},
        }
        for k in (1, 3)
    ]  # fmt: skip
    root = {"id": "p", "run_type": "chain", "trace_id": "t1", "parent_run_id": None, "inputs": {"input": "x"}}
    return "".join(json.dumps(one) + "\n" for one in (*runs[::-1], root))


def constructed(message: dict[str, str]) -> dict[str, Any]:
    """A message as LangChain writes it."""
    kind = {"user": "HumanMessage", "assistant": "AIMessage"}[message["role"]]
    return {
        "lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", kind],
        "kwargs": {"content": message["content"], "additional_kwargs": {}},
    }  # fmt: skip


def openinference() -> str:
    lines = []
    for k in (1, 3):
        attributes: dict[str, Any] = {"openinference.span.kind": "LLM", "session.id": "call"}
        for n, one in enumerate(chat(k)):
            attributes[f"llm.input_messages.{n}.message.role"] = one["role"]
            part = f"llm.input_messages.{n}.message.contents.0.message_content"
            attributes |= {f"{part}.type": "text", f"{part}.text": one["content"]}
        for one in chat(3)[k : k + 1]:
            attributes["llm.output_messages.0.message.role"] = one["role"]
            attributes["llm.output_messages.0.message.content"] = one["content"]
        context = {"trace_id": f"t{k}", "span_id": f"s{k}"}
        lines.append({"context": context, "start_time": f"2026-01-31T12:00:0{k}", "attributes": attributes})
    return "".join(json.dumps(line) + "\n" for line in lines)


def inspected() -> str:
    messages: list[dict[str, Any]] = [{"role": "system", "content": "be brief"}, *chat(3)]
    messages[1] |= {"content": "attachment://0a"}
    messages[2] |= {
        "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": SAID[1][1]}]
    }
    sample = {"id": "call", "epoch": 1, "messages": messages, "attachments": {"0a": SAID[0][1]}, "events": []}
    return json.dumps({"version": 2, "status": "success", "eval": {"task": "t"}, "samples": [sample]})


def harper() -> str:
    rows = [
        {
            "index": k, "speaker_role": {"user": "caller", "agent": "agent"}[who], "channel_index": 1,
            "start_ms": round(1000 * a), "duration_ms": round(1000 * (b - a)), "offset_ms": 10,
            "human_transcript": text, "emotion": {"neutral": 1.0},
        }
        for k, (who, text, a, b) in enumerate(SAID)
    ]  # fmt: skip
    return json.dumps(rows[::-1])


def chatgpt() -> str:
    mapping: dict[str, Any] = {"root": {"message": None, "parent": None, "children": ["n0"]}}
    hidden = {"is_visually_hidden_from_conversation": True}
    for k, one in enumerate(chat(3)):
        mapping[f"n{k}"] = {
            "parent": f"n{k - 1}" if k else "root", "children": [f"n{k + 1}"] if k < 2 else [],
            "message": {
                "author": {"role": one["role"]}, "recipient": "all", "metadata": {},
                "content": {"content_type": "text", "parts": [one["content"]]},
            },
        }  # fmt: skip
    other = {"content_type": "text", "parts": ["an answer that was regenerated"]}
    mapping["b1"] = {"parent": "n0", "children": [], "message": mapping["n1"]["message"] | {"content": other}}
    mapping["root"]["message"] = {
        "author": {"role": "system"}, "content": {"content_type": "text", "parts": [""]}, "metadata": hidden,
    }  # fmt: skip
    return json.dumps([{"id": "call", "title": "A lamp", "mapping": mapping, "current_node": "n2"}])


def plain() -> str:
    rows = [{"from": who, "utterance": text, "begin": a, "end": b} for who, text, a, b in SAID]
    return json.dumps({"call": [rows]})


FORMATS: dict[str, tuple[str, Callable[[], str], bool]] = {
    "vtt": ("call.vtt", vtt, True),
    "srt": ("call.srt", srt, True),
    "stm": ("call.stm", stm, True),
    "textgrid": ("call.TextGrid", textgrid, True),
    "elan": ("call.eaf", elan, True),
    "chat": ("call.cha", transcript, True),
    "whisperx": ("call.json", whisperx, True),
    "deepgram": ("call.json", deepgram, True),
    "transcribe": ("call.json", transcribe, True),
    "seglst": ("call.json", seglst, True),
    "deepeval": ("call.json", deepeval, False),
    "ragas": ("call.jsonl", ragas, False),
    "convokit": ("utterances.jsonl", convokit, False),
    "langfuse": ("call.json", langfuse, False),
    "otel": ("call.jsonl", otel, False),
    "ctm": ("call.ctm", ctm, True),
    "langsmith": ("call.jsonl", langsmith, False),
    "openinference": ("call.jsonl", openinference, False),
    "inspect": ("call.json", inspected, False),
    "harper_valley": ("call.json", harper, True),
    "chatgpt": ("call.json", chatgpt, False),
    "json": ("call.json", plain, True),
}
ROLES = {"0": "user", "1": "agent", "ch_0": "user", "ch_1": "agent", "A": "user", "B": "agent"}


def read(path: Path, **options: Any) -> list[Dialogue]:
    return list(logs.read([str(path)], logs.ReadOptions(**options)))


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_call_in_every_format(tmp_path: Path, name: str) -> None:
    file, make, timed = FORMATS[name]
    path = tmp_path / file
    path.write_text(make(), encoding="utf-8")
    report = logs.Report()
    (found,) = logs.read([str(path)], logs.ReadOptions(roles=ROLES), report=report)
    assert report.sources[0].format == name
    assert [turn.text for turn in found.turns] == [text for _, text, _, _ in SAID]
    assert [found.roles[turn.speaker] for turn in found.turns] == [who for who, _, _, _ in SAID]
    for turn, (_, _, start, end) in zip(found.turns, SAID, strict=True):
        expected = pytest.approx((start, end), abs=0.002) if timed else (None, None)
        assert (turn.start_s, turn.end_s) == expected
    assert found.id in ("call", "utterances", "t/call#1")


def hostile(text: str) -> dict[str, bytes]:
    """The same file, spoilt in the ways that happen."""
    raw = text.encode("utf-8")
    return {
        "truncated": raw[: len(raw) * 2 // 3],
        "cut short": raw[:40],
        "bom": b"\xef\xbb\xbf" + raw,
        "crlf": raw.replace(b"\n", b"\r\n"),
        "nul": raw[:60] + b"\0" + raw[60:],
        "wrong encoding": raw.replace(b"lamp", b"l\xe4mp"),
        "wrong type": re.sub(rb'"(content|text|words|word)": "[^"]*"', rb'"\1": {"a": 1}', raw),
        "text for a number": re.sub(rb'("start(?:_time)?": )[\d.]+', rb'\1"soon"', raw),
        "huge number": raw.replace(b"0.5", b"1e999").replace(b"500", b"9" * 400),
        "negative": raw.replace(b"0.5", b"-0.5"),
        "missing field": re.sub(rb'"(speaker|role|type|conversation_id)": "[^"]*",? ?', b"", raw),
        "double keys": raw.replace(b"{", b'{"x": 1, "x": 2, ', 1),
        "deep": raw[:-1] + b"[" * 100_000,
        "nothing": b"",
    }


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("way", hostile("x"))
def test_hostile_twins_give_a_designed_error_or_a_reading(tmp_path: Path, name: str, way: str) -> None:
    file, make, _ = FORMATS[name]
    path = tmp_path / file
    path.write_bytes(hostile(make())[way])
    plain = tmp_path / "plain" / file
    plain.parent.mkdir()
    plain.write_text(make(), encoding="utf-8")
    try:
        found = read(path)
    except LogError as error:
        message = str(error).removeprefix(str(tmp_path) + os.sep)
        assert message.startswith(file), message
        assert ";" in message, f"no cure: {message}"
        assert way not in ("bom", "crlf")
        return
    # What is still read has times that can be, and is not more than the file said.
    read_times = [at for one in found for turn in one.turns for at in (turn.start_s, turn.end_s)]
    assert all(0 <= at <= 86_400 for at in read_times if at is not None)
    assert sum(len(one.turns) for one in found) <= len(SAID)
    if way in ("bom", "crlf"):
        assert [one.turns for one in found] == [one.turns for one in read(plain)]
    assert way not in ("nul", "nothing")


# What each format is known for


def one(tmp_path: Path, file: str, content: str, **options: Any) -> Dialogue:
    path = tmp_path / file
    path.write_text(content, encoding="utf-8")
    (found,) = read(path, **options)
    return found


def test_words_are_cut_where_somebody_else_begins(tmp_path: Path) -> None:
    def word(speaker: int, text: str, start: float, end: float) -> dict[str, Any]:
        return {"word": text, "start": start, "end": end, "speaker": speaker}

    words = [
        word(0, "so", 0.0, 0.4), word(0, "I", 0.5, 0.6), word(1, "yes", 0.62, 0.8), word(0, "went", 0.7, 1.0),
        word(0, "home", 1.1, 1.5), word(1, "oh", 1.7, 1.8), word(0, "then", 2.0, 2.3),
        word(0, "late", 5.0, 5.3),
    ]  # fmt: skip
    document = {"results": {"channels": [{"alternatives": [{"words": words}]}]}}
    found = one(tmp_path, "a.json", json.dumps(document))
    # "yes" falls into .1 s of silence and breaks nothing; "oh" into .5 s; 2.7 s of silence end a turn.
    assert [(turn.speaker, turn.text) for turn in found.turns] == [
        ("0", "so I went home"), ("1", "yes"), ("1", "oh"), ("0", "then"), ("0", "late"),
    ]  # fmt: skip


def test_a_note_in_a_sentence_is_no_speaker(tmp_path: Path) -> None:
    said = ("Hello there.", "Note: it was late.", "I see.", "Yes.")
    text = "\n".join(f"{k}\n00:00:0{k},000 --> 00:00:0{k},900\n{line}\n" for k, line in enumerate(said, 1))
    with pytest.raises(LogError, match="4 cues, no speaker; diarise first"):
        one(tmp_path, "a.srt", text)
    only = "1\n00:00:01,000 --> 00:00:02,000\nHello.\n\n2\n00:00:03,000 --> 00:00:04,000\nNo one.\n"
    with pytest.raises(LogError, match="2 cues, no speaker; diarise first"):
        one(tmp_path, "b.srt", only)


def test_growing_captions_are_one_turn(tmp_path: Path) -> None:
    text = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v A>we met\n\n00:02.000 --> 00:03.000\n<v A>we met in May\n\n"
        "00:04.000 --> 00:05.000\n<v B>&amp; then?</v> <v A>Nothing.</v>\n"
    )
    found = one(tmp_path, "a.vtt", text)
    assert [(t.speaker, t.text, t.start_s, t.end_s) for t in found.turns] == [
        ("A", "we met in May", 1.0, 3.0), ("B", "& then?", 4.0, 5.0), ("A", "Nothing.", 4.0, 5.0),
    ]  # fmt: skip


def test_windows_of_a_history_are_put_together_and_equal_messages_stay(tmp_path: Path) -> None:
    def message(role: str, content: str) -> dict[str, str]:
        return {"role": role, "content": content}

    whole = [
        message(r, c) for r, c in (("user", "a"), ("assistant", "yes"), ("user", "b"), ("assistant", "yes"))
    ]
    rows = [
        {"id": "1", "traceId": "t", "startTime": "1", "input": whole[:1], "output": whole[1]},
        {"id": "2", "traceId": "t", "startTime": "2", "input": whole[1:3], "output": whole[3]},
        {"id": "3", "traceId": "t", "startTime": "3", "input": [message("user", "other")], "output": "no"},
    ]
    report = logs.Report()
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    (found,) = logs.read([str(path)], logs.ReadOptions(), report=report)
    assert [turn.text for turn in found.turns] == ["a", "yes", "b", "yes"]
    assert found.meta["skipped"] == {"span": 1}


def test_xml_that_brings_entities_is_not_opened(tmp_path: Path) -> None:
    root = "<ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>"
    bomb = f'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "c">]>\n{root}'
    with pytest.raises(LogError, match="has a DOCTYPE, which ELAN never writes; it is not opened"):
        one(tmp_path, "a.eaf", bomb)


def test_tiers_of_words_are_no_turns(tmp_path: Path) -> None:
    words = "".join(f'{k / 10}\n{k / 10 + 0.1}\n"w{k}"\n' for k in range(9))
    text = (
        textgrid().replace("<exists>\n2", "<exists>\n3") + f'"IntervalTier"\n"user words"\n0\n6\n9\n{words}'
    )
    assert {turn.speaker for turn in one(tmp_path, "a.TextGrid", text).turns} == {"user", "agent"}


def test_threads_say_so_and_pickles_stay_shut(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "conversation_id": "a", "speaker": "x", "text": "one", "reply-to": None, "timestamp": 1},
        {"id": "c", "conversation_id": "a", "speaker": "z", "text": "three", "reply-to": "a", "timestamp": 3},
        {"id": "b", "conversation_id": "a", "speaker": "y", "text": "two", "reply-to": "a", "timestamp": 2},
    ]
    (tmp_path / "info.x-bin.p").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    found = one(tmp_path, "utterances.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert [turn.text for turn in found.turns] == ["one", "two", "three"]
    assert found.meta == {"threaded": True}


def test_call_analytics_brings_its_roles(tmp_path: Path) -> None:
    rows = [
        {
            "ParticipantRole": "CUSTOMER",
            "Content": "Hello.",
            "BeginOffsetMillis": 100,
            "EndOffsetMillis": 900,
        },
        {"ParticipantRole": "AGENT", "Content": "Hi.", "BeginOffsetMillis": 1000, "EndOffsetMillis": 1500},
    ]
    found = one(tmp_path, "a.json", json.dumps({"Transcript": rows}))
    assert [(t.speaker, t.start_s, t.end_s) for t in found.turns] == [("user", 0.1, 0.9), ("agent", 1.0, 1.5)]


def test_samples_of_one_turn_and_tools_are_counted(tmp_path: Path) -> None:
    single = one(tmp_path, "a.jsonl", json.dumps({"user_input": "Hello?", "response": "Yes."}))
    assert [(t.speaker, t.text) for t in single.turns] == [("user", "Hello?"), ("agent", "Yes.")]
    rows = [
        {"type": "human", "content": "Find it."},
        {"type": "ai", "content": "", "tool_calls": [{"name": "find", "args": {}}]},
        {"type": "tool", "content": "found"},
        {"type": "ai", "content": "Here."},
    ]
    several = one(tmp_path, "b.jsonl", json.dumps({"user_input": rows}))
    assert [t.text for t in several.turns] == ["Find it.", "Here."]
    assert several.meta["skipped"] == {"tool": 2}


def test_prompts_in_one_text_are_no_messages(tmp_path: Path) -> None:
    run = {
        "id": "r", "run_type": "llm", "trace_id": "t", "inputs": {"prompts": ["Human: hi"]},
        "outputs": {"generations": [[{"text": "hello"}]]},
    }  # fmt: skip
    with pytest.raises(LogError, match=r"\$\.inputs\.prompts: holds the whole history as one text; export"):
        one(tmp_path, "runs.jsonl", json.dumps(run))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.vtt", f"WEBVTT\n\n{'9' * 400}:00:01.000 --> 00:00:02.000\n<v A>hi\n"),
        ("a.TextGrid", textgrid().replace("0.5", "9" * 400)),
    ],
)
def test_numbers_of_hundreds_of_digits_are_no_times(tmp_path: Path, file: str, content: str) -> None:
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(LogError, match=r"is no (timing|finite number); write"):
        read(tmp_path / file)


@pytest.mark.parametrize(
    ("sound", "broken", "message"),
    [
        ("@ID:\teng|call|U|||||Participant|||", "@ID:\teng", r"5: @ID has no fields; write language\|corpus"),
        ("@ID:\teng|call|A", "@Participants:\tA agent\n@ID:\teng|call|A", "6: a second @Participants"),
        ("The tall one . ", "] ", r"9: an utterance of no word; write \*CODE:<tab>words \."),
    ],
)
def test_what_the_parser_of_chat_panics_on_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], sound: str, broken: str, message: str
) -> None:
    assert sound in transcript()
    (tmp_path / "a.cha").write_text(transcript().replace(sound, broken), encoding="utf-8")
    with pytest.raises(LogError, match=r"a\.cha:" + message):
        read(tmp_path / "a.cha")
    assert not capfd.readouterr().err


def test_what_the_parser_of_chat_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    """Its messages begin with the name that it was given, else with a random one."""
    (tmp_path / "a.cha").write_text(transcript().replace("one . ", "one "), encoding="utf-8")
    with pytest.raises(LogError, match=r"a\.cha:1: pylangacq cannot read it \(utterance missing terminator"):
        read(tmp_path / "a.cha")
