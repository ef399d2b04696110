"""Orthonormal rows, or orthonormal columns if the matrix has more rows, times a gain.

References
----------
Saxe, McClelland, Ganguli: Exact solutions to the nonlinear dynamics of learning in deep linear
neural networks (ICLR 2014). Mezzadri: How to generate random matrices from the classical compact
groups (2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.initializers.base import Draw, InitializerOptions, Numbers


@dataclass(frozen=True)
class OrthogonalOptions(InitializerOptions):
    """The gain."""

    gain: float = option(1.0, "factor of all numbers")


def _draw(options: OrthogonalOptions) -> Draw:
    def draw(
        generator: np.random.Generator, shape: tuple[int, int], fan_in: int, fan_out: int
    ) -> Numbers:
        q, r = np.linalg.qr(generator.standard_normal((max(shape), min(shape))))
        # Without the signs of R's diagonal, Q would not be uniform over the orthogonal matrices.
        q *= np.copysign(options.gain, np.diagonal(r))
        return q if shape[0] >= shape[1] else q.T

    return draw


orthogonal = Kind(OrthogonalOptions, _draw)
