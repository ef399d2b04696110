"""Fold the normalization of the input into the first layer if that is accurate enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnpipe.network.layers.base import Affine
from nnpipe.network.network import Network
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.none import IDENTITY

# Rounding errors may grow by a factor of 2 * _SHIFT + 1 when a large offset is subtracted.
_SHIFT = 4.0
_SCALE = 2.0**40


def fold_normalization(network: Network, given: Input) -> tuple[Network, Input]:
    """Return a network for the stored samples, and these samples without normalization.

    The map (x - offset) factor = factor x - offset factor is absorbed. This saves two passes over
    the samples, whose numbers are mostly stored as one byte each.

    Both arguments are returned unchanged if the first layer cannot absorb it, or if stored numbers
    may not be finite, because values that are not finite are counted after normalization. They are
    also returned unchanged if an offset is so large compared to the scale of its feature that the
    two parts of the sum nearly cancel.
    """
    offset, factor = given.normalization.offset, given.normalization.factor
    if given.normalization.identity or not given.always_finite or not _is_mild(offset, factor):
        return network, given
    first, dtype = network.layers[0], network.dtype
    if not first.transform.absorbs:
        return network, given
    shift = np.broadcast_to(-offset * factor, first.inputs)
    affine = Affine(scale=factor.astype(dtype), shift=shift)
    absorbed = first.with_arrays(first.transform.absorb(first.arrays, before=affine))
    folded = replace(network, layers=(absorbed, *network.layers[1:]))
    return folded, Input(given.source, IDENTITY, dtype)


def _is_mild(offset: np.ndarray, factor: np.ndarray) -> bool:
    sizes = np.abs(factor)
    return bool(
        (np.abs(offset * factor) <= _SHIFT).all()
        and (sizes <= _SCALE).all()
        and (sizes >= 1 / _SCALE).all()
    )
