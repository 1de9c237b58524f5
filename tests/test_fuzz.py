"""Some spoilt inputs of every family (``make fuzz``: 200,000 each), and the fuzzer finds what is there."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import fuzz


@pytest.mark.parametrize("family", fuzz.FAMILIES)
def test_spoilt_inputs_give_one_of_our_errors(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(fuzz, "OUT", tmp_path)
    assert fuzz.plain(family, 1500, seed=11) == 0, capsys.readouterr().out


def test_a_defect_is_found_kept_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from convalign.logs import table

    def broken(*_: object) -> None:
        raise IndexError("a defect")

    monkeypatch.setattr(fuzz, "OUT", tmp_path)
    monkeypatch.setattr(table, "_enter", broken)
    found = fuzz.plain("tables", 200, seed=1)
    assert found == len(list(tmp_path.iterdir())) > 10
    assert "tables: IndexError: a defect" in capsys.readouterr().out


def test_an_input_that_takes_for_ever_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from convalign.logs import table

    entered = []

    def endless(*_: object) -> None:
        entered.append(True)
        while True:
            pass

    monkeypatch.setattr(fuzz, "OUT", tmp_path)
    monkeypatch.setattr(fuzz, "SLOW_S", 0.05)
    monkeypatch.setattr(table, "_enter", endless)
    # How many of the spoilt tables are read that far is their library's business.
    assert fuzz.plain("tables", 30, seed=1) == len(list(tmp_path.iterdir())) == len(entered) > 0


def test_mutations_are_the_same_for_the_same_seed() -> None:
    pool = fuzz.seeds("tables")
    one, other = ([fuzz.mutated(pool[0], pool, random.Random(3)) for _ in range(5)] for _ in range(2))
    assert one == other
