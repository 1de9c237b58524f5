"""The transformer for ConvoKit, on a stand-in with the same methods and on ConvoKit where it is there."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import example
import pytest

import convalign
from convalign.convokit_transformer import Alignment
from convalign.dialogue import from_record
from convalign.errors import LogError, UsageError

Utterances = list[dict[str, Any]]


class Meta(dict[str, Any]):
    """Gives copies, as ConvoKit's meta does: changing what was read changes nothing."""

    def __getitem__(self, key: str) -> Any:
        return copy.deepcopy(super().__getitem__(key))


@dataclass
class Part:
    id: str
    meta: Meta = field(default_factory=Meta)

    def add_meta(self, key: str, value: Any) -> None:
        self.meta[key] = value


@dataclass
class Utterance(Part):
    speaker: Any = None
    text: str | None = None
    reply_to: str | None = None
    timestamp: float | None = None


@dataclass
class Conversation(Part):
    utterances: list[Utterance] = field(default_factory=list)

    def iter_utterances(self) -> Iterator[Utterance]:
        return iter(self.utterances)


@dataclass
class Corpus:
    conversations: dict[str, Conversation]
    meta: Meta = field(default_factory=Meta)

    def iter_conversations(self) -> Iterator[Conversation]:
        return iter(self.conversations.values())

    def get_conversation(self, name: str) -> Conversation:
        return self.conversations[name]

    def add_meta(self, key: str, value: Any) -> None:
        self.meta[key] = value


def stand_in(utterances: Utterances) -> Any:
    made: dict[str, Conversation] = {}
    for one in utterances:
        conversation = made.setdefault(one["conversation"], Conversation(one["conversation"]))
        conversation.utterances.append(
            Utterance(
                one["id"],
                Meta(one.get("meta", {})),
                Part(one["speaker"]),
                one["text"],
                one["reply_to"],
                one["time"],
            )
        )
    return Corpus(made)


def real(utterances: Utterances) -> Any:
    convokit = pytest.importorskip("convokit", reason="convokit is installed by hand: pip install convokit")
    speakers = {one["speaker"]: convokit.Speaker(id=one["speaker"]) for one in utterances}
    return convokit.Corpus(
        utterances=[
            convokit.Utterance(
                id=one["id"],
                speaker=speakers[one["speaker"]],
                conversation_id=one["conversation"],
                reply_to=one["reply_to"],
                timestamp=one["time"],
                text=one["text"],
                meta=dict(one.get("meta", {})),
            )
            for one in utterances
        ]
    )


def utterances(count: int = 8) -> Utterances:
    """The small log as utterances; a conversation has the id of its first one, as ConvoKit wants it."""
    made = []
    for record in example.records(count):
        before = None
        for place, turn in enumerate(record["turns"]):
            name = f"{record['id']}.{place}"
            made.append(
                {
                    "id": name, "conversation": f"{record['id']}.0", "speaker": turn["speaker"],
                    "text": turn["text"], "reply_to": before, "time": place,
                }
            )  # fmt: skip
            before = name
    return made


@pytest.fixture(params=[stand_in, real])
def corpus_of(request: pytest.FixtureRequest) -> Callable[[Utterances], Any]:
    if request.param is real:
        pytest.importorskip("convokit", reason="convokit is installed by hand: pip install convokit")
    made: Callable[[Utterances], Any] = request.param
    return made


def dialogues(count: int = 8) -> list[convalign.dialogue.Dialogue]:
    return [from_record(record | {"id": f"{record['id']}.0"}) for record in example.records(count)]


def test_rows_are_those_of_score(corpus_of: Callable[[Utterances], Any]) -> None:
    corpus = corpus_of(utterances())
    assert Alignment(seed=4).fit_transform(corpus) is corpus
    for dimension in ("lexical", "emotional"):
        key = f"alignment_{dimension}"
        rows = convalign.score(dialogues(), [dimension], seed=4)
        assert any(r.excess is not None for r in rows)
        for row in rows:
            found = corpus.get_conversation(row.dialogue).meta[key][row.metric][row.direction]
            assert found == {name: getattr(row, name) for name in found}
            assert set(found) == {"value", "baseline", "excess", "n", "status", "reason"}
        turns = convalign.score(dialogues(), [dimension], turns=True, seed=4)
        said = {c.id: list(c.iter_utterances()) for c in corpus.iter_conversations()}
        for row in turns:
            found = said[row.dialogue][row.turn].meta[key][row.metric][row.direction or "-"]  # type: ignore[union-attr]
            assert found == {name: getattr(row, name) for name in found}
        assert corpus.meta["alignment_signatures"][dimension].startswith(f"{dimension}.")
    assert "alignment_prosodic" not in corpus.get_conversation("call-00.0").meta


def test_strangers_come_from_the_corpus_of_fit(corpus_of: Callable[[Utterances], Any]) -> None:
    known, fresh = corpus_of(utterances(8)), corpus_of(utterances(9)[-12:])
    used = Alignment(["lexical"]).fit(known)
    used.transform(fresh)
    [row] = [
        r for r in convalign.score(dialogues(9), ["lexical"])
        if (r.dialogue, r.metric, r.direction) == ("call-08.0", "entrainment", "agent->user")
    ]  # fmt: skip
    found = fresh.get_conversation("call-08.0").meta["alignment_lexical"]["entrainment"]["agent->user"]
    assert (found["value"], found["baseline"]) == (row.value, row.baseline)
    assert "alignment_lexical" not in known.get_conversation("call-00.0").meta
    alone = corpus_of(utterances(9)[-12:])
    Alignment(["lexical"]).fit_transform(alone)
    found = alone.get_conversation("call-08.0").meta["alignment_lexical"]["entrainment"]["agent->user"]
    assert (found["value"], found["baseline"], found["reason"]) == (row.value, None, "too few strangers")


def test_the_selector_chooses_conversations(corpus_of: Callable[[Utterances], Any]) -> None:
    corpus = corpus_of(utterances())
    Alignment(["lexical"], turns=False).fit_transform(corpus, selector=lambda c: c.id != "call-01.0")
    assert "alignment_lexical" not in corpus.get_conversation("call-01.0").meta
    chosen = corpus.get_conversation("call-02.0")
    assert "alignment_lexical" in chosen.meta
    assert not any("alignment_lexical" in one.meta for one in chosen.iter_utterances())


def test_names_roles_and_the_order_of_replies(corpus_of: Callable[[Utterances], Any]) -> None:
    made: Utterances = [
        {
            "id": "a",
            "conversation": "a",
            "speaker": "Ada",
            "text": "my lamp broke",
            "reply_to": None,
            "time": 0,
        },
        {"id": "c", "conversation": "a", "speaker": "Ada", "text": "yes", "reply_to": "b", "time": 0},
        {"id": "b", "conversation": "a", "speaker": "desk", "text": "your lamp?", "reply_to": "a", "time": 0},
        {"id": "x", "conversation": "x", "speaker": "Ada", "text": "hello", "reply_to": None, "time": 0},
    ]
    corpus = corpus_of(made)
    Alignment(["lexical"]).fit_transform(corpus)
    found = corpus.get_conversation("a").meta["alignment_lexical"]["entrainment"]
    assert set(found) == {"Ada->desk", "desk->Ada"}
    assert found["desk->Ada"]["value"] == 1.0
    alone = corpus.get_conversation("x").meta["alignment_lexical"]["entrainment"]
    assert alone["-"]["value"] is None
    assert (alone["-"]["status"], alone["-"]["reason"]) == ("unscored", "one turn")
    Alignment(["lexical"], roles={"desk": "agent", "Ada": "user"}, attribute="mine").fit_transform(corpus)
    assert set(corpus.get_conversation("a").meta["mine_lexical"]["entrainment"]) == {
        "user->agent",
        "agent->user",
    }


def test_prosody_says_that_there_is_no_sound(corpus_of: Callable[[Utterances], Any]) -> None:
    corpus = corpus_of(utterances(1))
    Alignment(["prosodic"]).fit_transform(corpus)
    found = corpus.get_conversation("call-00.0").meta["alignment_prosodic"]["proximity"]["agent->user"]
    assert (found["value"], found["reason"]) == (None, "no audio")


def test_mistakes_are_said(corpus_of: Callable[[Utterances], Any]) -> None:
    with pytest.raises(UsageError, match=r"call fit\(corpus\) before"):
        Alignment().transform(corpus_of(utterances(1)))
    with pytest.raises(UsageError, match="no option 'surrogate'"):
        Alignment(surrogate=3)
    made = utterances(1)
    made[3]["meta"] = {"start_s": "soon"}
    with pytest.raises(LogError, match=r"utterance 'call-00\.3'.*'soon' is no time; write seconds"):
        Alignment().fit(corpus_of(made))


def test_a_corpus_that_was_scored_is_written_and_read_back(tmp_path: Path) -> None:
    corpus = Alignment(["lexical"]).fit_transform(real(utterances()))
    corpus.dump("scored", base_path=str(tmp_path))
    written = json.loads((tmp_path / "scored" / "conversations.json").read_text(encoding="utf-8"))
    meta = corpus.get_conversation("call-00.0").meta["alignment_lexical"]
    assert written["call-00.0"]["meta"]["alignment_lexical"] == meta
    assert not list((tmp_path / "scored").glob("*.p"))
    again = convalign.read(tmp_path / "scored")
    assert {d.id: [t.text for t in d.turns] for d in again} == {
        d.id: [t.text for t in d.turns] for d in dialogues()
    }


def test_it_is_a_step_of_a_pipeline() -> None:
    convokit = pytest.importorskip("convokit", reason="convokit is installed by hand: pip install convokit")
    corpus = real(utterances())
    convokit.ConvokitPipeline([("alignment", Alignment(["lexical"]))]).fit_transform(corpus)
    assert "alignment_lexical" in corpus.get_conversation("call-00.0").meta
