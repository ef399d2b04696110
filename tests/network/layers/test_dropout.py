"""Dropout, with and without batch normalization: its gradients, and the sums that it keeps."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.config.kind import Choice
from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import LayerKind, Workspace
from nnpipe.network.network import Network
from nnpipe.network.stack import Stack
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.losses import LOSSES
from tests.strategies import dense
from tests.training.test_backpropagation import batch, differences, network, place, targets

Before = dict[str, dict[str, Choice[LayerKind]]]

NORM = LAYERS.choice("batch_norm")


def dropout(rate: float = 0.5) -> Choice[LayerKind]:
    return LAYERS.choice("dropout", rate=rate)


def stacked(given: Network, before: Before) -> Stack:
    """Return the layers of a network, with others before those that are named."""
    stack: dict[str, Choice[LayerKind]] = {}
    for name, layer in given.stack.items():
        stack |= {**before.get(name, {}), name: layer}
    return stack


BEFORE: dict[str, Before] = {
    "dropout": {"hidden1": {"drop1": dropout(0.2)}, "output": {"drop": dropout(0.4)}},
    "norm": {"output": {"norm": NORM}},
    "norms": {name: {f"norm_{name}": NORM} for name in ("hidden1", "hidden2", "output")},
    "norm-dropout": {"output": {"norm": NORM, "drop": dropout(0.3)}},
    "dropout-norm": {"hidden2": {"drop": dropout(0.3), "norm": NORM}},
}


@pytest.mark.parametrize("hidden", ["tanh", "gelu", "relu"])
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_the_gradient_is_that_of_finite_differences(before: Before, hidden: str) -> None:
    given = network(hidden, "softmax")
    loss = LOSSES.choice("cross_entropy").make()
    pass_ = Backpropagation(given, loss, 9, stacked(given, before))
    place(pass_, batch(9))
    t = targets("labels", 9)
    pass_.backward(t, np.random.default_rng(4))
    expected = differences(pass_, t, seed=4)
    error = np.linalg.norm(pass_.gradient - expected) / np.linalg.norm(expected)
    assert error < 1e-6
    # In validation it is another one, which is as exact.
    pass_.backward(t)
    assert np.linalg.norm(pass_.gradient - expected) > 0.1 * np.linalg.norm(expected)
    expected = differences(pass_, t)
    assert np.linalg.norm(pass_.gradient - expected) < 1e-6 * np.linalg.norm(expected)


def test_a_step_multiplies_by_the_mask_of_its_generator() -> None:
    step = dropout(0.3).make().training({}, {}, 5, Workspace(9, 5, np.dtype("float64")))
    x, delta = np.random.default_rng(0).normal(size=(2, 7, 5))
    # By the docstring of the module: 0, or 1 / (1 - p), from one number of each feature.
    mask = (np.random.default_rng(4).random((7, 5)) >= 0.3) / 0.7
    step.room[:7] = x
    out, before = np.empty((2, 7, 5))
    for generator, factor in ((np.random.default_rng(4), mask), (None, np.ones((7, 5)))):
        step.forward(out, generator)
        step.backward(delta.copy(), before)
        np.testing.assert_allclose(out, x * factor, rtol=1e-15)
        np.testing.assert_allclose(before, delta * factor, rtol=1e-15)


def test_dropout_keeps_the_mean_of_the_sums_and_changes_nothing_in_validation() -> None:
    net = build({"a": dense(400, "linear"), "b": dense(1, "linear")}, 6, seed=0, dtype="float64")
    loss = LOSSES.choice("mean_squared_error").make()
    plain = Backpropagation(net, loss, 2000)
    dropping = Backpropagation(net, loss, 2000, stacked(net, {"b": {"drop": dropout(0.3)}}))
    x, t = batch(1), np.zeros((2000, 1))
    for pass_ in (plain, dropping):
        place(pass_, np.repeat(x, 2000, axis=0))
    assert dropping.forward(t) == plain.forward(t)
    output = net(x[0])[0]
    dropped, _ = dropping.forward(t, np.random.default_rng(0))
    # E[s²] = E[s]² + Var[s], and each of the 400 terms w a m has the variance (w a)² p / (1 - p).
    hidden = net.layers[0](x)[0]
    variance = np.square(hidden * net.layers[1].parameters[0, :-1]).sum() * 0.3 / 0.7
    assert dropped / 2000 == pytest.approx(output**2 + variance, rel=0.1)
