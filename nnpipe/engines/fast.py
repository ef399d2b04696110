"""The same recursion at the limit of the machine: tiles in cache, one for each core at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from threading import local

import numpy as np

from nnpipe.cores import cores
from nnpipe.engines.base import Array
from nnpipe.engines.blas import one_thread
from nnpipe.engines.folded import fold
from nnpipe.engines.threads import share
from nnpipe.engines.tiles import cut, tile_rows
from nnpipe.network.activations.sigmoid import sigmoid
from nnpipe.network.network import Network

# What bias and activation pass over together, so that the second finds it in the inner cache.
_BLOCK_BYTES = 128 << 10

# Up to here a copy of the parameters would take longer than what it saves.
_FEW = 64

# Fewer samples in a tile than these are not worth packing the parameters for it.
_LEAST = 512

# Fewer products than these are done before another thread has woken up.
_WORTH = 1 << 24

# NumPy takes longer to find out what a Python number is than to add it to a few.
_ONES = {char: np.ones((), char) for char in "fd"}


class FastEngine:
    """Multiplies a tile of samples at a time, so that what a layer wrote the next finds in cache.

    Parameters
    ----------
    network : Network
        Its parameters are copied: what becomes of them later is not seen.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.tile = tile_rows(network)
        self._steps = fold(network)
        self._local = local()

    def forward(self, x: Array, keep: Collection[str] = ()) -> tuple[Array, Mapping[str, Array]]:
        """Execute the network on a batch, in the calling thread; see `Engine.forward`."""
        dtype = self.network.dtype
        outputs = np.empty((len(x), self.network.outputs), dtype)
        kept = {
            step.name: np.empty((len(x), step.neurons), dtype)
            for step in self._steps
            if step.name in keep
        }
        for rows in cut(len(x), self.tile):
            self.forward_tile(x[rows], outputs[rows], {k: a[rows] for k, a in kept.items()})
        return outputs, kept

    def forward_tile(self, x: Array, outputs: Array, kept: Mapping[str, Array] = {}) -> None:
        """Write the outputs of one tile, and the activations of the layers that are kept."""
        # A thread has its own floating-point settings, so they are made here and not outside.
        with one_thread, np.errstate(all="ignore"):
            a = x
            for step, buffer in zip(self._steps, [*self._buffers(), outputs], strict=True):
                z = buffer[: len(x)]
                np.matmul(a, step.matrix, out=z)
                block = max(1, _BLOCK_BYTES // (z.itemsize * step.neurons))
                for start in range(0, len(z), block):
                    part = z[start : start + block]
                    part += step.bias
                    step.function.forward(part, part)
                if step.name in kept:
                    step.activations(z, kept[step.name])
                a = z

    def _buffers(self) -> list[Array]:
        if not hasattr(self._local, "buffers"):
            self._local.buffers = [
                np.empty((self.tile, step.neurons), self.network.dtype) for step in self._steps[:-1]
            ]
        return self._local.buffers


def execute(network: Network, x: Array) -> Array:
    """Return the network's outputs for x, (samples, inputs), in memory.

    Nothing is kept from call to call, so that a change of the parameters is always seen.
    """
    if len(x) == 1:
        return _one(network, x)
    if len(x) <= _FEW:
        return _few(network, x)
    engine = FastEngine(network)
    outputs = np.empty((len(x), network.outputs), network.dtype)
    # A few hundred samples still make a tile for each of some cores.
    part = 1 << max(len(x) // 4, _LEAST).bit_length() - 1
    share(
        lambda rows: engine.forward_tile(x[rows], outputs[rows]),
        cut(len(x), min(engine.tile, part)),
        cores() if len(x) * network.parameter_count > _WORTH else 1,
    )
    return outputs


def _few(network: Network, x: Array) -> Array:
    with one_thread, np.errstate(all="ignore"):
        for layer in network.layers:
            z = np.matmul(x, layer.weights.T)
            z += layer.bias
            layer.function.forward(z, z)
            x = z
    return x


def _one(network: Network, x: Array) -> Array:
    """Compute f(P [x; 1]) for one sample with as few calls as can be: they are what takes time."""
    dtype = network.dtype
    ones = _ONES[dtype.char]
    a = np.empty(network.inputs + 1, dtype)
    a[:-1] = x[0]
    with one_thread, np.errstate(all="ignore"):
        for layer in network.layers:
            a[-1] = 1
            parameters = layer.parameters
            following = np.empty(len(parameters) + 1, dtype)
            z = following[:-1]
            np.dot(parameters, a, z)
            if layer.function is sigmoid:
                np.negative(z, z)
                np.exp(z, z)
                np.add(z, ones, z)
                np.reciprocal(z, z)
            else:
                layer.function.forward(z[np.newaxis], z[np.newaxis])
            a = following
    return a[np.newaxis, :-1]
