"""The base of normalizations: an offset and a factor from statistics of the features."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnpipe.errors import DataError
from nnpipe.sources.base import Source, fetch
from nnpipe.sources.moments import Moments
from nnpipe.system.cores import cores

_BLOCK_BYTES = 256 << 10

Statistics = NDArray[np.float64]


@dataclass(frozen=True)
class Normalization:
    """The map from stored numbers to a network's input: (x - offset) * factor.

    Parameters
    ----------
    kind : str
        none, scale, standardize or minmax.
    offset, factor : (1,) or (features,) float64
        One number for all features, or one per feature.
    """

    kind: str
    offset: Statistics
    factor: Statistics

    @property
    def identity(self) -> bool:
        """Whether the normalization changes nothing."""
        return not self.offset.any() and bool((self.factor == 1).all())

    def apply(self, raw: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
        """Return stored samples, (samples, features), normalized and cast, in a new array.

        They are normalized in the wider of the stored dtype and the network's dtype.
        """
        x: NDArray[Any] = np.empty(raw.shape, dtype)
        wide = np.result_type(raw.dtype, x.dtype)
        offset, factor = self.offset.astype(wide), self.factor.astype(wide)
        # A few rows at a time stay in the cache through all steps.
        step = max(1, _BLOCK_BYTES // (raw.shape[1] * wide.itemsize))
        for start in range(0, len(raw), step):
            part: NDArray[Any] = raw[start : start + step]
            if offset.any():
                part = np.subtract(part, offset, dtype=wide)
                part *= factor
            else:
                part = np.multiply(part, factor, dtype=wide)
            x[start : start + step] = part
        return x


class Features:
    """The features of one source, whose statistics are computed when they are first needed.

    Parameters
    ----------
    source : Source
        The stored numbers.
    batch_rows : int
        The number of samples to read together.
    key : str
        The config key of the normalization, which begins every message.
    on_batch : callable, optional
        Called with the number of samples of each batch of the pass.
    """

    def __init__(
        self,
        source: Source,
        batch_rows: int,
        key: str = "input.normalize",
        on_batch: Callable[[int], None] | None = None,
    ) -> None:
        self.source, self.key = source, key
        self._batch_rows, self._on_batch = batch_rows, on_batch
        self._moments: Moments | None = None

    @property
    def moments(self) -> Moments:
        """Minimum, maximum, mean and standard deviation of each feature."""
        if self._moments is None:
            self._moments = Moments(self.source.features)
            for batch in self._batches():
                self._moments.merge(batch)
                if self._on_batch is not None:
                    self._on_batch(batch.count)
        return self._moments

    def _batches(self) -> Iterator[Moments]:
        """Yield the moments of each batch, in order. Threads decode and compute ahead."""
        source, waiting = self.source, deque[Future[Moments]]()
        with ThreadPoolExecutor(cores(), "nnpipe-moments") as pool:
            for start in range(0, source.samples, self._batch_rows):
                decode = fetch(source, start, min(start + self._batch_rows, source.samples))
                waiting.append(pool.submit(_moments_of, decode, source.features))
                if len(waiting) > cores():
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def given(self, name: str, values: Sequence[float] | None) -> Statistics | None:
        """Return statistics from the config as an array, (1,) or (features,), or None.

        Raises
        ------
        DataError
            If the number of values is neither 1 nor the number of features.
        """
        if values is None:
            return None
        features = self.source.features
        if len(values) not in (1, features):
            problem = (
                f"{self.key}.{name}: found {len(values)} numbers; "
                f"expected 1, or {features}, one per feature."
            )
            raise DataError(problem)
        return np.array(values, np.float64)

    def check_finite(self, statistic: str, values: Statistics, name: str) -> None:
        """Refuse a statistic that is not finite, and name the option that sets it.

        Raises
        ------
        DataError
        """
        finite = np.isfinite(values)
        if not finite.all():
            feature = int(np.argmin(finite))
            problem = (
                f"{self.key}: feature {feature} has the {statistic} {values[feature]}; "
                f"expected a finite number. Clean the data, or set {self.key}.{name}."
            )
            raise DataError(problem)


Fit = Callable[[Features], Normalization]
"""``fit(features)`` returns the normalization, with given or computed statistics.

It raises DataError if a statistic has the wrong length or is not finite.
"""


def _moments_of(decode: Callable[[], NDArray[Any]], features: int) -> Moments:
    moments = Moments(features)
    moments.add(decode())
    return moments


def inverse(width: Statistics) -> Statistics:
    """Return 1 / width, and 1 for a constant feature, which has no scale."""
    with np.errstate(divide="ignore", over="ignore"):
        inverse = 1 / width
    return np.where(np.isfinite(inverse), inverse, 1.0)


def check_filled(options: object, key: str) -> Iterator[str]:
    """Yield a problem for each empty list of statistics."""
    for name, values in vars(options).items():
        if values == []:
            yield f"{key}.{name}: found an empty list; expected one number, or one per feature"
