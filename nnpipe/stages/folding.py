"""Fold the normalization of the input into the first layer, where that is exact enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnpipe.network.network import Network
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.none import IDENTITY

# Twice this and one more is by how much rounding may grow where a large offset is taken away.
_SHIFT = 4.0
_SCALE = 2.0**40


def fold_normalization(network: Network, given: Input) -> tuple[Network, Input]:
    """Return a network that takes the samples as they are stored, and those samples.

    With P = [W b], W ((x - offset) factor) + b = (W factor) x + (b - W (offset factor)). What the
    samples are spared is two passes over numbers that mostly come from a byte each.

    Both are returned as they are where stored numbers might not be finite, since what is counted
    as such is the normalized number; and where an offset is so large beside the spread of a
    feature that the two parts of the sum would nearly cancel.
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
