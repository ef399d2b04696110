"""Stream the input through the network, batch by batch, in constant memory."""

from __future__ import annotations

import numpy as np

from nnpipe.moments import Moments
from nnpipe.stages.base import Work, batch_rows
from nnpipe.stages.scores import Scores, predict


def infer(work: Work) -> None:
    """Write /outputs, and on request /activations/<layer> and /predictions.

    Where the input has labels, the accuracy, the cross-entropy and the confusion matrix are
    added to the figures, and /confusion_matrix is written, unless there are too many classes.
    """
    network, wanted = work.network, work.config.output
    layers = {layer.name: layer for layer in network.layers}
    keep = tuple(layers) if "all" in wanted.activations else tuple(wanted.activations)
    samples, output = work.input.samples, network.layers[-1]

    work.sink.create(
        "outputs", (samples, network.outputs), network.dtype, ("sample", "neuron"), "Outputs"
    )
    for name in keep:
        work.sink.create(
            f"activations/{name}",
            (samples, layers[name].neurons),
            network.dtype,
            ("sample", f"{name}_neuron"),
            f"Activations of {name}",
        )
    if wanted.predictions:
        work.sink.create("predictions", (samples,), np.int64, ("sample",), "Predictions")
    scores = Scores(output.activation, network.outputs) if work.input.has_labels else None

    engine = work.engine(network)
    statistics = Moments(1)
    rows = batch_rows(work.config, work.input.features, network.dtype)
    work.progress.begin("infer", samples)
    try:
        for batch in work.input.batches(rows):
            outputs, activations = engine.forward(batch.x, keep)
            work.sink.write("outputs", batch.start, outputs)
            for name in keep:
                work.sink.write(f"activations/{name}", batch.start, activations[name])
            if wanted.predictions:
                work.sink.write("predictions", batch.start, predict(output.activation, outputs))
            if scores is not None and batch.labels is not None:
                scores.add(outputs, batch.labels)
            statistics.add(outputs.reshape(-1, 1))
            work.progress.advance(len(batch.x))
    finally:
        work.progress.end()

    work.figures["samples"] = samples
    work.figures["outputs"] = {
        "min": float(statistics.minimum[0]),
        "mean": float(statistics.mean[0]),
        "max": float(statistics.maximum[0]),
        "std": float(statistics.std[0]),
    }
    work.figures["nonfinite_inputs"] = work.input.nonfinite
    if work.input.first_nonfinite_row is not None:
        work.figures["first_nonfinite_row"] = work.input.first_nonfinite_row
    if scores is not None:
        work.figures |= scores.figures()
        if scores.confusion is not None:
            work.sink.create(
                "confusion_matrix",
                scores.confusion.shape,
                np.int64,
                ("label", "predicted"),
                "Samples by label and prediction",
            )
            work.sink.write("confusion_matrix", 0, scores.confusion)
