"""Divide all features by one number: x / divisor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.sources.normalizations.base import Features, Normalization, inverse


@dataclass(frozen=True)
class ScaleOptions:
    """The option of scale."""

    divisor: float | None = option(
        None, "null: the largest value of an unsigned dtype (255 for uint8), else of the samples"
    )


def _check(options: ScaleOptions, key: str) -> Iterator[str]:
    if options.divisor == 0:
        yield f"{key}.divisor: found 0; expected any other number"


def _fit(options: ScaleOptions, features: Features) -> Normalization:
    dtype: np.dtype[Any] = features.source.dtype
    if options.divisor is not None:
        divisor = options.divisor
    elif dtype.kind == "u":
        divisor = float(np.iinfo(dtype).max)
    else:
        moments = features.moments
        largest = np.maximum(np.abs(moments.minimum), np.abs(moments.maximum))
        features.check_finite("largest absolute value", largest, "divisor")
        divisor = float(largest.max())
    return Normalization("scale", np.zeros(1), inverse(np.array([divisor])))


scale = Kind(ScaleOptions, lambda options: partial(_fit, options), _check)
