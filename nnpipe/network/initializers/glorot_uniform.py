"""Uniform numbers with mean 0 and variance 2 / (fan_in + fan_out).

References
----------
Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks
(AISTATS 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.initializers.base import InitializerOptions, glorot, uniform_of


@dataclass(frozen=True)
class GlorotUniformOptions(InitializerOptions):
    """The gain."""

    gain: float = option(1.0, "factor of all numbers")


glorot_uniform = Kind(GlorotUniformOptions, lambda options: uniform_of(glorot, options.gain))
