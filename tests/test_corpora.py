"""The bundled corpus is what its datasheet says, and each part differs from its pair only where it should."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev
from types import ModuleType
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
import spacy

from convalign import dialogue
from convalign.errors import ConvalignError

CORPORA = Path(__file__).parents[1] / "corpora"
RECIPE = Path(__file__).parents[1] / "recipes" / "demo_corpus"
DEMO = CORPORA / "demo"
PAIR_FILES = {"synonym": "lexical", "valence": "emotional", "placebo": "none"}
SYSTEMS = ("balanced", "cold_service_desk", "evasive_counsellor")
LOGS = (
    "demo/dialogues.jsonl",
    *(f"pairs/{name}.jsonl" for name in PAIR_FILES),
    *(f"pairs/systems/{name}.jsonl" for name in SYSTEMS),
)
LARGEST = 15_000_000
SAMPLE_S = 1 / 16_000
WARMTH = re.compile(r"\b(sorry|understand|apologise|hope|care|glad|dear|truly|deserve|you are not)\b", re.I)

Record = dict[str, Any]


@cache
def load(name: str) -> list[Record]:
    return [json.loads(line) for line in (CORPORA / name).read_text(encoding="utf-8").splitlines()]


def demo() -> list[Record]:
    return load(LOGS[0])


@cache
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo_corpus_make", RECIPE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@cache
def pipeline() -> spacy.language.Language:
    made = spacy.blank("en")
    made.add_pipe("lemmatizer", config={"mode": "lookup"})
    made.initialize()
    return made


@cache
def content(text: str) -> frozenset[str]:
    """Content lemmas of a turn: alphabetic, no stop word in form or lemma."""
    nlp = pipeline()
    tokens = [token for token in nlp(text.lower()) if token.is_alpha and not token.is_stop]
    return frozenset(token.lemma_ for token in tokens if not nlp.vocab[token.lemma_].is_stop)


def said(record: Record, speaker: str) -> list[str]:
    return [turn["text"] for turn in record["turns"] if turn["speaker"] == speaker]


def taken_over(record: Record) -> list[frozenset[str]]:
    """Per agent turn, its content lemmas that the user has said before."""
    heard: frozenset[str] = frozenset()
    found = []
    for turn in record["turns"]:
        if turn["speaker"] == "user":
            heard |= content(turn["text"])
        else:
            found.append(content(turn["text"]) & heard)
    return found


def pairs(name: str) -> list[tuple[Record, Record]]:
    sides: dict[str, dict[str, Record]] = defaultdict(dict)
    for record in load(f"pairs/{name}.jsonl"):
        sides[record["meta"]["pair"]][record["meta"]["variant"]] = record
    assert all(set(both) == {"base", "edit"} for both in sides.values())
    return [(both["base"], both["edit"]) for both in sides.values()]


# All logs


@pytest.mark.parametrize("name", LOGS)
def test_every_record_is_canonical(name: str) -> None:
    schema = json.loads((CORPORA / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    notes = dialogue.Notes()
    for record in load(name):
        check.validate(record)
        assert dialogue.to_record(dialogue.from_record(record, notes=notes)) == record
    assert not list(notes)


@pytest.mark.parametrize("name", LOGS)
def test_users_and_agents_take_turns(name: str) -> None:
    for record in load(name):
        assert record["roles"] == {"user": "user", "agent": "agent"}
        speakers = [turn["speaker"] for turn in record["turns"]]
        assert set(speakers) == {"user", "agent"}
        assert all(a != b for a, b in pairwise(speakers)), record["id"]


@pytest.mark.parametrize("name", LOGS)
def test_texts_are_written_out_and_used_once(name: str) -> None:
    for record in load(name):
        texts = [turn["text"] for turn in record["turns"]]
        assert len(set(texts)) == len(texts), record["id"]
        assert not [text for text in texts if re.search(r"[{}|\d]", text)]
        assert record["meta"]["language"] == "en"
        assert record["meta"]["topic"]


def test_ids_are_unique_over_demo_and_pairs() -> None:
    ids = Counter(record["id"] for name in LOGS if "systems" not in name for record in load(name))
    assert max(ids.values()) == 1


def test_the_package_stays_small() -> None:
    size = sum(path.stat().st_size for path in CORPORA.rglob("*") if path.is_file())
    assert 1_000_000 < size <= LARGEST


def test_the_datasheet_counts_right() -> None:
    text = (CORPORA / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `((?:demo|pairs)/\S+)` \| (\d+) \| (\d+) \| (\d+) \| (.*?) \|$", text, re.M)
    assert sorted(row[0] for row in rows) == sorted(LOGS)
    files = sorted(path.relative_to(CORPORA).as_posix() for path in CORPORA.rglob("*.jsonl"))
    # Single replies, and dialogues with the words that are exchanged in them, are no logs.
    files = [file for file in files if file not in ("probes/replies.jsonl", "pairs/triples.jsonl")]
    assert [file for file in files if not file.startswith("demo/") or file == LOGS[0]] == sorted(LOGS)
    for name, dialogues, turns, words, sound in rows:
        records = load(name)
        texts = [turn["text"] for record in records for turn in record["turns"]]
        counts = (len(records), len(texts), sum(len(text.split()) for text in texts))
        assert counts == (int(dialogues), int(turns), int(words)), name
        heard = {record["audio"]["path"] for record in records if "audio" in record}
        assert sound == (f"{len(heard)} files" if heard else "-")
    minutes = sum(soundfile.info(path).duration for path in (DEMO / "audio").iterdir()) / 60
    size = sum(path.stat().st_size for path in (DEMO / "audio").iterdir()) / 1e6
    assert f"{minutes:.0f} minutes, {size:.1f} MB" in text


# The demo


def test_demo_is_balanced_over_use_cases() -> None:
    assert Counter(r["meta"]["use_case"] for r in demo()) == {
        "customer_service": 16,
        "mental_health": 16,
        "tutoring": 16,
    }


def test_demo_users_and_topics_are_all_different() -> None:
    assert sorted(r["meta"]["user"] for r in demo()) == [f"u{i:02d}" for i in range(1, 49)]
    assert len({r["meta"]["topic"] for r in demo()}) == 48


def test_demo_turns_are_short_and_answered() -> None:
    for record in demo():
        assert 12 <= len(record["turns"]) <= 16
        assert all(5 <= len(turn["text"].split()) <= 22 for turn in record["turns"])
        answered = sum(a["speaker"] == "user" for a, _ in pairwise(record["turns"]))
        assert answered >= 5


def test_strangers_share_fewer_words_than_partners() -> None:
    # A middling agent takes up part of the user's words, and topics keep strangers apart.
    records = demo()
    own: list[float] = []
    other: list[float] = []
    for i, record in enumerate(records):
        replies = frozenset().union(*(content(text) for text in said(record, "agent")))
        for j, partner in enumerate(records):
            words = frozenset().union(*(content(text) for text in said(partner, "user")))
            (own if i == j else other).append(len(replies & words) / len(replies))
    assert 0.15 < fmean(own) < 0.6
    assert fmean(other) < fmean(own) / 2


@pytest.mark.parametrize("record", demo(), ids=lambda record: record["id"])
def test_sound_stands_where_the_record_says(record: Record) -> None:
    # Decoded by segment, as the scorers do it.
    assert record["meta"]["fixed_gain"] is True
    assert record["audio"] == {"path": f"audio/{record['id']}.opus", "channels": {"user": 0, "agent": 1}}
    with soundfile.SoundFile(DEMO / record["audio"]["path"]) as sound:
        assert (sound.samplerate, sound.channels) == (16_000, 2)
        assert sound.frames * SAMPLE_S >= record["turns"][-1]["end_s"]
        before_s = 0.0
        for turn in record["turns"]:
            assert before_s + 0.19 <= turn["start_s"] < turn["end_s"]
            pause = _read(sound, before_s + 0.05, turn["start_s"] - 0.05)
            both = _read(sound, turn["start_s"], turn["end_s"])
            own = record["audio"]["channels"][turn["speaker"]]
            assert _level_db(both[:, own]) > -45
            assert _level_db(both[:, 1 - own]) < _level_db(both[:, own]) - 30
            assert _level_db(pause) < -65
            # Speech fills the window up to its edges: the times are neither early nor late.
            for edge in (both[:800, own], both[-800:, own]):
                assert _level_db(edge) > _level_db(both[:, own]) - 50
            before_s = turn["end_s"]


def test_reading_a_stretch_gives_what_the_whole_file_has() -> None:
    record = demo()[7]
    whole, rate = soundfile.read(DEMO / record["audio"]["path"])
    with soundfile.SoundFile(DEMO / record["audio"]["path"]) as sound:
        for turn in reversed(record["turns"]):
            start, end = (round(turn[key] * rate) for key in ("start_s", "end_s"))
            np.testing.assert_array_equal(_read(sound, turn["start_s"], turn["end_s"]), whole[start:end])


def test_users_differ_in_level_and_speed_and_nobody_is_flat() -> None:
    levels: dict[str, list[float]] = defaultdict(list)
    speeds: dict[str, list[float]] = defaultdict(list)
    for record in demo():
        with soundfile.SoundFile(DEMO / record["audio"]["path"]) as sound:
            for speaker, channel in record["audio"]["channels"].items():
                turns = [turn for turn in record["turns"] if turn["speaker"] == speaker]
                found = [_level_db(_read(sound, t["start_s"], t["end_s"])[:, channel]) for t in turns]
                assert stdev(found) > 1, (record["id"], speaker)
                levels[speaker].append(fmean(found))
                letters = sum(len(t["text"]) for t in turns)
                speeds[speaker].append(
                    float(np.log2(letters / sum(t["end_s"] - t["start_s"] for t in turns)))
                )
    assert 2.5 < stdev(levels["user"]) < 4.5
    assert stdev(speeds["user"]) > 0.2
    # The agent has one voice, and it lies among the users'.
    assert stdev(levels["agent"]) < 0.3
    assert stdev(speeds["agent"]) < stdev(speeds["user"]) / 2
    for values in (levels, speeds):
        below = sum(user < fmean(values["agent"]) for user in values["user"])
        assert 14 <= below <= 34


def _read(sound: soundfile.SoundFile, start_s: float, end_s: float) -> Any:
    sound.seek(round(start_s * sound.samplerate))
    return sound.read(round(end_s * sound.samplerate) - round(start_s * sound.samplerate))


def _level_db(samples: Any) -> float:
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-15))


# The minimal pairs


@pytest.mark.parametrize("name", PAIR_FILES)
def test_pairs_differ_in_the_agents_words_only(name: str) -> None:
    found = pairs(name)
    assert len(found) >= 12
    for base, edit in found:
        assert base["meta"]["edits"] == edit["meta"]["edits"] == PAIR_FILES[name]
        assert 6 <= len(base["turns"]) == len(edit["turns"]) <= 10
        for before, after in zip(base["turns"], edit["turns"], strict=True):
            assert before["speaker"] == after["speaker"]
            old, new = before["text"].split(), after["text"].split()
            changed = sum(a != b for a, b in zip(old, new, strict=True))
            assert 1 <= changed <= 2 if before["speaker"] == "agent" else changed == 0
            assert len(content(before["text"])) == len(content(after["text"]))


def test_bases_are_the_same_in_all_sets() -> None:
    texts = [[base["turns"] for base, _ in pairs(name)] for name in PAIR_FILES]
    assert texts[0] == texts[1] == texts[2]


def test_lexical_edits_lose_a_word_taken_up_in_every_reply() -> None:
    for base, edit in pairs("synonym"):
        for before, after in zip(taken_over(base), taken_over(edit), strict=True):
            assert after < before, (base["id"], before, after)


@pytest.mark.parametrize("name", ["valence", "placebo"])
def test_other_edits_keep_every_word_taken_up(name: str) -> None:
    for base, edit in pairs(name):
        assert taken_over(base) == taken_over(edit), base["id"]


# The designed systems


def system(name: str) -> list[Record]:
    return load(f"pairs/systems/{name}.jsonl")


def test_systems_answer_the_same_users() -> None:
    first = [(r["id"], r["meta"]["use_case"], said(r, "user")) for r in system(SYSTEMS[0])]
    assert len(first) == 12
    assert len({case for _, case, _ in first}) >= 3
    for name in SYSTEMS[1:]:
        assert [(r["id"], r["meta"]["use_case"], said(r, "user")) for r in system(name)] == first
        assert {r["meta"]["system"] for r in system(name)} == {name}


def test_cold_desk_takes_up_words_in_every_reply_and_meets_no_feeling() -> None:
    for record in system("cold_service_desk"):
        assert all(len(words) >= 2 for words in taken_over(record)), record["id"]
        assert not [text for text in said(record, "agent") if WARMTH.search(text)]


def test_counsellor_takes_up_no_word() -> None:
    warm = 0
    for record in system("evasive_counsellor"):
        assert not any(taken_over(record)), (record["id"], taken_over(record))
        warm += sum(bool(WARMTH.search(text)) for text in said(record, "agent"))
    assert warm >= 24


def test_balanced_system_lies_between() -> None:
    share = {name: fmean(bool(w) for r in system(name) for w in taken_over(r)) for name in SYSTEMS}
    warm = {
        name: fmean(bool(WARMTH.search(text)) for r in system(name) for text in said(r, "agent"))
        for name in SYSTEMS
    }
    assert share["evasive_counsellor"] < share["balanced"] < share["cold_service_desk"]
    assert warm["cold_service_desk"] < warm["balanced"] < 1


# The recipe


def test_recipe_makes_the_shipped_texts(tmp_path: Path) -> None:
    make = recipe()
    for name in PAIR_FILES:
        make.write_lines(tmp_path / f"{name}.jsonl", make.minimal_pairs(name))
        assert (tmp_path / f"{name}.jsonl").read_bytes() == (CORPORA / "pairs" / f"{name}.jsonl").read_bytes()
    for letter, name in make.SYSTEMS.items():
        assert list(make.system(letter)) == system(name)
    scripts = [
        script
        for case in make.USE_CASES
        for script in make.read_scripts(RECIPE / "texts" / f"{case}.txt", "UA")
    ]
    shipped = [(r["id"], [turn["text"] for turn in r["turns"]]) for r in demo()]
    assert [(script.id, [text for _, text in script.lines]) for script in scripts] == shipped


def test_recipe_has_a_voice_for_everybody() -> None:
    voices = recipe().read_voices(RECIPE / "voices.csv")
    assert set(voices) == {r["meta"]["user"] for r in demo()} | {"agent"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# a | b\n", r"x\.txt:1: .* has 2 parts; write # id \| use case \| topic"),
        ("# a | b | c\nU hello\n", r"x\.txt:2: 'U hello' is no turn; begin with one of UA and ': '"),
        ("U: hello\n", r"x\.txt:1: 'U: hello' is no turn"),
    ],
)
def test_recipe_says_which_line_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.txt").write_text(text)
    with pytest.raises(ConvalignError, match=message):
        recipe().read_scripts(tmp_path / "x.txt", "UA")
