"""The normalization, with its statistics, of the run that the parameters come from."""

from __future__ import annotations

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.sources.normalizations.base import Features, Normalization


def _fit(features: Features) -> Normalization:
    problem = "from_run is not fitted: its statistics come from the run"
    raise NotImplementedError(problem)


from_run = Kind(NoOptions, lambda options: _fit)
