"""A chain of layers, each applied to the outputs of the one before: o_i(X) = f_i(o_{i-1}(X)).

A chain is itself a layer. Its arrays are those of its layers, named ``layer.array``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nnpipe.config.kind import Choice
from nnpipe.errors import DataError
from nnpipe.network.activations.base import Activation, Array
from nnpipe.network.folding import Part, fold
from nnpipe.network.layers.base import (
    Affine,
    Arrays,
    Forward,
    LayerKind,
    Shape,
    Step,
    Workspace,
)
from nnpipe.network.stack import Stack
from nnpipe.system.seeding import named_stream


class Chain(LayerKind):
    """Layers in order, as one layer."""

    def __init__(self, layers: Mapping[str, LayerKind]) -> None:
        self.options = self.layers = layers

    @classmethod
    def of(cls, stack: Stack) -> Chain:
        """Return the chain of declared layers."""
        return cls({name: chosen.make() for name, chosen in stack.items()})

    def each(self, inputs: int) -> Iterator[tuple[str, LayerKind, int]]:
        """Yield the name, the kind and the number of inputs of each layer.

        Raises
        ------
        DataError
            If a layer cannot have so many inputs.
        """
        for name, kind in self.layers.items():
            outputs = self._after(name, inputs)
            yield name, kind, inputs
            inputs = outputs

    def outputs(self, inputs: int) -> int:
        """Return the number of outputs of the last layer."""
        # Each layer is asked once. Twice would be 2^n times for n chains inside each other.
        for name in self.layers:
            inputs = self._after(name, inputs)
        return inputs

    def _after(self, name: str, inputs: int) -> int:
        try:
            return self.layers[name].outputs(inputs)
        except DataError as error:
            problem = f"layers.{name}.{error}"
            raise DataError(problem) from error

    def arrays(self, inputs: int) -> dict[str, Shape]:
        """Return the names and shapes of the arrays of all layers."""
        return joined((name, kind.arrays(n)) for name, kind, n in self.each(inputs))

    def statistics(self, inputs: int) -> dict[str, int]:
        """Return the names and sizes of the statistics of all layers."""
        return joined((name, kind.statistics(n)) for name, kind, n in self.each(inputs))

    def widths(self, inputs: int) -> Sequence[int]:
        """Return the widths of all layers."""
        return [width for _, kind, n in self.each(inputs) for width in kind.widths(n)]

    def initialize(
        self, inputs: int, generator: np.random.Generator, dtype: np.dtype[np.floating[Any]]
    ) -> Arrays:
        """Return new arrays. Each layer has its own stream, derived from the generator."""
        return joined(self.draw(inputs, int(generator.integers(1 << 62)), dtype).items())

    def draw(self, inputs: int, seed: int, dtype: np.dtype[np.floating[Any]]) -> dict[str, Arrays]:
        """Return the new arrays of each layer. Its stream is derived from the seed and its name.

        Raises
        ------
        DataError
            If a number is too large for the dtype.
        """
        drawn: dict[str, Arrays] = {}
        for name, kind, n in self.each(inputs):
            stream = named_stream(seed, "parameters", name)
            try:
                with np.errstate(over="raise"):
                    drawn[name] = kind.initialize(n, stream, dtype)
            except DataError as error:
                problem = f"layers.{name}.{error}"
                raise DataError(problem) from error
            except (FloatingPointError, OverflowError) as error:
                problem = (
                    f"layers.{name}: its initial numbers are too large for {dtype}; "
                    "expected an initializer with smaller options"
                )
                raise DataError(problem) from error
        return drawn

    def formula(self, arrays: Arrays, x: Any) -> Any:
        """Return o_n(X): o_0(X) = X, o_i(X) = f_i(o_{i-1}(X))."""
        parts = split(arrays)
        for name, kind in self.layers.items():
            x = kind.formula(parts.get(name, {}), x)
        return x

    def inference(self, arrays: Arrays, inputs: int) -> Forward:
        """Return the functions of all layers as one."""
        parts = split(arrays)
        each = (Part(name, kind, n, parts.get(name, {})) for name, kind, n in self.each(inputs))
        layers, _ = fold(list(each))
        forwards = [layer.kind.inference(layer.arrays, layer.inputs) for layer in layers]
        return _Forwards(forwards, [layer.inputs for layer in layers[1:]])

    def training(self, arrays: Arrays, gradients: Arrays, inputs: int, space: Workspace) -> Step:
        """Return the layers in training."""
        return Steps(self, arrays, gradients, inputs, space)

    @property
    def activation(self) -> Choice[Activation] | None:
        """The activation of the last layer that training leaves, or None."""
        return [kind for kind in self.layers.values() if kind.leaves == "layer"][-1].activation

    def linear(self) -> Chain:
        """Return the chain without the activation of its last layer."""
        *_, last = self.layers
        return Chain({**self.layers, last: self.layers[last].linear()})

    def mixes_samples(self) -> bool:
        """Return whether a layer does."""
        return any(kind.mixes_samples() for kind in self.layers.values())

    def weights(self, arrays: Arrays) -> Sequence[Array]:
        """Return the weights of all layers."""
        parts = split(arrays)
        return [w for name, kind in self.layers.items() for w in kind.weights(parts.get(name, {}))]

    def biases(self, arrays: Arrays) -> Sequence[Array]:
        """Return the biases of all layers."""
        parts = split(arrays)
        return [b for name, kind in self.layers.items() for b in kind.biases(parts.get(name, {}))]


class Steps(Step):
    """A chain in training."""

    def __init__(
        self, chain: Chain, arrays: Arrays, gradients: Arrays, inputs: int, space: Workspace
    ) -> None:
        self._arrays, self._gradients = split(arrays), split(gradients)
        self._kinds = chain.layers
        self._steps = {
            name: kind.training(self._arrays.get(name, {}), self._gradients.get(name, {}), n, space)
            for name, kind, n in chain.each(inputs)
        }
        self._list = list(self._steps.values())
        self.room = self._list[0].room
        self.statistics = joined((name, step.statistics) for name, step in self._steps.items())
        # Each layer writes into the room of the next one.
        widths = [n for _, _, n in chain.each(inputs)][1:]
        following = zip(self._list[1:], widths, strict=True)
        self._outputs = [step.room[:, :width] for step, width in following]
        self._deltas = [space.empty(width) for width in widths]

    def forward(self, out: Array, generator: np.random.Generator | None) -> None:
        """Write the outputs of the last layer."""
        rows = len(out)
        for step, a in zip(self._list, self._outputs, strict=False):
            step.forward(a[:rows], generator)
        self._list[-1].forward(out, generator)

    def backward(self, delta: Array, before: Array | None) -> None:
        """Propagate the gradient from the last layer to the first."""
        rows = len(delta)
        for step, room in zip(self._list[:0:-1], reversed(self._deltas), strict=True):
            target = room[:rows]
            step.backward(delta, target)
            delta = target
        self._list[0].backward(delta, before)

    def fold(self, arrays: Arrays) -> None:
        """Absorb the maps that layers leave into the next ones' arrays, in place."""
        parts, maps = split(arrays), list[Affine]()
        for name, step in self._steps.items():
            maps += step.left()
            kind, own = self._kinds[name], parts.get(name, {})
            if kind.leaves != "layer":
                continue
            step.fold(own)
            while maps:
                absorbed = kind.absorb(own, before=maps.pop())
                for array, values in absorbed.items():
                    own[array][...] = values

    def trace(self, out: Array, delta: Array) -> Iterator[tuple[str, Array]]:
        """Yield all arrays of the latest batch with the layer's name, in the order of computation.

        Statistics, arrays and outputs come from the first layer to the last, then the gradients of
        outputs and of arrays from the last layer to the first.
        """
        rows, names = len(out), list(self._steps)
        outputs = [*(a[:rows] for a in self._outputs), out]
        for name, a in zip(names, outputs, strict=True):
            own = (self._steps[name].statistics, self._arrays.get(name, {}))
            yield from ((name, array) for arrays in own for array in arrays.values())
            yield name, a
        deltas = [*(d[:rows] for d in self._deltas), delta]
        for name, d in zip(reversed(names), reversed(deltas), strict=True):
            yield name, d
            yield from ((name, array) for array in self._gradients.get(name, {}).values())


class _Forwards(Forward):
    """A chain in inference. Calls of one object must not overlap."""

    def __init__(self, forwards: Sequence[Forward], widths: Sequence[int]) -> None:
        self._forwards, self._widths = forwards, widths
        self._rows, self._buffers = 0, list[Array]()

    def __call__(self, x: Array, out: Array) -> None:
        """Write the outputs of the last layer."""
        if len(x) > self._rows:
            self._rows = len(x)
            self._buffers = [np.empty((len(x), width), out.dtype) for width in self._widths]
        for forward, buffer in zip(self._forwards, self._buffers, strict=False):
            forward(x, buffer[: len(x)])
            x = buffer[: len(x)]
        self._forwards[-1](x, out)

    def in_thread(self) -> Forward:
        """Return the chain with buffers of its own."""
        return _Forwards([forward.in_thread() for forward in self._forwards], self._widths)


def joined(parts: Any) -> dict[str, Any]:
    """Return one mapping of ``name.key``, or of the name alone for the empty key, to value.

    >>> joined([("a", {"x": 1}), ("b", {"": 2})])
    {'a.x': 1, 'b': 2}
    """
    return {
        f"{name}.{key}" if key else name: value
        for name, inner in parts
        for key, value in inner.items()
    }


def split(arrays: Arrays) -> dict[str, dict[str, Array]]:
    """Return the arrays of each layer by its name.

    >>> list(split({"a.x": np.zeros(1), "b.c.x": np.zeros(1)})["b"])
    ['c.x']
    """
    parts: dict[str, dict[str, Array]] = {}
    for name, array in arrays.items():
        layer, _, rest = name.partition(".")
        parts.setdefault(layer, {})[rest] = array
    return parts
