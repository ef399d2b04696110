"""No normalization: the network receives the stored numbers."""

from __future__ import annotations

import numpy as np

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.sources.normalizations.base import Features, Normalization

IDENTITY = Normalization("none", np.zeros(1), np.ones(1))


def _fit(features: Features) -> Normalization:
    return IDENTITY


none = Kind(NoOptions, lambda options: _fit)
