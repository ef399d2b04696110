"""What a layer without neurons does in training to the inputs of the layer after it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nnpipe.network.activations.base import Array


class Transform(Protocol):
    """A function of a batch, on arrays that are made once."""

    def forward(self, a: Array, chance: np.random.Generator | None) -> None:
        """Transform a batch in place, (rows, features).

        Parameters
        ----------
        a : (rows, features) array
        chance : Generator or None
            Where chance comes from in a step of training; None: the network is judged.
        """
        ...

    def backward(self, delta: Array) -> None:
        """Turn dL/d(transformed) into dL/da in place, for the batch of the last `forward`."""
        ...
