"""Keep a stage within a memory limit by using fewer threads, or refuse it with the numbers."""

from __future__ import annotations

import logging
import resource
import sys
from collections.abc import Collection
from pathlib import Path

from nnpipe.engines.base import EngineOptions
from nnpipe.engines.tiles import tile_rows
from nnpipe.errors import ConfigError
from nnpipe.network.network import Network
from nnpipe.stages.base import batch_rows
from nnpipe.stages.stream import AHEAD
from nnpipe.system.cores import cores

MIB = 1 << 20

logger = logging.getLogger("nnpipe")


def fitting_threads(options: EngineOptions, network: Network, keep: Collection[str]) -> int:
    """Return the number of batches that can be computed at once within `engine.memory_limit`.

    Raises
    ------
    ConfigError
        If not even one batch fits.
    """
    threads = options.threads or cores()
    limit = options.memory_limit
    if limit is None:
        return threads
    while needed(options, network, keep, threads) > limit * MIB:
        threads -= 1
        if threads == 0:
            least = -(-needed(options, network, keep, 1) // MIB)
            problem = (
                f"engine.memory_limit: found {limit} MiB; expected at least {least} MiB, which one "
                "thread needs for this network and this input. Raise it, or set it to null."
            )
            raise ConfigError([problem])
    return threads


def needed(options: EngineOptions, network: Network, keep: Collection[str], threads: int) -> int:
    """Return an upper bound of this process's memory in bytes: its peak so far, and new arrays.

    The new arrays are a copy of the parameters, repeated biases, two buffers for each layer and
    thread, and the batches as stored, as inputs of the network, and as its outputs.
    """
    itemsize, rows = network.dtype.itemsize, batch_rows(options, network)
    hidden = sum(network.widths)
    kept = sum(layer.outputs for layer in network.layers if layer.name in keep)
    sample = network.inputs * (8 + itemsize) + (network.outputs + kept) * (itemsize + 16)
    batches = threads + AHEAD + 1
    buffers = threads * (options.tile_rows or tile_rows(network)) * hidden * itemsize
    return peak() + 2 * network.nbytes + 2 * buffers + batches * rows * sample


def peak() -> int:
    """Return the peak resident memory of this process in bytes."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return found if sys.platform == "darwin" else found << 10


def report(options: EngineOptions) -> None:
    """Log the peak memory and the limit, if there is one."""
    limit = options.memory_limit
    if limit is not None:
        logger.info("memory   peak %d MiB; limit %d MiB", peak() // MIB, limit)
