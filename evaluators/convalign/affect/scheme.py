"""What the labels of an affect model mean, as its author declares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convalign.errors import UsageError

EKMAN = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
"""The classes of `Affect.ekman`, in its order."""
ROLES = ("compassion", "regulation", "distress", "hostility")
"""What labels may tell of a reply besides their sign."""
SIGNS = ("positive", "negative", "neutral", "valence", "none")
DECLARED = ("positive", "negative", "neutral", "none")
"""What a classifier's label may mean: a probability, 0..1, is no valence."""


Numbers = NDArray[np.float64]
DIGITS = 6
"""Decimals of whatever is compared with a cut-off; probabilities have three (`classifier.GRID`)."""


@dataclass(frozen=True, slots=True)
class Affect:
    """What texts feel like; a model without labels for something has None there.

    Attributes
    ----------
    valence : [n_texts], -1..1, P(positive) - P(negative)
    graded : [n_texts], -1..1, valence that is no difference of classes, so that it also tells apart texts to
        which all classes are unlikely; equal to `valence` where a model declares none
    intensity : [n_texts], 0..1, 1 - P(neutral); of a lexicon, |valence|
    compassion, regulation, distress, hostility : [n_texts], 0..1, the probability that one of their labels
        holds
    ekman : [n_texts, 7], 0..1, in the order of `EKMAN`
    """

    valence: Numbers
    graded: Numbers
    intensity: Numbers | None
    compassion: Numbers | None
    regulation: Numbers | None
    distress: Numbers | None
    hostility: Numbers | None
    ekman: Numbers | None


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
    ekman : label -> one of `EKMAN`, for labels that belong to a class
    roles : label -> some of `ROLES`, for labels that tell of them
    graded : label -> ``positive`` or ``negative``, for the two labels of graded valence
    """

    kind: Literal["single", "multi", "score"]
    signs: Mapping[str, str]
    max_tokens: int | None
    licence: str
    languages: tuple[str, ...]
    ekman: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    graded: Mapping[str, str] = field(default_factory=dict)

    def affect(self, predicted: NDArray[np.float32], labels: Sequence[str]) -> Affect:
        """Read predictions as affect.

        Parameters
        ----------
        predicted : [n_texts, n_labels], from ``predict``
        labels : [n_labels]

        Source
        ------
        methods/emotional.md, section 3: labels join by noisy-or, 1 - prod(1 - p), or by their sum where
        they exclude each other.
        """
        numbers = exact(predicted)

        def joined(chosen: Iterable[bool]) -> Numbers | None:
            columns = np.flatnonzero(list(chosen))
            return self._join(numbers[:, columns]) if len(columns) else None

        valence = self.valence(predicted, labels)
        pos, neg = (joined(self.graded.get(label) == sign for label in labels) for sign in SIGNS[:2])
        graded = valence if pos is None or neg is None else exact(pos - neg)
        neutral = joined(self.signs[label] == "neutral" for label in labels)
        if self.kind == "score":
            intensity: Numbers | None = np.abs(valence)
        else:
            intensity = None if neutral is None else exact(1.0 - neutral)
        classes = [joined(self.ekman.get(label) == one for label in labels) for one in EKMAN]
        whole = [one for one in classes if one is not None]
        compassion, regulation, distress, hostility = (
            joined(role in self.roles.get(label, ()) for label in labels) for role in ROLES
        )
        ekman = np.stack(whole, axis=1) if len(whole) == len(EKMAN) else None
        return Affect(valence, graded, intensity, compassion, regulation, distress, hostility, ekman)

    def _join(self, numbers: Numbers) -> Numbers:
        """[n_texts] the probability that one of the labels holds."""
        if self.kind == "single":
            return exact(np.minimum(numbers.sum(axis=1), 1.0))
        return exact(1.0 - np.prod(1.0 - numbers, axis=1))

    def valence(self, predicted: NDArray[np.float32], labels: Sequence[str]) -> Numbers:
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
        numbers = exact(predicted)
        if columns["valence"]:
            return np.clip(numbers[:, columns["valence"][0]], -1.0, 1.0)
        pos, neg = (self._join(numbers[:, columns[sign]]) for sign in ("positive", "negative"))
        return exact(np.clip(pos - neg, -1.0, 1.0))


def exact(numbers: NDArray[Any]) -> Numbers:
    """Numbers without the dust of binary fractions: .3 - .5 is -.2, so that a tie with a cut-off is a tie."""
    return np.asarray(np.round(numbers.astype(np.float64), DIGITS), dtype=np.float64)


def read_scheme(record: Mapping[str, Any], labels: Sequence[str], place: str) -> Scheme:
    """Check a declaration against the labels.

    Parameters
    ----------
    record : ``kind``, ``labels`` (label -> sign, or an object with ``sign`` and, where the label has them,
        ``ekman``, ``roles`` and ``graded``), ``licence``, ``languages``, ``max_tokens``
    labels : [n_labels], in the model's order
    place : for messages

    Raises
    ------
    UsageError
        A label without meaning (``LABEL_0``), a sign that does not exist, or no way to a valence.
    """
    kind, declared = record.get("kind"), record.get("labels")
    if kind not in ("single", "multi"):
        raise UsageError(f"{place}: $.kind: {kind!r}; write single (softmax) or multi (sigmoid)")
    if not isinstance(declared, Mapping):
        raise UsageError(f"{place}: $.labels: is no object; write label -> {', '.join(DECLARED)}")
    signs: dict[str, str] = {}
    ekman: dict[str, str] = {}
    roles: dict[str, tuple[str, ...]] = {}
    graded: dict[str, str] = {}
    for label in labels:
        if label not in declared or label.startswith("LABEL_"):
            raise UsageError(
                f"{place}: $.labels: {label!r} has no meaning; map it to one of {', '.join(DECLARED)}"
            )
        told = declared[label] if isinstance(declared[label], Mapping) else {"sign": declared[label]}
        where = f"{place}: $.labels.{label}"
        for key in told:
            _known(key, ("sign", "ekman", "roles", "graded"), where)
        signs[label] = _known(told.get("sign"), DECLARED, where)
        if "ekman" in told:
            ekman[label] = _known(told["ekman"], EKMAN, f"{where}.ekman")
        if "graded" in told:
            graded[label] = _known(told["graded"], SIGNS[:2], f"{where}.graded")
        listed = told.get("roles", [])
        if not isinstance(listed, list):
            raise UsageError(f"{where}.roles: {listed!r}; write a list of {', '.join(ROLES)}")
        roles[label] = tuple(_known(one, ROLES, f"{where}.roles") for one in listed)
    _both(signs, "valence", place)
    _both(graded or signs, "graded valence", place)
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
    return Scheme(kind, signs, longest, licence, tuple(languages), ekman, roles, graded)


def _both(signs: Mapping[str, str], what: str, place: str) -> None:
    """There are labels of both signs."""
    if not {"positive", "negative"} <= set(signs.values()):
        raise UsageError(f"{place}: $.labels: no positive and negative label; {what} needs both")


def _known(value: object, there: Sequence[str], place: str) -> str:
    """One of the words that there are."""
    if not isinstance(value, str) or value not in there:
        raise UsageError(f"{place}: {value!r}; there are: {', '.join(there)}")
    return value
