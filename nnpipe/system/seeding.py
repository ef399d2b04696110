"""Random streams: one for each layer and each row, all derived from one seed.

A stream depends on the seed, on the role it plays and on its name or row, and on nothing else.
A layer added to a network changes no other layer's parameters, and a random row is the same
whatever the batch size and whichever process draws it.

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
    """Return the stream of one named thing.

    Parameters
    ----------
    seed : int
        The run's seed, 0 or greater.
    role, name : str
        What is drawn, and for which one: ``"parameters", "hidden1"``.

    >>> a = named_stream(0, "parameters", "hidden1").random()
    >>> a == named_stream(0, "parameters", "hidden1").random()
    True
    >>> a == named_stream(0, "parameters", "hidden2").random()
    False
    """
    return np.random.Generator(np.random.Philox(_sequence(seed, role, name)))


def row_streams(seed: int, role: str, start: int, stop: int) -> Iterator[np.random.Generator]:
    """Yield the streams of the rows from start to stop, one after the other.

    Each row owns the Philox counters whose third 64-bit word is the row's number: 2**128 blocks
    of numbers, which no row can use up. The generator that is yielded is the same object every
    time, set to the next row; use it before asking for the next.
    """
    key = _sequence(seed, role, "").generate_state(2, np.uint64)
    bits = np.random.Philox(key=key)
    generator = np.random.Generator(bits)
    state = bits.state
    for row in range(start, stop):
        state["state"]["counter"][2] = row
        bits.state = state
        yield generator
