"""Summarize each layer for a page: its parameters, activations and saturation."""

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
"""Most layers on a page."""


@dataclass(frozen=True)
class LayerSummary:
    """What the page shows of a layer.

    Attributes
    ----------
    parameters, activations : Histogram or None
        None without finite values, or if the values are not known.
    saturated : float or None
        The share of its outputs where its activation is flat.
    constant : int or None
        The number of neurons that give the same output for all known rows.
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


def summarize_layers(
    network: Network, activations: Callable[[str], NDArray[Any] | None]
) -> list[LayerSummary]:
    """Return the summaries of a network's first layers.

    Parameters
    ----------
    activations : callable
        Returns the known activations of a layer, (rows, neurons), by the layer's name, or None.
    """
    return [_summarize(layer, activations(layer.name)) for layer in network.layers[:MOST]]


def _summarize(layer: Layer, a: NDArray[Any] | None) -> LayerSummary:
    saturated, constant, shown = None, None, None
    if a is not None and len(a):
        constant = int(np.sum((a == a[0]).all(axis=0))) if len(a) > 1 else None
        a = thin(a)
        saturated = saturation(a, layer.activation)
        shown = describe("activations", a, layer.activation)
    return LayerSummary(
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
