"""The options of a fully connected layer; `nnpipe.network.layer` is the layer itself."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import MISSING, Choice, Kind, choice, option
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Activation
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.initializers.base import Draw


@dataclass(frozen=True)
class DenseOptions:
    """Neurons that are connected with all of the layer before."""

    neurons: int = option(MISSING, "how many", at_least=1)
    activation: Choice[Activation] = choice(ACTIVATIONS, "sigmoid", "what is done to the sums")
    initializer: Choice[Draw] = choice(
        INITIALIZERS, "normal", "how the parameters start, the bias column included"
    )


dense = Kind(DenseOptions, lambda options: options)
