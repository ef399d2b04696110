"""Penalties on weights against finite differences of their formula."""

from __future__ import annotations

import numpy as np

from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.build import build
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.losses import LOSSES
from nnpipe.training.penalty import Penalty


def test_the_gradient_is_that_of_the_formula_and_biases_are_left_out() -> None:
    stack = ARCHITECTURES.choice("mlp", sizes=[4, 3]).make()
    network = build(stack, inputs=5, seed=0, dtype="float64")
    pass_ = Backpropagation(network, LOSSES.choice("mean_squared_error").make(), rows=1)
    l1, l2, h = 0.3, 0.7, 1e-6

    def penalty() -> float:
        weights = [layer.weights for layer in pass_.network.layers]
        return sum(l2 / 2 * np.square(w).sum() + l1 * np.abs(w).sum() for w in weights)

    Penalty(pass_, l1, l2).add()
    for i in range(pass_.parameters.size):
        kept = pass_.parameters[i]
        pass_.parameters[i] = kept + h
        above = penalty()
        pass_.parameters[i] = kept - h
        below = penalty()
        pass_.parameters[i] = kept
        np.testing.assert_allclose(pass_.gradient[i], (above - below) / (2 * h), rtol=1e-6)
    biases = pass_.matrices(network, pass_.gradient)[0][:, -1]
    assert (biases == 0).all()
