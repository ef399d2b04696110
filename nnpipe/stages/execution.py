"""Execute the network of a run on an input, as configured."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence

from nnpipe.sources.input import Input
from nnpipe.stages.base import StageContext, batch_rows
from nnpipe.stages.folding import fold_normalization
from nnpipe.stages.memory import fitting_threads
from nnpipe.stages.stream import Executed, ReadTargets, labels_of, stream


def execute(
    context: StageContext,
    given: Input,
    parts: Sequence[range],
    keep: Collection[str] = (),
    targets: ReadTargets = labels_of,
) -> Generator[Executed]:
    """Execute ranges of samples in batches, and yield the batches in order; see `stream`.

    Raises
    ------
    ConfigError
        If `engine.memory_limit` is too low.
    """
    together = batch_rows(context.engine.options, context.network)
    batches = [
        range(start, min(start + together, rows.stop))
        for rows in parts
        for start in rows[::together]
    ]
    network = context.network
    if context.engine.kind != "reference":
        network, given = fold_normalization(network, given)
    threads = min(fitting_threads(context.engine.options, network, keep), len(batches))
    return stream(given, context.engine.make()(network), batches, threads, keep, targets)
