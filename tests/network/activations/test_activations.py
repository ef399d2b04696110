"""Every activation against the math module, its fast form, PyTorch and finite differences.

Modules: network/activations/*.
"""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnpipe.config.load import store
from nnpipe.errors import ConfigError
from nnpipe.network.activations import ACTIVATIONS
from tests.strategies import ACTIVATION_NAMES

DTYPES = ("float32", "float64")


def _sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def _softplus(z):
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def _phi(z):
    return math.erfc(-z / math.sqrt(2)) / 2


def _inner(z):
    """The argument of tanh in equation 2 of Hendrycks and Gimpel's paper."""
    return math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)


# The constants of section 2 of Klambauer et al., with more digits.
ALPHA, SCALE = 1.6732632423543772848, 1.0507009873554804934

# What is tested: each activation with its defaults, and those with options with others too.
CASES = {name: (name, {}) for name in ACTIVATION_NAMES} | {
    "elu 0": ("elu", {"alpha": 0.0}),
    "elu 2.5": ("elu", {"alpha": 2.5}),
    "gelu tanh": ("gelu", {"approximate": "tanh"}),
    "leaky_relu 0": ("leaky_relu", {"slope": 0.0}),
    "leaky_relu 0.3": ("leaky_relu", {"slope": 0.3}),
    "leaky_relu 1": ("leaky_relu", {"slope": 1.0}),
}

# The definitions in the papers that the modules name, in scalar float64 and the math module.
SCALAR = {
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "elu 0": lambda z: max(z, 0.0),
    "elu 2.5": lambda z: z if z > 0 else 2.5 * math.expm1(z),
    "gelu": lambda z: z * _phi(z),
    "gelu tanh": lambda z: z * (1 + math.tanh(_inner(z))) / 2,
    "hard_sigmoid": lambda z: min(max(z / 6 + 0.5, 0.0), 1.0),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "leaky_relu 0": lambda z: max(z, 0.0),
    "leaky_relu 0.3": lambda z: z if z > 0 else 0.3 * z,
    "leaky_relu 1": lambda z: z,
    "linear": lambda z: z,
    "mish": lambda z: z * math.tanh(_softplus(z)),
    "relu": lambda z: z if z > 0 else 0.0,
    "selu": lambda z: SCALE * (z if z > 0 else ALPHA * math.expm1(z)),
    "sigmoid": _sigmoid,
    "silu": lambda z: z * _sigmoid(z),
    "softplus": _softplus,
    "tanh": math.tanh,
}

# Their derivatives by hand.
SLOPE = {
    "elu": lambda z: 1 if z > 0 else math.exp(z),
    "elu 0": lambda z: 1 if z > 0 else 0,
    "elu 2.5": lambda z: 1 if z > 0 else 2.5 * math.exp(z),
    "gelu": lambda z: _phi(z) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    "gelu tanh": lambda z: (
        (1 + math.tanh(_inner(z))) / 2
        + z * (1 - math.tanh(_inner(z)) ** 2) / math.sqrt(2 * math.pi) * (1 + 0.134145 * z * z)
    ),
    "hard_sigmoid": lambda z: 1 / 6 if abs(z) < 3 else 0,
    "leaky_relu": lambda z: 1 if z > 0 else 0.01,
    "leaky_relu 0": lambda z: 1 if z > 0 else 0,
    "leaky_relu 0.3": lambda z: 1 if z > 0 else 0.3,
    "leaky_relu 1": lambda z: 1,
    "linear": lambda z: 1,
    "mish": lambda z: (
        math.tanh(_softplus(z)) + z * _sigmoid(z) * (1 - math.tanh(_softplus(z)) ** 2)
    ),
    "relu": lambda z: 1 if z > 0 else 0,
    "selu": lambda z: SCALE * (1 if z > 0 else ALPHA * math.exp(z)),
    "sigmoid": lambda z: _sigmoid(z) * _sigmoid(-z),
    "silu": lambda z: _sigmoid(z) * (1 + z * _sigmoid(-z)),
    "softplus": _sigmoid,
    "tanh": lambda z: 1 - math.tanh(z) ** 2,
}


def _make(case):
    name, options = CASES[case]
    return ACTIVATIONS.choice(name, **options).make()


def _matrices(bound, dtype):
    width = np.dtype(dtype).itemsize * 8
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
    return hnp.arrays(dtype, shapes, elements=st.floats(-bound, bound, width=width))


def test_the_built_in_activations_are_the_thirteen_that_are_tested_here():
    assert ACTIVATIONS.names == ACTIVATION_NAMES
    assert {*CASES} == {*SCALAR, "softmax"} == {*SLOPE, "softmax"} == {*LIMITS}
    options = {name: store(ACTIVATIONS.choice(name).options) for name in ACTIVATION_NAMES}
    assert {name: given for name, given in options.items() if given} == {
        "elu": {"alpha": 1.0},
        "gelu": {"approximate": "none"},
        "leaky_relu": {"slope": 0.01},
    }


def test_a_misspelt_activation_is_answered_with_the_nearest_name():
    with pytest.raises(ConfigError) as caught:
        ACTIVATIONS.load("sigmod")
    assert str(caught.value) == (
        "'sigmod' is not an activation; expected one of elu, gelu, hard_sigmoid, leaky_relu, "
        "linear, mish, relu, selu, sigmoid, silu, softmax, softplus, tanh. Did you mean 'sigmoid'?"
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SCALAR)
def test_it_agrees_with_its_definition(case, dtype):
    @settings(deadline=None)
    @given(_matrices(50, dtype))
    def check(z):
        with np.errstate(all="raise", under="ignore"):
            a = _make(case)(z)
        expected = np.vectorize(SCALAR[case], otypes=[np.float64])(z)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(a, expected, rtol=16 * eps, atol=64 * eps)
        assert a.dtype == dtype

    check()


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_agrees_with_its_definition_and_its_rows_sum_to_one(dtype):
    @settings(deadline=None)
    @given(_matrices(50, dtype))
    def check(z):
        a = _make("softmax")(z)
        powers = np.exp(z.astype(np.float64))
        eps = np.finfo(dtype).eps
        expected = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(a, expected, rtol=256 * eps, atol=4 * eps)
        np.testing.assert_allclose(a.sum(axis=1), 1, rtol=8 * eps)
        assert a.dtype == dtype

    check()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_at_the_extremes_it_stays_finite_and_silent(case, dtype):
    # The slope of selu is above 1, so that it is infinite for the largest number.
    largest = np.finfo(dtype).max / (2 if case == "selu" else 1)
    tiny = np.finfo(dtype).tiny
    values = [-largest, -1e4, -800, -100, -tiny, -0.0, 0.0, tiny, 100, 800, 1e4, largest]
    z = np.array([values, values[::-1]], dtype)
    activation = _make(case)
    delta = np.ones_like(z)
    with np.errstate(all="raise", under="ignore"):
        a = activation(z)
        activation.backward(z, a, delta)
    assert np.isfinite(a).all()
    assert np.isfinite(delta).all()


# At -10,000 and at 10,000.
LIMITS = {
    "elu": (-1.0, 1e4),
    "elu 0": (0.0, 1e4),
    "elu 2.5": (-2.5, 1e4),
    "gelu": (0.0, 1e4),
    "gelu tanh": (0.0, 1e4),
    "hard_sigmoid": (0.0, 1.0),
    "leaky_relu": (-100.0, 1e4),
    "leaky_relu 0": (0.0, 1e4),
    "leaky_relu 0.3": (-3e3, 1e4),
    "leaky_relu 1": (-1e4, 1e4),
    "linear": (-1e4, 1e4),
    "mish": (0.0, 1e4),
    "relu": (0.0, 1e4),
    "selu": (-SCALE * ALPHA, SCALE * 1e4),
    "sigmoid": (0.0, 1.0),
    "silu": (0.0, 1e4),
    "softmax": (0.0, 1.0),
    "softplus": (0.0, 1e4),
    "tanh": (-1.0, 1.0),
}
UNBOUNDED_BELOW = ("leaky_relu", "leaky_relu 0.3", "leaky_relu 1", "linear")
BOUNDED_ABOVE = ("hard_sigmoid", "sigmoid", "tanh")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("case", "limits"), LIMITS.items())
def test_at_ten_thousand_it_is_its_limit(case, limits, dtype):
    a = _make(case)(np.array([[-1e4, 1e4]], dtype))
    # A product of two rounded numbers may be one unit in the last place off.
    rtol = np.finfo(dtype).eps if case in ("selu", "leaky_relu 0.3") else 0
    np.testing.assert_allclose(a, np.array([limits], dtype), rtol=rtol, atol=0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_infinite_and_missing_sums_raise_no_warning(case, dtype):
    activation = _make(case)
    with np.errstate(all="raise", under="ignore"):
        low, high, missing = (
            activation(np.array([[v]], dtype)).item() for v in (-np.inf, np.inf, np.nan)
        )
    assert math.isnan(missing)
    if case != "softmax":
        limit = np.dtype(dtype).type(LIMITS[case][0])
        assert low == (-math.inf if case in UNBOUNDED_BELOW else limit)
        assert high == (1.0 if case in BOUNDED_ABOVE else math.inf)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SLOPE)
def test_a_gradient_of_infinite_sums_is_that_of_the_limit_and_silent(case, dtype):
    activation = _make(case)
    z = np.array([[-np.inf, np.inf, np.nan]], dtype)
    delta = np.ones_like(z)
    with np.errstate(all="raise", under="ignore", invalid="ignore"):
        activation.backward(z.copy(), activation(z), delta)
    low, high = (SLOPE[case](value) for value in (-700.0, 700.0))
    # Where the derivative is read off the output, softplus and tanh are exactly their limits.
    np.testing.assert_allclose(delta[0, :2], [low, high], rtol=np.finfo(dtype).eps, atol=1e-30)


def _fast(activation, z):
    a = np.empty_like(z)
    with np.errstate(all="raise", under="ignore", over="ignore", invalid="ignore"):
        activation.forward(z, a)
    return a


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize("case", CASES)
def test_the_fast_form_agrees_with_the_formula(case, dtype, rtol):
    @settings(deadline=None)
    @given(_matrices(50, dtype))
    def check(z):
        activation = _make(case)
        np.testing.assert_allclose(_fast(activation, z), activation.formula(z), rtol=rtol)

    check()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_the_fast_form_is_the_formula_at_special_values(case, dtype):
    values = [0.0, 1e-30, 1.0, 3.0, 50.0, 88.0, 89.0, 100.0, 800.0, 1e4, 1e30, np.inf]
    z = np.array([np.nan, *values, *np.negative(values)], dtype)[:, np.newaxis]
    activation = _make(case)
    np.testing.assert_array_equal(activation(z), _fast(activation, z))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_the_formula_works_on_tensors_of_pytorch(case, dtype):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    z = np.random.default_rng(5).normal(0, 4, (30, 7)).astype(dtype)
    special = np.array([[-np.inf], [-1e4], [0.0], [1e4], [np.inf], [np.nan]], dtype)
    activation = _make(case)
    a, limits = (activation.formula(torch.tensor(values)).numpy() for values in (z, special))
    assert a.dtype == dtype
    tolerance = {"float32": 1e-5, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(a, activation(z), rtol=tolerance, atol=tolerance / 10)
    np.testing.assert_allclose(limits, activation(special), rtol=tolerance)


@pytest.mark.parametrize("case", CASES)
def test_pytorch_differentiates_the_formula_to_the_gradient(case):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    generator = np.random.default_rng(6)
    z = generator.normal(0, 4, (30, 7))
    z[0], z[1] = 0, np.linspace(-80, 80, 7)
    upstream = generator.normal(size=z.shape)
    theirs = torch.tensor(z, requires_grad=True)
    activation, delta = _make(case), upstream.copy()
    activation.formula(theirs).backward(torch.tensor(upstream))
    activation.backward(z.copy(), activation(z), delta)
    np.testing.assert_allclose(theirs.grad.numpy(), delta, rtol=1e-9, atol=1e-9)


def test_sigmoid_keeps_the_relative_accuracy_of_small_values():
    z = np.linspace(-700, 0, 1001)[np.newaxis]
    expected = [_sigmoid(value) for value in z[0]]
    np.testing.assert_allclose(_make("sigmoid")(z)[0], expected, rtol=1e-15)


@pytest.mark.parametrize("case", CASES)
def test_it_may_be_written_over_its_own_sums(case):
    z = np.random.default_rng(0).normal(0, 3, (5, 7))
    activation = _make(case)
    expected = activation(z)
    activation.forward(z, z)
    np.testing.assert_array_equal(z, expected)


@pytest.mark.parametrize("case", CASES)
def test_a_new_array_is_returned_and_the_sums_are_kept(case):
    z = np.random.default_rng(0).normal(0, 3, (5, 7))
    kept = z.copy()
    a = _make(case)(z)
    assert not np.shares_memory(a, z)
    np.testing.assert_array_equal(z, kept)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SLOPE)
def test_the_gradient_is_that_of_the_derivative_by_hand(case, dtype):
    generator = np.random.default_rng(1)
    z = (generator.uniform(0.01, 12, (40, 5)) * generator.choice([-1, 1], (40, 5))).astype(dtype)
    upstream = generator.normal(size=z.shape).astype(dtype)
    activation, delta = _make(case), upstream.copy()
    activation.backward(z.copy(), activation(z), delta)
    expected = np.vectorize(SLOPE[case], otypes=[np.float64])(z) * upstream
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(delta, expected, rtol=32 * eps, atol=32 * eps)


def _torch_function(functional, case):
    """Return what PyTorch computes under the same name and the options of a case."""
    name, options = CASES[case]
    if name == "linear":
        return lambda z: 1 * z
    if name == "softmax":
        return lambda z: functional.softmax(z, dim=1)
    if name == "softplus":
        # Beyond its threshold PyTorch takes z itself.
        return lambda z: functional.softplus(z, threshold=100)
    function = getattr(functional, name.replace("hard_", "hard"))
    keywords = {"slope": "negative_slope"}
    return lambda z: function(z, **{keywords.get(k, k): v for k, v in options.items()})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_both_directions_are_those_of_pytorch(case, dtype):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    generator = np.random.default_rng(2)
    z = generator.normal(0, 4, (30, 7)).astype(dtype)
    upstream = generator.normal(size=z.shape).astype(dtype)
    theirs = torch.tensor(z, requires_grad=True)
    output = _torch_function(torch.nn.functional, case)(theirs)
    output.backward(torch.tensor(upstream))
    activation, delta = _make(case), upstream.copy()
    a = activation(z)
    activation.backward(z.copy(), a, delta)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(a, output.detach().numpy(), rtol=16 * eps, atol=64 * eps)
    # Of hard_sigmoid PyTorch has the slope 1/6 in float32, whatever the dtype.
    rtol = 3e-8 if case == "hard_sigmoid" and dtype == "float64" else 64 * eps
    np.testing.assert_allclose(delta, theirs.grad.numpy(), rtol=rtol, atol=64 * eps)


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_agrees_with_central_differences(case):
    generator = np.random.default_rng(1)
    # Away from 0, where some have a kink, and not so far out that the derivative vanishes.
    z = generator.uniform(0.1, 4, (6, 5)) * generator.choice([-1, 1], (6, 5))
    upstream = generator.normal(size=z.shape)
    activation = _make(case)
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


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_keeps_the_dtype_and_reads_z_only_where_it_says_so(case):
    z = np.random.default_rng(2).normal(0, 3, (4, 3)).astype(np.float32)
    activation = _make(case)
    a, delta, again = activation(z), np.ones_like(z), np.ones_like(z)
    kept = a.copy()
    activation.backward(z, a, delta)
    assert delta.dtype == np.float32
    np.testing.assert_array_equal(a, kept)
    if not activation.needs_z:
        activation.backward(a, a, again)
        np.testing.assert_array_equal(again, delta)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shape", [(700, 130), (3, 40_000), (70_001,)])
def test_a_large_array_gives_what_its_rows_give_one_by_one(case, shape):
    generator = np.random.default_rng(3)
    z, upstream = (generator.normal(0, 3, shape).astype(np.float32) for _ in range(2))
    activation = _make(case)
    a, delta = activation(z), upstream.copy()
    activation.backward(z.copy(), a, delta)
    in_place = z.copy()
    activation.forward(in_place, in_place)
    np.testing.assert_array_equal(in_place, a)
    if len(shape) == 1 and case == "softmax":
        return  # the numbers of one sample depend on each other
    for i in range(0, shape[0], max(1, shape[0] // 50)):
        row, back = z[i : i + 1], upstream[i : i + 1].copy()
        np.testing.assert_allclose(activation(row), a[i : i + 1], rtol=1e-6, atol=1e-12)
        activation.backward(row.copy(), a[i : i + 1].copy(), back)
        np.testing.assert_allclose(back, delta[i : i + 1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_the_room_it_works_in_does_not_grow_with_the_batch(case):
    z = np.random.default_rng(4).normal(0, 3, (16_384, 256)).astype(np.float32)
    activation = _make(case)
    a, delta = np.empty_like(z), np.ones_like(z)
    tracemalloc.start()
    activation.forward(z, a)
    activation.backward(z, a, delta)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # An array of the batch takes 16 MiB; a number a sample, as softmax has, 64 KiB.
    assert peak < 1 << 20
