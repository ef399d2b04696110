"""Products that cores share are correct, and bit-identical for any number of cores."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.engines.blas import one_thread
from nnpipe.system.products import multiply


@pytest.mark.parametrize(
    ("m", "k", "n"),
    [(3, 4, 5), (128, 785, 512), (785, 128, 512), (700, 300, 700), (1, 9_000_000, 4)],
)
def test_a_product_is_the_same_to_the_bit_on_any_number_of_threads(m: int, k: int, n: int) -> None:
    generator = np.random.default_rng(0)
    a, b = generator.random((m, k), np.float32), generator.random((k, n), np.float32)
    found = [np.empty((m, n), np.float32) for _ in range(3)]
    with one_thread:
        for threads, out in zip((1, 2, 5), found, strict=True):
            multiply((a, b, out), threads=threads)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_allclose(found[0], a.astype(np.float64) @ b, rtol=1e-4)


@pytest.mark.parametrize("size", [10, 300])
def test_products_written_together_are_the_same_as_each_by_itself(size: int) -> None:
    generator = np.random.default_rng(0)
    x, delta, weights = (generator.random(s) for s in ((size, 800), (size, 500), (500, 700)))
    alone = np.empty((800, 500)), np.empty((size, 700))
    together = np.empty((800, 500)), np.empty((size, 700))
    with one_thread:
        multiply((x.T, delta, alone[0]), threads=1)
        multiply((delta, weights, alone[1]), threads=1)
        multiply((x.T, delta, together[0]), (delta, weights, together[1]), threads=2)
    for one, other, true in zip(alone, together, (x.T @ delta, delta @ weights), strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(one, true)
