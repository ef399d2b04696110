"""Fold the normalization of the input into the first layer if that is accurate enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnpipe.network.network import Network
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.none import IDENTITY

# Rounding errors may grow by a factor of 2 * _SHIFT + 1 when a large offset is subtracted.
_SHIFT = 4.0
_SCALE = 2.0**40


def fold_normalization(network: Network, given: Input) -> tuple[Network, Input]:
    """Return a network for the stored samples, and these samples without normalization.

    With P = [W b], W ((x - offset) factor) + b = (W factor) x + (b - W (offset factor)). This saves
    two passes over the samples, whose numbers are mostly stored as one byte each.

    Both arguments are returned unchanged if stored numbers may not be finite, because values that
    are not finite are counted after normalization. They are also returned unchanged if an offset is
    so large compared to the scale of its feature that the two parts of the sum nearly cancel.
    """
    offset, factor = given.normalization.offset, given.normalization.factor
    if given.normalization.identity or not given.always_finite or not _is_mild(offset, factor):
        return network, given
    first, dtype = network.layers[0], network.dtype
    parameters = np.empty_like(first.parameters)
    np.multiply(first.weights, factor.astype(dtype), out=parameters[:, :-1])
    shift = np.broadcast_to(offset * factor, first.inputs)
    parameters[:, -1] = first.bias - np.einsum("ni,i->n", first.weights, shift)
    folded = replace(network, layers=(replace(first, parameters=parameters), *network.layers[1:]))
    return folded, Input(given.source, IDENTITY, dtype)


def _is_mild(offset: np.ndarray, factor: np.ndarray) -> bool:
    sizes = np.abs(factor)
    return bool(
        (np.abs(offset * factor) <= _SHIFT).all()
        and (sizes <= _SCALE).all()
        and (sizes >= 1 / _SCALE).all()
    )
