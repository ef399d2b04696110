"""Summarize each layer for a page: its parameters, activations and saturation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    kind: str
    activation: str
    arrays: str
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
    of, arrays = layer.transform, layer.arrays
    biases = of.biases(arrays)
    weights = of.weights(arrays) or list(arrays.values())
    return LayerSummary(
        name=layer.name,
        kind=layer.kind,
        activation=layer.activation,
        arrays=layer.describe(),
        neurons=layer.outputs,
        size=layer.parameter_count,
        parameters=histogram("parameters", _joined(weights), ticks=_joined(biases, 200)),
        activations=shown,
        saturated=saturated,
        constant=constant,
    )


def connections(layer: Layer) -> NDArray[Any] | None:
    """Return the weights between inputs and outputs, (outputs, inputs), if a layer has these."""
    match layer.transform.weights(layer.arrays):
        case [weights] if weights.shape == (layer.outputs, layer.inputs):
            return weights
        case _:
            return None


def _joined(arrays: Sequence[NDArray[Any]], *most: int) -> NDArray[Any]:
    """Return some numbers of all arrays."""
    return np.concatenate([thin(array, *most).ravel() for array in arrays] or [np.empty(0)])
