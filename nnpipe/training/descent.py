"""Gradient descent: apply an optimizer to the vector of all parameters."""

from __future__ import annotations

from threading import local

import numpy as np

from nnpipe.network.activations.base import Array
from nnpipe.system.threads import share
from nnpipe.system.tiles import cut, part_count
from nnpipe.training.optimizers.base import Optimizer, State, Step

# The least bytes of a tile. A smaller tile is done before another thread wakes up, and threads that
# return from NumPy every few microseconds wait for each other.
_TILE = 1 << 19

# When a gradient becomes 0, the optimizer's averages of it shrink until they are subnormal numbers.
# A processor may take a hundred times as long for these, and rounding keeps the smallest of them
# from becoming 0. So every _FLUSH_EVERY steps, numbers that are subnormal or would become so before
# the next flush are set to 0.
_FLUSH_EVERY = 64
_FLUSHED = 1024


class Descent:
    """An optimizer that works on a vector, one tile at a time.

    Parameters
    ----------
    optimizer : Optimizer
        The rule for each entry.
    parameters, gradient : vectors of one length
        Each step changes the parameters, and may overwrite the gradient. They are not copied.
    threads : int
        The number of threads that share the tiles.

    Attributes
    ----------
    state : dict of str to vector
        The state of the optimizer.
    steps : int
        The number of steps made.
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
        """Make one step with a learning rate. The gradient may be overwritten."""
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
        """Return a scratch array of the calling thread, with the length of the tile."""
        if not hasattr(self._scratch, "array"):
            self._scratch.array = np.empty(self._longest, tile.dtype)
        return self._scratch.array[: len(tile)]


def _flush(vector: Array, scratch: Array) -> None:
    """Set numbers to 0 that are subnormal or close to it."""
    np.abs(vector, out=scratch)
    np.greater_equal(scratch, _FLUSHED * np.finfo(vector.dtype).tiny, out=scratch)
    vector *= scratch
