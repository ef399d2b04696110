"""The fast engine: the same recursion on tiles that fit the cache, one per core at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from threading import local
from typing import Any

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.engines.base import Array, TiledOptions
from nnpipe.engines.blas import one_thread
from nnpipe.engines.tiles import tile_rows
from nnpipe.network.folding import Part, fold
from nnpipe.network.layers.base import Forward
from nnpipe.network.network import Network
from nnpipe.system.cores import cores
from nnpipe.system.threads import share
from nnpipe.system.tiles import cut

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
        self._dtype = network.dtype
        self._products = network.parameter_count
        self._names = [layer.name for layer in network.layers]
        self._widths = [layer.outputs for layer in network.layers]
        parts = [Part(la.name, la.transform, la.inputs, la.arrays) for la in network.layers]
        layers, self._maps = fold(parts)
        forwards = [layer.kind.inference(layer.arrays, layer.inputs) for layer in layers]
        self._room = _Room(forwards, [network.inputs, *self._widths], self.tile, network.dtype)

    def forward(self, x: Array, keep: Collection[str] = ()) -> tuple[Array, Mapping[str, Array]]:
        """Execute the network on a batch, in the calling thread; see `Engine.forward`."""
        outputs = np.empty((len(x), self._widths[-1]), self._dtype)
        kept = {
            name: np.empty((len(x), width), self._dtype)
            for name, width in zip(self._names, self._widths, strict=True)
            if name in keep
        }
        with one_thread:
            for rows in cut(len(x), self.tile):
                self._forward(x[rows], outputs[rows], {k: a[rows] for k, a in kept.items()})
        return outputs, kept

    def __call__(self, x: Array) -> Array:
        """Return the network's outputs for x, (samples, inputs), computed on all cores."""
        if len(x) == 1:
            return self._one(x[0])
        outputs = np.empty((len(x), self._widths[-1]), self._dtype)

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
            room = self._room
            for name, forward, buffer in zip(
                self._names, room.forwards, [*room.tiles, outputs], strict=True
            ):
                a = buffer[: len(x)]
                forward(x, a)
                if name in kept:
                    self._copy(a, name, kept[name])
                x = a

    def _copy(self, a: Array, name: str, out: Array) -> None:
        """Write a layer's activations into `out`, given those of the folded layer."""
        affine = self._maps.get(name)
        if affine is None:
            np.copyto(out, a)
        else:
            np.multiply(a, affine.scale, out=out)
            np.add(out, affine.shift, out=out)

    def _one(self, x: Array) -> Array:
        """Return the outputs for one sample with as few calls as possible, which take the time."""
        outputs = np.empty((1, self._widths[-1]), self._dtype)
        room = self._room
        room.first[:-1] = x
        with np.errstate(all="ignore"):
            for one, a, z in room.vectors:
                one(a, outputs[0] if z is None else z)
        return outputs


class _Room(local):
    """The functions and buffers of one thread. Each thread has its own.

    Attributes
    ----------
    forwards : list of Forward
    tiles : list of (tile, width) arrays
        One for each hidden layer.
    first : (inputs + 1,) array
        The inputs of a single sample, followed by 1.
    vectors : list of triples
        For a single sample and each layer: its function, its inputs followed by 1, and its outputs.
        The outputs of the last layer are None.
    """

    def __init__(
        self,
        forwards: Sequence[Forward],
        widths: Sequence[int],
        tile: int,
        dtype: np.dtype[np.floating[Any]],
    ) -> None:
        self.forwards = [forward.in_thread() for forward in forwards]
        self.tiles = [np.empty((tile, width), dtype) for width in widths[1:-1]]
        self.first, *hidden = [np.ones(width + 1, dtype) for width in widths[:-1]]
        outputs = [*(a[:-1] for a in hidden), None]
        ones = [forward.one for forward in self.forwards]
        self.vectors = list(zip(ones, [self.first, *hidden], outputs, strict=True))


fast = Kind(TiledOptions, lambda options: partial(FastEngine, tile=options.tile))
