"""Samples in memory: ``network(x)`` and its peers in one process, in turn."""

from __future__ import annotations

from typing import Any

import numpy as np

import nnpipe
from benchmarks.peers import installed, peer
from benchmarks.stacks import INPUTS, STACKS
from benchmarks.timing import Row, compare, in_turn


def measure(config: Any) -> list[Row]:
    """Return the rows of all networks, activations and numbers of samples."""
    wanted, rows = config.memory, []
    peers = installed(wanted.peers)
    cases: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for sizes in map(list, wanted.networks):
        for activation in wanted.activations:
            declared = {"inputs": sizes[0], "sizes": sizes[1:], "activation": activation}
            declared["initializer"] = "glorot_normal"
            cases[f"{'-'.join(map(str, sizes))}, {activation}"] = declared, peers
    for name in wanted.stacks:
        declared = {"inputs": INPUTS, "layers": STACKS[name]("linear")}
        cases[name] = declared, [peer for peer in peers if peer == "torch"]
    for name, (declared, those) in cases.items():
        for samples in wanted.samples:
            rows += _case(name, declared, samples, those, config)
    return rows


def _case(
    name: str, declared: dict[str, Any], samples: int, peers: list[str], config: Any
) -> list[Row]:
    network = nnpipe.build(declared, seed=config.seed)
    generator = np.random.default_rng(config.seed)
    x = generator.standard_normal((samples, network.inputs)).astype(np.float32)
    calls: dict[str, Any] = {"nnpipe": lambda: network(x)}
    for other in peers:
        calls[other] = peer(other, network, x, config.threads)
        found = calls[other]()
        if found is not None and not np.allclose(found, network(x), atol=1e-3, rtol=1e-3):
            problem = f"{other}: the outputs differ from those of nnpipe for {name}"
            raise ValueError(problem)
    return compare("memory", f"{name}, {samples:,}", in_turn(calls, config.repeats))
