"""The options of a fully connected layer; the layer itself is in `nnpipe.network.layer`."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import MISSING, Choice, Kind
from nnpipe.config.options import choice, option
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Activation
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.initializers.base import Draw


@dataclass(frozen=True)
class DenseOptions:
    """The options of dense."""

    neurons: int = option(MISSING, "number of neurons", at_least=1)
    activation: Choice[Activation] = choice(ACTIVATIONS, "sigmoid", "function of the sums")
    initializer: Choice[Draw] = choice(
        INITIALIZERS, "normal", "initial values of the parameters, including the bias column"
    )


dense = Kind(DenseOptions, lambda options: options)
