"""Show samples and first-layer neurons as small images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.network.layer import Layer
from nnpipe.report.image import grey, signed
from nnpipe.report.layers import connections
from nnpipe.report.sample import Sample
from nnpipe.stages.scores import predict

_MOST, _MISTAKES = 21, 14


@dataclass(frozen=True)
class Picture:
    """An image and the text under it; `correct` is None without a label."""

    uri: str
    hint: str
    text: str
    correct: bool | None = None


def show_samples(sample: Sample, last: Layer) -> tuple[list[Picture], list[Picture]]:
    """Return the first samples, and the first ones that the network misclassifies."""
    if sample.image is None:
        return [], []
    predicted = predict(last.activation, sample.activations[last.name])
    finite = sample.raw[np.isfinite(sample.raw)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)

    def picture(i: int) -> Picture:
        text, correct = f"row {sample.rows[i]}", None
        if sample.labels is not None:
            correct = bool(sample.labels[i] == predicted[i])
            text = f"{sample.labels[i]} → {predicted[i]} {'✓' if correct else '✗'}"
        uri = grey(sample.raw[i].reshape(sample.image), low, high)
        return Picture(uri, f"row {sample.rows[i]}", text, correct)

    first = [picture(i) for i in range(min(_MOST, len(predicted)))]
    if sample.labels is None:
        return first, []
    wrong = np.flatnonzero(sample.labels != predicted).tolist()
    # If most samples are misclassified, the first samples show it already.
    wrong = wrong[:_MISTAKES] if 2 * len(wrong) < len(predicted) else []
    return first, [picture(i) for i in wrong]


def show_neurons(layer: Layer, image: tuple[int, int]) -> list[Picture]:
    """Return the weights of a first layer's neurons, each in the shape of the input image."""
    weights = connections(layer)
    return [
        Picture(signed(row.reshape(image)), f"{layer.name}, {number}", str(number))
        for number, row in enumerate([] if weights is None else weights[:_MOST])
    ]
