"""Folding the normalization: the same numbers, and only where they stay the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnpipe
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.base import Normalization
from nnpipe.stages.folding import fold_normalization


class Stored:
    """An array in memory, as a source."""

    def __init__(self, x):
        self.x, self.dtype, self.samples, self.features = x, x.dtype, *x.shape
        self.rows = range(len(x))

    def read(self, start, stop):
        return self.x[start:stop]

    def labels(self, start, stop):
        return None


def pixels(dtype="uint8", features=12):
    return np.random.default_rng(0).integers(0, 256, (50, features)).astype(dtype)


@settings(max_examples=40, deadline=None)
@given(
    means=st.lists(st.floats(0, 255), min_size=12, max_size=12),
    spread=st.floats(1, 255),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_a_folded_network_gives_what_the_normalized_samples_give(means, spread, dtype):
    network = nnpipe.build({"inputs": 12, "sizes": [8, 3]}, seed=1, dtype=dtype)
    normalization = Normalization("standardize", np.array(means), np.full(1, 1 / spread))
    normalized = Input(Stored(pixels()), normalization, dtype)
    folded, raw = fold_normalization(network, normalized)
    x = (pixels().astype(np.float64) - means) / spread
    wide = network.astype("float64")
    bound = {"float32": 2e-6, "float64": 1e-13}[dtype] * (1 + 255 / spread)
    np.testing.assert_allclose(folded(raw.read(0, 50)), wide(x), rtol=0, atol=bound)


def test_samples_that_are_bytes_reach_the_network_as_they_are_stored():
    network = nnpipe.build({"inputs": 12, "sizes": [3]})
    scaled = Input(Stored(pixels()), Normalization("scale", np.zeros(1), np.ones(1) / 255), "f4")
    folded, raw = fold_normalization(network, scaled)
    np.testing.assert_array_equal(raw.read(0, 50), pixels().astype("float32"))
    assert folded.layers[0].parameters is not network.layers[0].parameters
    np.testing.assert_array_equal(
        folded.layers[0].parameters[:, -1], network.layers[0].parameters[:, -1]
    )


def test_a_layer_that_absorbs_no_map_is_left_as_it_is():
    scaled = Input(Stored(pixels()), Normalization("scale", np.zeros(1), np.ones(1) / 255), "f4")
    for layers in (
        {"norm": "layer_norm"},
        {"block": {"kind": "residual", "layers": {"a": {"neurons": 12}}}},
    ):
        network = nnpipe.build({"inputs": 12, "layers": layers})
        assert fold_normalization(network, scaled) == (network, scaled)


@pytest.mark.parametrize(
    ("dtype", "offset", "factor"),
    [
        ("float32", 0.0, 1 / 255),  # may hold what is not finite
        ("uint8", 200.0, 1.0),  # a constant feature
        ("uint8", 0.0, 1e-30),
        ("uint8", 0.0, 1.0),  # nothing to fold
    ],
)
def test_what_would_not_stay_exact_is_not_folded(dtype, offset, factor):
    network = nnpipe.build({"inputs": 12, "sizes": [3]})
    normalization = Normalization("standardize", np.full(1, offset), np.full(1, factor))
    normalized = Input(Stored(pixels(dtype)), normalization, "float32")
    assert fold_normalization(network, normalized) == (network, normalized)
