"""The base of layers without neurons, which transform the next layer's inputs in training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from nnpipe.network.activations.base import Array


class Transform(Protocol):
    """A transform of a batch, with arrays allocated once.

    Attributes
    ----------
    statistics : vector
        Running statistics of the training batches; empty if there are none.
    """

    statistics: Array

    def forward(self, a: Array, generator: np.random.Generator | None) -> None:
        """Transform a batch in place.

        Parameters
        ----------
        a : (rows, features) array
        generator : Generator or None
            Random numbers for a training step; None in validation.
        """

    def backward(self, delta: Array) -> None:
        """Turn dL/d(transformed) into dL/da in place, for the batch of the latest `forward`."""

    def fold(self, parameters: Array) -> None:
        """Fold the transform into the parameter matrix of the next layer, in place.

        This requires a transform that is linear in validation.
        """


MakeTransform = Callable[[int, int, np.dtype[np.floating[Any]]], Transform]
"""``make(rows, features, dtype)`` returns a transform for batches of at most `rows` rows."""
