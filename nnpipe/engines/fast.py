"""The fast engine: the same recursion on tiles that fit the cache, one per core at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from threading import local

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.engines.base import Array, TiledOptions
from nnpipe.engines.blas import one_thread
from nnpipe.engines.folded import Step, fold
from nnpipe.engines.tiles import tile_rows
from nnpipe.network.network import Network
from nnpipe.system.cores import cores
from nnpipe.system.threads import share
from nnpipe.system.tiles import cut

# Bias and activation are applied block by block, so that the activation finds the block in cache.
_BLOCK_BYTES = 256 << 10

# With fewer samples, or fewer products in a tile, BLAS threads are cheaper than our threads. BLAS
# threads wait actively, but ours compete for the interpreter's lock and must be woken each time.
_MANY = 4096
_LONG = 1 << 29


class FastEngine:
    """An engine that processes one tile of samples at a time, so that activations stay in cache.

    Parameters
    ----------
    network : Network
        Its parameters are copied.
    tile : int or None
        The number of samples in a tile; None: from the network.
    """

    def __init__(self, network: Network, tile: int | None = None) -> None:
        self.tile = tile or tile_rows(network)
        self._outputs, self._dtype = network.outputs, network.dtype
        self._products = network.parameter_count
        self._steps = fold(network)
        self._room = _Room(self._steps, self.tile, network.inputs)

    def forward(self, x: Array, keep: Collection[str] = ()) -> tuple[Array, Mapping[str, Array]]:
        """Execute the network on a batch, in the calling thread; see `Engine.forward`."""
        outputs = np.empty((len(x), self._outputs), self._dtype)
        kept = {
            step.name: np.empty((len(x), step.neurons), self._dtype)
            for step in self._steps
            if step.name in keep
        }
        with one_thread:
            for rows in cut(len(x), self.tile):
                self._forward(x[rows], outputs[rows], {k: a[rows] for k, a in kept.items()})
        return outputs, kept

    def __call__(self, x: Array) -> Array:
        """Return the network's outputs for x, (samples, inputs), computed on all cores."""
        if len(x) == 1:
            return self._one(x[0])
        outputs = np.empty((len(x), self._outputs), self._dtype)

        def work(rows: slice) -> None:
            self._forward(x[rows], outputs[rows])

        tiles = cut(len(x), self.tile)
        if len(x) < _MANY or self.tile * self._products < _LONG:
            share(work, tiles, 1)
        else:
            with one_thread:
                share(work, tiles, cores())
        return outputs

    def _forward(self, x: Array, outputs: Array, kept: Mapping[str, Array] = {}) -> None:
        """Write the outputs of one tile, and the activations of the layers in `kept`."""
        # Each thread has its own floating-point settings, so they are set here.
        with np.errstate(all="ignore"):
            a = x
            for step, buffer in zip(self._steps, [*self._room.tiles, outputs], strict=True):
                z = buffer[: len(x)]
                step.multiply(a, z)
                block = max(1, _BLOCK_BYTES // (z.itemsize * step.neurons))
                for start in range(0, len(z), block):
                    part = z[start : start + block]
                    step.add_bias(part)
                    step.function.forward(part, part)
                if step.name in kept:
                    step.activations(z, kept[step.name])
                a = z

    def _one(self, x: Array) -> Array:
        """Return the outputs for one sample with as few calls as possible, which take the time."""
        outputs = np.empty((1, self._outputs), self._dtype)
        self._room.first[:-1] = x
        with np.errstate(all="ignore"):
            for (a, z), step in zip(self._room.vectors, self._steps, strict=True):
                z = outputs[0] if z is None else z
                np.dot(a, step.parameters, z)
                step.function.forward(z, z)
        return outputs


class _Room(local):
    """The buffers of one thread. Each thread has its own.

    Attributes
    ----------
    tiles : list of (tile, neurons) arrays
        One for each hidden layer.
    first : (inputs + 1,) array
        The inputs of a single sample, followed by 1.
    vectors : list of pairs
        For a single sample and each layer: its inputs followed by 1, and its sums. The sums of the
        last layer are None.
    """

    def __init__(self, steps: Sequence[Step], tile: int, inputs: int) -> None:
        dtype = steps[0].parameters.dtype
        self.tiles = [np.empty((tile, step.neurons), dtype) for step in steps[:-1]]
        self.first = np.ones(inputs + 1, dtype)
        hidden = [np.ones(step.neurons + 1, dtype) for step in steps[:-1]]
        sums = [*(a[:-1] for a in hidden), None]
        self.vectors = list(zip([self.first, *hidden], sums, strict=True))


fast = Kind(TiledOptions, lambda options: partial(FastEngine, tile=options.tile))
