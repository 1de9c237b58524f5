"""Dialogues scored one at a time against a fixed log, and chat messages that are in memory."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import example
import numpy as np
import pytest

import convalign
from convalign.dialogue import Dialogue, Turn, from_record
from convalign.errors import LogError, UsageError

LOG = [from_record(record) for record in example.records(12)]


@pytest.mark.parametrize("dimension", ["lexical", "emotional", "prosodic"])
def test_a_dialogue_of_the_log_gets_the_rows_of_the_log(dimension: str) -> None:
    strangers = convalign.Strangers(LOG, [dimension])
    assert [r for d in reversed(LOG) for r in strangers.score(d)] == [
        r for d in reversed(LOG) for r in convalign.score(LOG, [dimension]) if r.dialogue == d.id
    ]


@pytest.mark.parametrize("dimension", ["lexical", "emotional"])
def test_another_dialogue_gets_the_rows_of_a_log_with_it(dimension: str) -> None:
    *others, asked = LOG
    strangers = convalign.Strangers(iter(others), [dimension], seed=3)
    wanted = [r for r in convalign.score(LOG, [dimension], seed=3) if r.dialogue == asked.id]
    assert any(r.excess is not None for r in wanted)
    assert strangers.score(asked) == wanted
    # What was scored before changes nothing, nor does another process.
    assert strangers.score(asked) == wanted
    assert pickle.loads(pickle.dumps(strangers)).score(asked) == wanted
    whole = [r for r in convalign.score(LOG, [dimension], turns=True, seed=3) if r.dialogue == asked.id]
    assert strangers.score(asked, turns=True) == whole


def test_five_strangers_are_enough_and_four_are_not() -> None:
    asked = LOG[-1]
    for count, reason in ((4, "too few strangers"), (5, None)):
        rows = convalign.Strangers(LOG[:count], ["lexical"]).score(asked)
        [row] = [r for r in rows if r.metric == "entrainment" and r.direction == "agent->user"]
        assert (row.reason, row.baseline is None) == (reason, reason is not None)


def test_what_went_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    strangers = convalign.Strangers([], ["lexical"])

    def broken(*_: Any) -> Any:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(strangers.scorers[0].module, "score", broken)
    messages: list[str] = []
    rows = strangers.score(LOG[0], messages=messages)
    assert {r.reason for r in rows} == {"failed"}
    assert messages == ["call-00: lexical: RuntimeError: no such thing"]


def test_an_unknown_option_is_said_at_once() -> None:
    with pytest.raises(UsageError, match="no option 'surrogate' in lexical"):
        convalign.Strangers([], ["lexical"], surrogate=3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("processes", [None, 2])
def test_a_column_of_a_data_set_gets_the_rows_of_the_whole(
    processes: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    datasets = pytest.importorskip("datasets", reason="datasets is in the extra [interop]")
    agent = {"user": "user", "agent": "assistant"}
    chats = datasets.Dataset.from_list(
        [
            {"id": d.id, "messages": [{"role": agent[t.speaker], "content": t.text} for t in d.turns]}
            for d in LOG
        ]
    ).shuffle(seed=1)

    def dialogue(row: dict[str, Any]) -> Dialogue:
        return convalign.from_messages(row["messages"], id=row["id"])

    strangers = convalign.Strangers(map(dialogue, chats), ["lexical"])

    def scored(row: dict[str, Any]) -> dict[str, float | None]:
        rows = strangers.score(dialogue(row))
        return {f"{r.metric} {r.direction}": r.excess for r in rows}

    made = chats.map(scored, num_proc=processes)
    wanted = {(r.dialogue, f"{r.metric} {r.direction}"): r.excess for r in convalign.score(LOG, ["lexical"])}
    found = {(row["id"], name): row[name] for row in made for name in row if "->" in name}
    assert found == wanted


SAID = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": [{"type": "text", "text": "My lamp"}, {"type": "text", "text": "broke."}]},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    {"role": "tool", "content": "a secret", "tool_call_id": "1"},
    {"role": "assistant", "content": "Your lamp?", "reasoning_content": "hm", "name": None},
]


@pytest.mark.parametrize("kind", [list, tuple, iter, np.array])
def test_messages_in_memory_are_read_as_chats_are(kind: Any) -> None:
    made = convalign.from_messages(kind(SAID), id=7)
    assert made == Dialogue(
        "7",
        (Turn("user", "My lamp\nbroke."), Turn("agent", "Your lamp?")),
        {"user": "user", "agent": "agent"},
        meta={"system": ["Be kind."], "skipped": {"reasoning": 1, "tool": 2}},
    )


@pytest.mark.parametrize(
    ("messages", "name", "message"),
    [
        ("hello", "a", "messages of 'a': $: 'hello' is no list of messages; give [{role, content}, ...]"),
        ({"role": ["user"]}, "a", "messages of 'a': $: an object is no list of messages; give"),
        (None, "a", "messages of 'a': $: null is no list of messages; give"),
        ([{"from": "human", "value": "hi"}], "a", "messages of 'a': $[0].role: is missing; write user,"),
        ([{"role": "user", "content": 3}], 5, "messages of 5: $[0].content: 3 is no content; write a"),
        ([], " ", "messages of ' ': $: ' ' is no id; give id= a text or a number"),
        ([], None, "messages of null: $: null is no id; give id="),
    ],
)
def test_what_are_no_messages_is_said(messages: Any, name: Any, message: str) -> None:
    with pytest.raises(LogError) as caught:
        convalign.from_messages(messages, id=name)
    assert str(caught.value).startswith(message)
