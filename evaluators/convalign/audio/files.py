"""One sound file: found below its folder, held against its own header, read in part, written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from convalign.errors import AudioError
from convalign.files import cleared

LOWEST_RATE = 4_000
"""Hz; below, there is no speech left to measure."""

OTHER_CONTAINERS = frozenset(
    {".m4a", ".mp4", ".aac", ".webm", ".mkv", ".mka", ".mov", ".wma", ".amr", ".3gp"}
)

BLOCK_S = 30
"""Seconds that are decoded together."""
MOST_BLOCKS = 4
"""That are kept: the neighbourhood of a turn is asked for many times, by every feature."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Header:
    """What a sound file says of itself, checked against what is in it.

    Attributes
    ----------
    sample_rate : Hz
    channels : 1, 2, ...
    frames : samples per channel
    subtype : coding as libsndfile names it (``PCM_16``, ``VORBIS``, ...)
    """

    sample_rate: int
    channels: int
    frames: int
    subtype: str

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.frames / self.sample_rate


def locate(path: str, root: str | None) -> Path:
    """Find a sound file below the folder of its log, and nowhere else.

    Parameters
    ----------
    path : as written in the log, relative
    root : folder; None = the working folder

    Raises
    ------
    AudioError
        Absolute path, a way out of the folder (``..`` or a link), no such file, no plain file.
    """
    if Path(path).is_absolute() or "\\" in path or "\0" in path:
        raise AudioError(f"{path!r} is no relative path; write sound files relative to the log's folder")
    base = Path(root or ".").resolve()
    found = (base / path).resolve()
    if not found.is_relative_to(base):
        raise AudioError(
            f"{path} leads out of {base}; keep sound files below it or name another with --audio"
        )
    if not found.exists():
        raise AudioError(f"{path}: no such file below {base}; name the folder of the sound with --audio")
    if not found.is_file():
        raise AudioError(f"{path} is no plain file; name a sound file")
    return found


def open_sound(path: str, root: str | None) -> tuple[Any, Header]:
    """Open a file and hold its header against its content.

    Parameters
    ----------
    path : as written in the log, relative
    root : folder; None = the working folder

    Returns
    -------
    An open ``soundfile.SoundFile`` and its header

    Raises
    ------
    AudioError
        Not found, not decodable, truncated, empty; the message says what would work.
    """
    found = locate(path, root)
    if found.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes); export it again")
    suffix = found.suffix.lower()
    try:
        stream = soundfile.SoundFile(found)
    except (OSError, soundfile.SoundFileError, TypeError, ValueError) as error:
        known = suffix.lstrip(".").upper() in soundfile.available_formats() or suffix == ".opus"
        if known and suffix not in OTHER_CONTAINERS and suffix != ".raw":
            raise AudioError(
                f"{path} is not readable as {suffix[1:]} ({_plain(error)}); export it again, as wav or flac"
            ) from None
        target = Path(path).with_suffix(".wav")
        raise AudioError(
            f"{path} is no format that is decoded here; convert it: ffmpeg -i {path} {target}"
        ) from None
    header = Header(stream.samplerate, stream.channels, stream.frames, stream.subtype)
    try:
        _check(path, found, stream, header)
    except AudioError:
        stream.close()
        raise
    return stream, header


def _check(path: str, found: Path, stream: Any, header: Header) -> None:
    """Refuse a file whose header promises what is not there."""
    if header.channels < 1 or header.frames < 1:
        raise AudioError(f"{path} holds no samples; export it again")
    if header.sample_rate < LOWEST_RATE:
        raise AudioError(
            f"{path} has {header.sample_rate} samples a second; speech needs {LOWEST_RATE} or more"
        )
    claimed, there = _riff_bytes(found)
    if claimed > there:
        raise AudioError(
            f"{path} is truncated: its header says {claimed} bytes of sound, {there} are there; "
            "export it again"
        )
    try:
        stream.seek(header.frames - 1)
        reached = len(stream.read(1, dtype="float32", always_2d=True)) == 1
    except soundfile.SoundFileError:
        reached = False
    if not reached:
        raise AudioError(
            f"{path} is truncated: its header says {header.duration_s:.2f} s, the end is missing; "
            "export it again"
        )


def _riff_bytes(found: Path) -> tuple[int, int]:
    """Bytes of sound that a wav header claims, and those that follow; (0, 0) for anything else."""
    size = found.stat().st_size
    with found.open("rb") as stream:
        head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0, 0
        while len(chunk := stream.read(8)) == 8:
            length = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                # Written by programs that stream and could not know the length.
                unknown = length == 0 or length >= 0x7FFF_F000
                return (0, 0) if unknown else (length, size - stream.tell())
            stream.seek(length + length % 2, 1)
    return 0, 0


class Blocks:
    """Decoded stretches of open files, the latest few: to seek in a coded file costs more than to decode."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], Samples] = {}

    def read(self, path: str, stream: Any, first: int, last: int) -> Samples:
        """[n_frames, n_channels] from `first` to before `last`; fewer where the file ends."""
        length = BLOCK_S * stream.samplerate
        found = []
        for k in range(first // length, -(-last // length)):
            block = self._block(path, stream, k, length)
            found.append(block[max(0, first - k * length) : last - k * length])
        return np.concatenate(found) if found else np.empty((0, stream.channels), np.float32)

    def _block(self, path: str, stream: Any, k: int, length: int) -> Samples:
        """One stretch, decoded if it is none of the latest."""
        block = self._kept.pop((path, k), None)
        if block is None:
            stream.seek(min(k * length, stream.frames))
            block = stream.read(length, dtype="float32", always_2d=True)
            while len(self._kept) >= MOST_BLOCKS:
                self._kept.pop(next(iter(self._kept)))
        self._kept[path, k] = block
        return block


def read_frames(
    path: str, stream: Any, header: Header, blocks: Blocks, *, first: int, last: int, channel: int | None
) -> Samples:
    """Decode some frames of an open file.

    Parameters
    ----------
    path : of the file, relative to its log
    blocks : what was decoded of it before
    first, last : frames, last not included; cut to the file
    channel : 0, 1, ...; None = all

    Returns
    -------
    [n_frames] in -1..1 (float files may exceed it), or [n_frames, n_channels]

    Raises
    ------
    AudioError
        The file does not hold what its header says, or holds samples that are not finite.
    """
    first, last = max(0, first), min(header.frames, last)
    try:
        block = blocks.read(path, stream, first, last)
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path}: {_plain(error)}; the file is damaged, export it again") from None
    samples: Samples = block if channel is None else np.ascontiguousarray(block[:, channel])
    if len(samples) < last - first:
        at = (first + len(samples)) / header.sample_rate
        raise AudioError(f"{path} ends at {at:.2f} s, before its header says; export it again")
    bad = np.flatnonzero(~np.isfinite(samples).reshape(len(samples), -1).all(axis=1))
    if bad.size:
        at = (first + int(bad[0])) / header.sample_rate
        raise AudioError(f"{path} has samples that are no numbers at {at:.2f} s; export it again")
    return samples


def write(path: Path, samples: NDArray[np.floating[Any]], sample_rate: int) -> None:
    """Write a sound file whole or not at all (16 bit; the format by the name's ending).

    Parameters
    ----------
    samples : [n_samples] or [n_samples, n_channels], in -1..1
    sample_rate : Hz

    Raises
    ------
    AudioError
        The folder cannot be written, or no such format.
    """
    part = path.with_name(f".part.{path.name}")
    try:
        soundfile.write(cleared(part), samples, sample_rate, subtype="PCM_16")
        part.replace(path)
    except (OSError, soundfile.SoundFileError, TypeError, ValueError) as error:
        part.unlink(missing_ok=True)
        raise AudioError(
            f"{path}: {_plain(error)}; choose another folder, or a name that ends in .flac"
        ) from None


def _plain(error: Exception) -> str:
    """What a library says, in our form."""
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return text.strip().rstrip(".").lower() or type(error).__name__
