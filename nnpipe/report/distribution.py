"""Histograms of parameters, activations and outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.report.figures import Histogram, Ridges
from nnpipe.report.numbers import share, short

VALUES = 1 << 18
"""Most values in a histogram; of more, evenly spaced ones are taken."""

_BINS = 40

RANGES = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0)}
"""The range of each activation's outputs."""

FLAT = {"sigmoid": (0.025, 0.975), "tanh": (-0.95, 0.95)}
"""The outputs beyond which an activation's slope is under a tenth of its maximum.

The slopes are a(1 - a), at most 1/4, and 1 - a², at most 1.
"""

_Numbers = NDArray[np.floating[Any]]


def thin(values: NDArray[Any], most: int = VALUES) -> NDArray[Any]:
    """Return at most `most` values, in complete, evenly spaced rows; at least one row."""
    width = max(int(np.prod(values.shape[1:])), 1)
    rows = max(1, most // width)
    return values[:: max(1, -(-len(values) // rows))]


def histogram(
    title: str,
    values: _Numbers,
    activation: str | None = None,
    note: str = "",
    ticks: _Numbers | None = None,
) -> Histogram | None:
    """Return the histogram of the finite values, or None if there are none.

    Parameters
    ----------
    activation : str, optional
        The activation whose outputs these are; it sets the range and where it is flat.
    note : str
        Text beside the title; by default the mean and the standard deviation.
    ticks : array, optional
        Single values to mark.
    """
    finite = _finite(values)
    if not finite.size:
        return None
    edges = _edges(finite, RANGES.get(activation or ""))
    counts, _ = np.histogram(finite, edges)
    if not note:
        note = f"{short(float(finite.mean()))} ± {short(float(finite.std()))}"
    marked: list[float] = [] if ticks is None else _finite(ticks).tolist()
    marked = [v for v in marked if edges[0] <= v <= edges[-1]]
    return Histogram(title, edges, counts / finite.size, note, FLAT.get(activation or ""), marked)


def describe(title: str, values: _Numbers, activation: str) -> Histogram | None:
    """Return the histogram of an activation's outputs, with the share of saturated ones."""
    found = saturation(values, activation)
    word = "zero" if activation == "relu" else "saturated"
    note = "" if found is None else f"{share(found)} {word}"
    return histogram(title, values, activation, note)


def ridges(title: str, values: _Numbers, names: list[str], activation: str) -> Ridges | None:
    """Return a histogram for each column of (samples, columns) values, over a common axis."""
    finite = _finite(values)
    if not finite.size:
        return None
    edges = _edges(finite, RANGES.get(activation))
    shares = np.zeros((values.shape[1], _BINS))
    for i in range(len(shares)):
        shares[i] = np.histogram(_finite(values[:, i]), edges)[0] / len(values)
    return Ridges(title, names, edges, shares)


def saturation(values: _Numbers, activation: str) -> float | None:
    """Return the share of outputs where the activation is flat.

    None for activations other than ReLU and those in `FLAT`, and without finite values.
    """
    finite = _finite(values)
    if not finite.size:
        return None
    if activation == "relu":
        return np.count_nonzero(finite == 0) / finite.size
    if activation not in FLAT:
        return None
    low, high = FLAT[activation]
    return np.count_nonzero((finite <= low) | (finite >= high)) / finite.size


def _finite(values: _Numbers) -> NDArray[np.float64]:
    # Clipped so that the width of the range does not overflow.
    flat = values.ravel().astype(np.float64)
    return np.clip(flat[np.isfinite(flat)], -1e300, 1e300)


def _edges(finite: NDArray[np.float64], bounds: tuple[float, float] | None) -> NDArray[np.float64]:
    low, high = bounds or (float(finite.min()), float(finite.max()))
    if not high - low > 1e-9 * max(abs(low), abs(high), 1e-290):
        pad = abs(low) * 0.5 or 0.5
        low, high = low - pad, high + pad
    return np.linspace(low, high, _BINS + 1)
