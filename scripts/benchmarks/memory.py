"""Samples in memory: ``network(x)`` and its peers in one process, in turn."""

from __future__ import annotations

from typing import Any

import numpy as np

import nnpipe
from benchmarks.peers import installed, peer
from benchmarks.timing import Row, compare, in_turn


def measure(config: Any) -> list[Row]:
    """Return the rows of all networks, activations and numbers of samples."""
    wanted, rows = config.memory, []
    peers = installed(wanted.peers)
    for sizes in wanted.networks:
        for activation in wanted.activations:
            for samples in wanted.samples:
                rows += _case(list(sizes), activation, samples, peers, config)
    return rows


def _case(
    sizes: list[int], activation: str, samples: int, peers: list[str], config: Any
) -> list[Row]:
    architecture = {"inputs": sizes[0], "sizes": sizes[1:], "activation": activation}
    architecture["initializer"] = "glorot_normal"
    network = nnpipe.build(architecture, seed=config.seed)
    x = np.random.default_rng(config.seed).standard_normal((samples, sizes[0])).astype(np.float32)
    calls: dict[str, Any] = {"nnpipe": lambda: network(x)}
    for name in peers:
        calls[name] = peer(name, network, x, config.threads)
        found = calls[name]()
        if found is not None and not np.allclose(found, network(x), atol=1e-3, rtol=1e-3):
            problem = f"{name}: the outputs differ from those of nnpipe for {sizes}, {activation}"
            raise ValueError(problem)
    case = f"{'-'.join(map(str, sizes))}, {activation}, {samples:,}"
    return compare("memory", case, in_turn(calls, config.repeats))
