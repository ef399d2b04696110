"""Dense layers absorb the affine maps before and after them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import Affine
from tests.strategies import dense, dtypes

FORMS = st.sampled_from(["none", "scalar", "vector"])


@given(st.data(), st.integers(1, 9), st.integers(1, 9), dtypes, st.integers(0, 999))
def test_the_absorbed_matrix_gives_the_composed_formulas(
    data: st.DataObject, inputs: int, neurons: int, dtype: str, seed: int
) -> None:
    generator = np.random.default_rng(seed)

    def drawn(size: int, neutral: float) -> Any:
        form = data.draw(FORMS)
        return (
            neutral if form == "none" else generator.normal(size=None if form == "scalar" else size)
        )

    before, after = (Affine(drawn(size, 1.0), drawn(size, 0.0)) for size in (inputs, neurons))
    layer = dense(neurons, "linear").make()
    matrix = generator.normal(size=(neurons, inputs + 1)).astype(dtype)
    matrix = np.asarray(matrix, order=data.draw(st.sampled_from("CF")))
    kept, x = matrix.copy(), generator.normal(size=(5, inputs))

    def mapped(affine: Affine, a: Any) -> Any:
        return a * affine.scale + affine.shift

    exact = {"parameters": matrix.astype(np.float64)}
    sums = layer.formula(exact, mapped(before, x))
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    for first, last, expected in (
        (before, after, mapped(after, sums)),
        (before, None, sums),
        (None, after, mapped(after, layer.formula(exact, x))),
    ):
        found = layer.absorb({"parameters": matrix}, before=first, after=last)
        assert found["parameters"].dtype == dtype
        assert found["parameters"].strides == matrix.strides
        np.testing.assert_allclose(
            layer.formula({"parameters": found["parameters"].astype(np.float64)}, x),
            expected,
            rtol=tolerance,
            atol=tolerance,
        )
    np.testing.assert_array_equal(matrix, kept)


@pytest.mark.parametrize("name", [n for n in LAYERS.built_in if n not in ("dense", "residual")])
def test_the_other_kinds_absorb_nothing(name: str) -> None:
    layer = LAYERS.choice(name).make()
    assert not layer.absorbs
    with pytest.raises(TypeError) as caught:
        layer.absorb({}, before=Affine(scale=2.0))
    assert str(caught.value) == "absorb: this kind of layer absorbs no map"


def test_inference_copies_the_matrix_in_whatever_order_it_is() -> None:
    layer, x = dense(3, "linear").make(), np.ones((2, 4))
    for order in ("C", "F"):
        matrix = np.ones((3, 5)).copy(order)
        forward, out = layer.inference({"parameters": matrix}, 4).in_thread(), np.empty((2, 3))
        matrix[...] = 7
        forward(x, out)
        assert (out == 5).all()
