"""Choose the neurons and parameters for the drawing of a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnpipe.network.network import Network
from nnpipe.report.figures import Column, Stack
from nnpipe.report.layers import connections
from nnpipe.report.svg.canvas import clip

_SHOWN = 10
_LAYERS = 30
_LETTERS = 13


def stack_figure(network: Network) -> Stack:
    """Return a network's first layers as columns of up to ten neurons, evenly spaced."""
    columns = [_column("input", "features", network.inputs)]
    links: list[NDArray[np.float64]] = []
    texts: list[str] = []
    for layer in network.layers[:_LAYERS]:
        line = layer.activation if layer.kind == "dense" else layer.kind
        column = _column(layer.name, line, layer.outputs)
        shown = np.ix_(column.shown, columns[-1].shown)
        weights = connections(layer)
        block = np.zeros((len(column.shown), len(columns[-1].shown)))
        if weights is not None:
            block += weights[shown]
        block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        links.append(block / (np.abs(block).max() or 1.0))
        texts.append(clip(layer.describe(), _LETTERS))
        columns.append(column)
    sizes = " - ".join(f"{column.size:,}" for column in columns)
    return Stack(f"A network of sizes {sizes}", columns, links, texts)


def _column(name: str, line: str, size: int) -> Column:
    shown: list[int] = list(range(size))
    if size > _SHOWN:
        shown = np.linspace(0, size - 1, _SHOWN).round().astype(int).tolist()
    return Column(name, [f"{size:,}", line], size, shown)
