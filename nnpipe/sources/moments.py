"""Compute the minimum, maximum, mean and standard deviation of columns, batch by batch.

References
----------
Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances
(1979), for merging the means and sums of squares of two batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Moments:
    """The statistics of each column over all rows seen so far, in float64.

    Parameters
    ----------
    columns : int
        The number of columns of every batch.

    Attributes
    ----------
    count : int
        The number of rows seen.
    minimum, maximum, mean : (columns,) float64
        NaN or infinite if a value of the column is.
    """

    def __init__(self, columns: int) -> None:
        self.count = 0
        self.minimum = np.full(columns, np.inf)
        self.maximum = np.full(columns, -np.inf)
        self.mean = np.zeros(columns)
        self._squares = np.zeros(columns)

    @property
    def std(self) -> NDArray[np.float64]:
        """The population standard deviation, (columns,)."""
        return np.sqrt(self._squares / max(self.count, 1))

    def state(self) -> dict[str, Any]:
        """Return all attributes, ready for JSON."""
        return {name: np.asarray(value).tolist() for name, value in vars(self).items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the attributes that `state` returned."""
        self.count = int(state["count"])
        for name in ("minimum", "maximum", "mean", "_squares"):
            setattr(self, name, np.array(state[name], np.float64))

    def add(self, batch: NDArray[np.generic]) -> None:
        """Add a batch, (rows, columns) of any real dtype."""
        if len(batch) == 0:
            return
        seen = Moments(len(self.mean))
        seen.count = len(batch)
        seen.minimum, seen.maximum = batch.min(axis=0), batch.max(axis=0)
        with np.errstate(invalid="ignore", over="ignore"):
            seen.mean = batch.mean(axis=0, dtype=np.float64)
            seen._squares = np.square(batch - seen.mean).sum(axis=0)
        self.merge(seen)

    def merge(self, other: Moments) -> None:
        """Add the rows that another instance has seen."""
        total = self.count + other.count
        if other.count == 0:
            return
        self.minimum = np.minimum(self.minimum, other.minimum)
        self.maximum = np.maximum(self.maximum, other.maximum)
        with np.errstate(invalid="ignore", over="ignore"):
            delta = other.mean - self.mean
            self.mean = self.mean + delta * (other.count / total)
            between = delta**2 * (self.count * other.count / total)
            self._squares = self._squares + other._squares + between
        self.count = total
