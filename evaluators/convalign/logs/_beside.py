"""Files beside a log that belong to it: the speakers of a corpus, the words of segments, a call's ratings."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass, field
from pathlib import Path

from convalign.errors import LogError
from convalign.logs._bytes import Stored
from convalign.logs._options import ReadOptions, SourceRecord
from convalign.logs._text import Text, decoded


@dataclass(slots=True)
class Companions:
    """What lies beside one file.

    Attributes
    ----------
    path : of the log; None for standard input, beside which nothing lies
    root : folder that is never left: the one given, or that of the file given
    in_folder : whether the log was found in a folder, so that its companions were found too
    options : how to read
    read : the companions that were read, for the list of inputs
    """

    path: Path | None
    root: str
    in_folder: bool
    options: ReadOptions
    read: list[SourceRecord] = field(default_factory=list)

    def find(self, relative: str) -> Path | None:
        """A file by its path from the log's folder; None when there is none inside the root."""
        if self.path is None:
            return None
        one = self.path.parent / relative
        inside = os.path.realpath(self.root).rstrip(os.sep) + os.sep
        return one if os.path.realpath(one).startswith(inside) and one.is_file() else None

    def swapped(self, *endings: str) -> Path | None:
        """The first file of the log's name with another ending."""
        if self.path is None:
            return None
        found = (self.find(self.path.stem + ending) for ending in endings)
        return next((one for one in found if one is not None), None)

    def text(self, path: Path, name: str) -> Text:
        """The text of a companion, which is noted as read by the reader called `name`.

        Raises
        ------
        LogError
            It cannot be opened, or is over the limit of a record.
        """
        try:
            data = path.read_bytes() if path.stat().st_size <= self.options.record_limit else None
        except OSError as error:
            raise LogError(
                f"{path}: {str(error.strerror).lower()}; make it readable, or move it away"
            ) from None
        if data is None:
            raise LogError(f"{path}: has over {self.options.record_limit:,} bytes; move it away, or split it")
        self.read.append(SourceRecord(str(path), name, hashlib.sha256(data).hexdigest(), len(data), 0))
        pieces = decoded(Stored(io.BytesIO(data), str(path)).pieces(), str(path), self.options.encoding)
        return Text(pieces, str(path), self.options.record_limit)
