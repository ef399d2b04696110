"""Random samples, each row from its own stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.schema import DISTRIBUTIONS, RandomInput
from nnpipe.sources.base import SourceKind
from nnpipe.system.seeding import row_streams


@dataclass(frozen=True)
class RandomSource:
    """Random numbers that depend on the seed and the row, not on how the reads are cut.

    Parameters
    ----------
    config : RandomInput
        The shape, the distribution and its parameters; null takes the distribution's default.
    seed : int
        The run's seed.
    """

    config: RandomInput
    seed: int
    block: int = 1

    @property
    def samples(self) -> int:
        """How many rows there are."""
        return self.config.samples

    @property
    def features(self) -> int:
        """How many numbers a row has."""
        return self.config.features

    @property
    def dtype(self) -> np.dtype[Any]:
        """Float64, or uint8 for zeros and ones."""
        return np.dtype(np.uint8 if self.config.distribution == "bernoulli" else np.float64)

    @property
    def parameters(self) -> dict[str, float]:
        """The distribution's parameters, with their defaults filled in."""
        defaults = DISTRIBUTIONS[self.config.distribution]
        given = {name: getattr(self.config, name) for name in defaults}
        return {name: defaults[name] if v is None else v for name, v in given.items()}

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the samples from start to stop, (stop - start, features)."""
        x = np.empty((stop - start, self.features))
        normal = self.config.distribution == "normal"
        for row, stream in zip(x, row_streams(self.seed, "input", start, stop), strict=True):
            if normal:
                stream.standard_normal(out=row)
            else:
                stream.random(out=row)
        p = self.parameters
        match self.config.distribution:
            case "normal":
                x *= p["std"]
                x += p["mean"]
            case "uniform":
                x *= p["high"] - p["low"]
                x += p["low"]
            case _:
                return (x < p["p"]).view(np.uint8)
        return x

    def fetch(self, start: int, stop: int) -> Callable[[], NDArray[Any]]:
        """Return what draws the samples: there is no disk to wait for."""
        return partial(self.read, start, stop)

    def labels(self, start: int, stop: int) -> NDArray[np.int64] | None:
        """Return None: random samples have no labels."""
        return None

    @property
    def rows(self) -> range:
        """The samples' own numbers."""
        return range(self.samples)

    def fingerprint(self) -> dict[str, Any]:
        """Return the seed, the shape and the distribution."""
        return {
            "kind": "random",
            "seed": self.seed,
            "shape": [self.samples, self.features],
            "dtype": self.dtype.name,
            "distribution": self.config.distribution,
            **self.parameters,
        }

    def close(self) -> None:
        """Do nothing: there is no file."""


RANDOM = SourceKind(RandomInput, RandomSource)
