"""Hidden layers of one width, for grids over width and depth."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nnpipe.config.kind import AUTO, Kind
from nnpipe.config.options import option
from nnpipe.network.architectures.base import SharedOptions
from nnpipe.network.purpose import Purpose


@dataclass(frozen=True)
class UniformOptions(SharedOptions):
    """The options of uniform."""

    width: int = option(64, "neurons of each hidden layer", at_least=1)
    depth: int = option(2, "number of hidden layers", at_least=0, at_most=1000)
    outputs: int = option(
        AUTO,
        "neurons of the last layer; auto: one for each class or target, or 10 where nothing is "
        "trained",
        at_least=1,
    )

    def resolved(self, purpose: Purpose) -> UniformOptions:
        """Return the options with a value for each `auto`."""
        outputs = self.outputs
        if outputs == AUTO:
            outputs = purpose.outputs if purpose.trains else 10
        return replace(self, outputs=outputs, **self.of_layers(purpose, [outputs]))


uniform = Kind(
    UniformOptions,
    lambda options: options.stack([options.width] * options.depth + [options.outputs]),
)
