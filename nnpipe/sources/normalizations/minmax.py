"""Scale each feature to 0..1: (x - min) / (max - min)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.errors import DataError
from nnpipe.sources.normalizations.base import Features, Normalization, check_filled, inverse


@dataclass(frozen=True)
class MinmaxOptions:
    """The options of minmax."""

    min: list[float] | None = option(None, "one number, or one per feature; null: computed")
    max: list[float] | None = option(None, "one number, or one per feature; null: computed")


def _fit(options: MinmaxOptions, features: Features) -> Normalization:
    low, high = features.given("min", options.min), features.given("max", options.max)
    if low is None:
        low = features.moments.minimum
    if high is None:
        high = features.moments.maximum
    features.check_finite("minimum", low, "min")
    features.check_finite("maximum", high, "max")
    with np.errstate(over="ignore"):
        width = high - low
    features.check_finite("range", width, "max")
    if (width < 0).any():
        feature = int(np.argmax(width < 0))
        least, most = (float(np.broadcast_to(v, width.shape)[feature]) for v in (low, high))
        problem = (
            f"{features.key}.max: found {most} for feature {feature}; "
            f"expected at least its minimum, which is {least}."
        )
        raise DataError(problem)
    return Normalization("minmax", low, inverse(width))


minmax = Kind(MinmaxOptions, lambda options: partial(_fit, options), check_filled)
