"""Penalties on weights against finite differences of their formula."""

from __future__ import annotations

import numpy as np

from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.losses import LOSSES
from nnpipe.training.penalty import Penalty
from tests.strategies import dense


def test_the_gradient_is_that_of_the_formula_and_biases_are_left_out() -> None:
    norm = LAYERS.choice("layer_norm")
    block = LAYERS.choice("residual", layers={"norm": norm, "inner": dense(4)})
    stack = {"hidden": dense(4), "norm": norm, "block": block, "output": dense(3)}
    network = build(stack, inputs=5, seed=0, dtype="float64")
    pass_ = Backpropagation(network, LOSSES.choice("mean_squared_error").make(), rows=1)
    l1, l2, h = 0.3, 0.7, 1e-6

    def penalty() -> float:
        arrays = pass_.network.arrays
        weights = [arrays[name][:, :-1] for name in arrays if name.endswith("parameters")]
        assert len(weights) == 3
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
    found = pass_.views(pass_.gradient)
    assert (found["hidden.parameters"][:, -1] == 0).all()
    assert (found["block.norm.gain"] == 0).all()
