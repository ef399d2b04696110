"""An engine that applies the formula to a few samples at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.engines.base import EngineOptions


@dataclass(frozen=True)
class SlicedOptions(EngineOptions):
    rows: int = option(2, "samples at a time", at_least=1)


class SlicedEngine:
    def __init__(self, rows, network):
        self._rows, self._network = rows, network

    def forward(self, x, keep=()):
        kept = {name: [] for name in keep}
        outputs = []
        for start in range(0, len(x), self._rows):
            a = x[start : start + self._rows]
            for layer in self._network.layers:
                a = layer(a)
                if layer.name in kept:
                    kept[layer.name].append(a)
            outputs.append(a)
        return np.concatenate(outputs), {name: np.concatenate(a) for name, a in kept.items()}


sliced = Kind(SlicedOptions, lambda options: partial(SlicedEngine, options.rows))
