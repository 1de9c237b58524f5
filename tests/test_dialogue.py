"""The form in which a dialogue travels: directions, labels, the written form, what is refused."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from convalign.dialogue import (
    AudioSegment,
    Dialogue,
    Notes,
    Recording,
    Turn,
    from_record,
    to_record,
)
from convalign.errors import ConvalignError, LogError

FULL = {
    "id": "d1",
    "turns": [
        {"speaker": "Ada", "text": "hello", "start_s": 0.5, "end_s": 1.0},
        {"speaker": "bot", "text": None, "start_s": 1.5},
        {
            "speaker": "Ada",
            "text": "",
            "audio": {"path": "a/1.wav", "channel": 1, "start_s": 0.0, "end_s": 2.5},
        },
    ],
    "roles": {"Ada": "user", "bot": "agent"},
    "audio": {"path": "call.wav", "channels": {"Ada": 0, "bot": 1}},
    "meta": {"language": "en", "deep": {"x": [1, None, "y"]}},
}


def dialogue(*speakers: str, **roles: str) -> Dialogue:
    return Dialogue("d", tuple(Turn(name, "x") for name in speakers), roles)


def test_speakers_in_order_of_their_first_turn() -> None:
    assert dialogue("b", "a", "b", "c").speakers == ("b", "a", "c")
    assert Dialogue("d", ()).speakers == ()
    assert Dialogue("d", ()).directions() == ()
    assert dialogue("a", "a").directions() == ()


def test_directions_name_who_adapts_to_whom() -> None:
    found = dialogue("Ada", "bot", Ada="user", bot="agent").directions()
    assert [(d.replier, d.prime, d.label) for d in found] == [
        ("Ada", "bot", "user->agent"),
        ("bot", "Ada", "agent->user"),
    ]


def test_three_speakers_have_six_directions_and_shared_roles_no_label() -> None:
    found = dialogue("Ada", "Ben", "bot", Ada="user", Ben="user", bot="agent")
    assert [d.label for d in found.directions()] == [
        "Ada->Ben", "Ada->agent", "Ben->Ada", "Ben->agent", "agent->Ada", "agent->Ben",
    ]  # fmt: skip


def test_a_role_is_a_label_when_nobody_else_with_a_turn_holds_it() -> None:
    assert dialogue("Ada", "bot", Ada="user", Ben="user").label("Ada") == "user"
    assert dialogue("Ada", "bot").label("Ada") == "Ada"


def test_renaming_speakers_renames_directions_and_nothing_else() -> None:
    names = {"Ada": "X", "bot": "Y"}
    before = dialogue("Ada", "bot", Ada="user", bot="agent")
    after = dialogue("X", "Y", X="user", Y="agent")
    assert [d.label for d in before.directions()] == [d.label for d in after.directions()]
    assert [(names[d.replier], names[d.prime]) for d in before.directions()] == [
        (d.replier, d.prime) for d in after.directions()
    ]


@pytest.mark.parametrize(
    ("meta", "language"),
    [({"language": "de"}, "de"), ({"language": ""}, None), ({"language": 3}, None), ({}, None)],
)
def test_language_is_what_the_log_says(meta: dict[str, Any], language: str | None) -> None:
    assert Dialogue("d", (), meta=meta).language == language


def test_a_full_record_is_read_field_by_field() -> None:
    made = from_record(FULL, place="a.jsonl:1", root="calls")
    assert made.turns == (
        Turn("Ada", "hello", 0.5, 1.0),
        Turn("bot", None, 1.5),
        Turn("Ada", "", audio=AudioSegment("a/1.wav", 1, 0.0, 2.5)),
    )
    assert made.audio == Recording("call.wav", {"Ada": 0, "bot": 1})
    assert (made.root, made.source, made.language) == ("calls", "a.jsonl:1", "en")


def test_written_keys_stand_in_the_order_of_the_schema() -> None:
    record = to_record(from_record(FULL))
    assert record == FULL
    assert list(record) == ["id", "turns", "roles", "audio", "meta"]
    assert list(record["turns"][0]) == ["speaker", "text", "start_s", "end_s"]
    assert list(record["turns"][2]["audio"]) == ["path", "channel", "start_s", "end_s"]
    assert to_record(Dialogue("d", (Turn("a"),))) == {"id": "d", "turns": [{"speaker": "a", "text": None}]}


def test_reading_what_was_written_gives_an_equal_dialogue() -> None:
    made = from_record(FULL, root="x")
    assert from_record(to_record(made), place="elsewhere") == made


def test_dialogues_travel_between_processes() -> None:
    made = from_record(FULL, place="a:1", root="calls")
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert (again.root, again.source) == ("calls", "a:1")


def test_nothing_changes_a_dialogue_in_place() -> None:
    roles = {"Ada": "user"}
    made = Dialogue("d", (Turn("Ada", "x"),), roles)
    roles["Ada"] = "agent"
    assert made.roles == {"Ada": "user"}
    with pytest.raises(TypeError, match="does not support item assignment"):
        made.roles["Ada"] = "agent"  # type: ignore[index]
    with pytest.raises(AttributeError, match="cannot assign to field 'id'"):
        made.id = "e"  # type: ignore[misc]


def test_texts_lose_their_ends_only() -> None:
    record = {"id": "d", "turns": [{"speaker": "a", "text": " \tone  two\n"}]}
    assert from_record(record).turns[0].text == "one  two"


def test_keys_that_are_not_known_are_told_once_each() -> None:
    notes = Notes()
    record = {
        "id": "d", "topic": 1, "meta": {"topic": 2},
        "turns": [{"speaker": "a", "text": "x", "end": 1, "qqq": 2}, {"speaker": "a", "text": "x", "end": 3}],
    }  # fmt: skip
    made = from_record(record, notes=notes)
    assert made.meta == {"topic": 2}
    assert list(notes) == [
        ("unknown key 'end' of a turn was dropped (did you mean 'end_s'?)", 2),
        ("unknown key 'qqq' of a turn was dropped", 1),
        ("unknown key 'topic' of a dialogue was moved to meta", 1),
    ]


def turn(**fields: Any) -> dict[str, Any]:
    return {"id": "d", "turns": [{"speaker": "a", "text": "x"}, {"speaker": "a", "text": "x", **fields}]}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "$: null is no object; one dialogue is an object with id and turns"),
        ({"turns": []}, "$.id: is missing; give each dialogue a unique text as id"),
        ({"id": 3, "turns": []}, "$.id: 3 is no text; write it in quotes"),
        ({"id": "d"}, "$.turns: is missing; write the turns as a list of {speaker, text}"),
        (
            {"id": "d", "turns": "x" * 60},
            f"$.turns: '{'x' * 36}... is no list; write [{{speaker, text}}, ...]",
        ),
        (turn(speaker=True), "$.turns[1].speaker: a truth value is no text; write it in quotes"),
        (turn(text=3), "$.turns[1].text: 3 is no text; write a string, or null without transcript"),
        (turn(start_s="4,5"), '$.turns[1].start_s: "4,5" is a string; write seconds as a number (4.5)'),
        (turn(start_s="soon"), '$.turns[1].start_s: "soon" is a string; write seconds as a number'),
        (turn(start_s=True), "$.turns[1].start_s: a truth value is no number; write seconds as a number"),
        (
            turn(start_s=-1),
            "$.turns[1].start_s: -1 is no time; write seconds from the start of the recording, 0 or more",
        ),
        (
            turn(end_s=float("inf")),
            "$.turns[1].end_s: inf is no time; write seconds from the start of the recording, 0 or more",
        ),
        (
            turn(end_s=10**5000),
            "$.turns[1].end_s: a number of thousands of digits is no time; "
            "write seconds from the start of the recording, 0 or more",
        ),
        (
            turn(start_s=5, end_s=1),
            "$.turns[1].end_s: 1 is before start_s 5; times are seconds from the start of the recording",
        ),
        (
            {"id": "d", "turns": [{"speaker": "a", "start_s": s} for s in (10, 86_411)]},
            "$.turns[1].start_s: 86411 s is over a day into the dialogue; write seconds, not milliseconds",
        ),
        (
            turn(audio="a.wav"),
            "$.turns[1].audio: 'a.wav' is no object; write {path, channel, start_s, end_s}",
        ),
        (turn(audio={}), "$.turns[1].audio.path: is missing; name the sound file"),
        (
            turn(audio={"path": "a", "channel": "1"}),
            "$.turns[1].audio.channel: '1' is no channel; write 0 for the first, 1 for the second",
        ),
        ({"id": "d", "turns": [], "roles": []}, "$.roles: a list is no object; write {speaker: role}"),
        ({"id": "d", "turns": [], "roles": {"a": 1}}, "$.roles.a: 1 is no text; write it in quotes"),
        ({"id": "d", "turns": [], "meta": ""}, "$.meta: '' is no object; write an object"),
        ({"id": "d", "turns": [], "audio": {"path": " "}}, "$.audio.path: is empty; write a name"),
        (
            {"id": "d", "turns": [], "audio": {"path": "a", "channels": [0]}},
            "$.audio.channels: a list is no object; write {speaker: channel}",
        ),
    ],
)
def test_what_is_wrong_is_said_with_place_path_and_cure(record: object, message: str) -> None:
    with pytest.raises(LogError) as caught:
        from_record(record, place="a.jsonl:7")
    assert str(caught.value) == f"a.jsonl:7: {message}"
    assert isinstance(caught.value, ConvalignError)


def test_times_at_the_edge_are_kept() -> None:
    record = {"id": "d", "turns": [{"speaker": "a", "start_s": s, "end_s": s} for s in (0, 86_400)]}
    assert [turn.end_s for turn in from_record(record).turns] == [0.0, 86_400.0]
