"""Where turns can be heard: decoding, confinement, channels, times, overlap, hostile files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from convalign import audio
from convalign.dialogue import AudioSegment, Dialogue, Recording, Turn
from convalign.errors import AudioError

Array = NDArray[np.floating[Any]]
RATE = 16_000


def tone(hz: float, seconds: float, rate: int = RATE, level: float = 0.3) -> Array:
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def call(
    path: str, *times: tuple[str, float, float], root: Path, channels: dict[str, int] | None = None
) -> Dialogue:
    turns = tuple(Turn(speaker, "x", start, end) for speaker, start, end in times)
    return Dialogue(
        "call-12", turns, {"u": "user", "a": "agent"}, Recording(path, channels or {}), root=str(root)
    )


def loudest_hz(samples: Array) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples))


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("x.wav", "PCM_16"),
        ("x.wav", "ULAW"),
        ("x.wav", "IMA_ADPCM"),
        ("x.wav", "FLOAT"),
        ("x.flac", "PCM_16"),
        ("x.ogg", "VORBIS"),
        ("x.opus", "OPUS"),
        ("x.mp3", "MPEG_LAYER_III"),
    ],
)
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_each_channel_is_read_by_itself_at_16_khz(tmp_path: Path, name: str, subtype: str, rate: int) -> None:
    both = np.column_stack([tone(400, 3, rate), tone(1000, 3, rate)])
    both[rate * 3 // 2 :, 0] = both[: rate * 3 // 2, 1] = 0
    kind = "OGG" if name.endswith("opus") else None
    soundfile.write(tmp_path / name, both, rate, subtype=subtype, format=kind)
    dialogue = call(name, ("u", 0.5, 1.5), ("a", 1.5, 2.5), root=tmp_path, channels={"u": 0, "a": 1})
    (first, (user,), _), (second, (agent,), _) = audio.turns(dialogue)
    assert (first.channel, second.channel) == (0, 1)
    assert first.isolated
    assert second.isolated
    assert abs(len(user) - RATE) <= 1
    assert loudest_hz(user) == pytest.approx(400, abs=2)
    assert loudest_hz(agent) == pytest.approx(1000, abs=2)


def test_context_is_real_sound_as_far_as_the_file_goes(tmp_path: Path) -> None:
    samples = np.linspace(-0.5, 0.5, 2 * RATE)
    soundfile.write(tmp_path / "x.wav", samples, RATE, subtype="FLOAT")
    dialogue = call("x.wav", ("u", 0.1, 1.0), ("a", 1.0, 1.95), root=tmp_path)
    with audio.Sounds(dialogue) as sounds:
        begin, lead = sounds.read(sounds.places[0], (0.1, 1.0), context_s=0.2)
        end, end_lead = sounds.read(sounds.places[1], (1.0, 1.95), context_s=0.2)
    assert (lead, len(begin)) == (1600, round(1.2 * RATE))
    assert (end_lead, len(end)) == (3200, round(1.2 * RATE))
    np.testing.assert_allclose(begin, samples[: len(begin)], atol=1e-6)


def test_one_file_per_speaker_and_per_turn(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "u.wav", tone(400, 4), RATE)
    soundfile.write(tmp_path / "a.wav", tone(1000, 4), RATE)
    soundfile.write(tmp_path / "one.flac", tone(700, 1), RATE)
    turns = (
        Turn("u", "x", 0.0, 1.0, AudioSegment("u.wav")),
        Turn("a", "x", 1.0, 2.0, AudioSegment("a.wav", None, 1.0, 2.0)),
        Turn("u", "x", 2.0, 2.5, AudioSegment("u.wav")),
        Turn("a", "x", audio=AudioSegment("one.flac")),
    )
    found = list(audio.turns(Dialogue("d", turns, root=str(tmp_path))))
    assert [place.reason for place, _, _ in found] == [None] * 4
    assert [round(sum(map(len, parts)) / RATE, 3) for _, parts, _ in found] == [1.0, 1.0, 0.5, 1.0]
    assert loudest_hz(found[3][1][0]) == pytest.approx(700, abs=2)
    assert all(place.isolated for place, _, _ in found)


def test_files_of_two_speakers_that_differ_in_length_are_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "u.wav", tone(400, 4), RATE)
    turns = [Turn("ua"[i % 2], "x", i, i + 0.9, AudioSegment(f"{'ua'[i % 2]}.wav")) for i in range(4)]
    for seconds, told in ((4.9, False), (6.0, True)):
        soundfile.write(tmp_path / "a.wav", tone(1000, seconds), RATE)
        with audio.Sounds(Dialogue("d", tuple(turns), root=str(tmp_path))) as sounds:
            assert {place.reason for place in sounds.places} == {None}
            assert bool(sounds.messages) is told
    assert re.search(r"^u\.wav and a\.wav differ in length by 2\.0 s; turn times must", sounds.messages[0])


def test_overlap_is_cut_from_both_turns_on_one_channel(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", tone(400, 12), RATE)
    times = [("u", 0.0, 3.0), ("a", 2.0, 5.0), ("u", 5.0, 6.0), ("a", 5.4, 8.0), ("u", 8.0, 9.0)]
    one, two, short, four, free = (p for p, _, _ in audio.turns(call("x.wav", *times, root=tmp_path)))
    assert one.spans == ((0.0, 2.0),)
    assert two.spans == ((3.0, 5.0),)
    assert one.overlap == pytest.approx(1 / 3)
    assert (short.reason, short.spans) == ("overlap", ())  # .4 s of 1 s is left
    assert four.spans == ((6.0, 8.0),)
    assert (free.reason, free.isolated, free.overlap) == (None, False, 0.0)


def test_overlap_is_kept_on_isolated_channels(tmp_path: Path) -> None:
    quiet = 0.001 * np.random.default_rng(0).standard_normal((5 * RATE, 2))
    quiet[: 3 * RATE, 0] += tone(400, 3)
    quiet[2 * RATE :, 1] += tone(700, 3)
    soundfile.write(tmp_path / "x.wav", quiet, RATE)
    dialogue = call("x.wav", ("u", 0.0, 3.0), ("a", 2.0, 5.0), root=tmp_path, channels={"u": 0, "a": 1})
    (user, _, _), (agent, _, _) = audio.turns(dialogue)
    assert user.spans == ((0.0, 3.0),)
    assert agent.isolated
    assert agent.overlap == pytest.approx(1 / 3)


def test_channels_that_bleed_are_treated_as_one(tmp_path: Path) -> None:
    mixed = tone(400, 5)
    soundfile.write(tmp_path / "x.wav", np.column_stack([mixed, 0.8 * mixed]), RATE)
    dialogue = call("x.wav", ("u", 0.0, 3.0), ("a", 2.0, 5.0), root=tmp_path, channels={"u": 0, "a": 1})
    with audio.Sounds(dialogue) as sounds:
        assert [place.spans for place in sounds.places] == [((0.0, 2.0),), ((3.0, 5.0),)]
        assert re.search(
            r"x\.wav: channels are not isolated \(the other speaker is heard at -?[012] dB\)",
            sounds.messages[0],
        )


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ((None, None), "no turn times"),
        ((0.5, None), "no turn times"),
        ((4.5, 5.5), "outside the file"),
        ((3.5, 4.5), "outside the file"),
        ((1.0, 1.2), "too short"),
        ((1.0, 1.0), "too short"),
        ((3.0, 4.1), None),
    ],
)
def test_a_turn_that_cannot_be_heard_says_why(
    tmp_path: Path, times: tuple[float | None, float | None], reason: str | None
) -> None:
    soundfile.write(tmp_path / "x.wav", np.column_stack([tone(400, 4)] * 2), RATE)
    turn = Turn("u", "x", *times)
    dialogue = Dialogue("d", (turn,), {}, Recording("x.wav", {"u": 0}), root=str(tmp_path))
    (place, parts, message), *_ = audio.turns(dialogue)
    assert (place.reason, message) == (reason, None)
    assert bool(parts) is (reason is None)


def test_no_audio_is_a_reason() -> None:
    (place, parts, message), *_ = audio.turns(Dialogue("d", (Turn("u", "x", 0, 1),)))
    assert (place.reason, parts, message) == ("no audio", (), None)


CHANNEL_ERRORS = [
    (2, {}, "call.wav has 2 channels and no channel map; say --channels user=0,agent=1"),
    (
        1,
        {"u": 0, "a": 1},
        "call.wav has 1 channel, --channels asks for channel 1; "
        "give one file per speaker or a map with 1 channel",
    ),
    (2, {"u": 0}, "call.wav: no channel for speaker 'a'; say --channels a=0"),
]


@pytest.mark.parametrize(("count", "channels", "message"), CHANNEL_ERRORS)
def test_channel_maps_that_do_not_fit(
    tmp_path: Path, count: int, channels: dict[str, int], message: str
) -> None:
    soundfile.write(tmp_path / "call.wav", np.column_stack([tone(400, 4)] * count), RATE)
    dialogue = call("call.wav", ("u", 0, 1), ("a", 1, 2), root=tmp_path, channels=channels)
    *_, (place, parts, said) = audio.turns(dialogue)
    assert (place.reason, parts, said) == ("audio unreadable", (), message)


def broken_wav(path: Path) -> None:
    soundfile.write(path, tone(400, 4), RATE)
    path.write_bytes(path.read_bytes()[:40_000])


def lying_wav(path: Path) -> None:
    soundfile.write(path, tone(400, 2), RATE)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = (4 * RATE * 2).to_bytes(4, "little")
    path.write_bytes(bytes(content))


def broken_flac(path: Path) -> None:
    soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, 4 * RATE), RATE, format="FLAC")
    path.write_bytes(path.read_bytes()[:60_000])


def nan_wav(path: Path) -> None:
    samples = tone(400, 4)
    samples[RATE // 2] = np.nan
    soundfile.write(path, samples, RATE, subtype="FLOAT")


HOSTILE = [
    (
        "gone.wav",
        lambda path: None,
        r"^gone\.wav: no such file below .*; name the folder of the sound with --audio$",
    ),
    ("folder.wav", lambda path: path.mkdir(), r"^folder\.wav is no plain file; name a sound file$"),
    ("pipe.wav", os.mkfifo, r"^pipe\.wav is no plain file; name a sound file$"),
    ("zero.wav", lambda path: path.touch(), r"^zero\.wav is empty \(0 bytes\); export it again$"),
    (
        "none.wav",
        lambda path: soundfile.write(path, np.zeros(0), RATE),
        r"^none\.wav holds no samples; export it again$",
    ),
    (
        "text.wav",
        lambda path: path.write_text("hello"),
        r"^text\.wav is not readable as wav \(.*\); export it again, as",
    ),
    (
        "call.m4a",
        lambda path: path.write_bytes(b"\0\0\0\x20ftypM4A "),
        r"convert it: ffmpeg -i call\.m4a call\.wav$",
    ),
    (
        "call.webm",
        lambda path: path.write_bytes(b"\x1a\x45\xdf\xa3"),
        r"convert it: ffmpeg -i call\.webm call\.wav$",
    ),
    ("call", lambda path: path.write_bytes(b"????"), r"convert it: ffmpeg -i call call\.wav$"),
    ("x.raw", lambda path: path.write_bytes(b"????"), r"convert it: ffmpeg -i x\.raw x\.wav$"),
    (
        "cut.wav",
        broken_wav,
        r"^cut\.wav is truncated: its header says 128000 bytes of sound, 39956 are there; export",
    ),
    (
        "lies.wav",
        lying_wav,
        r"^lies\.wav is truncated: its header says 128000 bytes of sound, 64000 are there; export",
    ),
    (
        "cut.flac",
        broken_flac,
        r"^cut\.flac is truncated: its header says 4\.00 s, the end is missing; export it again$",
    ),
    ("nan.wav", nan_wav, r"^nan\.wav has samples that are no numbers at 0\.50 s; export it again$"),
    (
        "slow.wav",
        lambda path: soundfile.write(path, np.zeros(400), 100),
        r"^slow\.wav has 100 samples a second; speech",
    ),
]


@pytest.mark.parametrize(("name", "make", "message"), HOSTILE, ids=[case[0] for case in HOSTILE])
def test_files_that_cannot_be_heard(tmp_path: Path, name: str, make: object, message: str) -> None:
    make(tmp_path / name)  # type: ignore[operator]
    dialogue = call(name, ("u", 0.0, 1.0), ("a", 1.0, 2.0), root=tmp_path)
    place, parts, said = next(iter(audio.turns(dialogue)))
    assert (place.reason, parts) == ("audio unreadable", ())
    assert said is not None
    assert re.search(message, said), said


def test_a_wav_of_unknown_length_is_read(tmp_path: Path) -> None:
    path = tmp_path / "stream.wav"
    soundfile.write(path, tone(400, 2), RATE)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(content))
    place, parts, said = next(iter(audio.turns(call("stream.wav", ("u", 0.5, 1.5), root=tmp_path))))
    assert (place.reason, said, len(parts[0])) == (None, None, RATE)


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "../out.wav", "in/../../out.wav", "link.wav", "a\\b.wav", "nul\0.wav"]
)
def test_no_path_leads_out_of_the_root(tmp_path: Path, path: str) -> None:
    root = tmp_path / "log"
    (root / "in").mkdir(parents=True)
    soundfile.write(tmp_path / "out.wav", tone(400, 2), RATE)
    (root / "link.wav").symlink_to(tmp_path / "out.wav")
    with pytest.raises(
        AudioError, match=r"is no relative path; write|leads out of .*; keep sound files below it"
    ):
        audio.locate(path, str(root))


def test_a_detour_inside_the_root_is_fine(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "x.wav", tone(400, 2), RATE)
    assert audio.locate("in/../x.wav", str(tmp_path)) == (tmp_path / "x.wav").resolve()


def open_files(folder: Path) -> int:
    """How many files of a folder this process has open."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link.readlink()).startswith(str(folder.resolve())) for link in links)


def test_many_files_are_not_open_at_once(tmp_path: Path) -> None:
    turns = []
    for index in range(30):
        soundfile.write(tmp_path / f"{index}.wav", tone(300 + index, 0.5), RATE)
        turns.append(Turn("ua"[index % 2], "x", audio=AudioSegment(f"{index}.wav")))
    with audio.Sounds(Dialogue("d", tuple(turns), root=str(tmp_path))) as sounds:
        for place in sounds.places:
            sounds.read(place, place.spans[0])
        if Path("/proc/self/fd").is_dir():
            assert 1 <= open_files(tmp_path) <= 8
    assert {place.reason for place in sounds.places} == {None}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    both = np.column_stack([tone(400, 1), tone(500, 1)]).astype(np.float32)
    audio.write(tmp_path / "x.flac", both, RATE)
    found, rate = soundfile.read(tmp_path / "x.flac")
    assert rate == RATE
    np.testing.assert_allclose(found, both, atol=2**-15)
    with pytest.raises(AudioError, match=r"choose another folder, or a name that ends in \.flac"):
        audio.write(tmp_path / "missing" / "x.flac", both, RATE)
    assert [p.name for p in tmp_path.iterdir()] == ["x.flac"]
