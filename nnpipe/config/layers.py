"""Write every form of architecture as a stack: an ordered mapping of named layers."""

from __future__ import annotations

from collections.abc import Sequence

from nnpipe.config.schema import (
    MOST_HIDDEN,
    ArchitectureConfig,
    LayerConfig,
    MlpConfig,
    StackConfig,
    TransformConfig,
    UniformConfig,
)


def stack_of(architecture: ArchitectureConfig) -> dict[str, LayerConfig]:
    """Return the layers that an architecture declares, in order, and none without neurons.

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


def transforms_of(architecture: ArchitectureConfig) -> dict[str, dict[str, TransformConfig]]:
    """Return the layers without neurons by name, in order, for each layer that they come before.

    >>> from nnpipe.config.schema import DropoutConfig
    >>> layers = {"drop": DropoutConfig(rate=0.2), "output": LayerConfig(neurons=10)}
    >>> transforms_of(StackConfig(layers=layers))
    {'output': {'drop': DropoutConfig(kind='dropout', rate=0.2)}}
    """
    if not isinstance(architecture, StackConfig):
        return {}
    found: dict[str, dict[str, TransformConfig]] = {}
    before: dict[str, TransformConfig] = {}
    for name, layer in architecture.layers.items():
        if isinstance(layer, TransformConfig):
            before[name] = layer
        elif before:
            found[name], before = before, {}
    return found


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
