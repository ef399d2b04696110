"""The base of architectures, which declare a stack of layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnpipe.config.kind import Choice
from nnpipe.config.options import choice, option
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Activation
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.initializers.base import Draw
from nnpipe.network.layers import LAYERS
from nnpipe.network.stack import Stack


@dataclass(frozen=True)
class ArchitectureOptions:
    """The options of every form of architecture."""

    inputs: int | None = option(None, "number of features; null: as in the input", at_least=1)


@dataclass(frozen=True)
class SharedOptions(ArchitectureOptions):
    """The options of layers that differ only in size."""

    activation: Choice[Activation] = choice(ACTIVATIONS, "sigmoid", "activation of every layer")
    output_activation: Choice[Activation] | None = choice(
        ACTIVATIONS, None, "activation of the last layer; null: the same"
    )
    initializer: Choice[Draw] = choice(
        INITIALIZERS, "normal", "initial values of the parameters, including the bias column"
    )

    def stack(self, sizes: Sequence[int]) -> Stack:
        """Return dense layers of these sizes, named hidden1, hidden2, ... and output."""
        last = len(sizes) - 1
        output = self.output_activation or self.activation
        return {
            f"hidden{i + 1}" if i < last else "output": LAYERS.choice(
                "dense",
                neurons=neurons,
                activation=self.activation if i < last else output,
                initializer=self.initializer,
            )
            for i, neurons in enumerate(sizes)
        }
