"""The overrides that a sweep varies, and the number of jobs that they make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep
from omegaconf import DictConfig, OmegaConf

MOST_JOBS = 100_000
"""The greatest number of jobs in a sweep. Hydra holds all of them before the first begins."""


def swept_keys(config: DictConfig) -> tuple[str, ...]:
    """Return the keys and groups that a sweep varies."""
    return tuple(override.key_or_group for override in swept_overrides(config))


def swept_overrides(config: DictConfig) -> list[Override]:
    """Return the swept overrides, typed or from the sweeper's parameters."""
    typed = cast("list[str]", OmegaConf.to_container(config.hydra.overrides.task))
    params: Any = OmegaConf.select(config, "hydra.sweeper.params") or {}
    parser = OverridesParser.create()
    parsed = parser.parse_overrides([*(f"{key}={params[key]}" for key in params), *typed])
    return [one for one in parsed if one.is_sweep_override()]


def count_jobs(overrides: Sequence[Override]) -> int:
    """Return the number of jobs of a sweep over all combinations, without making them.

    >>> parse = OverridesParser.create().parse_overrides
    >>> count_jobs(parse(["seed=range(1000000000000)", "architecture.sizes=[1],[2]"]))
    2000000000000
    """
    count = 1
    for override in overrides:
        match override.value():
            case ChoiceSweep(list=choices):
                count *= len(choices)
            case RangeSweep(start=start, stop=stop, step=step) if start is not None and stop:
                count *= max(0, math.ceil((stop - start) / step))
            case _:
                pass
    return count
