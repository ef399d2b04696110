"""The base of architectures: the declared stack, an ordered mapping of named layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnpipe.config.kind import Choice
from nnpipe.config.options import choice, option
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Activation
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.initializers.base import Draw
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import MakeTransform
from nnpipe.network.layers.dense import DenseOptions

Stack = Mapping[str, Choice[Any]]
"""The layers by name, in order. Empty if the layers come from a stored run."""


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


def dense_layers(stack: Stack) -> dict[str, DenseOptions]:
    """Return the layers with neurons by name, in order."""
    layers = ((name, layer.options) for name, layer in stack.items())
    return {name: options for name, options in layers if isinstance(options, DenseOptions)}


def transforms(stack: Stack) -> dict[str, dict[str, Choice[MakeTransform]]]:
    """Return, for each layer with neurons, the layers without neurons directly before it.

    >>> stack = {"drop": LAYERS.choice("dropout", rate=0.2), "out": LAYERS.choice("dense")}
    >>> transforms(stack)
    {'out': {'drop': Choice(kind='dropout', options=DropoutOptions(rate=0.2))}}
    """
    found: dict[str, dict[str, Choice[MakeTransform]]] = {}
    before: dict[str, Choice[MakeTransform]] = {}
    for name, layer in stack.items():
        if not isinstance(layer.options, DenseOptions):
            before[name] = layer
        elif before:
            found[name], before = before, {}
    return found
