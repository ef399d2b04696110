"""Keep a stage within a limit on memory: as many threads as fit, or a refusal with the numbers."""

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
    """Return how many batches can be computed at the same time within `engine.memory_limit`.

    Raises
    ------
    ConfigError
        If not even one can.
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
                "thread takes with this network and this input. Raise it, or set it to null."
            )
            raise ConfigError([problem])
    return threads


def needed(options: EngineOptions, network: Network, keep: Collection[str], threads: int) -> int:
    """Return the bytes that this process will take at the most: what it has, and what is to come.

    That is a copy of the parameters, their biases repeated, two buffers for each layer and
    thread, and batches: as stored, as the network takes them, and what comes out.
    """
    itemsize, rows = network.dtype.itemsize, batch_rows(options, network)
    hidden = sum(layer.neurons for layer in network.layers)
    kept = sum(layer.neurons for layer in network.layers if layer.name in keep)
    sample = network.inputs * (8 + itemsize) + (network.outputs + kept) * (itemsize + 16)
    batches = threads + AHEAD + 1
    buffers = threads * (options.tile_rows or tile_rows(network)) * hidden * itemsize
    return peak() + 2 * network.nbytes + 2 * buffers + batches * rows * sample


def peak() -> int:
    """Return the most bytes that this process has had resident so far."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return found if sys.platform == "darwin" else found << 10


def report(options: EngineOptions) -> None:
    """Log the peak memory beside the limit, where there is one."""
    limit = options.memory_limit
    if limit is not None:
        logger.info("memory   %d MiB at the most; the limit is %d MiB", peak() // MIB, limit)
