"""Every kind of layer: its formula, its fast forms, and its gradients.

Modules: network/layers/*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnpipe.config.kind import Choice
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import Array, LayerKind, Step, Workspace
from tests.strategies import dense

Make = Callable[[int], Choice[LayerKind]]


def residual(**layers: Choice[LayerKind]) -> Choice[LayerKind]:
    return LAYERS.choice("residual", layers=layers)


NORM, BATCH_NORM = LAYERS.choice("layer_norm"), LAYERS.choice("batch_norm")
SMALL: dict[str, Make] = {
    "dense": lambda inputs: dense(3, "tanh"),
    "residual": lambda inputs: residual(norm=NORM, a=dense(4, "gelu"), b=dense(inputs, "tanh")),
}
"""The options of the kinds that need some."""

KINDS: dict[str, Make] = {
    **{
        name: SMALL.get(name, lambda inputs, name=name: LAYERS.choice(name))
        for name in LAYERS.names
    },
    "dense that keeps its sums": lambda inputs: dense(5, "gelu"),
    "linear dense": lambda inputs: dense(2, "linear"),
    "residual with layers that training removes": lambda inputs: residual(
        norm=BATCH_NORM, drop=LAYERS.choice("dropout", rate=0.0), a=dense(inputs, "softplus")
    ),
    "residual in residual": lambda inputs: residual(block=SMALL["residual"](inputs), norm=NORM),
}
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


class Case(NamedTuple):
    """A layer with random arrays and samples, and dL/d(outputs) for its gradients."""

    kind: LayerKind
    arrays: dict[str, Array]
    x: Array
    delta: Array


def case(make: Make, rows: int = 7, inputs: int = 4, seed: int = 0, dtype: str = "float64") -> Case:
    kind, generator = make(inputs).make(), np.random.default_rng(seed)
    arrays = {k: generator.normal(size=n).astype(dtype) for k, n in kind.arrays(inputs).items()}
    x, delta = (generator.normal(size=(rows, n)) for n in (inputs, kind.outputs(inputs)))
    return Case(kind, arrays, x.astype(dtype), delta.astype(dtype))


def training(given: Case, arrays: dict[str, Array]) -> tuple[Step, dict[str, Array]]:
    """Return the step of a layer with the samples in its room, and the arrays of its gradients."""
    rows, inputs = given.x.shape
    gradients = {name: np.full_like(array, np.nan) for name, array in arrays.items()}
    space = Workspace(rows + 2, max(given.kind.widths(inputs)), given.x.dtype)
    step = given.kind.training(arrays, gradients, inputs, space)
    step.room[:rows, :inputs] = given.x
    return step, gradients


def fortran(arrays: dict[str, Array]) -> dict[str, Array]:
    return {name: array.copy("F") for name, array in arrays.items()}


def forward(step: Step, given: Case, generator: np.random.Generator | None) -> Array:
    out = np.empty_like(given.delta)
    step.forward(out, generator)
    return out


def generator_of(kind: LayerKind) -> np.random.Generator | None:
    """Return what makes a step compute the formula, which is that of a training batch."""
    return np.random.default_rng(0) if kind.mixes_samples() else None


@kinds
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
@settings(max_examples=30)
@given(rows=st.integers(1, 40), inputs=st.integers(1, 12), seed=st.integers(0, 99))
def test_inference_computes_the_formula(
    make: Make, dtype: str, tolerance: float, rows: int, inputs: int, seed: int
) -> None:
    given = case(make, rows, inputs, seed, dtype)
    expected = given.kind.formula(given.arrays, given.x)
    assert (expected.shape, expected.dtype) == ((rows, given.kind.outputs(inputs)), dtype)
    ready, out = given.kind.inference(given.arrays, inputs), np.empty_like(expected)
    thread = ready.in_thread()
    for function in (ready, thread):
        function(given.x[:1], out[:1])  # fewer samples, then more
        function(given.x, out)
        np.testing.assert_allclose(out, expected, rtol=tolerance, atol=tolerance)
    thread.one(np.append(given.x[0], np.ones(1, dtype)), out[0])
    first = given.kind.formula(given.arrays, given.x[:1])[0]
    np.testing.assert_allclose(out[0], first, rtol=tolerance, atol=tolerance)


@kinds
def test_a_training_step_computes_the_formula_and_leaves_its_inputs(make: Make) -> None:
    given = case(make)
    step, _ = training(given, fortran(given.arrays))
    before = step.room.copy()
    found = forward(step, given, generator_of(given.kind))
    np.testing.assert_allclose(
        found, given.kind.formula(given.arrays, given.x), rtol=1e-12, atol=1e-14
    )
    np.testing.assert_array_equal(step.room, before)
    if before.shape[1] > given.x.shape[1]:
        assert (before[:, -1] == 1).all()


@kinds
@pytest.mark.parametrize("seed", [None, 4], ids=["validation", "training"])
def test_gradients_are_those_of_finite_differences(make: Make, seed: int | None) -> None:
    given = case(make)
    arrays = fortran(given.arrays)
    step, gradients = training(given, arrays)

    def loss() -> float:
        chance = None if seed is None else np.random.default_rng(seed)
        return float(np.vdot(forward(step, given, chance), given.delta))

    loss()
    before = np.full_like(given.x, np.nan)
    step.backward(given.delta.copy(), before)
    found = {**{name: array.copy() for name, array in gradients.items()}, "inputs": before}
    loss()
    step.backward(given.delta.copy(), None)
    for name, array in gradients.items():
        np.testing.assert_array_equal(array, found[name])
    x = step.room[: len(given.x), : given.x.shape[1]]
    for name, array in {**arrays, "inputs": x}.items():
        expected = np.empty_like(array)
        for at in np.ndindex(array.shape):
            kept, h = array[at], 1e-5
            array[at] = kept + h
            above = loss()
            array[at] = kept - h
            expected[at] = (above - loss()) / (2 * h)
            array[at] = kept
        assert np.linalg.norm(found[name] - expected) < 1e-6 * np.linalg.norm(expected), name


@kinds
def test_the_formula_runs_on_tensors_and_their_gradients_are_those_of_the_step(make: Make) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    given = case(make)
    tensors = {k: torch.tensor(a, requires_grad=True) for k, a in given.arrays.items()}
    x = torch.tensor(given.x, requires_grad=True)
    outputs: Any = given.kind.formula(tensors, x)
    expected = given.kind.formula(given.arrays, given.x)
    np.testing.assert_allclose(outputs.detach().numpy(), expected, rtol=1e-12, atol=1e-12)
    (outputs * torch.tensor(given.delta)).sum().backward()
    step, gradients = training(given, fortran(given.arrays))
    forward(step, given, generator_of(given.kind))
    before = np.empty_like(given.x)
    step.backward(given.delta.copy(), before)
    for found, tensor in [(before, x), *zip(gradients.values(), tensors.values(), strict=True)]:
        np.testing.assert_allclose(found, tensor.grad.numpy(), rtol=1e-9, atol=1e-11)


@kinds
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_layer_has_the_arrays_and_statistics_that_it_declares(make: Make, dtype: str) -> None:
    given = case(make, dtype=dtype)
    drawn = given.kind.initialize(4, np.random.default_rng(0), np.dtype(dtype))
    assert {name: array.shape for name, array in drawn.items()} == given.kind.arrays(4)
    step, _ = training(given, fortran(given.arrays))
    sizes = {name: vector.shape for name, vector in step.statistics.items()}
    assert sizes == {name: (size,) for name, size in given.kind.statistics(4).items()}
    assert {array.dtype for array in (*drawn.values(), *step.statistics.values())} <= {
        np.dtype(dtype)
    }
    shown = [*given.kind.weights(drawn), *given.kind.biases(drawn)]
    assert all(any(np.shares_memory(s, array) for array in drawn.values()) for s in shown)
