"""Random numbers between 0 and 1 with a peak."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.sources.distributions.base import Distribution


@dataclass(frozen=True)
class TriangularOptions:
    peak: float = option(0.5, "the likeliest number", at_least=0, at_most=1)


def make(options):
    def fill(generator, row):
        row[:] = generator.triangular(0, options.peak, 1, row.shape)

    return Distribution(fill, lambda x: x)


triangular = Kind(TriangularOptions, make)
