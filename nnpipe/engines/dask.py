"""The fast engine on the workers of a Dask cluster, which `nnpipe.distributed` starts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.config.registry import did_you_mean
from nnpipe.engines.base import TiledOptions
from nnpipe.engines.fast import FastEngine
from nnpipe.errors import ConfigError

CLUSTERS = ("local", "slurm")
"""The clusters that a run can start. Any other value is a scheduler's address."""

_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[^\s/]+:\d+", re.ASCII)
_MEMORY = re.compile(r"\d+(\.\d+)? ?[kKMGT]i?B", re.ASCII)
_WALLTIME = re.compile(r"(\d+-)?\d{1,2}:\d{2}:\d{2}", re.ASCII)
_WORD = re.compile(r"\w*", re.ASCII)
_PARTITION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,-]*")


@dataclass(frozen=True)
class DaskOptions(TiledOptions):
    """The options of dask. `partition` and `walltime` are only for slurm."""

    cluster: str = option("local", "local, slurm, or the address of a scheduler: tcp://host:8786")
    workers: int | None = option(
        None, "number of workers; null: as many as fit the cores for local, 1 for slurm", at_least=1
    )
    memory: str | None = option(
        None, "memory per worker, such as 4GiB; null: an equal share for local, 4GiB for slurm"
    )
    partition: str | None = option(None, "slurm only; null: the cluster's default")
    walltime: str | None = option(None, "slurm only, hours:minutes:seconds; null: 01:00:00")


def _check(options: DaskOptions, key: str) -> Iterator[str]:
    cluster = options.cluster
    if cluster not in CLUSTERS and not _ADDRESS.fullmatch(cluster):
        yield (
            f"{key}.cluster: found {cluster!r}; expected {', '.join(CLUSTERS)} or a scheduler's "
            f"address, such as tcp://host:8786.{did_you_mean(cluster, CLUSTERS)}"
        )
    if options.memory is not None and not _MEMORY.fullmatch(options.memory):
        yield f"{key}.memory: found {options.memory!r}; expected a size, such as 4GiB"
    if options.walltime is not None and not _WALLTIME.fullmatch(options.walltime):
        yield f"{key}.walltime: found {options.walltime!r}; expected a time, such as 01:30:00"
    if options.partition is not None and not _PARTITION.fullmatch(options.partition):
        yield f"{key}.partition: {options.partition!r} cannot name a partition"
    for name in ("partition", "walltime"):
        if cluster != "slurm" and getattr(options, name) is not None:
            yield f"{key}.{name}: only for cluster=slurm; found cluster={cluster}. Leave it null."


dask = Kind(DaskOptions, lambda options: partial(FastEngine, tile=options.tile), _check)


def refuse_address(
    cluster: Any, typed: Collection[str], where: str, how: str = "engine.cluster=ADDRESS"
) -> None:
    """Refuse a scheduler's address that is neither typed nor set in Dask's own config.

    A file must not name it, because a scheduler sends pickles, which can run code here.

    Parameters
    ----------
    cluster : Any
        The value of `engine.cluster`.
    typed : collection of str
        The addresses typed in this command.
    where : str
        The place of the value, for the message.
    how : str
        How to type an address, for the message.

    Raises
    ------
    ConfigError
        If the address comes from a file.
    """
    if cluster is None or _WORD.fullmatch(str(cluster)) or str(cluster) in typed:
        return
    if cluster == _own_address():
        return
    problem = (
        f"{where}: engine.cluster: found {str(cluster)[:80]!r} in a file; expected "
        f"{', '.join(CLUSTERS)}, or a typed address, because a scheduler can run code here. "
        f"Type {how} if you trust it."
    )
    raise ConfigError([problem])


def _own_address() -> str | None:
    """Return the address in the user's own ~/.config/dask."""
    if find_spec("dask") is None:
        return None
    return import_module("dask").config.get("scheduler-address", None)
