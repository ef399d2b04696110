"""Hidden layers of one width, for grids over width and depth."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.architectures.base import SharedOptions


@dataclass(frozen=True)
class UniformOptions(SharedOptions):
    """The options of uniform."""

    width: int = option(64, "neurons of each hidden layer", at_least=1)
    depth: int = option(2, "number of hidden layers", at_least=0, at_most=1000)
    outputs: int = option(10, "neurons of the last layer", at_least=1)


uniform = Kind(
    UniformOptions,
    lambda options: options.stack([options.width] * options.depth + [options.outputs]),
)
