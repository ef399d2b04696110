"""A normalization by the largest value of each feature."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.sources.normalizations.base import Normalization


@dataclass(frozen=True)
class LargestOptions:
    least: float = option(1e-6, "the least divisor", above=0)


def fit(options, features):
    divisor = np.maximum(np.abs(features.moments.maximum), options.least)
    return Normalization("largest", np.zeros(1), 1 / divisor)


largest = Kind(LargestOptions, lambda options: partial(fit, options))
