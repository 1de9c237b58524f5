"""Dialogues with human affect labels: read where they lie, never copied into the project."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MELD_SIGN = {"positive": 1, "neutral": 0, "negative": -1}
DAILY_SIGN = {
    "happiness": 1, "happines": 1, "happy": 1, "excited": 1, "surprise": 0, "surprised": 0, "neutral": 0,
    "anger": -1, "angry": -1, "disgust": -1, "fear": -1, "sadness": -1, "sad": -1, "frustrated": -1,
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A turn; `gold` is -1, 0, 1, or None where nobody labelled it."""

    speaker: str
    text: str
    gold: int | None


@dataclass(frozen=True)
class Pair:
    """A reply and its prime, of one dialogue of one corpus."""

    corpus: str
    dialogue: str
    prime: Said
    reply: Said


Dialogues = dict[str, list[Said]]


def dailydialog(data: Path) -> Dialogues:
    """DailyDialog, the part that RECCON annotated; all three files."""
    found: Dialogues = {}
    for name in ("train.json.gz", "valid.json", "test.json"):
        record = json.loads(_text(data / "dailydialog_reccon" / f"dailydialog_{name}"))
        for key, ((*turns,),) in record.items():
            found[f"daily {key}"] = [
                Said(t["speaker"], _plain(t["utterance"]), DAILY_SIGN[t["emotion"]]) for t in turns
            ]
    return found


def meld(data: Path, splits: tuple[str, ...] = ("train", "dev", "test")) -> Dialogues:
    """MELD, dyadic; the sentiment of every turn."""
    found: Dialogues = {}
    for split in splits:
        name = f"{split}_sent_emo_dya.csv" + (".gz" if split == "train" else "")
        for row in csv.DictReader(io.StringIO(_text(data / "meld_dyadic" / name))):
            turns = found.setdefault(f"meld {split} {row['Dialogue_ID']}", [])
            turns.append(Said(row["Speaker"], _plain(row["Utterance"]), MELD_SIGN[row["Sentiment"]]))
    return found


def esconv(data: Path) -> Dialogues:
    """ESConv, dev and test: growing windows put together again by the number of the turn; no labels."""
    found: dict[str, dict[int, Said]] = {}
    for split in ("dev", "test"):
        key = ""
        for line in _text(data / "esconv" / f"{split}WithStrategy_short.tsv.gz").splitlines():
            window = []
            for one in line.split(" EOS "):
                _, who, number, text = one.strip().split(" ", 3)
                window.append((int(number), Said(who, _plain(re.sub(r"^\[[^\]]*\]", "", text)), None)))
            if window[0][0] == 0 and len(window) == 2:
                key = f"esconv {split} {len(found)}"
            found.setdefault(key, {}).update(window)
    return {key: [turns[n] for n in sorted(turns)] for key, turns in found.items()}


def emobank(data: Path) -> tuple[list[str], NDArray[np.float64]]:
    """EmoBank: sentences, and their valence, 1..5."""
    rows = list(csv.DictReader(io.StringIO(_text(data / "emobank" / "emobank.csv.gz"))))
    return [row["text"] for row in rows], np.array([float(row["V"]) for row in rows])


def pairs(dialogues: Dialogues) -> list[Pair]:
    """Replies that follow right on a turn of somebody else."""
    return [
        Pair(key.split()[0], key, a, b)
        for key, turns in dialogues.items()
        for a, b in pairwise(turns)
        if a.speaker != b.speaker and a.text and b.text
    ]


def _plain(text: str) -> str:
    """Blanks before punctuation, as corpora of tokens have them, are no part of what was said."""
    text = re.sub(r"\s+([.,!?;:'’])", r"\1", text.strip())
    return re.sub(r"\s+", " ", re.sub(r"(?<=['’])\s+(?=(?:s|t|m|re|ve|ll|d)\b)", "", text))


def _text(path: Path) -> str:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return "\n".join(map(_line, raw.splitlines()))


def _line(raw: bytes) -> str:
    """MELD mixes UTF-8 and code page 1252, line by line."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")
