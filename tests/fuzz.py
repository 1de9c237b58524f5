"""Fuzz what reads files that somebody else wrote: no traceback, no hang, no growth.

    python tests/fuzz.py                      every family, 200,000 inputs each
    python tests/fuzz.py --inputs 2000 json   one of them, fewer
    python tests/fuzz.py --replay FILE json   one input again

Guided by coverage where atheris is installed, else by seeded mutations of the same small files that the
tests read. An input that ends in anything but one of our errors stays in build/fuzz and is printed.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).parent
OUT = HERE.parent / "build" / "fuzz"
SLOW_S = 10.0
"""An input that takes longer is a finding; seconds of this process, so that a busy machine finds nothing."""
MEMORY = 6 << 30
LARGEST = 1 << 16
"""Bytes of an input."""
SHORT = 1 << 12
"""Bytes of an input that is guided: short ones reach as many lines of code in a fraction of the time."""

READERS = {
    "json": ("canonical", "openai", "sharegpt", "json", "chatgpt", "harper_valley", "convokit", "seglst"),
    "evaluation": ("deepeval", "ragas", "inspect"),
    "recognisers": ("whisperx", "deepgram", "transcribe"),
    "traces": ("langfuse", "langsmith", "otel", "openinference"),
    "tables": ("csv", "align", "dialign"),
    "lines": ("stm", "ctm", "rttm"),
    "subtitles": ("vtt", "srt"),
    "annotations": ("textgrid", "elan"),
    "chat": ("chat",),
    "binary": ("parquet", "inspect"),
    "packed": ("",),
}
"""Family -> formats; "" = known by content."""
FAMILIES = (*READERS, "rubric", "study", "sound")


def seeds(family: str) -> list[bytes]:
    """Small sound files of a family."""
    from importlib import resources

    import test_logs_formats as text

    corpora, rubrics = resources.files("convalign.corpora"), resources.files("convalign.rubrics")
    more: dict[str, Callable[[], list[bytes]]] = {
        "json": lambda: [_lines(), *(json.dumps(one).encode() for one in _chats())],
        "tables": lambda: [
            b'dialogue,speaker,text,start,end\nd,A,hi,0.5,1\nd,B,"a ""b"", c",1.5,2\n',
            b"participant\tcontent\nA\thi there\nB\thello\n",
            b"A:\thi there\nB:\thello\n",
        ],
        "lines": lambda: [text.rttm().encode()],
        "binary": _binary,
        "packed": _packed,
        "rubric": lambda: [(rubrics / f"{name}.json").read_bytes() for name in ("tutoring", "mental_health")],
        "study": lambda: [(corpora / "demo" / "study.json").read_bytes()],
        "sound": sounds,
    }
    named = [text.FORMATS[name][1]().encode() for name in READERS.get(family, ()) if name in text.FORMATS]
    return (named if family != "binary" else []) + more.get(family, list)()


def _lines() -> bytes:
    import example

    return "".join(json.dumps(one) + "\n" for one in example.records(2, turns=4)).encode()


def _chats() -> list[object]:
    import test_logs_formats as text

    rows = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]
    return [{"messages": text.chat(3)}, {"conversations": rows}]


def _binary() -> list[bytes]:
    import test_logs_binary as binary

    kinds = ("parquet", "file", "stream")
    sets = [binary.written(form, kind) for form in ("messages", "rows", "texts") for kind in kinds]
    return [*sets, *(binary.zipped(method) for method in (0, 8, 93))]


def _packed() -> list[bytes]:
    import gzip

    import zstandard

    return [gzip.compress(_lines()), zstandard.compress(_lines()), _lines()]


def sounds() -> list[bytes]:
    """A tenth of a second of two channels in every container."""
    import numpy as np
    import soundfile

    wave = 0.3 * np.sin(2 * np.pi * 220 * np.arange(1600) / 16_000)
    made = []
    for kind, subtype in (
        ("WAV", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", None),
    ):
        stream = io.BytesIO()
        soundfile.write(stream, np.stack([wave, wave], 1), 16_000, format=kind, subtype=subtype)
        made.append(stream.getvalue())
    return made


def target(family: str) -> Callable[[bytes], None]:
    """What is done with an input; anything but our own errors is a finding."""
    from convalign.errors import ConvalignError

    if family in READERS:
        do = _reader(READERS[family])
    else:
        do = {"rubric": _file("rubric"), "study": _file("study"), "sound": _sound}[family]

    def stop(*_: object) -> None:
        raise AssertionError(f"took over {SLOW_S:g} s")

    def run(data: bytes) -> None:
        signal.signal(signal.SIGPROF, stop)
        signal.setitimer(signal.ITIMER_PROF, SLOW_S)
        try:
            do(data)
        except ConvalignError as error:
            message = str(error)
            assert message.strip(), "an error without a message"
            assert "\n" not in message.strip(), f"a message of several lines: {message!r}"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    return run


def _reader(names: tuple[str, ...]) -> Callable[[bytes], None]:
    from convalign import logs

    def do(data: bytes) -> None:
        # The first byte says which reader is forced; half of the inputs are known by content.
        which = data[0] % (2 * len(names)) if data else 0
        name = names[which] if which < len(names) else ""
        body = data[1:]
        before, sys.stdin = sys.stdin, SimpleNamespace(buffer=io.BytesIO(body))  # type: ignore[assignment]
        try:
            options = logs.ReadOptions(format=name or None, record_limit=1 << 20, on_error="skip")
            written = io.StringIO()
            logs.write_canonical(logs.read("-", options), written)
            written.getvalue().encode("utf-8")
        finally:
            sys.stdin = before

    return do


def _file(kind: str) -> Callable[[bytes], None]:
    from convalign import rubric, study

    load = {"rubric": rubric.load, "study": study.load}[kind]
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def do(data: bytes) -> None:
        path = folder / f"{kind}.json"
        path.write_bytes(data)
        load(path)  # type: ignore[operator]

    return do


def _sound(data: bytes) -> None:
    from convalign import audio
    from convalign.dialogue import from_record

    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        (Path(folder) / "a.wav").write_bytes(data)
        turns = [
            {"speaker": name, "text": "x", "start_s": begin, "end_s": begin + 0.05}
            for name, begin in (("A", 0.0), ("B", 0.05), ("A", 1e6))
        ]
        record = {"id": "d", "turns": turns, "audio": {"path": "a.wav", "channels": {"A": 0, "B": 1}}}
        for heard in audio.turns(from_record(record, root=folder)):
            assert heard is not None


def mutated(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """One change, or a few, of the kinds that break readers."""
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        at = draw.randrange(len(made) + 1)
        kind = draw.randrange(9)
        if kind == 0 and made:
            made[min(at, len(made) - 1)] = draw.randrange(256)
        elif kind == 1:
            made[at:at] = draw.choice(TOKENS)
        elif kind == 2:
            del made[at : at + draw.choice((1, 2, 10, 100))]
        elif kind == 3:
            other = draw.choice(others)
            start = draw.randrange(len(other) + 1)
            made[at:at] = other[start : start + draw.randrange(1, 200)]
        elif kind == 4 and made:
            start = draw.randrange(len(made))
            made[at:at] = made[start : start + draw.randrange(1, 100)] * draw.choice((1, 2, 20))
        elif kind == 5:
            del made[at:]
        elif kind == 6:
            end = at + draw.randrange(1, 30)
            made[at:end] = draw.choice(TOKENS)
        elif kind == 7 and made:
            place = min(at, len(made) - 1)
            made[place] = (made[place] + draw.choice((1, 255, 128))) % 256
        else:
            made[at:at] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 9)))
    return bytes(made[:LARGEST])


TOKENS = [
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"-1", b"1e999", b"NaN", b"9" * 400, b"0.5",
    b"\\ud800", b"\\u0000", b"\x00", b"\r", b"\n", b"\r\n", b"\t", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\xe2\x80\xa8", b"\xc3", b"[" * 300, b'{"a":' * 300, b"-->", b"<v a>", b"&amp;",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<", b">", b'""', b"'", b"=cmd()", b"../../etc/passwd",
    b"/etc/passwd", b"speaker", b"text", b"role", b"content", b"turns", b"messages", b"start", b"end",
    b"<NA>", b";;", b"xxx", b"\x15", b"@End", b"%mor:", b"00:00:01.000", b"1e308", b"-0", b"\x1f\x8b",
    b"(\xb5/\xfd",
]  # fmt: skip


def plain(family: str, inputs: int, seed: int) -> int:
    """Seeded mutations; returns the number of findings."""
    draw, run, pool = random.Random(f"{family} {seed}"), target(family), seeds(family)
    findings, began = 0, time.monotonic()
    first = bytes([0]) if family in READERS else b""
    for number in range(inputs):
        head = bytes([draw.randrange(256)]) if first else b""
        data = head + mutated(draw.choice(pool), pool, draw)
        try:
            run(data)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            findings += 1
            OUT.mkdir(parents=True, exist_ok=True)
            path = OUT / f"{family}-{number}"
            path.write_bytes(data)
            print(f"{family}: {type(error).__name__}: {str(error)[:200]} ({path})", flush=True)
    took = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{family}: {inputs:,} inputs, {findings} findings, {inputs / took:,.0f} a second, peak {peak} MB",
        flush=True,
    )
    return findings


def guided(family: str, inputs: int) -> int:
    """The same inputs to start from, then by coverage; in a process of its own, which atheris ends."""
    corpus = OUT / "corpus" / family
    corpus.mkdir(parents=True, exist_ok=True)
    pool = seeds(family)
    for number, seed in enumerate(pool):
        (corpus / f"seed{number}").write_bytes((b"\xff" if family in READERS else b"") + seed)
    command = [
        sys.executable, __file__, "--child", family, f"-runs={inputs}",
        f"-max_len={max(SHORT, 2 * max(map(len, pool)))}", "-timeout=600",
        f"-artifact_prefix={OUT}/{family}-", "-print_final_stats=1", "-verbosity=0", "-rss_limit_mb=4096",
        str(corpus),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    said = [line for line in done.stderr.splitlines() if "stat::" in line]
    print(f"{family} (guided): exit {done.returncode}; {'; '.join(said)}", flush=True)
    if done.returncode:
        print(done.stderr[-3000:], flush=True)
    return int(done.returncode != 0)


def main() -> int:
    """Fuzz families; the exit code says whether something was found."""
    if "--child" in sys.argv:
        return _child()
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("families", nargs="*", default=list(FAMILIES), help="which (default: all)")
    options.add_argument("--inputs", type=int, default=200_000, help="of each family")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--guided", action="store_true", help="by coverage (needs atheris)")
    options.add_argument("--replay", type=Path, metavar="FILE")
    given = options.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    if given.replay:
        target(given.families[0])(given.replay.read_bytes())
        return 0
    found = 0
    for family in given.families:
        found += guided(family, given.inputs) if given.guided else plain(family, given.inputs, given.seed)
    return int(found > 0)


def _child() -> int:
    import atheris

    family = sys.argv[sys.argv.index("--child") + 1]
    rest = [one for one in sys.argv[1:] if one not in ("--child", family)]
    with atheris.instrument_imports(include=["convalign.logs", "convalign.rubric", "convalign.study"]):
        from convalign import logs, rubric, study

        logs.formats()
        del rubric, study
    atheris.Setup([sys.argv[0], *rest], target(family))
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main())
