"""Φ and φ against the math module's erfc and exp."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnpipe.network.activations.normal_cdf import normal_cdf, normal_cdf_formula, normal_density

Z = np.concatenate([np.linspace(-40, 40, 8001), np.linspace(-1e-3, 1e-3, 101)])


def _expected(z):
    return np.array([math.erfc(-value / math.sqrt(2)) / 2 for value in z.tolist()])


@pytest.mark.parametrize(("dtype", "atol"), [("float64", 1e-15), ("float32", 2e-7)])
def test_the_distribution_function_agrees_with_erfc(dtype, atol):
    z = Z.astype(dtype)
    cdf = normal_cdf(z)
    assert cdf.dtype == dtype
    np.testing.assert_allclose(cdf, _expected(z), rtol=0, atol=atol)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 1e-6)])
def test_the_fast_form_of_the_distribution_function_agrees_with_the_formula(dtype, rtol):
    z = Z.astype(dtype)
    np.testing.assert_allclose(normal_cdf(z), normal_cdf_formula(z), rtol=rtol)


def test_the_lower_tail_is_relatively_accurate():
    z = np.linspace(-35, 0, 3501)
    np.testing.assert_allclose(normal_cdf(z), _expected(z), rtol=1e-12)


def test_the_distribution_function_is_symmetric_about_one_half():
    np.testing.assert_allclose(normal_cdf(Z) + normal_cdf(-Z), 1, rtol=0, atol=1e-15)


def test_the_density_agrees_with_its_formula():
    z = np.linspace(-35, 35, 701)
    expected = [math.exp(-value * value / 2) / math.sqrt(2 * math.pi) for value in z]
    np.testing.assert_allclose(normal_density(z), expected, rtol=1e-14)
