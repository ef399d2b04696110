"""Stream the input through the network, batch by batch, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnpipe.engines.base import Engine
from nnpipe.stages.base import Work, batch_rows, shards
from nnpipe.stages.scores import predict
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


def infer_shard(work: Work, engine: Engine, rows: range) -> Tally:
    """Write what was announced for a range of samples, and return their tally."""
    activation, keep = work.network.layers[-1].activation, _kept(work)
    tally = Tally(work.network, work.input.has_labels)
    before = work.input.nonfinite
    together = batch_rows(work.config, work.network)
    for batch in work.input.batches(together, rows):
        outputs, activations = engine.forward(batch.x, keep)
        work.sink.write("outputs", batch.start, outputs)
        for name in keep:
            work.sink.write(f"activations/{name}", batch.start, activations[name])
        if work.config.output.predictions:
            work.sink.write("predictions", batch.start, predict(activation, outputs))
        tally.add(outputs, batch.labels)
        work.progress.advance(len(batch.x))
    tally.nonfinite = work.input.nonfinite - before
    tally.first_nonfinite_row = work.input.first_nonfinite_row
    return tally


def _one_after_the_other(work: Work) -> Iterator[Tally]:
    engine = work.engine(work.network)
    for rows in shards(work.config, work.input.samples, work.network):
        yield infer_shard(work, engine, rows)


def _kept(work: Work) -> tuple[str, ...]:
    wanted = work.config.output.activations
    return tuple(layer.name for layer in work.network.layers if {layer.name, "all"} & {*wanted})
