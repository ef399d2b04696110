"""Layers of which each has half the neurons of the one before."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.architectures.base import SharedOptions


@dataclass(frozen=True)
class PyramidOptions(SharedOptions):
    base: int = option(8, "neurons of the first layer", at_least=1)
    height: int = option(2, "layers", at_least=1, at_most=10)


pyramid = Kind(
    PyramidOptions,
    lambda options: options.stack([max(1, options.base >> i) for i in range(options.height)]),
)
