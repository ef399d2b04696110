"""Dropout: a share p of the features, drawn anew for each sample, are 0 in a step.

The others are 1 / (1 - p) times as large, so that sums keep their size, and nothing needs to be
done where the network is used.

References
----------
Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout: a simple way to prevent neural
networks from overfitting (Journal of Machine Learning Research, 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import Kind, option
from nnpipe.network.activations.base import Array


@dataclass(frozen=True)
class DropoutOptions:
    """The option of dropout."""

    rate: float = option(0.5, "the share of the features that is dropped", at_least=0, below=1)


class Dropout:
    """A `Transform`, which remembers nothing.

    Parameters
    ----------
    rate : float
        The share that is dropped.
    rows, features : int
        Of the largest batch.
    dtype : floating dtype
    """

    def __init__(
        self, rate: float, rows: int, features: int, dtype: np.dtype[np.floating[Any]]
    ) -> None:
        self.statistics: Array = np.empty(0, dtype)
        self._rate = rate
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
        """Apply the forward mask to the gradient."""
        if self._dropped:
            delta *= self._mask[: len(delta)]

    def fold(self, parameters: Array) -> None:
        """Leave the parameters as they are: in validation nothing is dropped."""


dropout = Kind(DropoutOptions, lambda options: partial(Dropout, options.rate))
