"""The base of distributions: fill a row with random numbers, then transform many rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Distribution:
    """A way to draw random samples.

    Parameters
    ----------
    fill : callable
        ``fill(generator, row)`` draws the numbers of one row, (features,) float64, in place.
    finish : callable
        ``finish(x)`` turns the drawn numbers into samples, (samples, features). It may change `x`.
    dtype : dtype-like
        The dtype of the samples.
    """

    fill: Callable[[np.random.Generator, Numbers], object]
    finish: Callable[[Numbers], NDArray[Any]]
    dtype: DTypeLike = np.float64


def fill_normal(generator: np.random.Generator, row: Numbers) -> None:
    """Draw standard normal numbers."""
    generator.standard_normal(out=row)


def fill_uniform(generator: np.random.Generator, row: Numbers) -> None:
    """Draw uniform numbers in [0, 1)."""
    generator.random(out=row)


def stretch(x: Numbers, factor: float, offset: float) -> Numbers:
    """Return x * factor + offset, in place."""
    x *= factor
    x += offset
    return x
