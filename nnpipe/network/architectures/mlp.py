"""A list of layer sizes with one activation. The default is the article's network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nnpipe.config.kind import AUTO, Kind
from nnpipe.config.options import option
from nnpipe.network.architectures.base import SharedOptions
from nnpipe.network.purpose import Purpose

ARTICLE = [100, 50, 10, 5]
"""The sizes of the article's network."""


@dataclass(frozen=True)
class MlpOptions(SharedOptions):
    """The options of mlp.

    >>> MlpOptions(hidden=[30]).resolved(Purpose(trains=True, outputs=3, output="softmax")).sizes
    [30, 3]
    """

    sizes: list[int] = option(
        AUTO,
        "neurons of each layer, the last one the output layer; auto: from `hidden`, or "
        "[100, 50, 10, 5] where nothing is trained",
        at_least=1,
    )
    hidden: list[int] | None = option(
        None,
        "neurons of the hidden layers, before one output for each class or target; instead of "
        "`sizes`; null: [100]",
        at_least=1,
    )

    def resolved(self, purpose: Purpose) -> MlpOptions:
        """Return the options with a value for each `auto`."""
        sizes = self.sizes
        if sizes == AUTO:
            trained = purpose.trains or self.hidden is not None
            hidden = [100] if self.hidden is None else self.hidden
            sizes = [*hidden, purpose.outputs] if trained else ARTICLE
        return replace(self, sizes=sizes, hidden=None, **self.of_layers(purpose, sizes))


def _check(options: MlpOptions, key: str) -> Iterator[str]:
    if not options.sizes:
        yield f"{key}.sizes: found an empty list; expected one size per layer"
    if options.sizes != AUTO and options.hidden is not None:
        yield f"{key}.hidden: found it and sizes; expected one of them. Leave {key}.sizes out."


mlp = Kind(MlpOptions, lambda options: options.stack(options.sizes), _check)
