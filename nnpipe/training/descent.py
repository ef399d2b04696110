"""Steps down the gradient: an optimizer at work on the vector of all parameters."""

from __future__ import annotations

from threading import local

import numpy as np

from nnpipe.network.activations.base import Array
from nnpipe.system.threads import share
from nnpipe.system.tiles import cut, part_count
from nnpipe.training.optimizers.base import Optimizer, State, Step

# Bytes of a tile, at least. A smaller one is done before another thread has woken up, and threads
# that come back from NumPy every few microseconds wait for each other.
_TILE = 1 << 19

# What is remembered of a gradient that has become 0 shrinks until it has fewer digits than others.
# A processor may take a hundred times as long for such a subnormal number, and rounding keeps the
# least of them from ever becoming 0. After so many steps they are set to 0, and with them those
# that would become subnormal before the next time.
_FLUSH_EVERY = 64
_FLUSHED = 1024


class Descent:
    """Applies an optimizer to a vector, a tile at a time.

    Parameters
    ----------
    optimizer : Optimizer
        How each entry moves.
    parameters, gradient : vectors of one length
        They are kept; each step reads the one and changes both.
    threads : int
        How many may share the tiles.

    Attributes
    ----------
    state : dict of str to vector
        What the optimizer remembers.
    steps : int
        How many have been made.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        parameters: Array,
        gradient: Array,
        threads: int = 1,
    ) -> None:
        self.options = optimizer.options
        self.state: State = optimizer.init(parameters)
        self.steps = 0
        self._update = optimizer.update
        self._threads = threads
        self._scratch = local()
        self._longest = -(-parameters.size // part_count(parameters.nbytes, _TILE))
        self._tiles: list[tuple[Array, Array, State]] = []
        for part in cut(parameters.size, self._longest):
            state = {name: vector[part] for name, vector in self.state.items()}
            self._tiles.append((parameters[part], gradient[part], state))

    def step(self, rate: float) -> None:
        """Make one step at a learning rate. The gradient may be overwritten."""
        self.steps += 1
        step = Step(self.steps, rate, self.options)

        def update(tile: tuple[Array, Array, State]) -> None:
            parameters, gradient, state = tile
            room = self._room(parameters)
            self._update(parameters, gradient, state, room, step)
            if step.number % _FLUSH_EVERY == 0:
                for vector in state.values():
                    _flush(vector, room)

        share(update, self._tiles, self._threads)

    def _room(self, tile: Array) -> Array:
        """Return the calling thread's scratch, as long as the tile."""
        if not hasattr(self._scratch, "array"):
            self._scratch.array = np.empty(self._longest, tile.dtype)
        return self._scratch.array[: len(tile)]


def _flush(vector: Array, scratch: Array) -> None:
    """Set to 0 what is subnormal, or close to it."""
    np.abs(vector, out=scratch)
    np.greater_equal(scratch, _FLUSHED * np.finfo(vector.dtype).tiny, out=scratch)
    vector *= scratch
