"""Tokenizers and configurations of models, read by the library that wrote them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from convalign.errors import UsageError

CONFIG = "config.json"


def library() -> Any:
    """transformers, which without torch reads tokenizers and configurations all the same."""
    # By name and late: it takes a second, and its remark that torch is missing is no news to who needs none.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    return import_module("transformers")


def own(folder: Path) -> Tokenizer:
    """The tokenizer of a user's own model folder, with what its configuration says of it."""
    found: Tokenizer = library().PreTrainedTokenizerFast.from_pretrained(str(folder)).backend_tokenizer
    return found


def unknown(tokenizer: Tokenizer) -> int | None:
    """The piece that stands for whatever the vocabulary lacks; None where it lacks nothing."""
    told = json.loads(tokenizer.to_str())["model"]
    if isinstance(told.get("unk_id"), int):
        return int(told["unk_id"])
    token = told.get("unk_token")
    return None if token is None else tokenizer.token_to_id(token)


def check_order(folder: Path, order: Sequence[str]) -> None:
    """Hold a declaration's labels against those of the model's own configuration, where it has one.

    Raises
    ------
    UsageError
        The configuration names other labels, or the same in another order.
    """
    if not (folder / CONFIG).is_file():
        return
    try:
        told = library().AutoConfig.from_pretrained(str(folder)).id2label
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder / CONFIG}: cannot be read ({error}); give the model's own file") from None
    theirs = [told[place] for place in sorted(told)]
    if all(name.startswith("LABEL_") for name in theirs) or theirs == list(order):
        return
    found = f"names {', '.join(order)}; the model's {CONFIG} has {', '.join(theirs)}"
    raise UsageError(f"{folder / 'affect.json'}: $.order: {found}, in that order")
