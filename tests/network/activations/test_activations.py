"""Every activation against the math module, at the extremes, and against finite differences."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnpipe.errors import ConfigError
from nnpipe.network.activations import ACTIVATIONS
from tests.strategies import ACTIVATION_NAMES

DTYPES = ("float32", "float64")


def _sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


# The definitions, in scalar float64 and the math module.
SCALAR = {
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "linear": lambda z: z,
    "relu": lambda z: z if z > 0 else 0.0,
    "sigmoid": _sigmoid,
    "silu": lambda z: z * _sigmoid(z),
    "softplus": lambda z: max(z, 0.0) + math.log1p(math.exp(-abs(z))),
    "tanh": math.tanh,
}


def _matrices(bound, dtype):
    width = np.dtype(dtype).itemsize * 8
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
    return hnp.arrays(dtype, shapes, elements=st.floats(-bound, bound, width=width))


def test_the_built_in_activations_are_the_ten_that_are_tested_here():
    assert ACTIVATIONS.names == tuple(sorted({*SCALAR, "softmax"})) == ACTIVATION_NAMES


def test_a_misspelt_activation_is_answered_with_the_nearest_name():
    with pytest.raises(ConfigError) as caught:
        ACTIVATIONS.load("sigmod")
    assert str(caught.value) == (
        "'sigmod' is not an activation; expected one of elu, gelu, leaky_relu, linear, relu, "
        "sigmoid, silu, softmax, softplus, tanh. Did you mean 'sigmoid'?"
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SCALAR)
def test_it_agrees_with_its_definition(name, dtype):
    @settings(deadline=None)
    @given(_matrices(50, dtype))
    def check(z):
        with np.errstate(all="raise", under="ignore"):
            a = ACTIVATIONS.load(name)(z)
        expected = np.vectorize(SCALAR[name], otypes=[np.float64])(z)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(a, expected, rtol=16 * eps, atol=64 * eps)
        assert a.dtype == dtype

    check()


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_agrees_with_its_definition_and_its_rows_sum_to_one(dtype):
    @settings(deadline=None)
    @given(_matrices(50, dtype))
    def check(z):
        a = ACTIVATIONS.load("softmax")(z)
        powers = np.exp(z.astype(np.float64))
        eps = np.finfo(dtype).eps
        expected = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(a, expected, rtol=256 * eps, atol=4 * eps)
        np.testing.assert_allclose(a.sum(axis=1), 1, rtol=8 * eps)
        assert a.dtype == dtype

    check()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_at_the_extremes_it_stays_finite_and_silent(name, dtype):
    largest = np.finfo(dtype).max
    tiny = np.finfo(dtype).tiny
    values = [-largest, -1e4, -800, -100, -tiny, -0.0, 0.0, tiny, 100, 800, 1e4, largest]
    z = np.array([values, values[::-1]], dtype)
    activation = ACTIVATIONS.load(name)
    delta = np.ones_like(z)
    with np.errstate(all="raise", under="ignore"):
        a = activation(z)
        activation.backward(z, a, delta)
    assert np.isfinite(a).all()
    assert np.isfinite(delta).all()


LIMITS = {
    "elu": (-1.0, 1e4),
    "gelu": (0.0, 1e4),
    "leaky_relu": (-100.0, 1e4),
    "linear": (-1e4, 1e4),
    "relu": (0.0, 1e4),
    "sigmoid": (0.0, 1.0),
    "silu": (0.0, 1e4),
    "softmax": (0.0, 1.0),
    "softplus": (0.0, 1e4),
    "tanh": (-1.0, 1.0),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "limits"), LIMITS.items())
def test_at_ten_thousand_it_is_its_limit(name, limits, dtype):
    a = ACTIVATIONS.load(name)(np.array([[-1e4, 1e4]], dtype))
    np.testing.assert_array_equal(a, np.array([limits], dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_infinite_and_missing_sums_raise_no_warning(name, dtype):
    activation = ACTIVATIONS.load(name)
    with np.errstate(all="raise", under="ignore"):
        low, high, missing = (
            activation(np.array([[v]], dtype)).item() for v in (-np.inf, np.inf, np.nan)
        )
    assert math.isnan(missing)
    if name != "softmax":
        bounded = LIMITS[name]
        assert low == (bounded[0] if name not in ("linear", "leaky_relu") else -math.inf)
        assert high == (1.0 if name in ("sigmoid", "tanh") else math.inf)


def test_sigmoid_keeps_the_relative_accuracy_of_small_values():
    z = np.linspace(-700, 0, 1001)[np.newaxis]
    expected = [_sigmoid(value) for value in z[0]]
    np.testing.assert_allclose(ACTIVATIONS.load("sigmoid")(z)[0], expected, rtol=1e-15)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_it_may_be_written_over_its_own_sums(name):
    z = np.random.default_rng(0).normal(0, 3, (5, 7))
    activation = ACTIVATIONS.load(name)
    expected = activation(z)
    activation.forward(z, z)
    np.testing.assert_array_equal(z, expected)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_a_new_array_is_returned_and_the_sums_are_kept(name):
    z = np.random.default_rng(0).normal(0, 3, (5, 7))
    kept = z.copy()
    a = ACTIVATIONS.load(name)(z)
    assert not np.shares_memory(a, z)
    np.testing.assert_array_equal(z, kept)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_the_gradient_agrees_with_central_differences(name):
    generator = np.random.default_rng(1)
    # Away from 0, where some have a kink, and not so far out that the derivative vanishes.
    z = generator.uniform(0.1, 4, (6, 5)) * generator.choice([-1, 1], (6, 5))
    upstream = generator.normal(size=z.shape)
    activation = ACTIVATIONS.load(name)
    delta = upstream.copy()
    activation.backward(z.copy(), activation(z), delta)

    # L = sum(upstream * f(z)), differentiated by (L(z + h) - L(z - h)) / 2h, entry by entry.
    h = 1e-5
    expected = np.empty_like(z)
    for index in np.ndindex(z.shape):
        above, below = z.copy(), z.copy()
        above[index] += h
        below[index] -= h
        difference = activation(above) - activation(below)
        expected[index] = np.sum(upstream * difference) / (2 * h)
    np.testing.assert_allclose(delta, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_the_gradient_keeps_the_dtype_and_reads_z_only_where_it_says_so(name):
    z = np.random.default_rng(2).normal(0, 3, (4, 3)).astype(np.float32)
    activation = ACTIVATIONS.load(name)
    a, delta, again = activation(z), np.ones_like(z), np.ones_like(z)
    kept = a.copy()
    activation.backward(z, a, delta)
    assert delta.dtype == np.float32
    np.testing.assert_array_equal(a, kept)
    if not activation.needs_z:
        activation.backward(a, a, again)
        np.testing.assert_array_equal(again, delta)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
@pytest.mark.parametrize("shape", [(700, 130), (3, 40_000), (70_001,)])
def test_a_large_array_gives_what_its_rows_give_one_by_one(name, shape):
    generator = np.random.default_rng(3)
    z, upstream = (generator.normal(0, 3, shape).astype(np.float32) for _ in range(2))
    activation = ACTIVATIONS.load(name)
    a, delta = activation(z), upstream.copy()
    activation.backward(z.copy(), a, delta)
    in_place = z.copy()
    activation.forward(in_place, in_place)
    np.testing.assert_array_equal(in_place, a)
    if len(shape) == 1 and name == "softmax":
        return  # the numbers of one sample depend on each other
    for i in range(0, shape[0], max(1, shape[0] // 50)):
        row, back = z[i : i + 1], upstream[i : i + 1].copy()
        np.testing.assert_allclose(activation(row), a[i : i + 1], rtol=1e-6, atol=1e-12)
        activation.backward(row.copy(), a[i : i + 1].copy(), back)
        np.testing.assert_allclose(back, delta[i : i + 1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_the_room_it_works_in_does_not_grow_with_the_batch(name):
    z = np.random.default_rng(4).normal(0, 3, (16_384, 256)).astype(np.float32)
    activation = ACTIVATIONS.load(name)
    a, delta = np.empty_like(z), np.ones_like(z)
    tracemalloc.start()
    activation.forward(z, a)
    activation.backward(z, a, delta)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # An array of the batch takes 16 MiB; a number a sample, as softmax has, 64 KiB.
    assert peak < 1 << 20
