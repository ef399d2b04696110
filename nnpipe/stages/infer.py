"""Stream the input through the network batch by batch, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice

import numpy as np

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.stages.base import StageContext, batch_rows, shards
from nnpipe.stages.execution import execute
from nnpipe.stages.memory import report
from nnpipe.stages.output_metrics import Metrics
from nnpipe.stages.scores import predict
from nnpipe.stages.stream import Executed


def _infer(context: StageContext) -> None:
    """Write /outputs, and on request /activations/<layer> and /predictions.

    If the input has labels, the metrics include the accuracy, the cross-entropy and the confusion
    matrix, and /confusion_matrix is written unless there are too many classes.
    """
    announce(context)
    total = Metrics(context.network, context.input.has_labels)
    infer_shards = context.infer_shards or _one_after_the_other
    context.progress.begin("infer", context.input.samples)
    try:
        for metrics in infer_shards(context):
            total.merge(metrics)
    finally:
        context.progress.end()

    context.metrics["samples"] = context.input.samples
    context.metrics |= total.values()
    confusion = None if total.scores is None else total.scores.confusion
    if confusion is not None:
        context.sink.create(
            "confusion_matrix",
            confusion.shape,
            np.int64,
            ("label", "predicted"),
            "Samples by label and prediction",
        )
        context.sink.write("confusion_matrix", 0, confusion)


def announce(context: StageContext) -> None:
    """Create every requested dataset with one row per sample in the sink."""
    network, samples = context.network, context.input.samples
    widths = {layer.name: layer.outputs for layer in network.layers}
    context.sink.create(
        "outputs", (samples, network.outputs), network.dtype, ("sample", "neuron"), "Outputs"
    )
    for name in _kept(context):
        context.sink.create(
            f"activations/{name}",
            (samples, widths[name]),
            network.dtype,
            ("sample", f"{name}_neuron"),
            f"Activations of {name}",
        )
    if context.output.predictions:
        context.sink.create("predictions", (samples,), np.int64, ("sample",), "Predictions")


def infer_shard(context: StageContext, rows: range) -> Metrics:
    """Write the created datasets for a range of samples, and return their metrics."""
    with closing(execute(context, context.input, [rows], _kept(context))) as executed:
        return _take(context, executed, rows)


def _one_after_the_other(context: StageContext) -> Iterator[Metrics]:
    parts = shards(context.engine.options, context.input.samples, context.network)
    with closing(execute(context, context.input, parts, _kept(context))) as executed:
        for rows in parts:
            yield _take(context, executed, rows)
    report(context.engine.options)


def _take(context: StageContext, executed: Iterator[Executed], rows: range) -> Metrics:
    activation = context.network.layers[-1].activation
    metrics = Metrics(context.network, context.input.has_labels)
    before = context.input.nonfinite
    together = batch_rows(context.engine.options, context.network)
    for batch in islice(executed, len(rows[::together])):
        context.sink.write("outputs", batch.start, batch.outputs)
        for name, activations in batch.activations.items():
            context.sink.write(f"activations/{name}", batch.start, activations)
        if context.output.predictions:
            context.sink.write("predictions", batch.start, predict(activation, batch.outputs))
        metrics.add(batch.outputs, batch.targets)
        context.progress.advance(len(batch.outputs))
    metrics.nonfinite = context.input.nonfinite - before
    metrics.first_nonfinite_row = context.input.first_nonfinite_row
    return metrics


def _kept(context: StageContext) -> tuple[str, ...]:
    wanted = context.output.activations
    return tuple(layer.name for layer in context.network.layers if {layer.name, "all"} & {*wanted})


infer = Kind(NoOptions, lambda options: _infer)
