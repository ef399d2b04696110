"""Untruncated normal numbers with mean 0 and variance 1 / fan_in.

References
----------
LeCun, Bottou, Orr, Müller: Efficient BackProp (1998).
"""

from __future__ import annotations

from nnpipe.config.kind import Kind
from nnpipe.network.initializers.base import InitializerOptions, normal_of

lecun_normal = Kind(
    InitializerOptions, lambda options: normal_of(lambda fan_in, fan_out: 1 / fan_in)
)
