"""Derive a random stream for each layer and each row from one seed.

A stream depends only on the seed, its role, and its name or row. Adding a layer to a network does
not change the other layers' parameters, and a random row is the same for every batch size and in
every process.

References
----------
Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011), for Philox.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def _sequence(seed: int, role: str, name: str) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=tuple(f"{role}\0{name}".encode()))


def named_stream(seed: int, role: str, name: str) -> np.random.Generator:
    """Return the stream for a role and a name.

    Parameters
    ----------
    seed : int
        The run's seed, 0 or greater.
    role, name : str
        What is drawn, and for what: ``"parameters", "hidden1"``.

    >>> a = named_stream(0, "parameters", "hidden1").random()
    >>> a == named_stream(0, "parameters", "hidden1").random()
    True
    >>> a == named_stream(0, "parameters", "hidden2").random()
    False
    """
    return np.random.Generator(np.random.Philox(_sequence(seed, role, name)))


def row_streams(seed: int, role: str, start: int, stop: int) -> Iterator[np.random.Generator]:
    """Yield the streams of the rows from start to stop, in order.

    Each row owns the Philox counters whose third 64-bit word is the row's number: 2**128 blocks
    of numbers, which no row can use up. Every yield returns the same generator object, set to the
    next row; use it before advancing.
    """
    key = _sequence(seed, role, "").generate_state(2, np.uint64)
    bits = np.random.Philox(key=key)
    generator = np.random.Generator(bits)
    state = bits.state
    for row in range(start, stop):
        state["state"]["counter"][2] = row
        bits.state = state
        yield generator
