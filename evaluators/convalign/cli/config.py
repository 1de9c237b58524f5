"""Options from the environment and from ``convalign.toml``; standard library only.

One precedence: command line, environment, file, default. ``CONVALIGN_SURROGATES=40`` and

    surrogates = 40          # every verb that has the option
    [review]
    gate = true              # this verb alone

say the same as ``--surrogates 40`` and ``convalign review --gate``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from convalign.errors import UsageError
from convalign.files import readable

FILE = "convalign.toml"
PREFIX = "CONVALIGN_"
TRUTH = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}

Found = dict[str, dict[str, tuple[Any, str]]]
"""Verb -> option -> value and where it is from."""


def configured(top: argparse.ArgumentParser, argv: Sequence[str] | None) -> Found:
    """Give the parser the defaults that environment and file say.

    Parameters
    ----------
    top : of `convalign.cli.parser.parser`
    argv : arguments, looked at only for ``--config FILE``; None = those of the process

    Returns
    -------
    What was found, by verb.

    Raises
    ------
    UsageError
        A file that cannot be read, an option that does not exist, or a value that it does not take.
    """
    verbs = _verbs(top)
    path = _path(argv)
    written = _file(path, verbs) if path is not None else {}
    _known_variables(verbs)
    found: Found = {}
    for verb, one in verbs.items():
        for key, action in _options(one).items():
            variable = PREFIX + key.upper()
            value: Any = os.environ.get(variable)
            source = f"environment ({variable})"
            if value is None:
                own = written.get(verb, {})
                table = own if isinstance(own, dict) and key in own else written
                if key not in table or isinstance(table[key], dict):
                    continue
                value, source = table[key], f"file ({path})"
            found.setdefault(verb, {})[key] = (_set(one, action, key, value, source), source)
    return found


def _verbs(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of every verb."""
    choices = next(a.choices for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return dict(choices)


def _options(one: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Long options of a verb by their name with underscores; those that only print are left out."""
    named = {}
    for action in one._actions:
        long = [name for name in action.option_strings if name.startswith("--")]
        if long and action.dest != "help":
            named[long[0].lstrip("-").replace("-", "_")] = action
    return named


def _path(argv: Sequence[str] | None) -> Path | None:
    """The file to read: named, or the one of the working folder; None without one."""
    words = list(sys.argv[1:] if argv is None else argv)
    for place, word in enumerate(words):
        if word == "--config" and place + 1 < len(words):
            return Path(words[place + 1])
        if word.startswith("--config="):
            return Path(word.partition("=")[2])
    here = Path(FILE)
    return here if here.is_file() else None


def _file(path: Path, verbs: Mapping[str, argparse.ArgumentParser]) -> dict[str, Any]:
    """A configuration file, its names checked."""
    import tomllib

    try:
        with readable(path).open("rb") as stream:
            written = tomllib.load(stream)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'unreadable'}; name a file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}; write TOML, such as surrogates = 40") from None
    everywhere = sorted({key for one in verbs.values() for key in _options(one)})
    for key, value in written.items():
        if isinstance(value, dict):
            if key not in verbs:
                raise UsageError(f"{path}: [{key}]: no such verb; there are: {', '.join(verbs)}")
            for inner in value:
                _check(inner, sorted(_options(verbs[key])), f"{path}: [{key}]")
        else:
            _check(key, everywhere, str(path))
    return written


def _check(key: str, known: Sequence[str], place: str) -> None:
    """Refuse an option that does not exist, naming the nearest one."""
    if key not in known:
        from difflib import get_close_matches

        near = get_close_matches(key, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
        raise UsageError(f"{place}: no option {key!r}; {hint}")


def _known_variables(verbs: Mapping[str, argparse.ArgumentParser]) -> None:
    """Refuse a variable that looks like ours and names no option: a typo would otherwise do nothing."""
    known = sorted({PREFIX + key.upper() for one in verbs.values() for key in _options(one)})
    for name in sorted(os.environ):
        if name.startswith(PREFIX):
            _check(name, known, "environment")


def _set(one: argparse.ArgumentParser, action: argparse.Action, key: str, value: Any, source: str) -> Any:
    """Make a value the default of an option, as if it had been typed."""
    if action.nargs == 0 or (action.nargs == "?" and str(value).strip().lower() in TRUTH):
        truth = TRUTH.get(str(value).strip().lower())
        if truth is None:
            raise UsageError(f"{source}: {key}: {value!r} is neither true nor false")
        made: Any = action.const if truth else action.default
    elif isinstance(action, argparse._AppendAction):
        listed = value if isinstance(value, list) else [value]
        made = [_typed(action, key, item, source) for item in listed]
    else:
        made = _typed(action, key, ",".join(map(str, value)) if isinstance(value, list) else value, source)
    one.set_defaults(**{action.dest: made})
    action.required = False
    return value


def _typed(action: argparse.Action, key: str, value: Any, source: str) -> Any:
    """One value, converted and checked as on the command line."""
    text = str(value)
    convert = action.type if callable(action.type) else str
    try:
        made = convert(text)
    except (ValueError, TypeError, argparse.ArgumentTypeError) as error:
        raise UsageError(f"{source}: {key}: {error}") from None
    if action.choices is not None and made not in action.choices:
        there = ", ".join(map(str, action.choices))
        raise UsageError(f"{source}: {key}: no choice {text!r}; there are: {there}")
    return made
