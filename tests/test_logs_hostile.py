"""What each reader says to input that is broken: the exact message, never a traceback."""
# ruff: noqa: E501 - messages stand as they are printed

from __future__ import annotations

import gzip
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from convalign import logs
from convalign.errors import LogError
from convalign.limits import time_limit
from convalign.logs import _bytes

TURN = '{"speaker": "a", "text": "x"}'
HEADER = "dialogue,speaker,text,start,end\n"
KNOWN = "convalign formats lists them"
DEEP = "[" * 100_000
SOUND = "give the transcript with times (CSV, RTTM, VTT, ...) and --audio"
CURE = "which this version does not read; convert it to CSV with speaker, text, start, end"


def turns(*more: str) -> str:
    """A canonical record with these further fields in its one turn."""
    return '{"id": "x", "turns": [{"speaker": "a", "text": "x"' + "".join(f", {one}" for one in more) + "}]}"


HOSTILE: list[tuple[str, str | bytes, str]] = [
    # any file
    ("a.csv", "", "a.csv: is empty; give a log with at least one dialogue"),
    ("a.json", " \n\n", "a.json: is empty; give a log with at least one dialogue"),
    ("a.json", gzip.compress(b""), "a.json: is empty; give a log with at least one dialogue"),
    ("a.wav", b"RIFF\x24\0\0\0WAVEfmt ", f"a.wav: a sound file alone is not a log; {SOUND}"),
    ("a.mp3", b"ID3\x04\0\0\0\0\0\0\0\0\0", f"a.mp3: a sound file alone is not a log; {SOUND}"),
    ("a.m4a", b"\0\0\0\x20ftypM4A \0\0", f"a.m4a: a sound file alone is not a log; {SOUND}"),
    ("a.flac", b"fLaC\0\0\0\x22\0\0\0\0", f"a.flac: a sound file alone is not a log; {SOUND}"),
    (
        "a.zst", b"\x28\xb5\x2f\xfd\0\0\0\0\0\0\0\0",
        "a.zst: the zstd file ends early; copy or pack it again",
    ),
    ("a.eval", b"PK\x03\x04\x14\0\0\0\0\0\0\0", f"a.eval: looks like a zip file (office document, archive), {CURE}"),
    ("a.rttm", "SPEAKER call 1 0.5 <NA> <NA> user\n", "a.rttm: no reader knows a file that begins 'SPEAKER call 1 0.5 <NA> <NA> user'; say --format (convalign formats lists them)"),
    ("a.rttm", "SPEAKER call 1 0.5 2 <NA> <NA>\n", "a.rttm:1: has 7 columns; write SPEAKER, file, channel, onset, duration, <NA>, <NA>, name"),
    ("a.rttm", "NON-SPEECH call 1 0.5 2 <NA> <NA> a\n", "a.rttm:1: has no SPEAKER line; write who speaks when"),
    ("a.ctm", "call 1 0.5 0.2 hi\ncall 1 0.9 0.2 you\n", "a.ctm:1: 2 words of one channel, no speaker; put a.rttm beside it, or diarise first, or give one file per channel"),
    ("a.ctm", "call 1 0.5 0.2 hi\ncall 1 0,9 0.2 you\n", "a.ctm:2: column 3: '0,9' is no number; write seconds as a number (0.9)"),
    (
        "a.vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\nhi\n",
        "a.vtt: 1 cues, no speaker; diarise first, or give one file per channel",
    ),
    ("a.xml", "<?xml version='1.0'?>\n<!DOCTYPE a>\n<a/>", f"a.xml: looks like XML, {CURE}"),
    ("a.txt", "Hello there.\n", f"a.txt: no reader knows a file that begins 'Hello there.'; say --format ({KNOWN})"),
    ("a.json", '{"a": 1, "b": {"c": 2}}', f"a.json: no reader knows a record with the keys a, b; say --format ({KNOWN})"),
    ("a.csv", b"\xff\xfe\xff", "a.csv:1: byte 0xff at offset 2 is not utf-16-le; save it again"),
    (
        "a.csv", b"speaker,text\nA,Caf\xe9\n",
        "a.csv:2: byte 0xe9 at offset 18 is not utf-8; say --encoding cp1252 (or what it was written in)",
    ),
    (
        "a.jsonl", '{"id": "x", "turns": []}\n'.encode("utf-16-le"),
        "a.jsonl:1: holds a NUL character; save it as UTF-8, or as UTF-16 with its byte order mark",
    ),
    (
        "a.csv", "speaker,text\nA,x\0y\n",
        "a.csv:2: holds a NUL character; save it as UTF-8, or as UTF-16 with its byte order mark",
    ),
    ("a.csv", gzip.compress(b"speaker,text\nA,x\n")[:-9], "a.csv: the gzip file ends early; copy or pack it again"),
    (
        "a.csv", gzip.compress(b"speaker,text\nA,x\n") + b"rest",
        "a.csv: is no sound gzip file (Error -3 while decompressing data: incorrect header check); "
        "pack it again or give it unpacked",
    ),
    (
        "a.json", json.dumps({"messages": [], "turns": [{"speaker": "a"}]}),
        "a.json: looks like canonical and openai; say --format canonical or --format openai",
    ),
    # JSON
    (
        "a.jsonl", '{"id": "x", "turns": []}\n{"id": "y", "turns": [}\n',
        "a.jsonl:2: column 23: not JSON (expecting value); write one JSON object per dialogue",
    ),
    (
        "a.json", '{"id": "x",\n "turns": [\n',
        "a.json:1: the text ends inside this record; the file was cut off, copy it again",
    ),
    ("a.json", f'[{turns()}', "a.json:1: the list does not end; the file was cut off, copy it again"),
    ("a.json", f'[{turns()},\n]', "a.json:2: a ',' before the closing ']'; take it out"),
    ("a.json", f'[{turns()} {turns()}]', "a.json:1: '{' after a record; put ',' between the records of a list"),
    ("a.json", f'[{turns()}]\n{{}}', "a.json:2: text after the list; write one list, or one record a line"),
    (
        "a.json", '{"id": "x", "turns": [{"speaker": "a", "text": "x", "text": "y"}]}',
        "a.json:1: $.turns[0]: key 'text' stands twice in one object; keep one of them",
    ),
    ("a.json", '{"id": 1, "id": "x", "turns": []}', "a.json:1: $: key 'id' stands twice in one object; keep one of them"),
    (
        "a.json", turns('"start_s": NaN'),
        "a.json:1: $.turns[0].start_s: NaN is no finite number; leave the field out when it is unknown",
    ),
    (
        "a.json", '{"id": "x", "turns": [], "meta": {"a": [0, -Infinity]}}',
        "a.json:1: $.meta.a[1]: -Infinity is no finite number; leave the field out when it is unknown",
    ),
    (
        "a.json", '{"id": "x", "turns": [], "meta": {"a": 1e999}}',
        "a.json:1: $.meta.a: 1e999 is no finite number; leave the field out when it is unknown",
    ),
    (
        "a.json", turns(f'"start_s": {"9" * 5000}'),
        "a.json:1: $: a number of thousands of digits; write it as text",
    ),
    (
        "a.jsonl", '{"id": "x", "turns": ' + DEEP + "]" * 100_000 + "}",
        "a.jsonl:1: $: over 200 levels of brackets; flatten what is not the dialogue",
    ),
    (
        "a.jsonl", '{"id": "x", "turns": [], "meta": {"a": ' + "[" * 250 + "]" * 250 + "}}",
        "a.jsonl:1: $: over 200 levels of brackets; flatten what is not the dialogue",
    ),
    ("a.json", f'{{"turns": {DEEP}', "a.json:1: $: over 200 levels of brackets; flatten what is not the dialogue"),
    # canonical
    ("a.json", f'{{"turns": [{TURN}]}}', "a.json:1: $.id: is missing; give each dialogue a unique text as id"),
    ("a.json", '{"id": " ", "turns": []}', "a.json:1: $.id: is empty; write a name"),
    (
        "a.json", '{"id": "x", "turns": [{"text": "x"}]}',
        "a.json:1: $.turns[0].speaker: is missing; say who speaks",
    ),
    (
        "a.json", '{"id": "x", "turns": {}}',
        "a.json:1: $.turns: an object is no list; write [{speaker, text}, ...]",
    ),
    (
        "a.jsonl", turns() + "\n" + turns('"start_s": "4,5"'),
        'a.jsonl:2: $.turns[0].start_s: "4,5" is a string; write seconds as a number (4.5)',
    ),
    (
        "a.json", turns('"start_s": 5', '"end_s": 1'),
        "a.json:1: $.turns[0].end_s: 1 is before start_s 5; times are seconds from the start of the recording",
    ),
    (
        "a.json", f'{{"id": "x", "turns": [{TURN}], "roles": []}}',
        "a.json:1: $.roles: a list is no object; write {speaker: role}",
    ),
    # chat messages
    (
        "a.json", '{"messages": {"role": "user"}}',
        "a.json:1: $.messages: an object is no list; write a list of {role, content}",
    ),
    (
        "a.jsonl", '{"messages": []}\n{"id": "x"}',
        "a.jsonl:2: $.messages: is missing; write a list of {role, content}",
    ),
    ("a.json", '{"messages": ["hi"]}', "a.json:1: $.messages[0]: 'hi' is no message; write {role, content}"),
    (
        "a.json", '{"messages": [{"content": "x"}]}',
        "a.json:1: $.messages[0].role: is missing; write user, assistant, system or tool",
    ),
    (
        "a.json", '{"messages": [{"role": "user", "content": {"a": 1}}]}',
        "a.json:1: $.messages[0].content: an object is no content; write a string, null, or a list of parts",
    ),
    (
        "a.json", '{"messages": [{"role": "user", "content": [{"type": "text"}]}]}',
        "a.json:1: $.messages[0].content[0].text: null is no text; write a string",
    ),
    (
        "a.json", '{"messages": [{"role": "user", "content": [{"type": 3}]}]}',
        "a.json:1: $.messages[0].content[0].type: 3 is no type of a part; write text, image_url, input_audio, ...",
    ),
    (
        "a.json", '{"messages": [{"role": "user", "name": "Ada"}, {"role": "assistant", "name": "Ada"}]}',
        "a.json:1: $.messages[1].name: 'Ada' is agent here and user before; give each speaker a name",
    ),
    ("a.json", '{"messages": [], "id": [1]}', "a.json:1: $.id: a list is no id; write a text, or leave it out"),
    (
        "a.jsonl", '{"custom_id": "r1", "response": {"body": {}}}',
        "a.jsonl:1: $: a batch result holds only the answer, not the prompt; "
        "append each answer to its request's messages",
    ),
    (
        "a.jsonl", '{"custom_id": "r1", "body": {"messages": []}}',
        "a.jsonl:1: $: a batch request holds only the prompt; append the answer to its messages",
    ),
    # ShareGPT
    ("a.json", '[{"conversations": "x"}]', "a.json:1: $.conversations: 'x' is no list; write a list of {from, value}"),
    (
        "a.json", '[{"conversations": [["a", "b"]]}]',
        "a.json:1: $.conversations[0]: a list is no row; write {from, value}",
    ),
    (
        "a.json", '[{"conversations": [{"value": "x"}]}]',
        "a.json:1: $.conversations[0].from: is missing; write human or gpt",
    ),
    (
        "a.json", '[{"conversations": [{"from": "gpt"}]}]',
        "a.json:1: $.conversations[0].value: is missing; write what was said, or null without transcript",
    ),
    (
        "a.json", '[{"conversations": [{"from": 1, "value": "x"}]}]',
        "a.json:1: $.conversations[0].from: 1 is no speaker; write human or gpt",
    ),
    # tables
    ("a.csv", HEADER, "a.csv:1: has a header and no rows; add one row per turn"),
    (
        "a.csv", HEADER + "1,A,x,y,0,1\n",
        "a.csv:2: the row has 6 cells, the header 5; quote cells that hold ','",
    ),
    ("a.csv", HEADER + "1,A,x\n", "a.csv:2: the row has 3 cells, the header 5; quote cells that hold ','"),
    (
        "a.csv", HEADER + '1,A,"x,0,1\n2,B,y,0,1\n',
        "a.csv:2: a quote opens here and does not close; close it, or double the quotes inside a cell",
    ),
    (
        "a.csv", HEADER + '1,A,"x"y,0,1\n',
        "a.csv:2: a quoted cell is broken (',' expected after '\"'); double the quotes inside a cell",
    ),
    ("a.csv", HEADER + "1, ,x,0,1\n", "a.csv:2: column 'speaker': is empty; say who speaks"),
    ("a.csv", HEADER + ",A,x,0,1\n", "a.csv:2: column 'dialogue': is empty; name the dialogue of each row"),
    (
        "a.csv", HEADER + '1,A,x,"4,5",6\n',
        "a.csv:2: column 'start': '4,5' is no number; write seconds as a number (4.5)",
    ),
    (
        "a.csv", HEADER + "1,A,x,-1,6\n",
        "a.csv:2: column 'start': '-1' is no time; write seconds from the start of the recording, 0 or more",
    ),
    (
        "a.csv", HEADER + "1,A,x,nan,6\n",
        "a.csv:2: column 'start': 'nan' is no number; write seconds as a number, or leave the cell empty",
    ),
    (
        "a.csv", HEADER + "1,A,x,1e999,6\n",
        "a.csv:2: column 'start': '1e999' is no time; write seconds from the start of the recording, 0 or more",
    ),
    (
        "a.csv", HEADER + "1,A,x,0,1\n1,B,x,7,6\n",
        "a.csv:3: times: end 6 is before start 7; both count from the start of the recording",
    ),
    (
        "a.csv", HEADER + "1,A,x,500,900\n1,B,x,900000,900100\n",
        "a.csv:3: times: 900100 s is over a day into the dialogue; write seconds, or name the column *_ms",
    ),
    ("a.csv", "speaker,text,Text\nA,x,y\n", "a.csv:1: two columns are called 'text'; rename one"),
    (
        "a.csv", "speaker,text,turn\nA,x,one\n",
        "a.csv:2: column 'turn': 'one' is no whole number; number the turns 0, 1, 2, ...",
    ),
    (
        "a.csv", "speaker,role,text\nA,user,x\nA,agent,y\n",
        "a.csv:3: column 'speaker': 'A' is agent here and user before; give each speaker a name",
    ),
    (
        "a.csv", "id;dialogue;speaker;text\n" + "".join(f"0;{i};A;x\n" for i in (7, 7, 8, 7)),
        "a.csv:5: column 'dialogue': '7' stood at lines 2-3 already; rows of a dialogue stand together: "
        "sort -s -t ';' -k 2,2 (all but the header)",
    ),
    # ALIGN and dialign
    ("a.txt", "participant\tcontent\n", "a.txt:1: has a header and no rows; add one row per turn"),
    (
        "a.txt", "participant\tcontent\nA\tx\ty\n",
        "a.txt:2: the row has 3 cells; write participant, one tab, content",
    ),
    ("a.txt", "participant\tcontent\n\tx\n", "a.txt:2: column 'participant': is empty; say who speaks"),
    (
        "a.tsv", "A:\tx\nB:\ty\nC\tz\n" + "A:\tx\n" * 9,
        f"a.tsv: no reader knows a file that begins 'A:\\tx'; say --format ({KNOWN})",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "message"), HOSTILE, ids=range(len(HOSTILE)))
def test_the_message_is_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | bytes, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LogError) as caught:
        list(logs.read(name))
    assert str(caught.value) == message


FORCED: list[tuple[str, str, dict[str, Any], str]] = [
    ("canonical", "7", {}, "a:1: $: 7 is no object; one dialogue is an object with id and turns"),
    ("openai", "7", {}, 'a:1: $: 7 is no dialogue; write {"messages": [...]}'),
    ("sharegpt", "[7]", {}, 'a:1: $: 7 is no dialogue; write {"conversations": [...]}'),
    (
        "csv", "who;what\nA;x\n", {},
        "a:1: no column for speaker and text; there are: 'who', 'what'; say --columns speaker=NAME,text=NAME",
    ),
    (
        "csv", "who,text\nA,x\n", {"columns": {"speaker": "who", "start": "t0"}},
        "a:1: no column 't0' for start; there are: who, text",
    ),
    ("align", "speaker\ttext\n", {}, "a:1: the header is not participant, tab, content; say --format csv"),
    ("dialign", "A:\tx\n\nB y\n", {}, "a:3: column 1: no name, colon and tab; write NAME:<tab>what was said"),
    ("dialign", "", {}, "a: is empty; give a log with at least one dialogue"),
    (
        "canonical", turns('"x": "' + "y" * 2000 + '"'), {"record_limit": 1000},
        "a:1: one record has over 1,000 bytes; split it, or read it with a higher limit",
    ),
    (
        "canonical", json.dumps([json.loads(turns('"x": "' + "\u00e9" * 600 + '"'))], ensure_ascii=False),
        {"record_limit": 1000},
        "a:1: one record has over 1,000 bytes; split it, or read it with a higher limit",
    ),
    (
        "csv", 'speaker,text\nA,"' + "x\n" * 600, {"record_limit": 1000},
        "a:2: one row has over 1,000 bytes; a quote may lack its end, or read it with a higher limit",
    ),
    (
        "csv", "speaker,text\n" + "A,x\n" * 600, {"record_limit": 1000},
        "a:2: one dialogue has over 1,000 bytes; split it, or read it with a higher limit",
    ),
    ("align", "participant\tcontent\n" + "A\tx\n" * 600, {"record_limit": 1000},
     "a:335: one dialogue has over 1,000 bytes; split it"),
    ("dialign", "A:\tx\n" * 600, {"record_limit": 1000}, "a:251: one dialogue has over 1,000 bytes; split it"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "options", "message"), FORCED, ids=range(len(FORCED)))
def test_a_forced_reader_says_what_is_wrong(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: str,
    options: dict[str, Any],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text(content, encoding="utf-8")
    with pytest.raises(LogError) as caught:
        list(logs.read("a", logs.ReadOptions(format=name, **options)))
    assert str(caught.value) == message


def test_lines_count_after_unpacking(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress((turns() + "\r\n\r\n[]").encode()))
    with pytest.raises(LogError, match=re.escape("a.jsonl.gz:3: $: a list is no object")):
        list(logs.read(path))


def test_a_bomb_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(turns().encode() + b"\n" + b" " * 70 * 1024**2))
    with pytest.raises(LogError, match="unpacks to over 250 times its size; no dialogue log does"):
        list(logs.read(path))
    monkeypatch.setattr(_bytes, "UNPACKED_LIMIT", 1000)
    path.write_bytes(gzip.compress(os.urandom(2000)))
    with pytest.raises(LogError, match="unpacks to over 1,000 bytes; split it"):
        list(logs.read(path))


def test_folders_with_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(
        LogError,
        match=re.escape(
            f"{tmp_path}: holds no log (0 files looked at); convalign formats lists what can be read"
        ),
    ):
        list(logs.read(tmp_path))
    (tmp_path / "README.md").write_text("# x\n", encoding="utf-8")
    with pytest.raises(LogError, match=re.escape("holds no log (1 files looked at)")):
        list(logs.read(tmp_path))


def test_a_log_of_a_later_format_in_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("speaker,text\nA,x\n", encoding="utf-8")
    (tmp_path / "b.xml").write_text("<?xml version='1.0'?>\n<a/>\n", encoding="utf-8")
    with pytest.raises(LogError, match=re.escape(f"b.xml: looks like XML, {CURE}")):
        list(logs.read(tmp_path))
    (tmp_path / "b.xml").unlink()
    (tmp_path / "c.csv").touch()
    with pytest.raises(LogError, match=re.escape("c.csv: is empty; give a log with at least one dialogue")):
        list(logs.read(tmp_path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (None, "\n" * 60_000 + "x"),
        (None, " \t\n" * 20_000 + "SPEAKER x"),
        (None, ";;\n\n" * 15_000),
        ("vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v a>" + "<" * 300_000),
        ("vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<v " * 100_000),
        ("srt", "1\n00:00:01,000 --> 00:00:02,000\na: " + "<font " * 50_000 + "{\\\\" * 50_000),
        ("textgrid", 'File type = "ooTextFile"\n' + "1" * 200_000 + "a"),
        ("textgrid", 'File type = "ooTextFile"\n' + '"' * 200_001),
        ("dialign", "a" * 300_000 + ":" * 1_000),
        ("chat", "@UTF8" + " \n" * 100_000),
    ],
)
def test_no_pattern_takes_for_ever(tmp_path: Path, name: str | None, text: str) -> None:
    """Each of these is linear; one that backtracks would take hours, so the limit tells them apart."""
    path = tmp_path / "a.log"
    path.write_text(text, encoding="utf-8")
    with time_limit(30), suppress(LogError):
        list(logs.read(path, logs.ReadOptions(format=name)))
