"""Answers to questions, per arm: read once, exact match where nobody judged them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convalign.errors import StudyError
from convalign.files import loads, readable

RIGHT = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Probe:
    """One question with its answers.

    Attributes
    ----------
    question : as asked
    dialogue : id of the dialogue it belongs to, or None
    correct : arm -> whether it was answered rightly; None = no answer
    """

    question: str
    dialogue: str | None
    correct: Mapping[str, bool | None]


def read_probe(path: Path, arms: Mapping[str, str]) -> list[Probe]:
    """Read a knowledge probe.

    Parameters
    ----------
    path : JSON lines, or CSV with a header; ``question``, ``gold`` and ``answer_<arm>`` for every arm, or
        ``correct_<arm>`` (true or false) where somebody judged; ``dialogue`` is optional
    arms : column suffix -> name of the arm it stands for (an arm's name, or its role)

    Returns
    -------
    [n_questions]. An answer is right when it equals the gold answer after trimming and case folding.

    Raises
    ------
    StudyError
        The file cannot be read, a field is missing, or a question stands twice; with file and line.

    Source
    ------
    methods/statistics.md, section 9.
    """
    found: list[Probe] = []
    seen: dict[str, int] = {}
    for line, row in _rows(path):
        where = f"{path.name}:{line}"
        question = row.get("question")
        if not isinstance(question, str) or not question.strip():
            raise StudyError(f"{where}: no question; give question, gold and answer_<arm>")
        if question in seen:
            raise StudyError(f"{where}: {question[:60]!r} stands in line {seen[question]} too; ask each once")
        seen[question] = line
        correct = {arm: _correct(row, suffix, where) for suffix, arm in arms.items()}
        dialogue = row.get("dialogue")
        found.append(Probe(question, str(dialogue) if dialogue not in (None, "") else None, correct))
    if not found:
        raise StudyError(f"{path.name}: holds no question")
    return found


def _correct(row: Mapping[str, Any], suffix: str, where: str) -> bool | None:
    """Whether one arm's answer is right."""
    judged = row.get(f"correct_{suffix}")
    if judged not in (None, ""):
        if isinstance(judged, bool):
            return judged
        value = RIGHT.get(str(judged).strip().casefold())
        if value is None:
            raise StudyError(f"{where}: correct_{suffix} is {judged!r}; write true or false")
        return value
    if f"answer_{suffix}" not in row and f"correct_{suffix}" not in row:
        raise StudyError(f"{where}: neither answer_{suffix} nor correct_{suffix}; give one for every arm")
    answer, gold = row.get(f"answer_{suffix}"), row.get("gold")
    if answer in (None, ""):
        return None
    if gold in (None, ""):
        raise StudyError(f"{where}: no gold answer to compare answer_{suffix} with")
    return " ".join(str(answer).split()).casefold() == " ".join(str(gold).split()).casefold()


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Lines of the file with their numbers."""
    number = 0
    try:
        with readable(path, most=None).open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() == ".csv":
                for row in (reader := csv.DictReader(file, strict=True)):
                    yield reader.line_num, row
                return
            for number, text in enumerate(file, 1):
                if text.strip():
                    row = loads(text)
                    if not isinstance(row, dict):
                        raise StudyError(f"{path.name}:{number}: no object; write one question per line")
                    yield number, row
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror or 'unreadable'}; name the probe's file") from None
    except json.JSONDecodeError as error:
        raise StudyError(f"{path.name}:{number}: no JSON ({error.msg}); write one object per line") from None
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise StudyError(f"{path.name}: {error}; give UTF-8 JSON lines or CSV") from None
