"""Dropout: a share p of the features, drawn anew for each sample, are 0 in a step.

The others are 1 / (1 - p) times as large, so that sums keep their size, and nothing needs to be
done where the network is used.

References
----------
Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout: a simple way to prevent neural
networks from overfitting (Journal of Machine Learning Research, 2014).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.schema import DropoutConfig
from nnpipe.network.activations.base import Array


class Dropout:
    """A `Transform`, which remembers nothing.

    Parameters
    ----------
    config : DropoutConfig
    rows, features : int
        Of the largest batch.
    dtype : floating dtype
    """

    def __init__(
        self, config: DropoutConfig, rows: int, features: int, dtype: np.dtype[np.floating[Any]]
    ) -> None:
        self.statistics: Array = np.empty(0, dtype)
        self._rate = config.rate
        # What each feature is multiplied by: 0, or 1 / (1 - rate).
        self._mask: Array = np.empty((rows, features), dtype)
        self._dropped = False

    def forward(self, a: Array, generator: np.random.Generator | None) -> None:
        """Drop what the generator decides; in validation, nothing."""
        self._dropped = generator is not None
        if generator is None:
            return
        mask: NDArray[Any] = self._mask[: len(a)]
        generator.random(out=mask, dtype=mask.dtype.type)
        np.greater_equal(mask, self._rate, out=mask)
        mask *= 1 / (1 - self._rate)
        a *= mask

    def backward(self, delta: Array) -> None:
        """Pass on what the gradient is of what was not dropped."""
        if self._dropped:
            delta *= self._mask[: len(delta)]

    def fold(self, parameters: Array) -> None:
        """Leave the parameters as they are: in validation nothing is dropped."""
