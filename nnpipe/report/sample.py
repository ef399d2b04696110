"""The first rows of an input, with what every layer makes of them."""

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
"""How many numbers of a layer, or of the input, are held for a page."""

_PRODUCTS = 1 << 29
"""How many multiplications are spent on a page."""

_Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Sample:
    """Rows that were read for a page.

    Parameters
    ----------
    activations : mapping of str to (rows, neurons) array
        By layer.
    raw : (rows, features) array
        As stored, before the normalization.
    labels : (rows,) int64 or None
    rows : sequence of int
        Their numbers in the file.
    image : tuple of int, optional
        Height and width, where a row is an image.
    """

    activations: Mapping[str, _Array]
    raw: NDArray[Any]
    labels: NDArray[np.int64] | None
    rows: range
    image: tuple[int, int] | None


def take_sample(source: Source, scaling: Normalization, network: Network) -> Sample:
    """Read the first rows of a source and apply the network's layers to them.

    There are up to 512, fewer for a network so large that they would take long.
    """
    widest = max(source.features, *(layer.neurons for layer in network.layers))
    most = min(_ROWS, _NUMBERS // widest, _PRODUCTS // network.parameter_count)
    stop = min(source.samples, max(most, 1))
    a = Input(source, scaling, network.dtype).read(0, stop)
    activations: dict[str, _Array] = {}
    # A second thread would gain little on so few rows, and lose much where others have work.
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
