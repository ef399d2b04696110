"""Uniform numbers with mean 0 and variance 2 / fan_in.

References
----------
He, Zhang, Ren, Sun: Delving deep into rectifiers (ICCV 2015).
"""

from __future__ import annotations

from nnpipe.config.kind import Kind
from nnpipe.network.initializers.base import InitializerOptions, he, uniform_of

he_uniform = Kind(InitializerOptions, lambda options: uniform_of(he))
