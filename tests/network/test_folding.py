"""Layers that hand their affine maps to the next ones give the same outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnpipe.network.build import build
from nnpipe.network.folding import Part, fold
from nnpipe.network.layers import LAYERS
from nnpipe.network.stack import Stack
from tests.strategies import dense, residual

NORM = LAYERS.choice("layer_norm")


@pytest.mark.parametrize(
    ("stack", "names"),
    [
        ({"a": dense(4), "b": dense(5), "c": dense(3)}, ["a", "b"]),
        ({"a": dense(4), "n": NORM, "b": dense(5), "c": dense(3, "tanh")}, ["n", "b"]),
        ({"a": dense(4), "r": residual(b=dense(4), n=NORM, c=dense(4)), "d": dense(3)}, []),
        ({"n": NORM, "m": NORM, "c": dense(5), "d": dense(3), "e": NORM}, ["m", "c"]),
        ({"a": dense(4, "relu"), "b": dense(5, "softmax"), "c": dense(3)}, []),
    ],
)
def test_maps_are_absorbed_by_dense_layers_with_the_same_outputs(
    stack: Stack, names: list[str]
) -> None:
    network = build(stack, inputs=6, seed=1, dtype="float64")
    generator = np.random.default_rng(0)
    arrays = {name: generator.normal(size=a.shape) for name, a in network.arrays.items()}
    layers = network.with_arrays(arrays).layers
    folded, maps = fold([Part(la.name, la.transform, la.inputs, la.arrays) for la in layers])
    assert list(maps) == names
    found: Any = generator.normal(size=(50, 6))
    expected = found
    for layer, part in zip(layers, folded, strict=True):
        out = np.empty((50, layer.outputs))
        part.kind.inference(part.arrays, part.inputs).in_thread(50)(found, out)
        found, expected = out, layer(expected)
        given = maps[part.name].scale * out + maps[part.name].shift if part.name in maps else out
        np.testing.assert_allclose(given, expected, rtol=1e-11, atol=1e-12)
        assert (part.kind is layer.transform) or part.name in maps


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
