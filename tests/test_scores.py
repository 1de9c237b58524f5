"""Score rows: baseline, excess and p by hand, reasons, and tables that are whole or refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from convalign.errors import RunError
from convalign.scores import (
    REASONS,
    Score,
    TurnScore,
    dumps,
    line,
    read_rows,
    row,
    turn_row,
    write_text,
)


def made(value: float | None, **more: Any) -> Score:
    return row("d1", "lexical", "entrainment", "agent->user", **{"value": value, "n": 8, **more})


@pytest.mark.parametrize(
    ("tail", "p"),
    [
        # 0.5 against 0.1 0.3 0.5 0.9: two are as high or higher, three as low or lower.
        ("upper", 3 / 5),
        ("two", 1.0),  # 2 * (1 + 2) / 5 = 1.2, at most 1
        (None, None),
    ],
)
def test_p_counts_ties_against_the_value(tail: Any, p: float | None) -> None:
    score = made(0.5, surrogates=[0.1, 0.3, 0.5, 0.9], tail=tail)
    assert score.p == p
    assert score.surrogates == 4


def test_two_tails_take_the_smaller_one() -> None:
    chance = [float(i) for i in range(39)]
    # Below all 39: upper 40/40, two tails 2 * (1 + 0) / 40.
    assert made(-1.0, surrogates=chance).p == 1.0
    assert made(-1.0, surrogates=chance, tail="two").p == pytest.approx(0.05, abs=1e-15)
    assert made(99.0, surrogates=chance).p == pytest.approx(0.025, abs=1e-15)
    assert made(99.0, surrogates=chance, tail="two").p == pytest.approx(0.05, abs=1e-15)


def test_baseline_is_the_mean_and_excess_the_difference() -> None:
    # mean (1 + 2 + 6) / 3 = 3; squares 4 + 1 + 9 = 14, over n - 1 = 2: sd = sqrt 7
    score = made(5.0, surrogates=[1.0, 2.0, 6.0])
    assert (score.baseline, score.excess) == (3.0, 2.0)
    assert score.baseline_sd == pytest.approx(7**0.5, rel=1e-15)
    assert (score.status, score.reason) == ("scored", None)


def test_one_surrogate_has_no_spread() -> None:
    score = made(5.0, surrogates=[1.0])
    assert (score.baseline, score.baseline_sd, score.p) == (1.0, None, 0.5)


def test_a_baseline_may_be_given() -> None:
    score = made(5.0, surrogates=[1.0, 3.0], baseline=4.0)
    assert (score.baseline, score.excess, score.surrogates) == (4.0, 1.0, 2)


def test_a_value_without_chance_level_keeps_its_reason() -> None:
    score = made(0.5, reason="too few strangers")
    assert (score.value, score.baseline, score.excess, score.p) == (0.5, None, None, None)
    assert (score.status, score.reason) == ("scored", "too few strangers")


def test_a_reason_goes_when_nothing_is_null() -> None:
    assert made(0.5, surrogates=[0.5], reason="too few pairs").reason is None


def test_unscored_rows_hold_no_numbers() -> None:
    score = made(None, surrogates=[0.5, 0.6], reason="no words")
    assert (score.value, score.baseline, score.excess, score.p) == (None, None, None, None)
    assert (score.status, score.reason, score.n, score.surrogates) == ("unscored", "no words", 8, 0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_numbers_are_finite(bad: float) -> None:
    message = f"d1: lexical.entrainment: {bad} is not finite; a scorer gives None with a reason"
    for more in ({"value": bad}, {"value": 1.0, "surrogates": [0.5, bad]}, {"value": 1.0, "baseline": bad}):
        with pytest.raises(RunError, match=re.escape(message)):
            made(**more)
    with pytest.raises(RunError, match="is not finite; a scorer gives None with a reason"):
        turn_row("d1", 0, "a", "lexical", "x", None, n=1, value=bad)
    with pytest.raises(RunError, match="is not finite; a scorer gives None with a reason"):
        turn_row("d1", 0, "a", "lexical", "x", None, n=1, value=1.0, baseline=bad)


def test_a_null_has_a_reason_from_the_list() -> None:
    with pytest.raises(
        RunError, match=r"d1: lexical.entrainment: null without a reason; there are: no audio"
    ):
        made(None)
    with pytest.raises(RunError, match="null without a reason"):
        made(0.5)
    with pytest.raises(RunError, match="unknown reason 'because'; there are: no audio"):
        made(None, reason="because")
    with pytest.raises(RunError, match="unknown reason None; there are: no audio"):
        turn_row("d1", 0, "a", "lexical", "x", None, value=None, n=0)


def test_reasons_are_words_with_a_sentence() -> None:
    assert all(name == name.lower() and not name.endswith(".") for name in REASONS)
    assert all(text and not text.endswith(".") for text in REASONS.values())
    assert len(set(REASONS.values())) == len(REASONS)


def test_turn_rows() -> None:
    scored = turn_row("d1", 3, "bot", "lexical", "m", "agent->user", value=0.75, n=2, baseline=0.5)
    assert (scored.value, scored.baseline, scored.excess, scored.status) == (0.75, 0.5, 0.25, "scored")
    plain = turn_row("d1", 3, "bot", "lexical", "m", None, value=0.75, n=2)
    assert (plain.baseline, plain.excess, plain.direction, plain.reason) == (None, None, None, None)
    missing = turn_row("d1", 3, "bot", "lexical", "m", None, value=None, n=0, reason="no words", baseline=0.5)
    assert (missing.value, missing.baseline, missing.status) == (None, None, "unscored")


ROWS = [
    row("d\u2028 \u00e9", "lexical", "m", "a->b", value=0.1 + 0.2, n=3, surrogates=[0.1, 1e-300, 5.0]),
    row("d2", "lexical", "m", "a->b", value=None, n=0, reason="one speaker"),
]


def test_rows_read_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl"
    write_text(path, "".join(line(one) + "\n" for one in ROWS))
    assert list(read_rows(path, Score)) == ROWS
    assert "".join(line(one) + "\n" for one in read_rows(path, Score)).encode() == path.read_bytes()
    assert "0.30000000000000004" in path.read_text(encoding="utf-8")


def test_keys_of_a_row_stand_as_designed() -> None:
    keys = list(json.loads(line(ROWS[0])))
    assert keys[:10] == [
        "dialogue", "dimension", "metric", "direction", "value", "baseline", "excess", "n", "status",
        "reason",
    ]  # fmt: skip
    turn = turn_row("d1", 0, "a", "lexical", "m", None, value=1.0, n=1)
    assert list(json.loads(line(turn)))[:3] == ["dialogue", "turn", "speaker"]


def test_turn_rows_read_back(tmp_path: Path) -> None:
    rows = [turn_row("d1", i, "a", "lexical", "m", None, value=float(i), n=1) for i in range(3)]
    write_text(tmp_path / "turns.jsonl", "".join(line(one) + "\n" for one in rows))
    assert list(read_rows(tmp_path / "turns.jsonl", TurnScore)) == rows


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("{", r"rows\.jsonl:2: .*; score the log again"),
        ("[]", r"rows\.jsonl:2: not a row of schema_version 1; score the log again"),
        ('{"dialogue": "d1"}', r"rows\.jsonl:2: not a row of schema_version 1; score the log again"),
        ("", r"rows\.jsonl:2: .*; score the log again"),
    ],
)
def test_a_line_that_is_no_row_is_said(tmp_path: Path, second: str, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{line(ROWS[0])}\n{second}\n", encoding="utf-8")
    reading = read_rows(path, Score)
    assert next(reading) == ROWS[0]
    with pytest.raises(RunError, match=message):
        next(reading)


def test_rows_of_the_other_table_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl"
    write_text(path, line(ROWS[0]) + "\n")
    with pytest.raises(RunError, match=r"dialogues\.jsonl:1: not a row"):
        list(read_rows(path, TurnScore))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        RunError, match="No such file or directory; name a run folder made by convalign score"
    ):
        list(read_rows(tmp_path / "dialogues.jsonl", Score))


def test_numbers_are_written_without_nan() -> None:
    assert dumps({"a": 1e-7, "b": "\u00e9"}) == '{"a": 1e-07, "b": "\u00e9"}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps({"a": float("nan")})


def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_text(path, "one\ntwo\u00e9\n")
    assert path.read_bytes() == "one\ntwo\u00e9\n".encode()
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        write_text(path, "three" * 100_000 + "\ud800")
    assert path.read_bytes() == "one\ntwo\u00e9\n".encode()
    write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
