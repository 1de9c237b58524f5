"""The dimensions are apart: what must not change does not, to the bit, on the whole line."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import example
import pytest
import soundfile

from convalign.cli import main


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with eight calls and their log."""
    folder = tmp_path_factory.mktemp("calls")
    example.write(folder / "log.jsonl", example.with_sound(example.records(8), folder))
    return folder


def scored(log: Path, out: Path, *options: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of dialogues and turns by dimension."""
    assert main(["score", str(log), "-o", str(out), "--quiet", *options]) in (0, 4)
    found: dict[str, list[dict[str, Any]]] = {}
    for table in ("dialogues", "turns"):
        for row in example.rows(out / f"{table}.jsonl"):
            found.setdefault(row["dimension"], []).append(row)
    assert set(found) == {"lexical", "emotional", "prosodic"}
    assert all(any(r["value"] is not None for r in rows) for rows in found.values())
    return found


@pytest.fixture(scope="module")
def plain(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return scored(sound / "log.jsonl", tmp_path_factory.mktemp("runs") / "plain")


def nameless(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Rows without the speakers' names, which are all that may differ."""
    return {
        name: [{k: v for k, v in r.items() if k != "speaker"} for r in rows] for name, rows in found.items()
    }


def changed(sound: Path, tmp_path: Path, edit: Any) -> Path:
    """A copy of the log with records edited; the sound files stay where they are."""
    records = example.rows(sound / "log.jsonl")
    for number, record in enumerate(records):
        edit(number, record)
    return example.write(sound / f"{tmp_path.name}.jsonl", records)


def test_words_changed_prosody_is_bit_identical(sound: Path, tmp_path: Path, plain: dict[str, Any]) -> None:
    draw = random.Random(9)

    def edit(_: int, record: dict[str, Any]) -> None:
        for turn in record["turns"]:
            turn["text"] = " ".join(draw.choice(("joy", "rain", "table", "hate")) for _ in range(9))

    found = scored(changed(sound, tmp_path, edit), tmp_path / "run")
    assert found["prosodic"] == plain["prosodic"]
    assert found["lexical"] != plain["lexical"]
    assert found["emotional"] != plain["emotional"]


def test_sound_changed_text_scores_are_bit_identical(
    tmp_path: Path, plain: dict[str, Any], sound: Path
) -> None:
    records = example.with_sound(example.records(8), tmp_path, seed=77)
    found = scored(example.write(tmp_path / "log.jsonl", records), tmp_path / "run")
    assert found["lexical"] == plain["lexical"]
    assert found["emotional"] == plain["emotional"]
    assert found["prosodic"] != plain["prosodic"]


def test_sound_taken_away_text_scores_are_bit_identical(tmp_path: Path, plain: dict[str, Any]) -> None:
    log = example.write(tmp_path / "log.jsonl", example.records(8))
    assert main(["score", str(log), "-o", str(tmp_path / "run"), "--quiet"]) == 0
    rows = example.rows(tmp_path / "run" / "dialogues.jsonl") + example.rows(tmp_path / "run" / "turns.jsonl")
    for dimension in ("lexical", "emotional"):
        assert [r for r in rows if r["dimension"] == dimension] == plain[dimension]


def test_speakers_renamed_nothing_changes(sound: Path, tmp_path: Path, plain: dict[str, Any]) -> None:
    names = {"user": "Zoë", "agent": "1"}

    def edit(_: int, record: dict[str, Any]) -> None:
        for turn in record["turns"]:
            turn["speaker"] = names[turn["speaker"]]
        record["roles"] = {names[k]: v for k, v in record["roles"].items()}
        record["audio"]["channels"] = {names[k]: v for k, v in record["audio"]["channels"].items()}

    found = scored(changed(sound, tmp_path, edit), tmp_path / "run")
    assert nameless(found) == nameless(plain)


def test_every_speaker_a_different_person_nothing_changes(
    sound: Path, tmp_path: Path, plain: dict[str, Any]
) -> None:
    def edit(number: int, record: dict[str, Any]) -> None:
        names = {"user": f"person {number}", "agent": f"desk {number}"}
        for turn in record["turns"]:
            turn["speaker"] = names[turn["speaker"]]
        record["roles"] = {names[k]: v for k, v in record["roles"].items()}
        record["audio"]["channels"] = {names[k]: v for k, v in record["audio"]["channels"].items()}

    found = scored(changed(sound, tmp_path, edit), tmp_path / "run")
    assert nameless(found) == nameless(plain)


def test_dialogues_shuffled_same_scores(sound: Path, tmp_path: Path, plain: dict[str, Any]) -> None:
    records = example.rows(sound / "log.jsonl")
    random.Random(4).shuffle(records)
    found = scored(example.write(sound / "shuffled.jsonl", records), tmp_path / "run")

    def order(row: dict[str, Any]) -> str:
        return json.dumps(row, sort_keys=True)

    for dimension, rows in plain.items():
        assert sorted(found[dimension], key=order) == sorted(rows, key=order)


def test_same_seed_same_bytes_another_seed_another_baseline(sound: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        scored(sound / "log.jsonl", tmp_path / name, "--seed", seed, "--surrogates", "5")
    for file in ("dialogues.jsonl", "turns.jsonl", "index.jsonl", "run.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file
    assert (tmp_path / "a" / "dialogues.jsonl").read_bytes() != (
        tmp_path / "c" / "dialogues.jsonl"
    ).read_bytes()


def test_one_worker_or_two_same_bytes(sound: Path, tmp_path: Path) -> None:
    for jobs in ("1", "2"):
        scored(sound / "log.jsonl", tmp_path / jobs, "--jobs", jobs)
    for file in ("dialogues.jsonl", "turns.jsonl", "index.jsonl", "run.json"):
        assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes(), file


def test_gain_on_one_channel_moves_no_pitch_and_no_rate(
    sound: Path, tmp_path: Path, plain: dict[str, Any]
) -> None:
    for path in sound.glob("*.wav"):
        samples, rate = soundfile.read(path)
        soundfile.write(tmp_path / path.name, samples * [1.0, 0.25], rate)
    log = example.write(tmp_path / "log.jsonl", example.rows(sound / "log.jsonl"))
    found = scored(log, tmp_path / "run")
    assert found["lexical"] == plain["lexical"]
    for old, new in zip(plain["prosodic"], found["prosodic"], strict=True):
        if old["value"] is not None and old["metric"] in ("proximity.pitch", "proximity.rate"):
            assert new["value"] == pytest.approx(old["value"], abs=0.1), old
