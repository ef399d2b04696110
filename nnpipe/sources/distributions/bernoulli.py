"""Ones with probability p, otherwise zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.sources.distributions.base import Distribution, fill_uniform


@dataclass(frozen=True)
class BernoulliOptions:
    """The option of bernoulli."""

    p: float = option(0.5, "probability of a one", at_least=0, at_most=1)


bernoulli = Kind(
    BernoulliOptions,
    lambda options: Distribution(fill_uniform, lambda x: (x < options.p).view(np.uint8), np.uint8),
)
