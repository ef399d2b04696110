"""The normalization, with its statistics, of the run that the parameters come from."""

from __future__ import annotations

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.errors import ConfigError
from nnpipe.sources.normalizations.base import Features, Normalization


def _fit(features: Features) -> Normalization:
    problem = (
        f"{features.key}.kind: 'from_run' has the statistics of a run; set architecture=from_run"
    )
    raise ConfigError([problem])


from_run = Kind(NoOptions, lambda options: _fit)
