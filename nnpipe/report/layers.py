"""What a page says of each layer: its parameters, its activations, and how many are saturated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.network.layer import Layer
from nnpipe.network.network import Network
from nnpipe.report.distribution import describe, histogram, saturation, thin
from nnpipe.report.figures import Histogram

MOST = 24
"""How many layers a page shows."""


@dataclass(frozen=True)
class LayerView:
    """A layer as the page shows it.

    Attributes
    ----------
    parameters, activations : Histogram or None
        None where there is nothing finite, or nothing is known.
    saturated : float or None
        The share of its outputs where its activation is flat.
    constant : int or None
        How many of its neurons gave one number for all the rows that were looked at.
    """

    name: str
    activation: str
    inputs: int
    neurons: int
    size: int
    parameters: Histogram | None
    activations: Histogram | None
    saturated: float | None
    constant: int | None


def view_layers(
    network: Network, activations: Callable[[str], NDArray[Any] | None]
) -> list[LayerView]:
    """Return the views of a network's first layers.

    Parameters
    ----------
    activations : callable
        Returns what is known of a layer's activations, (rows, neurons), by the layer's name.
    """
    return [_view(layer, activations(layer.name)) for layer in network.layers[:MOST]]


def _view(layer: Layer, a: NDArray[Any] | None) -> LayerView:
    saturated, constant, shown = None, None, None
    if a is not None and len(a):
        constant = int(np.sum((a == a[0]).all(axis=0))) if len(a) > 1 else None
        a = thin(a)
        saturated = saturation(a, layer.activation)
        shown = describe("activations", a, layer.activation)
    return LayerView(
        name=layer.name,
        activation=layer.activation,
        inputs=layer.inputs,
        neurons=layer.neurons,
        size=layer.parameters.size,
        parameters=histogram("parameters", thin(layer.weights), ticks=thin(layer.bias, 200)),
        activations=shown,
        saturated=saturated,
        constant=constant,
    )
