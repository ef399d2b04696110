"""The Gaussian error linear unit: f(z) = z Φ(z), with f' = Φ(z) + z φ(z).

With approximate=tanh, f(z) = z (1 + tanh u) / 2, where u = √(2/π) (z + 0.044715 z³), and
f' = (1 + tanh u) / 2 + z (1 - tanh² u) u' / 2.

References
----------
Hendrycks, Gimpel: Gaussian error linear units (2016), section 2, for both forms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.activations.base import Activation, Array
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.namespace import namespace
from nnpipe.network.activations.normal_cdf import normal_cdf, normal_cdf_formula, normal_density

# Beyond this Φ is exactly 0 or 1 in every dtype, so clipping z avoids 0 times infinity.
LIMIT = 40

_ROOT = math.sqrt(2 / math.pi)
_CUBIC = 0.044715


@dataclass(frozen=True)
class GeluOptions:
    """The option of gelu."""

    approximate: str = option(
        "none", "none, or tanh for the paper's faster approximation", among=("none", "tanh")
    )


def _formula(z: Any) -> Any:
    return namespace(z).clip(z, -LIMIT, None) * normal_cdf_formula(z)


def _approximate_formula(z: Any) -> Any:
    xp = namespace(z)
    near = xp.clip(z, -LIMIT, LIMIT)
    u = (1 + _CUBIC * (near * near)) * near * _ROOT
    return xp.clip(z, -LIMIT, None) * (0.5 * (1 + xp.tanh(u)))


@blockwise
def _forward(z: Array, out: Array) -> None:
    cdf = normal_cdf(z)
    np.maximum(z, -LIMIT, out=out)
    out *= cdf


@blockwise
def _backward(z: Array, a: Array, delta: Array) -> None:
    slope = np.clip(z, -LIMIT, LIMIT)
    slope *= normal_density(slope)
    slope += normal_cdf(z)
    delta *= slope


def _tanh(z: Array) -> Array:
    inner = z * z
    inner *= _CUBIC
    inner += 1
    inner *= z
    inner *= _ROOT
    return np.tanh(inner, out=inner)


@blockwise
def _approximate_forward(z: Array, out: Array) -> None:
    half = _tanh(np.clip(z, -LIMIT, LIMIT))
    half += 1
    half *= 0.5
    np.maximum(z, -LIMIT, out=out)
    out *= half


@blockwise
def _approximate_backward(z: Array, a: Array, delta: Array) -> None:
    z = np.clip(z, -LIMIT, LIMIT)
    t = _tanh(z)
    slope = (1 - t * t) * (1 + 3 * _CUBIC * z * z)
    slope *= z
    slope *= _ROOT
    slope += 1
    slope += t
    slope *= 0.5
    delta *= slope


_FORMS = {
    "none": Activation(_formula, _forward, _backward, needs_z=True),
    "tanh": Activation(
        _approximate_formula, _approximate_forward, _approximate_backward, needs_z=True
    ),
}

gelu = Kind(GeluOptions, lambda options: _FORMS[options.approximate])
