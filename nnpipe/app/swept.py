"""What differs from job to job of a sweep, and how many jobs that makes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep
from omegaconf import DictConfig, OmegaConf

MOST_JOBS = 100_000
"""How many jobs a sweep may have: Hydra holds them all before the first begins."""


def swept_keys(config: DictConfig) -> tuple[str, ...]:
    """Return the keys and groups that differ from job to job."""
    return tuple(override.key_or_group for override in swept_overrides(config))


def swept_overrides(config: DictConfig) -> list[Override]:
    """Return what differs from job to job, typed or a parameter of the sweeper."""
    typed = cast("list[str]", OmegaConf.to_container(config.hydra.overrides.task))
    params: Any = OmegaConf.select(config, "hydra.sweeper.params") or {}
    parser = OverridesParser.create()
    parsed = parser.parse_overrides([*(f"{key}={params[key]}" for key in params), *typed])
    return [one for one in parsed if one.is_sweep_override()]


def count_jobs(overrides: Sequence[Override]) -> int:
    """Return how many jobs a sweep over all combinations has; none of them is made for it.

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
