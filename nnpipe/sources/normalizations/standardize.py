"""Scale each feature to mean 0 and standard deviation 1: (x - mean) / std."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.sources.normalizations.base import Features, Normalization, check_filled, inverse


@dataclass(frozen=True)
class StandardizeOptions:
    """The options of standardize."""

    mean: list[float] | None = option(None, "one number, or one per feature; null: computed")
    std: list[float] | None = option(
        None, "one number, or one per feature; null: computed", at_least=0
    )


def _fit(options: StandardizeOptions, features: Features) -> Normalization:
    mean, std = features.given("mean", options.mean), features.given("std", options.std)
    if mean is None:
        mean = features.moments.mean
    if std is None:
        moments = features.moments
        # Rounding the mean of a constant feature would leave a tiny standard deviation.
        std = np.where(moments.minimum == moments.maximum, 0.0, moments.std)
    features.check_finite("mean", mean, "mean")
    features.check_finite("standard deviation", std, "std")
    return Normalization("standardize", mean, inverse(std))


standardize = Kind(StandardizeOptions, lambda options: partial(_fit, options), check_filled)
