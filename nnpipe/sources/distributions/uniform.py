"""Uniform numbers from low to high."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Kind
from nnpipe.config.options import check_order, option
from nnpipe.sources.distributions.base import Distribution, fill_uniform, stretch


@dataclass(frozen=True)
class UniformOptions:
    """The options of uniform."""

    low: float = option(0.0, "lowest value")
    high: float = option(1.0, "highest value, above low")


uniform = Kind(
    UniformOptions,
    lambda options: Distribution(
        fill_uniform, lambda x: stretch(x, options.high - options.low, options.low)
    ),
    lambda options, key: check_order(options.low, options.high, key),
)
