"""A list of layer sizes with one activation. The default is the article's network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.architectures.base import SharedOptions


@dataclass(frozen=True)
class MlpOptions(SharedOptions):
    """The options of mlp.

    >>> list(MlpOptions(sizes=[100, 50, 10]).stack([100, 50, 10]))
    ['hidden1', 'hidden2', 'output']
    """

    sizes: list[int] = option(
        [100, 50, 10, 5], "neurons of each layer; the last one is the output layer", at_least=1
    )


def _check(options: MlpOptions, key: str) -> Iterator[str]:
    if not options.sizes:
        yield f"{key}.sizes: found an empty list; expected one size per layer"


mlp = Kind(MlpOptions, lambda options: options.stack(options.sizes), _check)
