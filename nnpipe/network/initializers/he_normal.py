"""Untruncated normal numbers with mean 0 and variance 2 / fan_in.

References
----------
He, Zhang, Ren, Sun: Delving deep into rectifiers (ICCV 2015).
"""

from __future__ import annotations

from nnpipe.config.kind import Kind
from nnpipe.network.initializers.base import InitializerOptions, he, normal_of

he_normal = Kind(InitializerOptions, lambda options: normal_of(he))
