"""Samples and first-layer neurons as small images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.network.layer import Layer
from nnpipe.report.image import grey, signed
from nnpipe.report.sample import Sample
from nnpipe.stages.scores import predict

_MOST, _MISTAKES = 21, 14


@dataclass(frozen=True)
class Picture:
    """An image and the text under it; `right` is None where nothing can be wrong."""

    uri: str
    hint: str
    text: str
    right: bool | None = None


def show_samples(sample: Sample, last: Layer) -> tuple[list[Picture], list[Picture]]:
    """Return the first samples, and the first that the network gets wrong."""
    if sample.image is None:
        return [], []
    predicted = predict(last.activation, sample.activations[last.name])
    finite = sample.raw[np.isfinite(sample.raw)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)

    def picture(i: int) -> Picture:
        text, right = f"row {sample.rows[i]}", None
        if sample.labels is not None:
            right = bool(sample.labels[i] == predicted[i])
            text = f"{sample.labels[i]} → {predicted[i]} {'✓' if right else '✗'}"
        uri = grey(sample.raw[i].reshape(sample.image), low, high)
        return Picture(uri, f"row {sample.rows[i]}", text, right)

    first = [picture(i) for i in range(min(_MOST, len(predicted)))]
    if sample.labels is None:
        return first, []
    wrong = np.flatnonzero(sample.labels != predicted).tolist()
    # Where most are wrong the first samples show it already.
    wrong = wrong[:_MISTAKES] if 2 * len(wrong) < len(predicted) else []
    return first, [picture(i) for i in wrong]


def show_neurons(layer: Layer, image: tuple[int, int]) -> list[Picture]:
    """Return the weights of a first layer's neurons, each laid out as the image that it sees."""
    return [
        Picture(signed(weights.reshape(image)), f"{layer.name}, {number}", str(number))
        for number, weights in enumerate(layer.weights[:_MOST])
    ]
