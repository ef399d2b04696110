"""The first rows of an input, with the activations of every layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.engines.blas import one_thread
from nnpipe.network.network import Network
from nnpipe.report.image import image_shape
from nnpipe.sources.base import Source
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.base import Normalization

_ROWS = 512
_NUMBERS = 1 << 22
"""Most numbers of a layer, or of the input, that are kept for a page."""

_PRODUCTS = 1 << 29
"""Most multiplications for a page."""

_Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Sample:
    """Rows of an input for a page.

    Parameters
    ----------
    activations : mapping of str to (rows, neurons) array
        The activations of each layer, by its name.
    raw : (rows, features) array
        The samples as stored, before normalization.
    labels : (rows,) int64 or None
    rows : range
        The row numbers in the file.
    image : tuple of int, optional
        Height and width, if a sample is an image.
    """

    activations: Mapping[str, _Array]
    raw: NDArray[Any]
    labels: NDArray[np.int64] | None
    rows: range
    image: tuple[int, int] | None


def take_sample(source: Source, scaling: Normalization, network: Network) -> Sample:
    """Read the first rows of a source, at most 512, and apply the network's layers to them.

    A large network gets fewer rows, which bounds time and memory.
    """
    widest = max(source.features, *(layer.outputs for layer in network.layers))
    most = min(_ROWS, _NUMBERS // widest, _PRODUCTS // network.parameter_count)
    stop = min(source.samples, max(most, 1))
    a = Input(source, scaling, network.dtype).read(0, stop)
    activations: dict[str, _Array] = {}
    # More threads would gain little on so few rows, and lose much on a busy machine.
    with one_thread, np.errstate(all="ignore"):
        for layer in network.layers:
            activations[layer.name] = a = layer(a)
    return Sample(
        activations=activations,
        raw=source.read(0, stop),
        labels=source.labels(0, stop),
        rows=source.rows[:stop],
        image=image_shape(source.fingerprint(), source.features),
    )
