"""Dropout and batch normalization: their gradients, PyTorch's results, and the network without."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.config.kind import Choice
from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import MakeTransform
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.losses import LOSSES
from tests.strategies import dense
from tests.training.test_backpropagation import batch, differences, network, targets

LOSS = LOSSES.choice("cross_entropy").make()
NORM = LAYERS.choice("batch_norm")

Transforms = dict[str, dict[str, Choice[MakeTransform]]]


def dropout(rate: float = 0.5) -> Choice[MakeTransform]:
    return LAYERS.choice("dropout", rate=rate)


def drop(**rates: float) -> Transforms:
    return {name: {"drop": dropout(rate)} for name, rate in rates.items()}


def norm(*names: str) -> Transforms:
    return {name: {f"norm_{name}": NORM} for name in names}


@pytest.mark.parametrize("hidden", ["tanh", "gelu", "relu"])
@pytest.mark.parametrize(
    "transforms",
    [
        drop(hidden1=0.2, output=0.4),
        norm("output"),
        norm("hidden1", "hidden2", "output"),
        {"output": {"norm": NORM, "drop": dropout(0.3)}},
        {"hidden2": {"drop": dropout(0.3), "norm": NORM}},
    ],
    ids=["dropout", "norm", "norms", "norm-dropout", "dropout-norm"],
)
def test_the_gradient_is_that_of_finite_differences(transforms: Transforms, hidden: str) -> None:
    pass_ = Backpropagation(network(hidden, "softmax"), LOSS, 9, transforms)
    x, t = batch(9), targets("labels", 9)
    pass_.backward(x.copy(), t, np.random.default_rng(4))
    expected = differences(pass_, x, t, seed=4)
    error = np.linalg.norm(pass_.gradient - expected) / np.linalg.norm(expected)
    assert error < 1e-6
    # It is another one where the network is judged, and right there too.
    pass_.backward(x.copy(), t)
    assert np.linalg.norm(pass_.gradient - expected) > 0.1 * np.linalg.norm(expected)
    expected = differences(pass_, x, t)
    assert np.linalg.norm(pass_.gradient - expected) < 1e-6 * np.linalg.norm(expected)


def test_dropout_keeps_the_mean_of_the_sums_and_changes_nothing_in_validation() -> None:
    one = {"a": dense(400, "linear"), "b": dense(1, "linear")}
    net = build(one, inputs=6, seed=0, dtype="float64")
    loss = LOSSES.choice("mean_squared_error").make()
    plain = Backpropagation(net, loss, 2000)
    dropping = Backpropagation(net, loss, 2000, drop(b=0.3))
    x, t = np.repeat(batch(1), 2000, axis=0), np.zeros((2000, 1))
    assert dropping.forward(x, t) == plain.forward(x, t)
    output = plain.network(x[0, :-1])[0]
    dropped, _ = dropping.forward(x, t, np.random.default_rng(0))
    # E[s²] = E[s]² + Var[s], and each of the 400 terms w a m has the variance (w a)² p / (1 - p).
    hidden = net.layers[0](x[:1, :-1])[0]
    variance = np.square(hidden * net.layers[1].weights[0]).sum() * 0.3 / 0.7
    assert dropped / 2000 == pytest.approx(output**2 + variance, rel=0.1)


def test_batch_normalization_gives_each_feature_the_mean_0_and_the_variance_1() -> None:
    generator = np.random.default_rng(0)
    a = generator.normal(3, 2, (50, 4))
    found = a.copy()
    NORM.make()(64, 4, a.dtype).forward(found, generator)
    np.testing.assert_allclose(found, (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5))


def test_it_keeps_the_digits_of_features_far_from_0() -> None:
    generator = np.random.default_rng(0)
    a = generator.normal(1e4, 1, (500, 4)).astype(np.float32)
    found, exact = a.copy(), a.astype(np.float64)
    step = NORM.make()(500, 4, a.dtype)
    step.forward(found, generator)
    expected = (exact - exact.mean(axis=0)) / np.sqrt(exact.var(axis=0) + 1e-5)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(step.statistics[:4], 0.1 * exact.mean(axis=0), rtol=1e-6)


def test_every_kind_of_layer_without_neurons_has_a_transform() -> None:
    for kind in {*LAYERS.names} - {"dense"}:
        made = LAYERS.choice(kind).make()(5, 3, np.dtype("float32"))
        a = np.ones((5, 3), np.float32)
        made.forward(a, np.random.default_rng(0))
        made.backward(a)
        assert (made.statistics.dtype, made.statistics.ndim) == (np.float32, 1)


def test_in_validation_it_normalizes_by_the_running_means_and_variances() -> None:
    generator = np.random.default_rng(0)
    step = NORM.make()(64, 4, np.dtype("float64"))
    mean, variance = np.zeros(4), np.ones(4)
    for rows in (64, 30, 2):
        a = generator.normal(3, 2, (rows, 4))
        mean = 0.9 * mean + 0.1 * a.mean(axis=0)
        variance = 0.9 * variance + 0.1 * a.var(axis=0, ddof=1)
        step.forward(a, generator)
    np.testing.assert_allclose(step.statistics, [*mean, *variance])
    a = generator.normal(3, 2, (5, 4))
    for chance, rows in ((None, 5), (generator, 1)):  # a batch of one has no variance
        found = a[:rows].copy()
        step.forward(found, chance)
        np.testing.assert_allclose(found, (a[:rows] - mean) / np.sqrt(variance + 1e-5))
        np.testing.assert_allclose(step.statistics, [*mean, *variance])


def test_folded_parameters_do_without_the_transforms() -> None:
    transforms = {
        "hidden1": {"norm1": NORM},
        "output": {"norm2": NORM, "drop": dropout(), "norm3": NORM},
    }
    pass_ = Backpropagation(network("tanh", "softmax"), LOSS, 9, transforms)
    chance = np.random.default_rng(0)
    for seed in range(20):
        pass_.backward(3 * batch(9, seed), targets("labels", 9), chance)
    plain = Backpropagation(network("tanh", "softmax"), LOSS, 9)
    plain.parameters[:] = pass_.folded()
    x, t = batch(9, 99), targets("labels", 9)
    loss, right = pass_.forward(x.copy(), t)
    assert plain.forward(x.copy(), t) == (pytest.approx(loss, rel=1e-12), right)


def test_batch_normalization_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    layers = {"hidden": dense(5, "tanh"), "output": dense(3, "softmax")}
    net = build(layers, inputs=6, seed=3, dtype="float64")
    pass_ = Backpropagation(net, LOSS, 9, norm("output"))
    theirs = torch.nn.Sequential(
        torch.nn.Linear(6, 5),
        torch.nn.Tanh(),
        torch.nn.BatchNorm1d(5, affine=False),
        torch.nn.Linear(5, 3),
    ).double()
    with torch.no_grad():
        for linear, layer in zip((theirs[0], theirs[3]), net.layers, strict=True):
            linear.weight.copy_(torch.tensor(layer.weights))
            linear.bias.copy_(torch.tensor(layer.bias))
    t = targets("labels", 9)
    for seed in range(5):
        x = batch(9, seed)
        pass_.backward(x.copy(), t, np.random.default_rng(0))
        theirs.zero_grad()
        output = theirs(torch.tensor(x[:, :-1]))
        torch.nn.functional.cross_entropy(output, torch.tensor(t)).backward()
        gradient = np.concatenate(
            [
                torch.cat([part.weight.grad, part.bias.grad[:, None]], dim=1).numpy().ravel("F")
                for part in (theirs[0], theirs[3])
            ]
        )
        np.testing.assert_allclose(pass_.gradient, gradient, rtol=1e-9, atol=1e-12)
    running = torch.cat([theirs[2].running_mean, theirs[2].running_var]).numpy()
    np.testing.assert_allclose(pass_.statistics["norm_output"], running, rtol=1e-12)
