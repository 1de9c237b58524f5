"""The arguments of every verb; standard library only, because ``--help`` must be quick."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import metadata
from typing import Any

EXIT_HELP = (
    "exit codes: 0 done, 1 gate failed, 2 usage, 3 unreadable input, "
    "4 finished but some dialogues could not be scored, 5 nothing could be scored"
)


class Version(argparse.Action):
    """Prints the installed version."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        """Print and exit 0."""
        print(f"convalign {metadata.version('convalign')}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Build the parser of the command with all its verbs."""
    top = argparse.ArgumentParser(
        prog="convalign",
        description="Lexical, emotional and prosodic alignment of dialogues, scored apart and above chance.",
        epilog=EXIT_HELP,
    )
    top.add_argument("--version", action=Version, nargs=0, help="print the version")
    top.add_argument(
        "--config",
        metavar="FILE",
        help="options from this file instead of convalign.toml of the working folder",
    )
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)

    def verb(name: str, module: str, text: str, *, function: str | None = None) -> argparse.ArgumentParser:
        one = verbs.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", epilog=EXIT_HELP
        )
        one.set_defaults(module=module, verb=function or name)
        return one

    _score(verb("score", "score", "read dialogue logs, score every dimension apart, write a run"))
    _judge(verb("judge", "judge", "judge a run by a rubric: met, unmet or unknown, per dimension"))
    _review(verb("review", "review", "test what a study's arms changed and write the design review"))
    _intervene(verb("intervene", "edit", "edit one speaker's turns towards the partner, on one dimension"))
    _demo(verb("demo", "review", "score, edit and review the bundled corpus"))
    _convert(
        verb(
            "convert",
            "edit",
            "read any known format, write canonical JSON lines, CSV, ConvoKit or chats",
        )
    )
    listing = verb("formats", "listing", "list the log formats that can be read")
    _json(listing)
    _json(verb("dimensions", "listing", "list the dimensions with their metrics"))
    _json(verb("rubrics", "listing", "list the shipped rubrics"))
    schema = verb("schema", "listing", "print the JSON Schema of a file")
    schema.add_argument("name", nargs="?", help="of which file; without it, list them")
    _json(schema)
    completion = verb("completion", "listing", "print a script that completes verbs and options in a shell")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")
    doctor = verb(
        "doctor", "listing", "say what is installed, what is missing, and whether numbers are right here"
    )
    doctor.add_argument(
        "--affect", metavar="MODEL", help="try this affect model instead of the default scorers"
    )
    _json(doctor)
    return top


def _json(one: argparse.ArgumentParser) -> None:
    one.add_argument("--json", action="store_true", help="print JSON instead of a table")


def _quiet(one: argparse.ArgumentParser) -> None:
    one.add_argument("--quiet", action="store_true", help="no progress and no summary on stderr")


def _reading(one: argparse.ArgumentParser) -> None:
    """How logs are read."""
    group = one.add_argument_group("reading")
    group.add_argument("--format", metavar="NAME", help="do not guess the format (see: convalign formats)")
    group.add_argument("--encoding", default="utf-8", help="of text files (default utf-8)")
    group.add_argument(
        "--columns", type=pairs, default={}, metavar="FIELD=COLUMN,...",
        help="columns, or fields of rows: dialogue=call_id,speaker=who,text=line,start=t0,end=t1",
    )  # fmt: skip
    group.add_argument(
        "--roles", type=pairs, default={}, metavar="SPEAKER=ROLE,...",
        help="who is user and who is agent: caller=user,desk=agent",
    )  # fmt: skip
    group.add_argument("--merge", action="store_true", help="join consecutive turns of one speaker")
    group.add_argument(
        "--tiers", type=pairs, default={}, metavar="SPEAKER=TIER,...",
        help="TextGrid and ELAN: read only these tiers, also those of single words: user=A,agent=B",
    )  # fmt: skip
    group.add_argument(
        "--turn-gap", dest="turn_gap", type=positive, metavar="SECONDS",
        help="silence that ends a turn made of recognised words (default 2)",
    )  # fmt: skip
    group.add_argument(
        "--speakers", type=names, metavar="NAME,NAME",
        help="who takes turns in a log of texts without speakers: user,agent",
    )  # fmt: skip
    group.add_argument(
        "--audio", metavar="DIR", help="folder with the sound: ID.wav, ID.SPEAKER.wav or SPEAKER/ID.wav"
    )
    group.add_argument(
        "--channels", type=channel_map, default={}, metavar="SPEAKER=N,...",
        help="which channel holds whom: user=0,agent=1",
    )  # fmt: skip
    group.add_argument(
        "--on-error", choices=("stop", "skip"), default="stop",
        help="a record that cannot be read stops the run (default) or is left out and counted",
    )  # fmt: skip
    group.add_argument("--limit", type=whole(1), metavar="N", help="read at most N dialogues")


def _scoring(one: argparse.ArgumentParser) -> None:
    """What changes a number; the names are those of the dimensions' settings."""
    group = one.add_argument_group("scoring")
    group.add_argument(
        "--dimensions", type=names, metavar="NAME,...",
        help="score only these (default: all that there are)",
    )  # fmt: skip
    group.add_argument(
        "--surrogates",
        type=whole(1),
        metavar="N",
        help="stranger partners per dialogue (default: per dimension)",
    )
    group.add_argument(
        "--within", metavar="FIELD", help="strangers must agree on this meta field (topic, task)"
    )
    group.add_argument("--seed", type=whole(0), metavar="N", help="same seed, same bytes (default 0)")
    group.add_argument(
        "--language",
        metavar="CODE",
        help="of all dialogues; else what each says, or its words show",
    )
    group.add_argument(
        "--spacy", metavar="PIPELINE", help="a spaCy pipeline of your own instead of spacy.blank"
    )
    group.add_argument(
        "--history", type=whole(1), metavar="K", help="lexical: only the partner's last K turns (default all)"
    )
    group.add_argument(
        "--uptake-turns", dest="uptake_turns", type=whole(1), metavar="K",
        help="lexical: in how many next turns uptake looks (default 1)",
    )  # fmt: skip
    group.add_argument("--pattern", metavar="REGEX", help="lexical: only terms that match")
    group.add_argument("--terms", type=names, metavar="TERM,...", help="lexical: only these terms")
    group.add_argument(
        "--terms-file", dest="terms_file", metavar="FILE",
        help="lexical: only the terms of a list, table or ontology (.txt .json .csv .tsv .obo)",
    )  # fmt: skip
    group.add_argument(
        "--numbers", action="store_const", const=True, help="lexical: numbers and codes are content too"
    )
    group.add_argument(
        "--affect", metavar="MODEL",
        help="affect model: default, lexicon, a model folder, or an affect.json that names one of the hub",
    )  # fmt: skip
    group.add_argument(
        "--provider", metavar="NAME", help="where the affect model runs: cpu (default) or cuda"
    )
    group.add_argument(
        "--pitch-engine", dest="pitch_engine", metavar="NAME",
        help="prosodic: swift-f0 (default), pyin, or praat (pip install 'convalign[praat]')",
    )  # fmt: skip
    group.add_argument(
        "--lags", type=whole(1), metavar="N",
        help="prosodic: synchrony with the partner's N last turns, each by itself (default 1, at most 3)",
    )  # fmt: skip
    group.add_argument(
        "--fixed-gain", dest="fixed_gain", action="store_const", const=True,
        help="prosodic: levels of both channels can be compared, so that loudness counts in the headline",
    )  # fmt: skip
    group.add_argument(
        "--rate-text", dest="rate_text", action="store_const", const=True,
        help="prosodic: also the rate of the transcript, in metrics of its own that end in _text",
    )  # fmt: skip


def _score(one: argparse.ArgumentParser) -> None:
    one.add_argument("log", nargs="+", metavar="LOG", help="file, folder, or - for stdin")
    one.add_argument(
        "-o", "--output", required=True, metavar="RUN", help="folder to write, or - to print dialogue rows"
    )
    _reading(one)
    _scoring(one)
    one.add_argument("--study", metavar="STUDY.json", help="stamp this study's declaration into the run")
    one.add_argument(
        "--reference", metavar="RUN", help="use what this run froze (the scale of prosodic proximity)"
    )
    one.add_argument(
        "--table", choices=("jsonl", "parquet"), default="jsonl",
        help="how dialogues and turns are written: JSON lines (default) or Parquet (a fifteenth of the size)",
    )  # fmt: skip
    one.add_argument("--resume", action="store_true", help="go on with an unfinished run, if there is one")
    one.add_argument("--force", action="store_true", help="replace an existing run, drop an unfinished one")
    _quiet(one)
    _working(one)


def _working(one: argparse.ArgumentParser) -> None:
    """Where the work is done; the run is the same to the byte."""
    group = one.add_argument_group("working")
    _jobs(group)
    group.add_argument(
        "--engine", choices=("local", "dask"), default="local",
        help="processes of this machine (default), or Dask (pip install 'convalign[dask]')",
    )  # fmt: skip
    group.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster whose workers reach the folder of RUN"
    )
    group.add_argument(
        "--timeout", type=seconds, default=3600.0, metavar="SECONDS",
        help="what one dialogue may take on one dimension until it is unscored (default 3600; 0: no limit)",
    )  # fmt: skip
    group.add_argument(
        "--worker-memory", dest="worker_memory", type=whole(64), metavar="MB",
        help="what a worker may have; a dialogue that needs more is left unscored",
    )  # fmt: skip


def _jobs(one: Any) -> None:
    one.add_argument(
        "--jobs", type=whole(1), metavar="N",
        help="worker processes (default: as many as there are cores, memory and work for)",
    )  # fmt: skip


def _judge(one: argparse.ArgumentParser) -> None:
    one.add_argument("run", metavar="RUN", help="folder made by convalign score")
    one.add_argument(
        "--rubric", required=True, metavar="NAME|FILE", help="shipped name or file (see: convalign rubrics)"
    )
    one.add_argument("--cluster", metavar="FIELD", help="meta field of dialogues that belong together (user)")
    one.add_argument(
        "--calibrate",
        metavar="FILE",
        help="write a copy of the rubric with bands from this run of human logs",
    )
    one.add_argument(
        "--gate", nargs="?", const="required", choices=("required", "strict"),
        help="exit 1 when a required dimension is unmet; strict: also when unknown",
    )  # fmt: skip
    _json(one)


def _review(one: argparse.ArgumentParser) -> None:
    one.add_argument("study", nargs="?", metavar="STUDY.json", help="the declared study")
    one.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder to write; with --plan, the study file"
    )
    one.add_argument(
        "--plan", type=whole(1), metavar="N",
        help="no review, but what N dialogues can show by a pilot (--baseline, --arm), and a study file",
    )  # fmt: skip
    one.add_argument(
        "--baseline", metavar="RUN", help="without a study: the baseline run (the review is then exploratory)"
    )
    one.add_argument(
        "--arm", action="append", default=[], type=arm, metavar="DIMENSION=RUN", help="an edited run; repeat"
    )
    one.add_argument(
        "--bound",
        action="append",
        default=[],
        type=bound,
        metavar="DIMENSION=NUMBER",
        help="with --arm; repeat",
    )
    one.add_argument("--rubric", action="append", default=[], metavar="NAME|FILE", help="with --arm; repeat")
    one.add_argument("--direction", default="agent->user", help="with --arm (default agent->user)")
    one.add_argument(
        "--gate", action="store_true", help="exit 1 unless every claim is shown and the study was declared"
    )
    one.add_argument(
        "--against", metavar="DIR", help="an earlier review of the same study: say what differs from it"
    )
    one.add_argument("--force", action="store_true", help="replace an existing review")
    _jobs(one)
    _quiet(one)


def _intervene(one: argparse.ArgumentParser) -> None:
    one.add_argument("log", metavar="LOG", help="file, folder, or - for stdin")
    one.add_argument("--dimension", required=True, metavar="NAME", help="which alignment to raise")
    one.add_argument(
        "--strength", type=share, default=1.0, metavar="S", help="0 (nothing) to 1 (every reply; default)"
    )
    one.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="LOG",
        help="canonical JSON lines to write; sound goes beside it",
    )
    one.add_argument(
        "--direction", default="agent->user", help="who is moved towards whom (default agent->user)"
    )
    one.add_argument("--placebo", action="store_true", help="edit as much without moving towards the partner")
    one.add_argument(
        "--terms",
        choices=("neutral", "any", "affect"),
        help="lexical: which of the partner's terms (default neutral)",
    )
    one.add_argument("--seed", type=whole(0), default=0, metavar="N", help="same seed, same edits")
    one.add_argument("--force", action="store_true", help="replace an existing file")
    _reading(one)
    _quiet(one)


def _demo(one: argparse.ArgumentParser) -> None:
    one.add_argument("-o", "--output", required=True, metavar="DIR", help="folder to write")
    one.add_argument("--force", action="store_true", help="replace an existing demo")
    _jobs(one)
    _quiet(one)


def _convert(one: argparse.ArgumentParser) -> None:
    one.add_argument("log", nargs="+", metavar="LOG", help="file, folder, or - for stdin")
    one.add_argument(
        "-o", "--output", required=True, metavar="LOG",
        help="file to write, or - for stdout; a folder for convokit",
    )  # fmt: skip
    one.add_argument(
        "--to", choices=("canonical", "csv", "convokit", "openai"), default="canonical",
        help="what to write (default canonical JSON lines)",
    )  # fmt: skip
    one.add_argument(
        "--excel-safe", action="store_true", help="csv: a quote before cells that a spreadsheet would run"
    )
    one.add_argument("--force", action="store_true", help="replace an existing file")
    _reading(one)
    _quiet(one)


def pairs(text: str) -> dict[str, str]:
    """``a=b,c=d`` as a dict; argparse names the option when it is not."""
    found: dict[str, str] = {}
    for item in text.split(","):
        key, sign, value = item.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise argparse.ArgumentTypeError(f"{item!r} is not NAME=VALUE")
        found[key.strip()] = value.strip()
    return found


def channel_map(text: str) -> dict[str, int]:
    """``user=0,agent=1`` as a dict."""
    try:
        found = {key: int(value) for key, value in pairs(text).items()}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not SPEAKER=0,SPEAKER=1") from None
    if min(found.values()) < 0:
        raise argparse.ArgumentTypeError("channels count from 0")
    return found


def names(text: str) -> tuple[str, ...]:
    """``a,b`` as a tuple."""
    found = tuple(item.strip() for item in text.split(",") if item.strip())
    if not found:
        raise argparse.ArgumentTypeError("names nothing")
    return found


def arm(text: str) -> tuple[str, str]:
    """``lexical=run/`` as a pair."""
    ((key, value),) = pairs(text).items()
    return key, value


def bound(text: str) -> tuple[str, float]:
    """``lexical=.05`` as a pair."""
    key, value = arm(text)
    try:
        return key, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is no number") from None


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def seconds(text: str) -> float:
    """A number of seconds, 0 or more."""
    return 0.0 if text.strip() in ("0", "0.0") else positive(text)


def whole(least: int) -> Callable[[str], int]:
    """A type for argparse: whole numbers from `least` on."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return convert


def given(arguments: argparse.Namespace, keys: tuple[str, ...]) -> dict[str, Any]:
    """Options that were set, by name."""
    return {key: getattr(arguments, key) for key in keys if getattr(arguments, key) is not None}
