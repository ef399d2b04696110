"""The fast step of training computes what the formulas of the reference step say."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.build import build
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.descent import Descent
from nnpipe.training.losses import LOSSES
from nnpipe.training.optimizers import OPTIMIZERS
from nnpipe.training.reference import gradients, step

PAIRS = [
    ("softmax", "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
    *((name, "mean_squared_error") for name in ACTIVATIONS.built_in),
]
ROWS = 17


def network_of(hidden, output, dtype="float64"):
    architecture = ARCHITECTURES.choice(
        "mlp",
        sizes=[5, 4, 3],
        activation=ACTIVATIONS.choice(hidden),
        output_activation=ACTIVATIONS.choice(output),
    )
    return build(architecture.make(), inputs=6, seed=3, dtype=dtype)


def batch_of(kind):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, ROWS)
    targets = {"labels": labels, "one-hot": np.eye(3)[labels], "numbers": rng.random((ROWS, 3))}
    return rng.normal(size=(ROWS, 6)), targets[kind]


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("kind", ["labels", "one-hot", "numbers"])
@pytest.mark.parametrize("hidden", ["tanh", "gelu", "elu"])
def test_backpropagation_finds_the_gradients_of_the_formulas(hidden, output, loss, kind):
    network, (x, targets) = network_of(hidden, output), batch_of(kind)
    chosen = LOSSES.choice(loss).make()
    fast = Backpropagation(network, chosen, ROWS)
    fast.room[:, :-1] = x
    fast.backward(targets)
    found = fast.views(fast.gradient).values()
    for matrix, expected in zip(found, gradients(network, chosen, x, targets), strict=True):
        np.testing.assert_allclose(matrix, expected, rtol=1e-12, atol=1e-14)


def test_gradient_descent_moves_the_parameters_as_the_reference_step_does():
    network, (x, targets) = network_of("tanh", "softmax"), batch_of("labels")
    loss = LOSSES.choice("cross_entropy").make()
    fast = Backpropagation(network, loss, ROWS)
    descent = Descent(OPTIMIZERS.choice("sgd").make(), fast.parameters, fast.gradient)
    fast.room[:, :-1] = x
    for _ in range(5):
        fast.backward(targets)
        descent.step(0.1)
        network = step(network, loss, x, targets, 0.1)
    for layer, expected in zip(fast.network.layers, network.layers, strict=True):
        np.testing.assert_allclose(layer.parameters, expected.parameters, rtol=1e-11, atol=1e-13)


def test_many_reference_steps_lower_the_loss():
    network, (x, targets) = network_of("tanh", "softmax"), batch_of("labels")
    loss = LOSSES.choice("cross_entropy").make()
    rows = np.arange(ROWS), targets
    before = -np.log(network(x)[rows]).mean()
    for _ in range(200):
        network = step(network, loss, x, targets, 0.5)
    assert -np.log(network(x)[rows]).mean() < before / 4
