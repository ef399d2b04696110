"""Stream the input through the network, batch by batch, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice

import numpy as np

from nnpipe.stages.base import Work, batch_rows, shards
from nnpipe.stages.execution import execute
from nnpipe.stages.memory import report
from nnpipe.stages.scores import predict
from nnpipe.stages.stream import Executed
from nnpipe.stages.tally import Tally


def infer(work: Work) -> None:
    """Write /outputs, and on request /activations/<layer> and /predictions.

    Where the input has labels, the accuracy, the cross-entropy and the confusion matrix are
    added to the figures, and /confusion_matrix is written, unless there are too many classes.
    """
    announce(work)
    total = Tally(work.network, work.input.has_labels)
    spread = work.spread or _one_after_the_other
    work.progress.begin("infer", work.input.samples)
    try:
        for tally in spread(work):
            total.merge(tally)
    finally:
        work.progress.end()

    work.figures["samples"] = work.input.samples
    work.figures |= total.figures()
    confusion = None if total.scores is None else total.scores.confusion
    if confusion is not None:
        work.sink.create(
            "confusion_matrix",
            confusion.shape,
            np.int64,
            ("label", "predicted"),
            "Samples by label and prediction",
        )
        work.sink.write("confusion_matrix", 0, confusion)


def announce(work: Work) -> None:
    """Announce to the sink every dataset with one row a sample that the config asks for."""
    network, samples = work.network, work.input.samples
    neurons = {layer.name: layer.neurons for layer in network.layers}
    work.sink.create(
        "outputs", (samples, network.outputs), network.dtype, ("sample", "neuron"), "Outputs"
    )
    for name in _kept(work):
        work.sink.create(
            f"activations/{name}",
            (samples, neurons[name]),
            network.dtype,
            ("sample", f"{name}_neuron"),
            f"Activations of {name}",
        )
    if work.config.output.predictions:
        work.sink.create("predictions", (samples,), np.int64, ("sample",), "Predictions")


def infer_shard(work: Work, rows: range) -> Tally:
    """Write what was announced for a range of samples, and return their tally."""
    with closing(execute(work, work.input, [rows], _kept(work))) as executed:
        return _take(work, executed, rows)


def _one_after_the_other(work: Work) -> Iterator[Tally]:
    parts = shards(work.config, work.input.samples, work.network)
    with closing(execute(work, work.input, parts, _kept(work))) as executed:
        for rows in parts:
            yield _take(work, executed, rows)
    report(work.config)


def _take(work: Work, executed: Iterator[Executed], rows: range) -> Tally:
    activation = work.network.layers[-1].activation
    tally = Tally(work.network, work.input.has_labels)
    before = work.input.nonfinite
    together = batch_rows(work.config, work.network)
    for batch in islice(executed, len(rows[::together])):
        work.sink.write("outputs", batch.start, batch.outputs)
        for name, activations in batch.activations.items():
            work.sink.write(f"activations/{name}", batch.start, activations)
        if work.config.output.predictions:
            work.sink.write("predictions", batch.start, predict(activation, batch.outputs))
        tally.add(batch.outputs, batch.answers)
        work.progress.advance(len(batch.outputs))
    tally.nonfinite = work.input.nonfinite - before
    tally.first_nonfinite_row = work.input.first_nonfinite_row
    return tally


def _kept(work: Work) -> tuple[str, ...]:
    wanted = work.config.output.activations
    return tuple(layer.name for layer in work.network.layers if {layer.name, "all"} & {*wanted})
