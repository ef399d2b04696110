"""How far outputs are from real targets."""

from __future__ import annotations

import numpy as np

from nnpipe.engines.base import Array
from nnpipe.sources.moments import Moments


class Errors:
    """Errors of all outputs added so far.

    The coefficient of determination is 1 - Σ (a - t)² / Σ (t - mean of t)², of each output, and
    then their mean; an output whose targets do not vary is left out.

    Parameters
    ----------
    outputs : int
        Numbers a sample.
    """

    def __init__(self, outputs: int) -> None:
        self._moments = Moments(outputs)
        self._squares = np.zeros(outputs)
        self._absolute = np.zeros(outputs)

    def add(self, outputs: Array, targets: Array) -> None:
        """Take in a batch: outputs and targets, (samples, outputs)."""
        error = outputs.astype(np.float64) - targets
        self._squares += np.square(error).sum(axis=0)
        self._absolute += np.abs(error).sum(axis=0)
        self._moments.add(targets)

    def values(self) -> dict[str, float | None]:
        """Return the mean squared and the mean absolute error, and r2."""
        samples = self._moments.count
        spread = np.square(self._moments.std) * samples
        varies = spread > 0
        r2 = 1 - self._squares[varies] / spread[varies]
        return {
            "mean_squared_error": float(self._squares.mean() / samples),
            "mean_absolute_error": float(self._absolute.mean() / samples),
            "r2": float(r2.mean()) if varies.any() else None,
        }
