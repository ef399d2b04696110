"""The normalization, with its statistics, of the run that the parameters come from."""

from __future__ import annotations

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.sources.normalizations.base import Features, Fit, Normalization


def _fit(features: Features) -> Normalization:
    problem = "from_run is not fitted: its statistics come from the run"
    raise NotImplementedError(problem)


def _make(options: NoOptions) -> Fit:
    return _fit


from_run = Kind(NoOptions, _make)
