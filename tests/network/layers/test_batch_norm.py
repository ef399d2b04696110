"""Batch normalization: its statistics, PyTorch's results, and the network without it."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import Step, Workspace
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.losses import LOSSES
from tests.network.layers.test_dropout import dropout, stacked
from tests.strategies import dense
from tests.training.test_backpropagation import batch, network, place, targets

LOSS = LOSSES.choice("cross_entropy").make()
NORM = LAYERS.choice("batch_norm")


def norm(dtype: str = "float64", rows: int = 64) -> Step:
    return NORM.make().training({}, {}, 4, Workspace(rows, 4, np.dtype(dtype)))


def normalized(step: Step, a: np.ndarray, generator: np.random.Generator | None) -> np.ndarray:
    step.room[: len(a)] = a
    out = np.empty_like(a)
    step.forward(out, generator)
    return out


def test_batch_normalization_gives_each_feature_the_mean_0_and_the_variance_1() -> None:
    generator = np.random.default_rng(0)
    a = generator.normal(3, 2, (50, 4))
    expected = (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5)
    np.testing.assert_allclose(normalized(norm(), a, generator), expected)


def test_it_keeps_the_digits_of_features_far_from_0() -> None:
    generator = np.random.default_rng(0)
    a = generator.normal(1e4, 1, (500, 4)).astype(np.float32)
    exact, step = a.astype(np.float64), norm("float32", 500)
    expected = (exact - exact.mean(axis=0)) / np.sqrt(exact.var(axis=0) + 1e-5)
    np.testing.assert_allclose(normalized(step, a, generator), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(step.statistics[""][:4], 0.1 * exact.mean(axis=0), rtol=1e-6)


def test_in_validation_it_normalizes_by_the_running_means_and_variances() -> None:
    generator, step = np.random.default_rng(0), norm()
    mean, variance = np.zeros(4), np.ones(4)
    for rows in (64, 30, 2):
        a = generator.normal(3, 2, (rows, 4))
        mean = 0.9 * mean + 0.1 * a.mean(axis=0)
        variance = 0.9 * variance + 0.1 * a.var(axis=0, ddof=1)
        normalized(step, a, generator)
    np.testing.assert_allclose(step.statistics[""], [*mean, *variance])
    a = generator.normal(3, 2, (5, 4))
    for chance, rows in ((None, 5), (generator, 1)):  # a batch of one has no variance
        found = normalized(step, a[:rows], chance)
        np.testing.assert_allclose(found, (a[:rows] - mean) / np.sqrt(variance + 1e-5))
        np.testing.assert_allclose(step.statistics[""], [*mean, *variance])


def test_folded_parameters_do_without_the_layers_that_training_removes() -> None:
    given = network("tanh", "softmax")
    before = {
        "hidden1": {"norm1": NORM},
        "output": {"norm2": NORM, "drop": dropout(), "norm3": NORM},
    }
    pass_ = Backpropagation(given, LOSS, 9, stacked(given, before))
    chance = np.random.default_rng(0)
    for seed in range(20):
        place(pass_, 3 * batch(9, seed))
        pass_.backward(targets("labels", 9), chance)
    plain = Backpropagation(given, LOSS, 9)
    plain.parameters[:] = pass_.folded()
    for each in (pass_, plain):
        place(each, batch(9, 99))
    t = targets("labels", 9)
    loss, right = pass_.forward(t)
    assert plain.forward(t) == (pytest.approx(loss, rel=1e-12), right)


def test_batch_normalization_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    stack = {"hidden": dense(5, "tanh"), "norm": NORM, "output": dense(3, "softmax")}
    net = build(stack, inputs=6, seed=3, dtype="float64")
    pass_ = Backpropagation(net, LOSS, 9, stack)
    theirs = torch.nn.Sequential(
        torch.nn.Linear(6, 5),
        torch.nn.Tanh(),
        torch.nn.BatchNorm1d(5, affine=False),
        torch.nn.Linear(5, 3),
    ).double()
    with torch.no_grad():
        for linear, layer in zip((theirs[0], theirs[3]), net.layers, strict=True):
            linear.weight.copy_(torch.tensor(layer.parameters[:, :-1]))
            linear.bias.copy_(torch.tensor(layer.parameters[:, -1]))
    t = targets("labels", 9)
    for seed in range(5):
        x = batch(9, seed)
        place(pass_, x)
        pass_.backward(t, np.random.default_rng(0))
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(t)).backward()
        gradient = np.concatenate(
            [
                torch.cat([part.weight.grad, part.bias.grad[:, None]], dim=1).numpy().ravel("F")
                for part in (theirs[0], theirs[3])
            ]
        )
        np.testing.assert_allclose(pass_.gradient, gradient, rtol=1e-9, atol=1e-12)
    running = torch.cat([theirs[2].running_mean, theirs[2].running_var]).numpy()
    np.testing.assert_allclose(pass_.statistics["norm"], running, rtol=1e-12)
