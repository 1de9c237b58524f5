"""Thresholds, F1, calibration: what a set of probabilities is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

Floats = NDArray[np.float64]
GRID = np.round(np.arange(0.04, 0.61, 0.02), 2)


def thresholds(p: Floats) -> Floats:
    """[n_outputs] the threshold of the grid with the best F1 to be expected of each output by itself.

    Expected as if the probabilities were right, so that a dozen labels of a rare emotion decide nothing: in
    halves of dev, thresholds fitted to labels lose .01 of macro-F1 against these (Lipton et al. 2014).
    """
    hits = np.stack([(p * (p >= one)).sum(axis=0) for one in GRID])
    found = np.stack([(p >= one).sum(axis=0) for one in GRID])
    return GRID[np.argmax(2.0 * hits / (found + p.sum(axis=0)), axis=0)]


def single_threshold(p: Floats, truth: Floats) -> float:
    """The one threshold of the grid with the best macro-F1."""
    return float(GRID[int(np.argmax([macro_f1(p, truth, one) for one in GRID]))])


def macro_f1(p: Floats, truth: Floats, threshold: Floats | float) -> float:
    """Mean F1 over outputs."""
    return float(f1_score(truth, p >= threshold, average="macro", zero_division=0))


def temperature(logits: Floats, truth: Floats) -> float:
    """The number by which logits are divided so that their probabilities fit best (Guo et al. 2017)."""
    tried = np.exp(np.linspace(np.log(0.5), np.log(3.0), 61))
    losses = []
    for one in tried:
        z = logits / one
        losses.append(float(np.mean(np.logaddexp(0, z) - truth * z)))
    return float(tried[int(np.argmin(losses))])


def calibration_error(p: Floats, truth: Floats, bins: int = 15) -> float:
    """Expected calibration error over all outputs together."""
    place = np.minimum((p * bins).astype(int), bins - 1).ravel()
    weight = np.bincount(place, minlength=bins)
    mean_p = np.bincount(place, p.ravel(), bins) / np.maximum(weight, 1)
    mean_y = np.bincount(place, truth.ravel(), bins) / np.maximum(weight, 1)
    return float((weight * np.abs(mean_p - mean_y)).sum() / weight.sum())


def polarity(targets: Floats, positive: int, negative: int) -> Floats:
    """[n] 1, 0 or -1: positive without negative, the reverse, or neither and both."""
    return targets[:, positive] - targets[:, negative]


def expectation(x: Floats, polarity: Floats, neutral: NDArray[np.bool_]) -> tuple[float, float]:
    """Intercept a and slope b of which tanh((a + b x) / 2) is the polarity to be expected.

    Logistic regression with (polarity + 1) / 2 in the place of classes (Papke & Wooldridge 1996); then moved
    so that neutral texts have 0 in the mean: more comments are glad than sad, elsewhere that is not known.
    """
    columns, wanted = np.stack([np.ones_like(x), x], axis=1), (polarity + 1.0) / 2.0
    found = np.zeros(2)
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-columns @ found))
        step = np.linalg.solve((columns * (p * (1 - p))[:, None]).T @ columns, columns.T @ (wanted - p))
        found += step
        if np.abs(step).max() < 1e-10:
            break
    a, b = found.tolist()
    for _ in range(50):
        v = np.tanh((a + b * x[neutral]) / 2.0)
        a -= float(v.mean() / (0.5 * (1.0 - v**2)).mean())
    return a, b
