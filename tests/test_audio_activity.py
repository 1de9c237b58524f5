"""Turns without times, proposed by who is heard when."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from voices import RATE, Array, call, speak

from convalign.audio import Place, Sounds, propose
from convalign.audio.activity import activity, channel_levels, fitting, stretches
from convalign.audio.levels import HOP_S, frames
from convalign.dialogue import AudioSegment, Dialogue, Recording, Turn, from_record
from convalign.dimensions import prosodic

Shared = Callable[[str], Path]
TURNS = [("ua"[i % 2], speak(3 + 6 * (i % 2), 4 + i % 3, -25 + i % 4)) for i in range(10)]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    return call(tmp_path_factory.mktemp("calls"), "d", TURNS)


def bare(dialogue: Dialogue) -> Dialogue:
    return replace(dialogue, turns=tuple(replace(t, start_s=None, end_s=None) for t in dialogue.turns))


def proposed(dialogue: Dialogue) -> tuple[tuple[Place, ...] | None, tuple[str, ...]]:
    with Sounds(dialogue) as sounds:
        return propose(sounds), sounds.messages


def rewritten(dialogue: Dialogue, name: str, change: Callable[[Array], Array], **how: object) -> Dialogue:
    """The call with other sound."""
    folder = Path(dialogue.root or ".")
    samples, rate = soundfile.read(folder / "d.wav")
    soundfile.write(folder / name, change(samples), how.pop("rate", rate), **how)
    assert dialogue.audio is not None
    return replace(dialogue, audio=replace(dialogue.audio, path=name))


def test_turns_are_found_and_fit_the_transcript(plain: Dialogue) -> None:
    found, messages = proposed(bare(plain))
    assert found is not None
    assert [place.turn for place in found] == list(range(10))
    for place, turn in zip(found, plain.turns, strict=True):
        assert (place.speaker, place.channel) == (turn.speaker, "ua".index(turn.speaker))
        assert place.start_s == pytest.approx(turn.start_s, abs=0.1)
        assert place.end_s == pytest.approx(turn.end_s, abs=0.1)
        assert (place.overlap, place.proposed, place.reason) == (0, True, None)
    assert messages == (
        "d.wav: the log has no turn times; 10 stretches of speech were found and taken for turns",
    )


def test_what_is_scored_is_near_what_true_times_give(plain: Dialogue) -> None:
    settings = prosodic.Settings()
    (one,), (two,) = prosodic.observe([plain], settings), prosodic.observe([bare(plain)], settings)
    assert [unit.turn for unit in two.units] == [unit.turn for unit in one.units]
    for a, b in zip(one.units, two.units, strict=True):
        assert b.values[0] == pytest.approx(a.values[0], abs=0.1)
        assert b.values[1] == pytest.approx(a.values[1], abs=0.2)
        assert b.values[2] == pytest.approx(a.values[2], abs=1)
        assert b.start_s == pytest.approx(a.start_s, abs=0.1)
    assert len(two.messages) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x * np.array([1, 10**-1.5]),
        lambda x: x + np.array([0.02, 0]),
        lambda x: x + 0.003 * np.random.default_rng(1).standard_normal(x.shape),
    ],
    ids=["gain", "offset", "noise"],
)
def test_gain_offset_and_noise_hardly_move_them(plain: Dialogue, change: Callable[[Array], Array]) -> None:
    before, _ = proposed(bare(plain))
    after, _ = proposed(bare(rewritten(plain, "x.wav", change, subtype="FLOAT")))
    assert before is not None
    assert after is not None
    assert len(after) == len(before)
    for a, b in zip(before, after, strict=True):
        assert b.start_s == pytest.approx(a.start_s, abs=0.06)
        assert b.end_s == pytest.approx(a.end_s, abs=0.06)


def test_telephone_copies(plain: Dialogue) -> None:
    after, _ = proposed(bare(rewritten(plain, "t.wav", lambda x: x[::2], rate=RATE // 2, subtype="ULAW")))
    assert after is not None
    assert [place.turn for place in after] == list(range(10))


def test_one_file_per_speaker(plain: Dialogue) -> None:
    folder = Path(plain.root or ".")
    samples, rate = soundfile.read(folder / "d.wav")
    for k, name in enumerate("ua"):
        soundfile.write(folder / f"d.{name}.wav", samples[:, k], rate)
    turns = tuple(Turn(t.speaker, t.text, audio=AudioSegment(f"d.{t.speaker}.wav")) for t in plain.turns)
    found, _ = proposed(replace(plain, turns=turns, audio=None))
    together, _ = proposed(bare(plain))
    assert found is not None
    assert together is not None
    assert [(p.turn, p.start_s, p.end_s) for p in found] == [(p.turn, p.start_s, p.end_s) for p in together]


def test_a_transcript_that_takes_turns_otherwise(plain: Dialogue) -> None:
    short = bare(replace(plain, turns=plain.turns[:6]))
    found, (message,) = proposed(short)
    assert found is not None
    assert {place.turn for place in found} == {-1}
    assert message.endswith("they do not fit its 6 turns, so there are no rows per turn")
    (one,) = prosodic.observe([short], prosodic.Settings())
    assert len(one.units) == 10
    rows = prosodic.score(one, _pool([one]), {}, prosodic.Settings())
    assert rows.turns == ()
    assert any(row.metric == "proximity.pitch" and row.value is not None for row in rows.dialogues)


def _pool(observations: Sequence[prosodic.Observation]) -> prosodic.Pool[prosodic.Voice]:
    return prosodic.Pool((s for o in observations for s in o.sides), seed=0)


def test_times_that_are_there_are_believed(plain: Dialogue) -> None:
    assert proposed(plain) == (None, ())
    some = replace(plain, turns=(plain.turns[0], *bare(plain).turns[1:]))
    assert proposed(some) == (None, ())


def test_what_nothing_can_be_proposed_for(plain: Dialogue) -> None:
    silent = bare(rewritten(plain, "s.wav", np.zeros_like))
    noise = bare(
        rewritten(plain, "n.wav", lambda x: 0.01 * np.random.default_rng(2).standard_normal(x.shape))
    )
    for one in (silent, noise):
        found, (message,) = proposed(one)
        assert found is None
        assert "no voice stands out of the noise; give turns their times" in message
    same = bare(rewritten(plain, "both.wav", lambda x: np.repeat(x.sum(axis=1, keepdims=True), 2, axis=1)))
    found, (message,) = proposed(same)
    assert found is None
    assert message == "both.wav: both speakers are heard on every channel; give turns their times"
    mono = replace(bare(rewritten(plain, "m.wav", lambda x: x.sum(axis=1))), audio=Recording("m.wav"))
    assert proposed(mono) == (None, ())
    assert prosodic.observe([mono], prosodic.Settings())[0].units[0].reasons[0] == "no turn times"


def test_crosstalk_is_not_taken_for_speech(plain: Dialogue) -> None:
    leak = np.array([[1, 0.1], [0.1, 1]])
    found, _ = proposed(bare(rewritten(plain, "leak.wav", lambda x: x @ leak, subtype="FLOAT")))
    clean, _ = proposed(bare(plain))
    assert found is not None
    assert clean is not None
    assert [place.speaker for place in found] == [place.speaker for place in clean]


def test_a_call_is_decoded_block_by_block(plain: Dialogue, monkeypatch: pytest.MonkeyPatch) -> None:
    long = bare(rewritten(plain, "long.wav", lambda x: np.tile(x, (8, 1))))
    sizes: list[int] = []
    read = Sounds.read

    def counted(self: Sounds, *args: object, **options: object) -> tuple[Array, int]:
        samples, lead = read(self, *args, **options)  # type: ignore[arg-type]
        sizes.append(len(samples))
        return samples, lead

    monkeypatch.setattr(Sounds, "read", counted)
    found, _ = proposed(long)
    assert found is not None
    assert len(found) == 80
    assert max(sizes) <= 30 * RATE
    assert sum(sizes) > 200 * RATE


def test_frames_keep_the_clock_at_any_rate() -> None:
    for rate in (8000, 11025, 22050, 44100):
        samples = np.zeros(rate * 20, np.float32)
        samples[rate * 19 :] = 0.5
        assert len(frames(samples, (0, 20), rate).sizes) == 2000
        level = channel_levels([samples[: rate * 10], samples[rate * 10 :]], rate)
        assert np.argmax(level > -10) == 1900


def test_gaps_are_bridged_and_islands_dropped() -> None:
    speech = np.zeros(1000, bool)
    speech[100:200] = speech[240:300] = True  # .4 s between them
    speech[400:415] = True  # .15 s long
    speech[600:700] = speech[751:800] = True  # .51 s between them
    assert stretches(speech) == [(1.0, 3.0), (6.0, 7.0), (pytest.approx(7.51), 8.0)]
    assert stretches(np.zeros(5, bool)) == []
    assert activity([]) == []
    assert pytest.approx(0.01) == HOP_S


def test_fitting_by_hand() -> None:
    # a speaks twice with 1 s between: one turn; u's two turns in the log count once.
    heard = [("u", (0.0, 1.0)), ("a", (1.5, 2.0)), ("a", (3.0, 4.0)), ("u", (5.0, 6.0)), ("u", (9.0, 9.5))]
    assert fitting(heard[:4], ["u", "u", "a", "u"], 2.0) == {0: 0, 1: 2, 3: 3}
    assert fitting(heard, ["u", "a", "u"], 2.0) is None  # 3 s between u's stretches: two turns
    assert fitting(heard[:2], ["a", "u"], 2.0) is None
    assert fitting([], [], 2.0) == {}


def test_real_stereo_calls_without_their_times(shared: Shared) -> None:
    path = shared("data/stereo_dialogues/stereo.jsonl")
    for line in path.read_text().splitlines():
        record = json.loads(line)
        truth = [(t["speaker"], t.pop("start_s"), t.pop("end_s")) for t in record["turns"]]
        found, _ = proposed(from_record(record, root=str(path.parent)))
        assert found is not None
        assert [place.turn for place in found] == list(range(20))
        length = round(100 * max(end for *_, end in truth))
        wrong = 0
        for speaker in "AB":
            said, heard = np.zeros(length, bool), np.zeros(length, bool)
            for name, start, end in truth:
                said[round(100 * start) : round(100 * end)] |= name == speaker
            for place in found:
                heard[round(100 * place.start_s) : round(100 * place.end_s)] |= place.speaker == speaker
            wrong += int((said != heard).sum())
        assert wrong / (2 * length) < 0.01
