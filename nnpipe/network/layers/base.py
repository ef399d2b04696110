"""What a layer without neurons does in training to the inputs of the layer after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from nnpipe.network.activations.base import Array


class Transform(Protocol):
    """A function of a batch, on arrays that are made once.

    Attributes
    ----------
    statistics : vector
        What it remembers of the batches of training; empty where that is nothing.
    """

    statistics: Array

    def forward(self, a: Array, generator: np.random.Generator | None) -> None:
        """Transform a batch in place.

        Parameters
        ----------
        a : (rows, features) array
        generator : Generator or None
            Of the random numbers of a step of training; None: of validation.
        """

    def backward(self, delta: Array) -> None:
        """Turn dL/d(transformed) into dL/da in place, for the batch of the last `forward`."""

    def fold(self, parameters: Array) -> None:
        """Change a parameter matrix in place so that its layer does without the transform.

        For that the transform must be linear in validation.
        """


MakeTransform = Callable[[int, int, np.dtype[np.floating[Any]]], Transform]
"""``make(rows, features, dtype)`` returns a transform of batches of at most so many rows."""
