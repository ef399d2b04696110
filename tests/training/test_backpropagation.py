"""Gradients against central finite differences, and against PyTorch.

Modules: training/losses/*.
"""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.network.network import Network
from nnpipe.network.stack import Stack
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.descent import Descent
from nnpipe.training.losses import LOSSES
from nnpipe.training.optimizers import OPTIMIZERS
from tests.strategies import dense, every_kind, residual

HIDDEN = sorted(ACTIVATIONS.built_in)
PAIRS = [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy")] + [
    (name, "mean_squared_error") for name in HIDDEN
]


def network(hidden: str, output: str, neurons: int = 3) -> Network:
    layers = {
        "hidden1": dense(5, hidden),
        "hidden2": dense(4, hidden),
        "output": dense(neurons, output),
    }
    return build(layers, inputs=6, seed=3, dtype="float64")


def batch(rows: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(rows, 6))


def place(pass_: Backpropagation, x: NDArray[np.generic]) -> None:
    pass_.room[: len(x), : x.shape[1]] = x


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
    pass_: Backpropagation, t: NDArray[np.generic], seed: int | None = None
) -> NDArray[np.float64]:
    """Return dL/dP by central differences of the mean loss; a seed drops the same each time."""

    def chance() -> np.random.Generator | None:
        return None if seed is None else np.random.default_rng(seed)

    found = np.empty_like(pass_.parameters)
    for i in range(found.size):
        kept, h = pass_.parameters[i], 1e-5
        pass_.parameters[i] = kept + h
        above, _ = pass_.forward(t, chance())
        pass_.parameters[i] = kept - h
        below, _ = pass_.forward(t, chance())
        pass_.parameters[i] = kept
        found[i] = (above - below) / (2 * h * len(t))
    return found


@pytest.mark.parametrize("kind", ["labels", "one-hot", "real"])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_gradient_is_that_of_finite_differences(
    hidden: str, output: str, loss: str, kind: str
) -> None:
    pass_ = Backpropagation(network(hidden, output), LOSSES.choice(loss).make(), rows=9)
    place(pass_, batch(9))
    t = targets(kind, 9)
    pass_.backward(t)
    found, expected = pass_.views(pass_.gradient), pass_.views(differences(pass_, t))
    # Layer by layer, so that the gradient of one cannot hide behind that of another.
    for name, wanted in expected.items():
        assert np.linalg.norm(found[name] - wanted) < 1e-6 * np.linalg.norm(wanted)


@pytest.mark.parametrize(("output", "loss"), [*PAIRS[:2], ("linear", "mean_squared_error")])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_gradient_of_every_kind_of_layer_is_that_of_finite_differences(
    hidden: str, output: str, loss: str
) -> None:
    stack = every_kind(hidden, output)
    net = build(stack, inputs=6, seed=3, dtype="float64")
    pass_ = Backpropagation(net, LOSSES.choice(loss).make(), 9, stack)
    place(pass_, batch(9))
    t = targets("one-hot", 9)
    pass_.backward(t, np.random.default_rng(4))
    found, expected = pass_.views(pass_.gradient), pass_.views(differences(pass_, t, seed=4))
    for name, wanted in expected.items():
        assert np.linalg.norm(found[name] - wanted) < 1e-6 * np.linalg.norm(wanted) + 1e-9, name


NORM, BATCH_NORM, DROP = (LAYERS.choice(k) for k in ("layer_norm", "batch_norm", "dropout"))


@pytest.mark.parametrize(
    "stack",
    [
        every_kind(),
        {"norm": BATCH_NORM, "a": dense(3, "relu"), "b": residual(drop=DROP, c=NORM, d=DROP)},
        {"a": residual(n=BATCH_NORM, d=DROP, m=BATCH_NORM, last=dense(6, "linear")), "b": dense(3)},
        {
            "a": residual(b=residual(norm=BATCH_NORM, last=dense(6, "elu")), drop=DROP),
            "norm": BATCH_NORM,
            "drop": DROP,
            "norm2": BATCH_NORM,
            "last": dense(3, "softmax"),
        },
    ],
)
def test_folded_parameters_give_the_same_validation_loss(stack: Stack) -> None:
    loss = LOSSES.choice("mean_squared_error").make()
    net = build(stack, inputs=6, seed=3, dtype="float64")
    pass_ = Backpropagation(net, loss, 9, stack)
    chance, t = np.random.default_rng(0), targets("real", 9)
    for seed in range(20):
        place(pass_, 3 * batch(9, seed))
        pass_.backward(t, chance)
        pass_.parameters -= 0.05 * pass_.gradient
    plain = Backpropagation(net, loss, 9)
    plain.parameters[:] = pass_.folded()
    for each in (pass_, plain):
        place(each, batch(9, 99))
    value, correct = pass_.forward(t)
    assert plain.forward(t) == (pytest.approx(value, rel=1e-12), correct)
    outputs = net.with_arrays(plain.views(plain.parameters))(batch(9, 99))
    assert ((outputs - t) ** 2).sum() / 3 == pytest.approx(value, rel=1e-12)


def test_a_single_sigmoid_neuron_takes_its_label_as_it_is() -> None:
    pass_ = Backpropagation(
        network("tanh", "sigmoid", neurons=1), LOSSES.choice("binary_cross_entropy").make(), rows=9
    )
    place(pass_, batch(9))
    t = targets("labels", 9, neurons=1)
    pass_.backward(t)
    expected = differences(pass_, t)
    np.testing.assert_allclose(pass_.gradient, expected, rtol=1e-6, atol=1e-9)


def test_the_parameters_of_the_given_network_are_not_touched() -> None:
    given = network("tanh", "softmax")
    before = [layer.parameters.copy() for layer in given.layers]
    pass_ = Backpropagation(given, LOSSES.choice("cross_entropy").make(), rows=4)
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
        value, right = (
            LOSSES.choice(loss)
            .make()
            .backward(ACTIVATIONS.choice(output).make(), z, np.array([0, 0]), delta)
        )
    # By hand: the softmax loses 2e4 on the second sample; the sigmoids 1e4 on each of two
    # neurons of the second sample, and ln 2 on each third neuron.
    expected = {"cross_entropy": 2e4, "binary_cross_entropy": 2e4 + 2 * np.log(2)}[loss]
    assert value == pytest.approx(expected, rel=1e-6)
    assert right == 1
    assert np.isfinite(delta).all()


@pytest.mark.parametrize(("output", "loss"), PAIRS[:2])
def test_of_equal_outputs_the_first_is_the_class(output: str, loss: str) -> None:
    z, labels = np.zeros((6, 3)), np.array([0, 1, 2, 2, 0, 1])
    function = ACTIVATIONS.choice(output).make()
    for answers in (labels, np.eye(3)[labels]) if loss == "cross_entropy" else (labels,):
        _, right = (
            LOSSES.choice(loss).make().backward(function, z.copy(), answers, np.empty_like(z))
        )
        assert right == 2


def test_no_output_of_a_softmax_is_so_small_that_products_with_it_are_subnormal() -> None:
    z = np.linspace(-200, 0, 500, dtype=np.float32)[np.newaxis].copy()
    delta, cross_entropy = np.empty_like(z), LOSSES.choice("cross_entropy").make()
    exact = np.exp(z.astype(np.float64) - np.log(np.exp(z.astype(np.float64)).sum()))
    cross_entropy.backward(ACTIVATIONS.choice("softmax").make(), z, np.array([499]), delta)
    exact[0, 499] -= 1
    np.testing.assert_allclose(delta, exact, rtol=1e-5, atol=1e-25)
    assert np.abs(delta[delta != 0]).min() > 1e-27


@pytest.mark.parametrize("kind", ["labels", "one-hot"])
@pytest.mark.parametrize(("output", "loss"), PAIRS[:2])
def test_a_loss_near_0_keeps_its_digits(output: str, loss: str, kind: str) -> None:
    labels = np.arange(400) % 200
    hot = np.eye(200)[labels]
    z = np.random.default_rng(0).uniform(10, 14, (400, 200)) * (2 * hot - 1)
    if loss == "cross_entropy":
        expected = np.log(np.exp(z).sum(axis=1)) - z[hot == 1]
    else:
        expected = np.log1p(np.exp(-np.abs(z)))
    given = labels if kind == "labels" else hot.astype(np.float32)
    single = z.astype(np.float32)
    delta = np.empty_like(single)
    value, right = (
        LOSSES.choice(loss).make().backward(ACTIVATIONS.choice(output).make(), single, given, delta)
    )
    # The sums of the samples are rounded to 1e-6, and e to their power is as exact.
    tolerance = {"cross_entropy": 1e-6 * 400, "binary_cross_entropy": 1e-5 * expected.sum()}
    assert value == pytest.approx(expected.sum(), abs=tolerance[loss])
    assert right == 400


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_the_loss_of_a_large_batch_is_that_of_its_parts(output: str, loss: str) -> None:
    given, rows = network("tanh", output, neurons=50), 1000
    pass_ = Backpropagation(given, LOSSES.choice(loss).make(), rows)
    x, t = batch(rows), targets("real", rows, 50)
    place(pass_, x)
    whole, right = pass_.backward(t)
    gradient = pass_.gradient.copy()
    parts, mean, correct = 0.0, np.zeros_like(gradient), 0
    for start in range(0, rows, 10):
        place(pass_, x[start : start + 10])
        loss_of_part, right_of_part = pass_.backward(t[start : start + 10])
        parts, correct = parts + loss_of_part, correct + right_of_part
        mean += pass_.gradient / 100
    assert (whole, right) == (pytest.approx(parts, rel=1e-12), correct)
    np.testing.assert_allclose(gradient, mean, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("output", "loss"), PAIRS[:2])
def test_losses_and_gradients_are_those_of_pytorch(output: str, loss: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    pass_ = Backpropagation(network("tanh", output), LOSSES.choice(loss).make(), rows=9)
    x, t = batch(9), targets("one-hot", 9)
    place(pass_, x)
    value, _ = pass_.backward(t)
    matrices = [
        torch.tensor(layer.parameters, requires_grad=True) for layer in pass_.network.layers
    ]
    z, ones = torch.tensor(x), torch.ones((9, 1), dtype=torch.float64)
    for i, matrix in enumerate(matrices):
        a = torch.tanh(z) if i else z
        z = torch.cat([a, ones], dim=1) @ matrix.T
    if loss == "cross_entropy":
        theirs = torch.nn.functional.cross_entropy(z, torch.tensor(t))
    else:
        theirs = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(t)) * 3
    theirs.backward()
    assert value / 9 == pytest.approx(theirs.item(), rel=1e-12)
    gradient = np.concatenate([matrix.grad.numpy().ravel("F") for matrix in matrices])
    np.testing.assert_allclose(pass_.gradient, gradient, rtol=1e-9, atol=1e-12)


REMOVED = {"norm": LAYERS.choice("batch_norm"), "drop": LAYERS.choice("dropout")}


def allocated(
    output: str,
    loss: str,
    kind: str,
    optimizer: str,
    hidden: str = "relu",
    between: Stack = REMOVED,
) -> int:
    """Return how many bytes are allocated at most in the second step of a training."""
    stack = {"hidden1": dense(256, hidden), **between, "output": dense(64, output)}
    net = build(stack, inputs=100, seed=0, dtype="float32")
    pass_ = Backpropagation(net, LOSSES.choice(loss).make(), ROWS, stack)
    moved = OPTIMIZERS.choice(optimizer).make()
    descent = Descent(moved, pass_.parameters, pass_.gradient)
    place(pass_, np.ones((ROWS, 100)))
    t = targets(kind, ROWS, 64)
    t = t if kind == "labels" else t.astype(np.float32)
    generator = np.random.default_rng(0)

    def step() -> None:
        pass_.backward(t, generator)
        descent.step(moved.options.learning_rate)

    step()
    tracemalloc.start()
    step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


# Beside the pieces that losses and activations work on, nothing may be allocated: of a batch, true
# or false for each of its 64 outputs are 512 KiB, and for each of its 256 hidden neurons 2 MiB.
ROWS = 8192


@pytest.mark.parametrize("kind", ["labels", "one-hot"])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_no_loss_allocates_an_array_as_large_as_a_batch(output: str, loss: str, kind: str) -> None:
    assert allocated(output, loss, kind, "sgd") < 512 << 10


@pytest.mark.parametrize("hidden", HIDDEN)
def test_no_activation_allocates_an_array_as_large_as_a_batch(hidden: str) -> None:
    assert allocated("softmax", "cross_entropy", "labels", "sgd", hidden) < 1 << 20


def test_no_layer_allocates_an_array_as_large_as_a_batch() -> None:
    inner = {"norm": LAYERS.choice("layer_norm"), **REMOVED, "inner": dense(256, "relu")}
    layers = {"norm": LAYERS.choice("layer_norm"), "block": LAYERS.choice("residual", layers=inner)}
    assert allocated("softmax", "cross_entropy", "labels", "sgd", between=layers) < 1 << 20


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS.built_in))
def test_no_optimizer_allocates_an_array(optimizer: str) -> None:
    sgd = allocated("softmax", "cross_entropy", "labels", "sgd")
    assert allocated("softmax", "cross_entropy", "labels", optimizer) < sgd + (16 << 10)
