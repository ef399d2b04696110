"""Check what a config says of a Dask cluster, and where the address of one comes from."""

from __future__ import annotations

import re
from collections.abc import Collection
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nnpipe.config.registry import did_you_mean
from nnpipe.config.rules import check_at_least
from nnpipe.config.schema import CLUSTERS, DaskConfig
from nnpipe.errors import ConfigError

_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[^\s/]+:\d+", re.ASCII)
_MEMORY = re.compile(r"\d+(\.\d+)? ?[kKMGT]i?B", re.ASCII)
_WALLTIME = re.compile(r"(\d+-)?\d{1,2}:\d{2}:\d{2}", re.ASCII)
_WORD = re.compile(r"\w*", re.ASCII)
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


def refuse_address(
    cluster: Any, typed: Collection[str], where: str, how: str = "engine.cluster=ADDRESS"
) -> None:
    """Refuse the address of a scheduler that was neither typed nor chosen in Dask's own config.

    Whatever answers there sends pickles, which run code here, so a file must not name it.

    Parameters
    ----------
    cluster : Any
        What `engine.cluster` says.
    typed : collection of str
        The addresses that were typed in this command.
    where : str
        Where it was found.
    how : str
        How it is typed.

    Raises
    ------
    ConfigError
        If it is an address of a file.
    """
    if cluster is None or _WORD.fullmatch(str(cluster)) or str(cluster) in typed:
        return
    if cluster == _own_address():
        return
    problem = (
        f"{where}: engine.cluster: found {str(cluster)[:80]!r} in a file; expected "
        f"{', '.join(CLUSTERS)}, or an address that is typed, because what answers there can run "
        f"code here. Type {how} if you trust it."
    )
    raise ConfigError([problem])


def _own_address() -> str | None:
    """Return the address that the user's own ~/.config/dask names."""
    if find_spec("dask") is None:
        return None
    return import_module("dask").config.get("scheduler-address", None)
