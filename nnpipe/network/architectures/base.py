"""The base of architectures, which declare a stack of layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from nnpipe.config.kind import AUTO, Choice
from nnpipe.config.options import choice, option
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Activation
from nnpipe.network.initializers import INITIALIZERS, guess_initializer
from nnpipe.network.initializers.base import Draw
from nnpipe.network.layers import LAYERS
from nnpipe.network.purpose import Purpose
from nnpipe.network.stack import Stack


@dataclass(frozen=True)
class ArchitectureOptions:
    """The options of every form of architecture."""

    inputs: int | None = option(None, "number of features; null: as in the input", at_least=1)

    def resolved(self, purpose: Purpose) -> Self:
        """Return the options with a value for each `auto`."""
        return self


@dataclass(frozen=True)
class SharedOptions(ArchitectureOptions):
    """The options of layers that differ only in size."""

    activation: Choice[Activation] = choice(
        ACTIVATIONS,
        AUTO,
        "of the hidden layers; auto: relu where something is trained, else sigmoid",
    )
    output_activation: Choice[Activation] | None = choice(
        ACTIVATIONS,
        AUTO,
        "of the last layer; auto: as the targets need it, or as the hidden layers; null: as these",
    )
    initializer: Choice[Draw] = choice(
        INITIALIZERS,
        AUTO,
        "initial parameters, with the bias column; auto: he_normal with relu, glorot_uniform with "
        "sigmoid and tanh, both with bias zeros; normal where nothing is trained",
        guess_initializer,
    )

    def resolved(self, purpose: Purpose) -> Self:
        """Return the options with a value for each `auto`."""
        return replace(self, **self.of_layers(purpose))

    def of_layers(self, purpose: Purpose, sizes: Sequence[int] = ()) -> dict[str, Any]:
        """Return the options of the layers with a value for each `auto`, for layers of sizes."""
        activation, output, initializer = self.activation, self.output_activation, self.initializer
        if activation == AUTO:
            activation = purpose.activation()
        if output == AUTO:
            neurons = sizes[-1] if sizes else None
            output = purpose.activation(last=True, neurons=neurons) if purpose.trains else None
        if initializer == AUTO:
            initializer = purpose.initializer(activation.kind)
        return {
            "activation": activation,
            "output_activation": output or activation,
            "initializer": initializer,
        }

    def stack(self, sizes: Sequence[int]) -> Stack:
        """Return dense layers of these sizes, named hidden1, hidden2, ... and output."""
        last = len(sizes) - 1
        same = self.output_activation in (None, AUTO)
        output = self.activation if same else self.output_activation
        return {
            f"hidden{i + 1}" if i < last else "output": LAYERS.choice(
                "dense",
                neurons=neurons,
                activation=self.activation if i < last else output,
                initializer=self.initializer,
            )
            for i, neurons in enumerate(sizes)
        }
