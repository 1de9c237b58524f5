"""Bytes of a log as they come: hashed as stored, unpacked within bounds, never all at once."""

from __future__ import annotations

import hashlib
import re
import tempfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from convalign.errors import LogError, MissingExtraError

CHUNK = 64 * 1024
"""Bytes asked for at once."""

STEP = 1024 * 1024
"""Bytes unpacked at once."""

FREE = 64 * 1024 * 1024
"""Up to here any ratio is believed."""

RATIO = 250
"""Unpacked over packed; dialogue text reaches about 10, deflate ends at 1,032."""

UNPACKED_LIMIT = 256 * 1024**3
"""Bytes that one packed file may unpack to."""

SIP = 1024
"""Bytes of a zstd file unpacked at once; they can become 32 MB, and no more."""

WINDOW = 128 * 1024 * 1024
"""Memory that a zstd file may ask for; ``zstd --ultra`` without ``--long`` stays below."""

PACKED_NAME = re.compile(r"\.(gz|zst)$", re.IGNORECASE)
"""How names of packed files end."""

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
PACKED = {
    b"BZh91AY": ("bzip2", "unpack it with bunzip2"),
    b"\xfd7zXZ\x00": ("xz", "unpack it with unxz"),
}
SOUND = (
    b"fLaC\x00", b"OggS\x00", b"ID3\x02", b"ID3\x03", b"ID3\x04", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2",
    b"\x1aE\xdf\xa3",
)  # fmt: skip
"""How sound files begin (RIFF/WAVE and MP4 are told apart by their second word)."""


class Stored:
    """A binary stream, read in pieces, with the hash of what was read.

    Parameters
    ----------
    stream : any binary stream; ``read1`` is used where there is one, so that a pipe is not waited for
    place : file name for messages
    """

    def __init__(self, stream: BinaryIO, place: str) -> None:
        self._read = getattr(stream, "read1", stream.read)
        self._hash = hashlib.sha256()
        self.place = place
        self.size = 0
        self.magic = b""
        self.ended = False
        self._kept: list[bytes] | None = []

    @property
    def sha256(self) -> str:
        """Hash of the bytes read so far."""
        return self._hash.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """The bytes, unpacked when they are gzip or zstd.

        Raises
        ------
        LogError
            A sound file, a packing that is not read, a broken or boundless packed file.
        MissingExtraError
            A zstd file, and no library that unpacks it.
        """
        first = self._next()
        while 0 < len(first) < 12 and (more := self._next()):
            first += more
        self.magic = first[:64]
        _refuse_binary(first, self.place)
        if first.startswith(GZIP):
            yield from self._within(self._gunzipped(first), "gzip")
            return
        if first.startswith(ZSTD):
            yield from self._within(self._unzstd(first), "zstd")
            return
        piece = first
        while piece:
            yield piece
            piece = self._next()

    def sealed(self) -> None:
        """Keep no more of what is read for `spooled`."""
        self._kept = None

    def spooled(self) -> BinaryIO:
        """All bytes as a file in which one can seek; large ones lie on disk. Before anything is `sealed`."""
        kept, self._kept = self._kept, None
        whole = tempfile.SpooledTemporaryFile(FREE)  # noqa: SIM115, the reader closes it
        whole.writelines(kept or [])
        while piece := self._next():
            whole.write(piece)
        whole.seek(0)
        return cast(BinaryIO, whole)

    def drain(self) -> None:
        """Read to the end for the hash alone."""
        while self._next():
            pass

    def _next(self) -> bytes:
        """The next bytes as stored, b"" at the end."""
        try:
            piece: bytes = self._read(CHUNK)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise LogError(f"{self.place}: cannot be read ({reason}); check the file") from None
        self._hash.update(piece)
        self.size += len(piece)
        self.ended = not piece
        if self._kept is not None:
            self._kept.append(piece)
        return piece

    def _within(self, pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
        """Unpacked pieces, as long as there are not unbelievably many."""
        total = 0
        for piece in pieces:
            total += len(piece)
            if total > FREE and total > RATIO * self.size:
                raise LogError(
                    f"{self.place}: unpacks to over {RATIO} times its size; "
                    "no dialogue log does: unpack it yourself if it is one"
                )
            if total > UNPACKED_LIMIT:
                raise LogError(f"{self.place}: {name}: unpacks to over {UNPACKED_LIMIT:,} bytes; split it")
            if piece:
                yield piece

    def _unzstd(self, first: bytes) -> Iterator[bytes]:
        """Bytes of all frames of a zstd file."""
        try:
            import zstandard
        except ImportError:
            raise MissingExtraError(
                f"{self.place}: is packed with zstd; pip install 'convalign[formats]', "
                "or unpack it with zstd -d"
            ) from None
        piece, frame = first, zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
        while True:
            try:
                out = frame.decompress(piece[:SIP])
            except zstandard.ZstdError as error:
                raise LogError(
                    f"{self.place}: is no sound zstd file ({error}); pack it again or give it unpacked"
                ) from None
            yield out
            piece = frame.unused_data + piece[SIP:] if frame.eof else piece[SIP:]
            piece = piece or self._next()
            if not piece:
                break
            if frame.eof:
                frame = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
        if not frame.eof:
            raise LogError(f"{self.place}: the zstd file ends early; copy or pack it again")

    def _gunzipped(self, piece: bytes) -> Iterator[bytes]:
        """Bytes of all members of a gzip file."""
        member = zlib.decompressobj(wbits=31)
        while True:
            try:
                out = member.decompress(piece, STEP)
            except zlib.error as error:
                raise LogError(
                    f"{self.place}: is no sound gzip file ({error}); pack it again or give it unpacked"
                ) from None
            yield out
            if member.eof:
                piece = member.unused_data.lstrip(b"\0")
                while not piece and not self.ended:
                    piece = self._next().lstrip(b"\0")
                if not piece:
                    return
                member = zlib.decompressobj(wbits=31)
            elif member.unconsumed_tail:
                piece = member.unconsumed_tail
            elif len(out) == STEP:
                piece = b""  # the window may hold more than one step
            elif not (piece := self._next()):
                raise LogError(f"{self.place}: the gzip file ends early; copy or pack it again")


def _refuse_binary(first: bytes, place: str) -> None:
    """Say what a file is when it is plainly no text."""
    riff = first[:4] in (b"RIFF", b"RIFX", b"RF64") and first[8:12] == b"WAVE"
    if riff or first.startswith(SOUND) or (first[:3] == b"\0\0\0" and first[4:8] == b"ftyp"):
        raise LogError(
            f"{place}: a sound file alone is not a log; "
            "give the transcript with times (CSV, RTTM, VTT, ...) and --audio"
        )
    for magic, (name, cure) in PACKED.items():
        if first.startswith(magic):
            raise LogError(f"{place}: is packed with {name}, which this version does not read; {cure}")
