"""Gradients against central finite differences, and against PyTorch."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from nnpipe.config.schema import BatchNormConfig, DropoutConfig, LayerConfig, StackConfig
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.build import build
from nnpipe.network.network import Network
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.descent import Descent
from nnpipe.training.losses import LOSSES
from nnpipe.training.optimizers import OPTIMIZERS, optimizer_options

HIDDEN = sorted(ACTIVATIONS.built_in)
PAIRS = [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy")] + [
    (name, "mean_squared_error") for name in HIDDEN
]


def network(hidden: str, output: str, neurons: int = 3) -> Network:
    layers = {
        "hidden1": LayerConfig(5, hidden),
        "hidden2": LayerConfig(4, hidden),
        "output": LayerConfig(neurons, output),
    }
    return build(StackConfig(layers=layers), inputs=6, seed=3, dtype="float64")


def batch(rows: int, seed: int = 0) -> NDArray[np.float64]:
    x = np.random.default_rng(seed).normal(size=(rows, 7))
    x[:, -1] = 1
    return x


def targets(kind: str, rows: int, neurons: int = 3) -> NDArray[np.generic]:
    generator = np.random.default_rng(1)
    match kind:
        case "labels":
            return generator.integers(0, max(neurons, 2), rows)
        case "one-hot":
            return np.eye(neurons)[generator.integers(0, neurons, rows)]
        case _:
            return generator.random((rows, neurons))


def differences(
    pass_: Backpropagation, x: NDArray[np.float64], t: NDArray[np.generic], seed: int | None = None
) -> NDArray[np.float64]:
    """Return dL/dP by central differences of the mean loss; a seed drops the same each time."""

    def chance() -> np.random.Generator | None:
        return None if seed is None else np.random.default_rng(seed)

    found = np.empty_like(pass_.parameters)
    for i in range(found.size):
        kept, h = pass_.parameters[i], 1e-5
        pass_.parameters[i] = kept + h
        above, _ = pass_.judge(x.copy(), t, chance())
        pass_.parameters[i] = kept - h
        below, _ = pass_.judge(x.copy(), t, chance())
        pass_.parameters[i] = kept
        found[i] = (above - below) / (2 * h * len(x))
    return found


@pytest.mark.parametrize("kind", ["labels", "one-hot", "real"])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_gradient_is_that_of_finite_differences(
    hidden: str, output: str, loss: str, kind: str
) -> None:
    pass_ = Backpropagation(network(hidden, output), LOSSES.load(loss), rows=9)
    x, t = batch(9), targets(kind, 9)
    pass_.backward(x, t)
    expected = differences(pass_, x, t)
    error = np.linalg.norm(pass_.gradient - expected) / np.linalg.norm(expected)
    assert error < 1e-6


def test_a_single_sigmoid_neuron_takes_its_label_as_it_is() -> None:
    pass_ = Backpropagation(
        network("tanh", "sigmoid", neurons=1), LOSSES.load("binary_cross_entropy"), rows=9
    )
    x, t = batch(9), targets("labels", 9, neurons=1)
    pass_.backward(x, t)
    expected = differences(pass_, x, t)
    np.testing.assert_allclose(pass_.gradient, expected, rtol=1e-6, atol=1e-9)


def test_the_parameters_of_the_given_network_are_not_touched() -> None:
    given = network("tanh", "softmax")
    before = [layer.parameters.copy() for layer in given.layers]
    pass_ = Backpropagation(given, LOSSES.load("cross_entropy"), rows=4)
    pass_.parameters += 1
    for layer, parameters in zip(given.layers, before, strict=True):
        np.testing.assert_array_equal(layer.parameters, parameters)
    assert pass_.network.layers[0].parameters[0, 0] == before[0][0, 0] + 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("output", "loss"), PAIRS[:2])
def test_sums_of_ten_thousand_give_a_finite_loss_and_no_warning(
    output: str, loss: str, dtype: str
) -> None:
    z = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], dtype)
    delta = np.empty_like(z)
    with np.errstate(all="raise", under="ignore", over="ignore"):
        value, right = LOSSES.load(loss).backward(
            ACTIVATIONS.load(output), z, np.array([0, 0]), delta
        )
    # By hand: the softmax loses 2e4 on the second sample; the sigmoids 1e4 on each of two
    # neurons of the second sample, and ln 2 on each third neuron.
    expected = {"cross_entropy": 2e4, "binary_cross_entropy": 2e4 + 2 * np.log(2)}[loss]
    assert value == pytest.approx(expected, rel=1e-6)
    assert right == 1
    assert np.isfinite(delta).all()


@pytest.mark.parametrize(("output", "loss"), PAIRS[:2])
def test_losses_and_gradients_are_those_of_pytorch(output: str, loss: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    pass_ = Backpropagation(network("tanh", output), LOSSES.load(loss), rows=9)
    x, t = batch(9), targets("one-hot", 9)
    value, _ = pass_.backward(x, t)
    matrices = [
        torch.tensor(layer.parameters, requires_grad=True) for layer in pass_.network.layers
    ]
    a = torch.tensor(x)
    for matrix in matrices[:-1]:
        ones = torch.ones((9, 1), dtype=torch.float64)
        a = torch.cat([torch.tanh(a @ matrix.T), ones], dim=1)
    z = a @ matrices[-1].T
    if loss == "cross_entropy":
        theirs = torch.nn.functional.cross_entropy(z, torch.tensor(t))
    else:
        theirs = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(t)) * 3
    theirs.backward()
    assert value / 9 == pytest.approx(theirs.item(), rel=1e-12)
    gradient = np.concatenate([matrix.grad.numpy().ravel("F") for matrix in matrices])
    np.testing.assert_allclose(pass_.gradient, gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("hidden", ["relu", "leaky_relu", "elu", "sigmoid", "tanh"])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS.built_in))
def test_a_step_after_the_first_allocates_no_array(hidden: str, optimizer: str) -> None:
    layers = {"hidden1": LayerConfig(256, hidden), "output": LayerConfig(64, "softmax")}
    net = build(StackConfig(layers=layers), inputs=100, seed=0, dtype="float32")
    transforms = {"output": {"norm": BatchNormConfig(), "drop": DropoutConfig()}}
    pass_ = Backpropagation(net, LOSSES.load("cross_entropy"), 2048, transforms)
    vectors = pass_.parameters, pass_.gradient
    options = optimizer_options(optimizer)
    descent = Descent(OPTIMIZERS.load(optimizer), options, *vectors)
    x, t = np.ones((2048, 101), np.float32), np.arange(2048) % 64
    chance = np.random.default_rng(0)

    def step() -> None:
        pass_.backward(x, t, chance)
        descent.step(options["learning_rate"])

    step()
    tracemalloc.start()
    step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The smallest array of a batch is that of its 64 outputs, 512 KiB. Less than a quarter of it
    # are the loss and the class of each sample, and the room in which NumPy casts a part at a time.
    assert peak < 128 << 10
