"""Scorers for Inspect: found by name, honest about the unscored, the same numbers as `convalign.score`."""

from __future__ import annotations

import gc
import math
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import example
import pytest

import convalign
import convalign.logs
from convalign.dialogue import from_record, to_record
from convalign.errors import LogError, UsageError

pytest.importorskip("inspect_ai", reason="inspect-ai is in the extra [inspect]")

from inspect_ai import Task, eval, score  # noqa: A004
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentAudio,
    ContentReasoning,
    ContentText,
    ModelName,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import Scorer, Target, match
from inspect_ai.solver import TaskState
from inspect_ai.tool import ToolCall
from inspect_ai.util import registry_create

from convalign.inspect_scorers import dialogue_of, emotional, lexical

# Inspect's own: streams that it leaves to the collector, an old parameter of a library.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore:The 'initial' parameter:DeprecationWarning"
)

ANSWER = "That is great, the lamp is on the list."


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logs and traces under the test's folder, and no network: whoever asks for an address fails."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INSPECT_DISPLAY", "none")
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def refuse(*address: Any, **_: Any) -> Any:
        raise AssertionError(f"asks the network for {address}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    gc.collect()  # what Inspect left open is closed here, not during another test


def usage() -> ModelUsage:
    """Tokens used. Without them the mock model counts with tiktoken, which downloads a vocabulary."""
    return ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)


def mock(*texts: str) -> Any:
    """A model that says `texts`, one per call."""
    outputs = [ModelOutput.from_content("mockllm", text) for text in texts]
    for output in outputs:
        output.usage = usage()
    return get_model("mockllm/model", custom_outputs=outputs)


def chats(count: int = 8) -> tuple[list[convalign.dialogue.Dialogue], list[list[ChatMessage]]]:
    """Dialogues, and the same as messages whose last reply the model has still to give."""
    dialogues = [from_record(record) for record in example.records(count)]
    made: list[list[ChatMessage]] = []
    for dialogue in dialogues:
        messages: list[ChatMessage] = [ChatMessageSystem(content="You are a desk.")]
        for turn in dialogue.turns[:-1]:
            kind = ChatMessageUser if turn.speaker == "user" else ChatMessageAssistant
            messages.append(kind(content=str(turn.text)))
        made.append(messages)
    return dialogues, made


def task(samples: list[Sample], *names: str, **arguments: Any) -> Task:
    scorers: list[Any] = [registry_create("scorer", name, **arguments) for name in names]
    return Task(dataset=samples, scorer=scorers)


def run(made: Task, *texts: str, log_format: Any = "json") -> EvalLog:
    [log] = eval(made, model=mock(*texts), max_connections=1, log_format=log_format)
    assert log.status == "success", log.error
    return log


def strangers(folder: Path, dialogues: list[convalign.dialogue.Dialogue]) -> str:
    return str(example.write(folder / "calls.jsonl", [to_record(d) for d in dialogues]))


def test_scorers_are_found_by_name_and_give_the_numbers_of_score(tmp_path: Path) -> None:
    dialogues, messages = chats()
    log_of_strangers = strangers(tmp_path, dialogues[1:])
    samples = [Sample(id="call-00", input=messages[0])]
    made = task(samples, "convalign/lexical", "convalign/emotional", strangers=log_of_strangers)
    last = str(dialogues[0].turns[-1].text)
    log = run(made, last)
    assert log.samples is not None
    assert log.results is not None
    scores = log.samples[0].scores or {}
    assert set(scores) == {"lexical", "emotional"}
    asked = convalign.from_messages([m.model_dump() for m in log.samples[0].messages], id="call-00#1")
    assert [t.text for t in asked.turns] == [t.text for t in dialogues[0].turns]
    for dimension, metric in (("lexical", "entrainment"), ("emotional", "match")):
        rows = convalign.score([*dialogues[1:], asked], [dimension])
        [row] = [
            r for r in rows
            if (r.dialogue, r.metric, r.direction) == (asked.id, metric, "agent->user")
        ]  # fmt: skip
        found = scores[dimension]
        assert row.baseline is not None
        assert found.value == row.value
        assert found.metadata is not None
        for key in ("value", "baseline", "excess", "n", "status", "reason", "direction", "metric"):
            assert found.metadata[key] == getattr(row, key)
        assert found.metadata["signature"].startswith(f"{dimension}.{metric}|")
        assert found.metadata["strangers"] == len(dialogues) - 1
        assert found.metadata["rows"][metric]["excess"] == row.excess
        assert found.explanation is not None
        assert f"strangers {row.baseline:.3f}" in found.explanation
    assert {s.name: s.metrics["mean"].value for s in log.results.scores} == {
        name: one.value for name, one in scores.items()
    }


def test_an_unscored_sample_is_no_part_of_the_mean_and_is_counted() -> None:
    samples = [
        Sample(id="a", input="The lamp is broken."),
        Sample(id="b", input="The lamp is broken."),
        Sample(id="c", input="The lamp is broken."),
    ]
    log = run(task(samples, "convalign/lexical", language="en"), "The lamp?", "...", "A chair?")
    assert log.samples is not None
    assert log.results is not None
    values = {s.id: (s.scores or {})["lexical"] for s in log.samples}
    assert (values["a"].value, values["c"].value) == (1.0, 0.0)
    assert math.isnan(values["b"].as_float())
    assert values["b"].metadata is not None
    assert values["b"].metadata["value"] is None
    assert values["b"].metadata["reason"] == "no content words"
    assert "unscored; no content words: " in str(values["b"].explanation)
    [result] = log.results.scores
    assert result.metrics["mean"].value == 0.5
    assert (result.scored_samples, result.unscored_samples) == (2, 1)
    again = read_eval_log(log.location)
    assert again.results is not None
    assert again.results.scores[0].unscored_samples == 1


def test_without_strangers_the_value_stands_and_the_baseline_is_null() -> None:
    log = run(
        task([Sample(id=1, input="The lamp is broken.")], "convalign/lexical", language="en"), "The lamp?"
    )
    assert log.samples is not None
    found = (log.samples[0].scores or {})["lexical"]
    assert found.value == 1.0
    assert found.metadata is not None
    assert (found.metadata["baseline"], found.metadata["excess"]) == (None, None)
    assert found.metadata["reason"] == "too few strangers"
    assert found.metadata["status"] == "scored"
    assert "no baseline" in str(found.explanation)


def test_nothing_scored_gives_no_mean() -> None:
    samples = [Sample(id=1, input="The lamp is broken.")]
    log = run(task(samples, "convalign/lexical", report="excess"), "The lamp?")
    assert log.results is not None
    [result] = log.results.scores
    assert (result.scored_samples, result.unscored_samples) == (0, 1)
    assert math.isnan(result.metrics["mean"].value)


def test_epochs_are_dialogues_of_their_own() -> None:
    made = task([Sample(id=1, input="The lamp is broken.")], "convalign/lexical", language="en")
    [log] = eval(
        made, model=mock("The lamp?", "..."), epochs=2, max_connections=1, max_samples=1, log_format="json"
    )
    assert log.samples is not None
    assert log.results is not None
    assert [(s.scores or {})["lexical"].metadata["dialogue"] for s in log.samples] == ["1#1", "1#2"]  # type: ignore[index]
    assert log.results.scores[0].metrics["mean"].value == 1.0


def test_a_log_that_exists_is_scored_later_and_read_back() -> None:
    pytest.importorskip("zstandard", reason="zstandard is in the extra [inspect]")
    dialogues, messages = chats()
    samples = [Sample(id=d.id, input=m, target="x") for d, m in zip(dialogues, messages, strict=True)]
    log = run(Task(dataset=samples, scorer=match()), *[ANSWER] * len(samples), log_format="eval")
    scored = score(log, [lexical(strangers=log.location), emotional(strangers=log.location)], action="append")
    assert scored.results is not None
    assert [s.name for s in scored.results.scores] == ["match", "lexical", "emotional"]
    assert [s.unscored_samples for s in scored.results.scores] == [0, 0, 0]
    # Its own dialogues as strangers: the copy of a dialogue never stands in for its partner.
    whole = convalign.score(convalign.read(log.location), ["lexical"])
    wanted = [r.value for r in whole if r.metric == "entrainment" and r.direction == "agent->user"]
    assert [(s.scores or {})["lexical"].value for s in scored.samples or []] == wanted


def test_the_command_of_inspect_finds_the_scorer(tmp_path: Path) -> None:
    samples = [Sample(id="a", input="The lamp is broken."), Sample(id="b", input="The lamp is broken.")]
    log = run(Task(dataset=samples, scorer=match()), "The lamp?", "...")
    command = [sys.executable, "-m", "inspect_ai", "score", log.location, "--scorer", "convalign/lexical"]
    known = strangers(tmp_path, [from_record(record) for record in example.records()])
    command += [
        "-S",
        f"strangers={known}",
        "-S",
        "surrogates=5",
        "-S",
        "language=en",
        "--action",
        "append",
        "--overwrite",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    again = read_eval_log(log.location)
    assert again.results is not None
    [result] = [s for s in again.results.scores if s.name == "lexical"]
    assert (result.metrics["mean"].value, result.unscored_samples) == (1.0, 1)
    found = (again.samples or [])[0].scores or {}
    assert found["lexical"].metadata is not None
    assert found["lexical"].metadata["baseline"] is not None
    assert "|surrogates:5|" in found["lexical"].metadata["signature"]
    # A log with an unscored sample is a log that can be read.
    report = convalign.logs.Report()
    read = list(convalign.read(log.location, report=report))
    assert [d.meta["scores"]["lexical"] for d in read] == [1.0, None]
    assert any("how Inspect writes an unscored sample" in note for note, _ in report.notes)


def test_messages_follow_the_rules_of_chats() -> None:
    messages: list[ChatMessage] = [
        ChatMessageSystem(content="Be kind."),
        ChatMessageUser(content=[ContentText(text="My lamp"), ContentText(text="is broken.")]),
        ChatMessageAssistant(
            content="", tool_calls=[ToolCall(id="1", function="look", arguments={"for": "lamp"})]
        ),
        ChatMessageTool(content="a secret word", tool_call_id="1"),
        ChatMessageAssistant(content=[ContentReasoning(reasoning="hm"), ContentText(text="Your lamp?")]),
        ChatMessageUser(content=[ContentAudio(audio="data:audio/wav;base64,AAAA", format="wav")]),
    ]
    state = TaskState(model=ModelName("mockllm/model"), sample_id=7, epoch=2, input="", messages=messages)
    made = dialogue_of(state)
    assert made.id == "7#2"
    assert [(t.speaker, t.text) for t in made.turns] == [
        ("user", "My lamp\nis broken."),
        ("agent", "Your lamp?"),
        ("user", None),
    ]
    assert made.meta == {
        "system": ["Be kind."],
        "skipped": {"audio": 1, "reasoning": 1, "tool": 2},
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"direction": "bot->user"}, "direction: 'bot->user' is none; there are: agent->user, user->agent"),
        ({"report": "p"}, "report: 'p' is no number of a row; there are: value, excess"),
        ({"surrogate": 3}, "no option 'surrogate' in lexical; there are: "),
    ],
)
def test_a_bad_parameter_is_said_before_a_model_is_asked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        lexical(**arguments)
    assert message in str(caught.value)


def test_strangers_that_cannot_be_read_are_said_before_a_model_is_asked() -> None:
    with pytest.raises(LogError, match=r"nowhere\.jsonl"):
        lexical(strangers="nowhere.jsonl")


def test_there_is_no_prosodic_scorer() -> None:
    from inspect_ai._util.registry import registry_find, registry_info

    def ours(info: Any) -> bool:
        return info.type == "scorer" and str(info.name).startswith("convalign/")

    assert sorted(registry_info(o).name for o in registry_find(ours)) == [
        "convalign/emotional",
        "convalign/lexical",
    ]


def test_the_scorer_can_be_called_by_itself() -> None:
    import anyio

    used: Scorer = lexical()
    messages: list[ChatMessage] = [ChatMessageUser(content="The lamp is broken.")]
    state = TaskState(model=ModelName("mockllm/model"), sample_id=7, epoch=1, input="", messages=messages)

    async def call() -> Any:
        return await used(state, Target(""))

    found = anyio.run(call)
    assert math.isnan(found.as_float())
    assert found.metadata["reason"] == "one turn"
