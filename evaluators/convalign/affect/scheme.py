"""What the labels of an affect model mean, as its author declares it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convalign.errors import UsageError

SIGNS = ("positive", "negative", "neutral", "valence", "none")
DECLARED = ("positive", "negative", "neutral", "none")
"""What a classifier's label may mean: a probability, 0..1, is no valence."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """The meaning of a model's labels.

    Attributes
    ----------
    kind : ``single`` (the labels exclude each other), ``multi`` (each by itself), ``score`` (a label of sign
        ``valence`` is valence itself)
    signs : label -> ``positive``, ``negative``, ``neutral``, ``valence`` or ``none``
    max_tokens : longer texts are cut in sentences
    licence : of the model
    languages : codes that it covers
    """

    kind: Literal["single", "multi", "score"]
    signs: Mapping[str, str]
    max_tokens: int | None
    licence: str
    languages: tuple[str, ...]

    def valence(self, predicted: NDArray[np.float32], labels: Sequence[str]) -> NDArray[np.float64]:
        """How positive or negative each text is.

        Parameters
        ----------
        predicted : [n_texts, n_labels], from ``predict``
        labels : [n_labels]

        Returns
        -------
        [n_texts], -1..1: the label of sign ``valence`` if there is one; else P(positive) - P(negative),
        by sums where labels exclude each other, by noisy-or where they do not.
        """
        columns = {sign: [k for k, label in enumerate(labels) if self.signs[label] == sign] for sign in SIGNS}
        numbers = predicted.astype(np.float64)
        if columns["valence"]:
            return np.clip(numbers[:, columns["valence"][0]], -1.0, 1.0)
        if self.kind == "single":
            pos, neg = (
                numbers[:, columns["positive"]].sum(axis=1),
                numbers[:, columns["negative"]].sum(axis=1),
            )
        else:
            pos = 1.0 - np.prod(1.0 - numbers[:, columns["positive"]], axis=1)
            neg = 1.0 - np.prod(1.0 - numbers[:, columns["negative"]], axis=1)
        return np.asarray(np.clip(pos - neg, -1.0, 1.0), dtype=np.float64)


def read_scheme(record: Mapping[str, Any], labels: Sequence[str], place: str) -> Scheme:
    """Check a declaration against the labels.

    Parameters
    ----------
    record : ``kind``, ``labels`` (label -> sign), ``licence``, ``languages``, ``max_tokens``
    labels : [n_labels], in the model's order
    place : for messages

    Raises
    ------
    UsageError
        A label without meaning (``LABEL_0``), a sign that does not exist, or no way to a valence.
    """
    kind, signs = record.get("kind"), record.get("labels")
    if kind not in ("single", "multi"):
        raise UsageError(f"{place}: $.kind: {kind!r}; write single (softmax) or multi (sigmoid)")
    if not isinstance(signs, Mapping):
        raise UsageError(f"{place}: $.labels: is no object; write label -> {', '.join(DECLARED)}")
    for label in labels:
        if label not in signs or label.startswith("LABEL_"):
            raise UsageError(
                f"{place}: $.labels: {label!r} has no meaning; map it to one of {', '.join(DECLARED)}"
            )
        if signs[label] not in DECLARED:
            raise UsageError(f"{place}: $.labels.{label}: {signs[label]!r}; there are: {', '.join(DECLARED)}")
    found = {signs[label] for label in labels}
    if not {"positive", "negative"} <= found:
        raise UsageError(f"{place}: $.labels: no positive and negative label; valence needs both")
    languages = record.get("languages")
    if not isinstance(languages, list) or not languages or not all(isinstance(one, str) for one in languages):
        raise UsageError(
            f'{place}: $.languages: {languages!r}; write the codes that the model covers, such as ["en"]'
        )
    longest = record.get("max_tokens", 256)
    if isinstance(longest, bool) or not isinstance(longest, int) or longest < 8:
        raise UsageError(f"{place}: $.max_tokens: {longest!r}; write a whole number, 8 or more")
    licence = record.get("licence")
    if not isinstance(licence, str) or not licence:
        raise UsageError(f"{place}: $.licence: {licence!r}; name the licence of the model")
    return Scheme(kind, dict(signs), longest, licence, tuple(languages))
