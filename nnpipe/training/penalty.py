"""Penalties on large weights: l2/2 Σ w² + l1 Σ |w|, without the biases."""

from __future__ import annotations

import numpy as np

from nnpipe.training.backpropagation import Backpropagation


class Penalty:
    """The gradient of the penalties, to add to the gradient of the loss.

    Parameters
    ----------
    backpropagation : Backpropagation
        The gradient to change.
    l1, l2 : float
        The strengths; 0 for none.
    """

    def __init__(self, backpropagation: Backpropagation, l1: float, l2: float) -> None:
        self._l1, self._l2 = l1, l2
        weights, gradients = (
            backpropagation.chain.weights(backpropagation.views(vector))
            for vector in (backpropagation.parameters, backpropagation.gradient)
        )
        self._triples = (
            [
                (w, gradient, np.empty_like(w))
                for w, gradient in zip(weights, gradients, strict=True)
            ]
            if l1 or l2
            else []
        )

    def add(self) -> None:
        """Add l2 w + l1 sign(w) to the gradient of every weight w."""
        for weights, gradient, scratch in self._triples:
            if self._l2:
                np.multiply(weights, self._l2, out=scratch)
                gradient += scratch
            if self._l1:
                np.sign(weights, out=scratch)
                scratch *= self._l1
                gradient += scratch
