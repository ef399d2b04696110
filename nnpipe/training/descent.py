"""Steps down the gradient: an optimizer at work on the vector of all parameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import Optimizer, State, Step

# What an optimizer touches of a tile (parameters, gradient, two moments, scratch) stays in the
# second-level cache from one of its passes to the next.
_TILE_BYTES = 1 << 16


class Descent:
    """Applies an optimizer to a vector, a tile at a time.

    Parameters
    ----------
    optimizer : Optimizer
    options : mapping of str to float
        Its options, none left out.
    parameters, gradient : vectors of one length
        They are kept; each step reads the one and changes both.

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
        options: Mapping[str, float],
        parameters: Array,
        gradient: Array,
    ) -> None:
        self.options = dict(options)
        self.state: State = optimizer.init(parameters)
        self.steps = 0
        self._update = optimizer.update
        tile = _TILE_BYTES // parameters.itemsize
        scratch = np.empty(min(tile, parameters.size), parameters.dtype)
        self._tiles: list[tuple[Array, Array, State, Array]] = []
        for start in range(0, parameters.size, tile):
            part = slice(start, min(start + tile, parameters.size))
            state = {name: vector[part] for name, vector in self.state.items()}
            size = part.stop - part.start
            self._tiles.append((parameters[part], gradient[part], state, scratch[:size]))

    def step(self, rate: float) -> None:
        """Make one step at a learning rate. The gradient may be overwritten."""
        self.steps += 1
        step = Step(self.steps, rate, self.options)
        for parameters, gradient, state, scratch in self._tiles:
            self._update(parameters, gradient, state, scratch, step)
