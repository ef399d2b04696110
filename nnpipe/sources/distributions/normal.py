"""Normal numbers."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.sources.distributions.base import Distribution, fill_normal, stretch


@dataclass(frozen=True)
class NormalOptions:
    """The options of normal."""

    mean: float = option(0.0, "mean")
    std: float = option(1.0, "standard deviation", at_least=0)


normal = Kind(
    NormalOptions,
    lambda options: Distribution(fill_normal, lambda x: stretch(x, options.std, options.mean)),
)
