"""Write every form of architecture as a stack: an ordered mapping of named layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nnpipe.config.schema import (
    MOST_HIDDEN,
    ArchitectureConfig,
    DropoutConfig,
    LayerConfig,
    MlpConfig,
    StackConfig,
    UniformConfig,
)


def stack_of(architecture: ArchitectureConfig) -> dict[str, LayerConfig]:
    """Return the layers that an architecture declares, in order; dropout is none of a network's.

    The layers of `mlp` and `uniform` are named hidden1, hidden2, ... and output. A `from_run`
    declares none: its layers are the stored ones.

    >>> list(stack_of(MlpConfig(sizes=[100, 50, 10])))
    ['hidden1', 'hidden2', 'output']
    """
    match architecture:
        case StackConfig():
            layers = architecture.layers.items()
            return {name: layer for name, layer in layers if isinstance(layer, LayerConfig)}
        case MlpConfig():
            return _named(architecture, architecture.sizes)
        case UniformConfig():
            depth = min(architecture.depth, MOST_HIDDEN)  # more is refused by the check
            sizes = [architecture.width] * depth + [architecture.outputs]
            return _named(architecture, sizes)
        case _:
            return {}


def dropout_of(architecture: ArchitectureConfig) -> dict[str, float]:
    """Return the share of its inputs that is dropped in training, by the name of the layer.

    >>> layers = {"drop": DropoutConfig(rate=0.2), "output": LayerConfig(neurons=10)}
    >>> dropout_of(StackConfig(layers=layers))
    {'output': 0.2}
    """
    if not isinstance(architecture, StackConfig):
        return {}
    return {
        name: before.rate
        for (_, before), (name, _) in pairwise(architecture.layers.items())
        if isinstance(before, DropoutConfig)
    }


def _named(architecture: MlpConfig | UniformConfig, sizes: Sequence[int]) -> dict[str, LayerConfig]:
    last = len(sizes) - 1
    activation, initializer = architecture.activation, architecture.initializer
    output_activation = architecture.output_activation or activation
    return {
        f"hidden{i + 1}" if i < last else "output": LayerConfig(
            neurons=neurons,
            activation=activation if i < last else output_activation,
            initializer=initializer,
        )
        for i, neurons in enumerate(sizes)
    }
