"""Check what a config says of a Dask cluster."""

from __future__ import annotations

import re

from nnpipe.config.rules import check_at_least
from nnpipe.config.schema import CLUSTERS, DaskConfig
from nnpipe.registry import did_you_mean

_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[^\s/]+:\d+")
_MEMORY = re.compile(r"\d+(\.\d+)? ?[kKMGT]i?B")
_WALLTIME = re.compile(r"(\d+-)?\d{1,2}:\d{2}:\d{2}")
_PARTITION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,-]*")


def check_cluster(engine: DaskConfig) -> list[str]:
    """Return every problem of the keys of ``engine=dask``, one line each."""
    problems: list[str] = []
    if engine.cluster not in CLUSTERS and not _ADDRESS.fullmatch(engine.cluster):
        problems.append(
            f"engine.cluster: found {engine.cluster!r}; expected {', '.join(CLUSTERS)} or a "
            "scheduler's address, such as tcp://host:8786."
            f"{did_you_mean(engine.cluster, CLUSTERS)}"
        )
    if engine.workers is not None:
        problems += check_at_least("engine.workers", engine.workers, 1)
    if engine.memory is not None and not _MEMORY.fullmatch(engine.memory):
        problems.append(f"engine.memory: found {engine.memory!r}; expected a size, such as 4GiB")
    if engine.walltime is not None and not _WALLTIME.fullmatch(engine.walltime):
        problems.append(
            f"engine.walltime: found {engine.walltime!r}; expected a time, such as 01:30:00"
        )
    if engine.partition is not None and not _PARTITION.fullmatch(engine.partition):
        problems.append(f"engine.partition: {engine.partition!r} cannot name a partition")
    for name in ("partition", "walltime"):
        if engine.cluster != "slurm" and getattr(engine, name) is not None:
            problems.append(
                f"engine.{name}: belongs to cluster=slurm; found cluster={engine.cluster}. "
                "Leave it null."
            )
    return problems
