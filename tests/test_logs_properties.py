"""Reading logs, whatever they hold: what is written reads back, what is broken is said."""
# ruff: noqa: E501 - tables of pieces and records, one idea a line

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convalign import logs
from convalign.dialogue import Dialogue, from_record
from convalign.errors import ConvalignError, LogError

FORMATS = [one["name"] for one in logs.formats()]
SCHEMA = Path(__file__).parents[1] / "corpora" / "schema.json"


@contextmanager
def standard_input(data: bytes) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data))
    try:
        yield
    finally:
        sys.stdin = before


def read(data: bytes, **options: Any) -> list[Dialogue]:
    with standard_input(data):
        return list(logs.read("-", logs.ReadOptions(**options)))


def written(dialogues: list[Dialogue]) -> bytes:
    stream = io.StringIO()
    assert logs.write_canonical(dialogues, stream) == len(dialogues)
    return stream.getvalue().encode("utf-8")


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = words.filter(lambda text: text.strip() and "\0" not in text)
times = st.floats(0, 40_000, allow_nan=False) | st.integers(0, 40_000)
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3)
)
paths = st.text("abc/.", min_size=1).filter(lambda path: ".." not in path and not path.startswith("/"))


@st.composite
def turns(draw: st.DrawFn) -> dict[str, Any]:
    turn: dict[str, Any] = {"speaker": draw(names), "text": draw(st.none() | words)}
    if draw(st.booleans()):
        turn["start_s"], turn["end_s"] = sorted([draw(times), draw(times)])
    if draw(st.booleans()):
        turn["audio"] = {"path": draw(paths), "channel": draw(st.integers(0, 9))}
    return turn


records = st.fixed_dictionaries(
    {"turns": st.lists(turns(), max_size=5)},
    optional={
        "roles": st.dictionaries(names, names, max_size=3),
        "meta": st.dictionaries(words, values, max_size=3),
        "audio": st.fixed_dictionaries(
            {"path": paths}, optional={"channels": st.dictionaries(names, st.integers(0, 9))}
        ),
    },
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(records, min_size=1, max_size=3), st.sampled_from([None, 1]), st.booleans(), st.booleans())
def test_written_dialogues_read_back_to_the_same_bytes(
    made: list[dict[str, Any]], indent: int | None, escaped: bool, packed: bool
) -> None:
    text = json.dumps(
        [{"id": f"d{i}", **one} for i, one in enumerate(made)], indent=indent, ensure_ascii=escaped
    )
    data = text.encode("utf-8")
    first = read(gzip.compress(data) if packed else data, format="canonical")
    once = written(first)
    again = read(once, format="canonical")
    assert again == first
    assert written(again) == once


pieces = st.sampled_from(
    [
        b'{"id": "x", "turns": [', b'{"speaker": "a", "text": "x"}', b"]}", b"{", b"}", b"[", b"]", b",", b"\n",
        b'"', b"\\", b'{"messages": [', b'{"role": "user", "content": "x"}', b'{"conversations": [',
        b'{"from": "gpt", "value": "x"}', b"speaker,text\n", b"dialogue,speaker,text,start,end\n", b"1,a,x,0,1\n",
        b"participant\tcontent\n", b"a\tx\n", b"A:\tx\n", b"\x1f\x8b\x08", b"\xef\xbb\xbf", b"\xff\xfe", b"\0",
        b"\xe9", b"\\ud800", b"NaN", b"1e999", b"null", b"-1", b"WEBVTT\n", b'"start_s": ', b"\r", b"\xe2\x80\xa8",
    ]
)  # fmt: skip
noise = st.binary(max_size=60) | st.lists(pieces | st.binary(max_size=3), max_size=14).map(b"".join)


@pytest.mark.parametrize("name", [None, *FORMATS])
@settings(max_examples=300, deadline=None)
@given(data=noise, packed=st.booleans(), merge=st.booleans(), skip=st.booleans())
def test_no_bytes_raise_anything_else(
    name: str | None, data: bytes, packed: bool, merge: bool, skip: bool
) -> None:
    try:
        found = read(
            gzip.compress(data) if packed else data,
            format=name, merge=merge, on_error="skip" if skip else "stop",
        )  # fmt: skip
        message = None
    except ConvalignError as error:
        found, message = [], str(error)
    assert message is None or "; " in message
    assert not found or read(written(found), format="canonical") == found


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.integers(0, 30), st.integers(1, 40))
def test_a_damaged_gzip_file_is_said(data: bytes, at: int, cut: int) -> None:
    packed = gzip.compress(b'{"id": "x", "turns": []}\n' + data)
    broken = packed[: at % len(packed)] + packed[at % len(packed) + cut :]
    try:
        read(broken)
        message = None
    except ConvalignError as error:
        message = str(error)
    assert message is None or message.startswith("stdin")


GOOD: list[Any] = [
    {"id": "x", "turns": []},
    {"id": "x", "turns": [{"speaker": "a", "text": "b"}]},
    {"id": "x", "turns": [{"speaker": "a", "text": None}]},
    {"id": "x", "turns": [{"speaker": "a", "text": "", "start_s": 0, "end_s": 0}]},
    {"id": "x", "turns": [{"speaker": "a", "text": "b", "start_s": 1.5}]},
    {"id": "x", "turns": [{"speaker": "a", "text": "b", "audio": {"path": "a.wav"}}]},
    {
        "id": "x",
        "turns": [
            {"speaker": "a", "text": "b", "audio": {"path": "a.wav", "channel": 1, "start_s": 0, "end_s": 2}}
        ],
    },
    {"id": "x", "turns": [], "roles": {"a": "user"}, "audio": {"path": "a.wav"}, "meta": {"k": [1, None]}},
    {"id": "x", "turns": [], "audio": {"path": "a.wav", "channels": {"a": 0, "b": 1}}},
]


def turn(**fields: Any) -> dict[str, Any]:
    return {"id": "x", "turns": [{"speaker": "a", "text": "b", **fields}]}


BAD: list[Any] = [
    7, None, [], "x", {},
    {"turns": []}, {"id": "x"}, {"id": 1, "turns": []}, {"id": None, "turns": []}, {"id": "", "turns": []},
    {"id": " \n", "turns": []}, {"id": "x", "turns": {}}, {"id": "x", "turns": "b"}, {"id": "x", "turns": [7]},
    {"id": "x", "turns": [{"text": "b"}]}, turn(speaker=""), turn(speaker=" "), turn(speaker=1),
    turn(text=1), turn(text=["b"]), turn(start_s="1"), turn(start_s=-1), turn(end_s=-0.5), turn(start_s=True),
    turn(start_s=[1]), turn(audio="a.wav"), turn(audio={}), turn(audio={"path": ""}), turn(audio={"path": 1}),
    turn(audio={"path": "a", "channel": -1}), turn(audio={"path": "a", "channel": "0"}),
    turn(audio={"path": "a", "channel": 0.5}), turn(audio={"path": "a", "start_s": -1}),
    {"id": "x", "turns": [], "roles": []}, {"id": "x", "turns": [], "roles": "user"},
    {"id": "x", "turns": [], "roles": {"a": 1}}, {"id": "x", "turns": [], "roles": {"a": ""}},
    {"id": "x", "turns": [], "meta": []}, {"id": "x", "turns": [], "meta": 0}, {"id": "x", "turns": [], "meta": ""},
    {"id": "x", "turns": [], "audio": "a.wav"}, {"id": "x", "turns": [], "audio": {}},
    {"id": "x", "turns": [], "audio": {"path": "a", "channels": [0]}},
    {"id": "x", "turns": [], "audio": {"path": "a", "channels": {"a": -1}}},
    {"id": "x", "turns": [], "audio": {"path": "a", "channels": {"a": True}}},
]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "good"), [*((one, True) for one in GOOD), *((one, False) for one in BAD)], ids=repr
)
def test_reader_and_schema_give_the_same_verdict(record: Any, good: bool) -> None:
    if good:
        assert from_record(record).id == "x"
    else:
        with pytest.raises(LogError, match=r"^record: \$"):
            from_record(record)
    if not SCHEMA.exists():
        pytest.skip(f"needs {SCHEMA.relative_to(SCHEMA.parents[1])}")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert jsonschema.Draft202012Validator(schema).is_valid(record) is good
