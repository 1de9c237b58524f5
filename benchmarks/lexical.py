"""The lexical dimension against its yardstick; rewrites its part of benchmarks/README.md.

    python benchmarks/lexical.py DATA

DATA holds ``sgd_10000.jsonl.gz``, ``sgd_100000.jsonl.gz`` and ``long/long_N.jsonl.gz``, which are not
part of the project. The programs ``convokit`` and ``align`` are for `peers.py`.

Every program runs in a process of its own and tells its CPU seconds; the programs of a round run one
after the other, and a ratio is taken within its round. The yardstick is
``spacy.blank("en").tokenizer`` over the same texts.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from page import put

MARK = "<!-- lexical -->"


def records(path: Path) -> list[dict[str, Any]]:
    """Dialogues of a canonical log."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def tokens(path: Path) -> list[list[tuple[str, tuple[str, ...]]]]:
    """Speaker and tokens of every turn of every dialogue."""
    from convalign.dimensions.lexical.words import reader

    read = reader("en")
    found = []
    for record in records(path):
        forms = read.forms([turn["text"] for turn in record["turns"]])
        found.append([(t["speaker"], own) for t, own in zip(record["turns"], forms, strict=True)])
    return found


# ------------------------------------------------------------------ programs: path -> CPU seconds


def yardstick(path: Path) -> float:
    """spaCy's tokeniser."""
    import spacy

    texts = [turn["text"] for record in records(path) for turn in record["turns"]]
    tokenizer = spacy.blank("en").tokenizer
    started = time.process_time()
    for text in texts:
        tokenizer(text)
    return time.process_time() - started


def whole(path: Path) -> float:
    """Reading, every metric of the dimension with 20 strangers, writing the run."""
    from convalign.logs import ReadOptions, Report
    from convalign.scale import score_to_run
    from convalign.scoring import scorers

    chosen = scorers(["lexical"], {})
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        score_to_run([str(path)], Path(folder) / "run", chosen, read=ReadOptions(), report=Report())
        return time.process_time() - started


def expressions(path: Path) -> float:
    """Shared expressions alone, 64 dialogues in one array."""
    import numpy as np

    from convalign.dimensions.lexical import repeats

    dialogues = tokens(path)
    started = time.process_time()
    for begin in range(0, len(dialogues), 64):
        numbers: dict[str, int] = {}
        form, turn, speaker, owner = [], [], [], []
        count = 0
        for place, dialogue in enumerate(dialogues[begin : begin + 64]):
            names: dict[str, int] = {}
            for name, forms in dialogue:
                who = names.setdefault(name, len(names))
                form += [numbers.setdefault(one, len(numbers)) for one in forms]
                turn += [count] * len(forms)
                speaker += [who] * len(forms)
                owner += [place] * len(forms)
                count += 1
        letters = np.array([any(map(str.isalpha, one)) for one in numbers])
        ids = np.array(form)
        made = repeats.Tokens(ids, letters[ids], np.array(turn), np.array(speaker), np.array(owner))
        found = repeats.shared(made)
        repeats.covered(found, made.turn[found.start] >= found.established[found.entry], len(ids))
    return time.process_time() - started


def dictionary(path: Path) -> float:
    """The same measures by the definition: every n-gram in a dictionary, longest first."""
    dialogues = tokens(path)
    started = time.process_time()
    for dialogue in dialogues:
        by_dictionary(dialogue)
    return time.process_time() - started


def by_dictionary(dialogue: list[tuple[str, tuple[str, ...]]]) -> tuple[int, int]:
    """Size of the lexicon, and tokens in established expressions."""
    places: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for turn, (_, forms) in enumerate(dialogue):
        for start in range(len(forms)):
            for end in range(start + 1, len(forms) + 1):
                places.setdefault(forms[start:end], []).append((turn, start))
    shared = {
        gram: where
        for gram, where in places.items()
        if len(where) > 1 and len({dialogue[turn][0] for turn, _ in where}) > 1
        and any(character.isalpha() for form in gram for character in form)
    }  # fmt: skip
    reach: list[list[int]] = [[0] * len(forms) for _, forms in dialogue]
    free: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for gram in sorted(shared, key=len, reverse=True):
        mine = [(t, s) for t, s in shared[gram] if max(reach[t][: s + 1]) < s + len(gram)]
        for turn, start in mine:
            reach[turn][start] = max(reach[turn][start], start + len(gram))
        if mine:
            free[gram] = mine
    hit: set[tuple[int, int]] = set()
    for gram, where in free.items():
        firsts: dict[str, int] = {}
        for turn, _ in shared[gram]:
            firsts.setdefault(dialogue[turn][0], turn)
        established = max(sorted(firsts.values())[1], where[0][0])
        hit |= {(t, s + k) for t, s in where if t >= established for k in range(len(gram))}
    return len(free), len(hit)


def coordination(path: Path) -> float:
    """Coordination of both roles, as ConvoKit gives it; no permutations, no intervals."""
    from convalign.dialogue import from_record
    from convalign.dimensions.lexical import coordination as measure

    dialogues = [from_record(record) for record in records(path)]
    started = time.process_time()
    measure(dialogues, permutations=0, resamples=0)
    return time.process_time() - started


def cosines(path: Path) -> float:
    """Cosines of uni- and bigrams on tokens and lemmas, turn by turn."""
    from convalign.dialogue import from_record
    from convalign.dimensions.lexical import turn_similarity

    dialogues = [from_record(record) for record in records(path)]
    started = time.process_time()
    for dialogue in dialogues:
        turn_similarity(dialogue)
        turn_similarity(dialogue, level="lemmas")
    return time.process_time() - started


def one_dialogue(path: Path) -> float:
    """Every shared-expression measure of one long dialogue, from its text."""
    from convalign.dialogue import from_record
    from convalign.dimensions.lexical import shared_expressions

    dialogue = from_record(records(path)[0])
    shared_expressions(from_record({"id": "warm", "turns": [{"speaker": "a", "text": "once"}]}))
    started = time.process_time()
    shared_expressions(dialogue)
    return time.process_time() - started


def convokit(path: Path) -> float:
    """PyPI convokit: Coordination, fit and summarize."""
    from convokit import Coordination, Corpus, Speaker, Utterance

    speakers: dict[str, Any] = {}
    utterances = []
    for record in records(path):
        before = None
        for number, turn in enumerate(record["turns"]):
            speaker = speakers.setdefault(turn["speaker"], Speaker(id=turn["speaker"]))
            name, first = f"{record['id']}-{number}", f"{record['id']}-0"
            utterances.append(
                Utterance(id=name, speaker=speaker, conversation_id=first, reply_to=before, text=turn["text"])
            )
            before = name
    corpus = Corpus(utterances=utterances)
    started = time.process_time()
    model = Coordination()
    model.fit(corpus)
    model.transform(corpus)
    model.summarize(corpus)
    return time.process_time() - started


def align(path: Path) -> float:
    """PyPI align 0.1.1: its lexical and tag scores; tokens and one tag for all are given to it."""
    from align.calculate_alignment import LexicalPOSAlignment

    spoken = [[turn["text"].lower().split() for turn in record["turns"]] for record in records(path)]
    tagged = [[[(word, "NN") for word in turn] for turn in turns] for turns in spoken]
    started = time.process_time()
    for turns, tags in zip(spoken, tagged, strict=True):
        for place in range(1, len(turns)):
            one, two = turns[place - 1], turns[place]
            LexicalPOSAlignment(
                one, one, tags[place - 1], tags[place - 1], two, two, tags[place], tags[place]
            )
    return time.process_time() - started


PROGRAMS: dict[str, Callable[[Path], float]] = {
    program.__name__: program
    for program in (
        yardstick, whole, expressions, dictionary, coordination, cosines, one_dialogue, convokit, align,
    )
}  # fmt: skip


# ------------------------------------------------------------------ the table


def run(python: str, name: str, path: Path) -> dict[str, float]:
    """One program in a process of its own."""
    done = subprocess.run(
        [python, __file__, "--program", name, str(path)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def twice(path: Path, log: Path) -> Path:
    """Write every dialogue of a log two times, with two ids."""
    with log.open("w", encoding="utf-8") as stream:
        for again in ("", " again"):
            for record in records(path):
                stream.write(json.dumps(record | {"id": record["id"] + again}) + "\n")
    return log


def rows(data: Path, rounds: int) -> Iterator[str]:
    """Lines of the table."""
    ours, small, large = sys.executable, data / "sgd_10000.jsonl.gz", data / "sgd_100000.jsonl.gz"

    def line(what: str, ratios: list[float], first: list[float], second: list[float], bound: str) -> str:
        middle = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        seconds = f"{statistics.median(first):.3g} | {statistics.median(second):.3g}"
        return f"| {what} | {seconds} | {middle} | {bound} |"

    def against(what: str, a: tuple[str, str, Path], b: tuple[str, str, Path], bound: str) -> str:
        pairs = [(run(*a)["cpu"], run(*b)["cpu"]) for _ in range(rounds)]
        first, second = [x for x, _ in pairs], [y for _, y in pairs]
        return line(what, [y / x for x, y in pairs], first, second, bound)

    yard = (ours, "yardstick")
    yield against(
        "whole dimension, 20 strangers, reading and writing, 100,004 turns / yardstick",
        (*yard, large), (ours, "whole", large), "at most 20",
    )  # fmt: skip
    yield against(
        "shared expressions by dictionary / by suffix array, 10,016 turns",
        (ours, "expressions", small), (ours, "dictionary", small), "at least 3",
    )  # fmt: skip
    yield against(
        "shared expressions of one dialogue, 8,000 turns / 2,000 turns",
        (ours, "one_dialogue", data / "long" / "long_2000.jsonl.gz"),
        (ours, "one_dialogue", data / "long" / "long_8000.jsonl.gz"), "at most 4.5",
    )  # fmt: skip
    memory = [(run(ours, "whole", small)["mb"], run(ours, "whole", large)["mb"]) for _ in range(rounds)]
    yield line(
        "peak memory in MB, 6,266 dialogues / 647 dialogues",
        [b / a for a, b in memory], [a for a, _ in memory], [b for _, b in memory], "about 1",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        log = twice(large, Path(folder) / "twice.jsonl")
        grown = [(old, run(ours, "whole", log)["mb"]) for _, old in memory]
    yield line(
        "peak memory in MB, 12,532 dialogues (the same twice) / 6,266",
        [b / a for a, b in grown], [a for a, _ in grown], [b for _, b in grown], "about 1",
    )  # fmt: skip
    yield against(
        "our coordination, 10,016 turns / yardstick", (*yard, small), (ours, "coordination", small), ""
    )
    yield against(
        "our cosines, tokens and lemmas, 10,016 turns / yardstick",
        (*yard, small),
        (ours, "cosines", small),
        "",
    )


def main() -> int:
    """Measure and write, or be one of the programs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--program", choices=PROGRAMS, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.program:
        cpu = PROGRAMS[given.program](given.data)
        print(json.dumps({"cpu": cpu, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return 0
    table = ["| what | first, s | second, s | ratio (min to max) | bound |", "|---|---|---|---|---|"]
    for one in rows(given.data, given.rounds):
        table.append(one)
        print(one, flush=True)
    put(MARK, table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
