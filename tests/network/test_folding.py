"""Folding: layers that end with a map hand it to the next one, with the same outputs."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.engines.fast import FastEngine
from nnpipe.network.build import build
from nnpipe.network.folding import Part, fold
from nnpipe.network.layers import LAYERS
from nnpipe.network.network import Network
from tests.strategies import dense, residual

NORM = LAYERS.choice("layer_norm")


def parts(network: Network) -> list[Part]:
    return [Part(la.name, la.transform, la.inputs, la.arrays) for la in network.layers]


@pytest.mark.parametrize(
    ("stack", "names"),
    [
        ({"a": dense(4), "b": dense(5), "c": dense(3)}, {"a", "b"}),
        ({"a": dense(4), "n": NORM, "b": dense(5), "c": dense(3, "tanh")}, {"n", "b"}),
        ({"a": dense(4), "n": NORM}, set()),
        ({"a": dense(4), "n": NORM, "m": NORM, "b": dense(2)}, {"m"}),
        ({"a": dense(4), "r": residual(b=dense(4), c=dense(4)), "d": dense(3)}, set()),
        ({"r": residual(n=NORM, a=dense(6), b=dense(6)), "c": dense(5), "d": dense(3)}, {"c"}),
        ({"a": dense(4, "relu"), "b": dense(5, "softmax"), "c": dense(3)}, set()),
    ],
)
def test_maps_are_absorbed_by_dense_layers_alone_with_the_same_outputs(stack, names) -> None:
    network = build(stack, inputs=6, seed=1, dtype="float64")
    generator = np.random.default_rng(2)
    network = network.with_arrays(
        {name: a + generator.normal(0, 0.3, a.shape) for name, a in network.arrays.items()}
    )
    folded, maps = fold(parts(network))
    assert maps.keys() == names
    x = 3 * generator.normal(size=(50, 6))
    outputs, kept = FastEngine(network).forward(x, list(stack))
    for part, layer in zip(folded, network.layers, strict=True):
        x = layer(x)
        # A part without arrays is a normalization that has lost gain and shift.
        assert (part.arrays == {}) == (layer.name in names and layer.kind == "layer_norm")
        np.testing.assert_allclose(kept[layer.name], x, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(outputs, x, rtol=1e-12)


@pytest.mark.parametrize("name", LAYERS.built_in)
def test_a_layer_is_its_split_and_the_map_after_it(name: str) -> None:
    options = {"dense": {"neurons": 3}, "residual": {"layers": {"a": dense(4)}}}
    kind = LAYERS.choice(name, **options.get(name, {})).make()
    generator = np.random.default_rng(0)
    arrays = {key: generator.normal(size=shape) for key, shape in kind.arrays(4).items()}
    parts = kind.split(arrays)
    assert (parts is None) == (name not in ("dense", "layer_norm"))
    if parts is not None:
        other, rest, affine = parts
        x, out = generator.normal(size=(9, 4)), np.empty((9, kind.outputs(4)))
        other.inference(rest, 4)(x, out)
        given = affine.scale * out + affine.shift
        np.testing.assert_allclose(given, kind.formula(arrays, x), rtol=1e-11, atol=1e-12)
