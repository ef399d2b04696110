"""The normalization of the run that the parameters come from, with its statistics."""

from __future__ import annotations

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.sources.normalizations.base import Features, Fit, Normalization


def _fit(features: Features) -> Normalization:
    problem = "from_run is not fitted: the run has its statistics"
    raise NotImplementedError(problem)


def _make(options: NoOptions) -> Fit:
    return _fit


from_run = Kind(NoOptions, _make)
