"""Random samples, each row from its own random stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import Choice, Kind
from nnpipe.config.load import store
from nnpipe.config.options import choice, option
from nnpipe.sources.distributions import DISTRIBUTIONS
from nnpipe.sources.distributions.base import Distribution
from nnpipe.sources.options import InputOptions
from nnpipe.system.seeding import row_streams

MOST_SAMPLES = 2**53


@dataclass(frozen=True)
class RandomOptions(InputOptions):
    """The options of random."""

    samples: int = option(1000, "number of samples", at_least=1, at_most=MOST_SAMPLES)
    features: int = option(784, "number of features", at_least=1)
    distribution: Choice[Distribution] = choice(DISTRIBUTIONS, "normal", "of every number")


@dataclass(frozen=True)
class RandomSource:
    """Random numbers that depend on the seed and the row, not on the ranges that are read.

    Parameters
    ----------
    options : RandomOptions
    seed : int
        The run's seed.
    key : str
        The config key of the input.
    """

    options: RandomOptions
    seed: int
    key: str = "input"
    block: int = 1

    @property
    def samples(self) -> int:
        """The number of samples."""
        return self.options.samples

    @property
    def features(self) -> int:
        """The number of features of a sample."""
        return self.options.features

    @property
    def dtype(self) -> np.dtype[Any]:
        """Float64, or uint8 for zeros and ones."""
        return np.dtype(self._distribution.dtype)

    @cached_property
    def _distribution(self) -> Distribution:
        return self.options.distribution.make()

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the samples from start to stop, (stop - start, features)."""
        x, distribution = np.empty((stop - start, self.features)), self._distribution
        for row, stream in zip(x, row_streams(self.seed, "input", start, stop), strict=True):
            distribution.fill(stream, row)
        return distribution.finish(x)

    def fetch(self, start: int, stop: int) -> Callable[[], NDArray[Any]]:
        """Return a function that draws the samples, because there is no disk to wait for."""
        return partial(self.read, start, stop)

    def labels(self, start: int, stop: int) -> NDArray[np.int64] | None:
        """Return None: random samples have no labels."""
        return None

    @property
    def rows(self) -> range:
        """The numbers of the samples."""
        return range(self.samples)

    def fingerprint(self) -> dict[str, Any]:
        """Return the seed, the shape and the distribution."""
        return {
            "kind": "random",
            "seed": self.seed,
            "shape": [self.samples, self.features],
            "dtype": self.dtype.name,
            "distribution": self.options.distribution.kind,
            **store(self.options.distribution.options),
        }

    def paths(self) -> dict[str, str]:
        """Return nothing: there is no file."""
        return {}

    def check_unchanged(self) -> None:
        """Do nothing: there is no file."""

    def close(self) -> None:
        """Do nothing: there is no file."""


random = Kind(RandomOptions, lambda options: partial(RandomSource, options))
