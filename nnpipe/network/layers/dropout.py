"""Dropout: in a training step, each feature of each sample is set to 0 with probability p.

The other features are multiplied by 1 / (1 - p), so that the expected sums stay the same and the
trained network needs no correction.

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

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.activations.base import Array


@dataclass(frozen=True)
class DropoutOptions:
    """The option of dropout."""

    rate: float = option(0.5, "share of the features to drop", at_least=0, below=1)


class Dropout:
    """A `Transform` without statistics.

    Parameters
    ----------
    rate : float
        The share of the features to drop.
    rows, features : int
        The shape of the largest batch.
    dtype : floating dtype
    """

    def __init__(
        self, rate: float, rows: int, features: int, dtype: np.dtype[np.floating[Any]]
    ) -> None:
        self.statistics: Array = np.empty(0, dtype)
        self._rate = rate
        # The factor of each feature: 0, or 1 / (1 - rate).
        self._mask: Array = np.empty((rows, features), dtype)
        self._dropped = False

    def forward(self, a: Array, generator: np.random.Generator | None) -> None:
        """Draw a mask and apply it; in validation, do nothing."""
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
        """Do nothing: validation drops nothing."""


dropout = Kind(DropoutOptions, lambda options: partial(Dropout, options.rate))
