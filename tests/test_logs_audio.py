"""Sound beside a log: found by name, mapped to channels, never outside its folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from convalign import logs
from convalign.dialogue import AudioSegment, Dialogue, Recording
from convalign.errors import LogError

TURNS = [
    {"speaker": "Ada", "text": "x", "start_s": 0.0, "end_s": 1.0},
    {"speaker": "bot", "text": "y", "start_s": 1.5, "end_s": 2.0},
    {"speaker": "Ada", "text": "z", "start_s": 3.0},
]
RECORD: dict[str, Any] = {"id": "c1", "turns": TURNS, "roles": {"Ada": "user", "bot": "agent"}}


def read(tmp_path: Path, record: dict[str, Any], **options: Any) -> tuple[Dialogue, dict[str, int]]:
    path = tmp_path / "log" / "a.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")
    report = logs.Report()
    (dialogue,) = logs.read(path, logs.ReadOptions(**options), report=report)
    return dialogue, dict(report.notes)


def sound(tmp_path: Path, *names: str) -> Path:
    """Files are named, never opened: they may be empty."""
    for name in names:
        path = tmp_path / "sound" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "sound"


@pytest.mark.parametrize("name", ["c1.wav", "c1.FLAC", "c1.ogg", "c1.opus", "c1.mp3"])
def test_one_file_for_the_dialogue(tmp_path: Path, name: str) -> None:
    folder = sound(tmp_path, name, "c2.wav")
    dialogue, _ = read(tmp_path, RECORD, audio_dir=folder, channels={"user": 0, "bot": 1})
    assert dialogue.audio == Recording(name, {"Ada": 0, "bot": 1})
    assert dialogue.root == str(folder)
    assert all(turn.audio is None for turn in dialogue.turns)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("c1.Ada.wav", "c1.bot.wav"), ("Ada/c1.wav", "bot/c1.flac"), ("c1.user.wav", "agent/c1.mp3")],
)
def test_one_file_per_speaker_by_name_or_role(tmp_path: Path, mine: str, theirs: str) -> None:
    dialogue, notes = read(tmp_path, RECORD, audio_dir=sound(tmp_path, mine, theirs))
    assert dialogue.audio is None
    assert [turn.audio for turn in dialogue.turns] == [
        AudioSegment(mine, None, 0.0, 1.0), AudioSegment(theirs, None, 1.5, 2.0), None,
    ]  # fmt: skip
    assert notes == {"turns without times were not found in their speaker's sound file": 1}


def test_files_of_speakers_stay_where_no_turn_has_times(tmp_path: Path) -> None:
    bare = {**RECORD, "turns": [{"speaker": t["speaker"], "text": t["text"]} for t in RECORD["turns"]]}
    dialogue, notes = read(tmp_path, bare, audio_dir=sound(tmp_path, "c1.Ada.wav", "c1.bot.wav"))
    assert [turn.audio and turn.audio.path for turn in dialogue.turns] == [
        f"c1.{turn['speaker']}.wav" for turn in RECORD["turns"]
    ]
    assert notes == {}


def test_a_speaker_without_file(tmp_path: Path) -> None:
    dialogue, notes = read(tmp_path, RECORD, audio_dir=sound(tmp_path, "bot/c1.wav"))
    assert [turn.audio is None for turn in dialogue.turns] == [True, False, True]
    assert notes == {"turns of a speaker without a sound file": 2}


def test_an_id_with_folders_and_one_that_climbs(tmp_path: Path) -> None:
    folder = sound(tmp_path, "day/c1.wav", "../c9.wav")
    dialogue, _ = read(tmp_path, {**RECORD, "id": "day/c1"}, audio_dir=folder)
    assert dialogue.audio == Recording("day/c1.wav")
    dialogue, notes = read(tmp_path, {**RECORD, "id": "../c9"}, audio_dir=folder)
    assert dialogue.audio is None
    assert notes == {"dialogues without a sound file in the folder of the sound": 1}


@pytest.mark.parametrize(
    "names",
    [
        ("c1.wav", "c1.mp3"),
        ("c1.wav", "c1.Ada.wav"),
        ("c1.Ada.wav", "Ada/c1.wav"),
        ("Ada/c1.wav", "user/c1.wav"),
    ],
)
def test_several_files_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    folder = sound(tmp_path, *names)
    with pytest.raises(LogError) as caught:
        read(tmp_path, RECORD, audio_dir=folder)
    assert str(caught.value) == (
        f"{tmp_path / 'log' / 'a.json'}:1: c1: several sound files fit: {names[0]}, {names[1]}; "
        f"keep one in {folder}, or one per speaker"
    )


def test_what_the_log_names_is_not_replaced(tmp_path: Path) -> None:
    folder = sound(tmp_path, "c1.wav")
    dialogue, _ = read(tmp_path, {**RECORD, "audio": {"path": "own.wav"}}, audio_dir=folder)
    assert (dialogue.audio, dialogue.root) == (Recording("own.wav"), str(folder))


def test_channels_go_over_the_log_and_need_a_recording(tmp_path: Path) -> None:
    record = {**RECORD, "audio": {"path": "a.wav", "channels": {"Ada": 1, "bot": 0}}}
    dialogue, _ = read(tmp_path, record, channels={"user": 0, "agent": 1, "Ada": 2})
    assert dialogue.audio == Recording("a.wav", {"Ada": 2, "bot": 1})
    assert read(tmp_path, RECORD, channels={"user": 0})[0].audio is None
    with pytest.raises(
        LogError, match=re.escape("c1: --channels names caller; the dialogue has Ada, bot, user, agent")
    ):
        read(tmp_path, record, channels={"caller": 0})


def test_a_file_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    dialogue, _ = read(tmp_path, {**RECORD, "audio": {"path": "a/../nowhere.m4a"}})
    assert dialogue.audio == Recording("a/../nowhere.m4a")
    assert dialogue.root == str(tmp_path / "log")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/etc/x.wav", "is an absolute path"),
        ("C:\\x.wav", "is an absolute path"),
        ("../x.wav", "leaves its folder"),
        ("a/../../x.wav", "leaves its folder"),
        ("https://example.org/x.wav", "is an address, and nothing is fetched"),
        ("x\0.wav", "holds a NUL character"),
        ("out.wav", "is a link out of its folder"),
        ("far/x.wav", "is a link out of its folder"),
    ],
)
@pytest.mark.parametrize("where", ["dialogue", "turn"])
def test_sound_stays_in_its_folder(tmp_path: Path, path: str, found: str, where: str) -> None:
    log = tmp_path / "log"
    log.mkdir()
    (log / "out.wav").symlink_to(sound(tmp_path, "x.wav") / "x.wav")
    (log / "far").symlink_to(tmp_path / "sound")
    first, *others = TURNS
    record, field = {
        "dialogue": ({**RECORD, "audio": {"path": path}}, "$.audio.path"),
        "turn": ({**RECORD, "turns": [{**first, "audio": {"path": path}}, *others]}, "$.turns[0].audio.path"),
    }[where]
    with pytest.raises(LogError) as caught:
        read(tmp_path, record)
    assert str(caught.value) == (
        f"{log / 'a.json'}:1: {field}: {path!r} {found}; write a path inside {log}, relative to it"
    )


def test_links_inside_the_folder_are_followed(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "b.wav").touch()
    (tmp_path / "log" / "a.wav").symlink_to("b.wav")
    assert read(tmp_path, {**RECORD, "audio": {"path": "a.wav"}})[0].audio == Recording("a.wav")


def test_a_folder_of_sound_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        LogError, match=r"nowhere: no such folder; --audio names the folder of the sound files"
    ):
        read(tmp_path, RECORD, audio_dir=tmp_path / "nowhere")
