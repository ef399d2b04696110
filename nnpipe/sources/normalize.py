"""Statistics of the features, given or computed in one pass, as an offset and a factor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.schema import NormalizeConfig
from nnpipe.errors import DataError
from nnpipe.sources.base import Source, fetch
from nnpipe.sources.moments import Moments
from nnpipe.system.cores import cores

_Statistics = NDArray[np.float64]


@dataclass(frozen=True)
class Normalization:
    """How stored numbers become a network's input: (x - offset) * factor.

    Parameters
    ----------
    kind : str
        none, scale, standardize or minmax.
    offset, factor : (1,) or (features,) float64
        One number for all features, or one for each.
    """

    kind: str
    offset: _Statistics
    factor: _Statistics

    @property
    def identity(self) -> bool:
        """Whether it changes nothing."""
        return not self.offset.any() and bool((self.factor == 1).all())


def normalization(
    config: NormalizeConfig,
    source: Source,
    batch_rows: int,
    on_batch: Callable[[int], None] | None = None,
) -> Normalization:
    """Return the normalization that a config describes.

    Parameters
    ----------
    config : NormalizeConfig
        Any kind but from_run. Statistics that are null are computed, in one pass over the source.
    source : Source
        The stored numbers.
    batch_rows : int
        Samples to read together.
    on_batch : callable, optional
        Is told how many samples each batch of the pass had.

    Raises
    ------
    DataError
        If a list is neither of length 1 nor of one number a feature, or if a statistic is not
        finite.
    """
    statistics = _Features(config, source, batch_rows, on_batch)
    match config.kind:
        case "scale":
            return _scale(config, statistics)
        case "standardize":
            return _standardize(statistics)
        case "minmax":
            return _minmax(statistics)
        case _:
            return Normalization("none", np.zeros(1), np.ones(1))


class _Features:
    """The statistics of one source; the pass over it is made when first needed."""

    def __init__(
        self,
        config: NormalizeConfig,
        source: Source,
        batch_rows: int,
        on_batch: Callable[[int], None] | None,
    ) -> None:
        self.config, self.source = config, source
        self._batch_rows, self._on_batch = batch_rows, on_batch
        self._moments: Moments | None = None

    @property
    def moments(self) -> Moments:
        if self._moments is None:
            self._moments = Moments(self.source.features)
            for batch in self._batches():
                self._moments.merge(batch)
                if self._on_batch is not None:
                    self._on_batch(batch.count)
        return self._moments

    def _batches(self) -> Iterator[Moments]:
        """Yield the moments of each batch, in order; they are decoded and computed ahead."""
        source, waiting = self.source, deque[Future[Moments]]()
        with ThreadPoolExecutor(cores(), "nnpipe-moments") as pool:
            for start in range(0, source.samples, self._batch_rows):
                decode = fetch(source, start, min(start + self._batch_rows, source.samples))
                waiting.append(pool.submit(_moments_of, decode, source.features))
                if len(waiting) > cores():
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def given(self, name: str) -> _Statistics | None:
        values: list[float] | None = getattr(self.config, name)
        if values is None:
            return None
        features = self.source.features
        if len(values) not in (1, features):
            problem = (
                f"input.normalize.{name}: found {len(values)} numbers; "
                f"expected 1, or {features}, one a feature."
            )
            raise DataError(problem)
        return np.array(values, np.float64)


def _moments_of(decode: Callable[[], NDArray[Any]], features: int) -> Moments:
    moments = Moments(features)
    moments.add(decode())
    return moments


def _scale(config: NormalizeConfig, features: _Features) -> Normalization:
    dtype: np.dtype[Any] = features.source.dtype
    if config.divisor is not None:
        divisor = config.divisor
    elif dtype.kind == "u":
        divisor = float(np.iinfo(dtype).max)
    else:
        moments = features.moments
        largest = np.maximum(np.abs(moments.minimum), np.abs(moments.maximum))
        _finite("largest absolute value", largest, "divisor")
        divisor = float(largest.max())
    return Normalization("scale", np.zeros(1), _inverse(np.array([divisor])))


def _standardize(features: _Features) -> Normalization:
    mean, std = features.given("mean"), features.given("std")
    if mean is None:
        mean = features.moments.mean
    if std is None:
        moments = features.moments
        # A constant feature's mean is rounded, which leaves a tiny standard deviation.
        std = np.where(moments.minimum == moments.maximum, 0.0, moments.std)
    _finite("mean", mean, "mean")
    _finite("standard deviation", std, "std")
    return Normalization("standardize", mean, _inverse(std))


def _minmax(features: _Features) -> Normalization:
    low, high = features.given("min"), features.given("max")
    if low is None:
        low = features.moments.minimum
    if high is None:
        high = features.moments.maximum
    _finite("minimum", low, "min")
    _finite("maximum", high, "max")
    with np.errstate(over="ignore"):
        width = high - low
    _finite("range", width, "max")
    if (width < 0).any():
        feature = int(np.argmax(width < 0))
        least, most = (float(np.broadcast_to(v, width.shape)[feature]) for v in (low, high))
        problem = (
            f"input.normalize.max: found {most} for feature {feature}; "
            f"expected at least its minimum, which is {least}."
        )
        raise DataError(problem)
    return Normalization("minmax", low, _inverse(width))


def _inverse(width: _Statistics) -> _Statistics:
    """Return 1 / width, and 1 where a feature is constant: it has no scale to be freed from."""
    with np.errstate(divide="ignore", over="ignore"):
        inverse = 1 / width
    return np.where(np.isfinite(inverse), inverse, 1.0)


def _finite(statistic: str, values: _Statistics, key: str) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        feature = int(np.argmin(finite))
        problem = (
            f"input.normalize: feature {feature} has the {statistic} {values[feature]}; "
            f"expected a finite number. Clean the data, or set input.normalize.{key}."
        )
        raise DataError(problem)
