"""Rewrite layers into ones that compute the same outputs with less work per sample.

A layer that ends with an affine map of each feature hands it to the next one, if that one can
absorb it. So inference does not compute gain and shift of a layer normalization, nor the scale and
shift that make a sigmoid of a tanh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nnpipe.network.layers.base import Affine, Arrays, LayerKind


class Part(NamedTuple):
    """A layer of a chain: its name, kind, number of inputs and arrays."""

    name: str
    kind: LayerKind
    inputs: int
    arrays: Arrays


def fold(parts: Sequence[Part]) -> tuple[list[Part], Mapping[str, Affine]]:
    """Return layers with the same outputs, and the maps that were absorbed.

    The maps are by the name of the layer before them. They turn what the new layer gives into what
    the given one does.
    """
    folded, maps = list(parts), dict[str, Affine]()
    for i, following in enumerate(parts[1:], start=1):
        before = folded[i - 1]
        split = before.kind.split(before.arrays) if following.kind.absorbs else None
        if split is not None:
            kind, arrays, affine = split
            folded[i - 1] = before._replace(kind=kind, arrays=arrays)
            absorbed = following.kind.absorb(following.arrays, before=affine)
            folded[i] = following._replace(arrays=absorbed)
            maps[before.name] = affine
    return folded, maps
