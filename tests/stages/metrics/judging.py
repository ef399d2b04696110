"""What the tests of metrics share: outputs and targets by chance, judged in batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from nnpipe.stages.metrics import METRICS
from nnpipe.stages.metrics.base import Metric, Task


def new(name: str, task: Task, **options: Any) -> Metric | None:
    """Return a metric without samples, or None where it does not judge such a task."""
    return METRICS.choice(name, **options).make()(task)


def judged(
    name: str,
    task: Task,
    outputs: np.ndarray,
    targets: np.ndarray,
    cut: list[int] | None = None,
    **options: Any,
) -> Metric:
    """Return a metric that was given all samples, in batches that begin at `cut`."""
    metric = new(name, task, **options)
    assert metric is not None
    for rows in np.split(np.arange(len(outputs)), cut or []):
        if len(rows):
            metric.add(outputs[rows], targets[rows])
    return metric


@st.composite
def cases(draw: st.DrawFn, targets: str, activation: str, least: int = 1) -> tuple[Any, ...]:
    """Draw a task with `least` neurons or more, outputs, targets and where batches begin.

    The outputs are what the activation could have made, in one of the dtypes.
    """
    samples, neurons = draw(st.integers(1, 40)), draw(st.integers(least, 6))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    z = generator.normal(0, 2, (samples, neurons))
    if activation == "softmax":
        z = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    elif activation == "sigmoid":
        z = 1 / (1 + np.exp(-z))
    wanted = {
        "classes": generator.integers(0, max(neurons, 2), samples),
        "labels": generator.integers(0, 2, (samples, neurons)).astype(np.float64),
        "numbers": generator.normal(3, 5, (samples, neurons)),
    }[targets]
    dtype = draw(st.sampled_from(["float32", "float64"]))
    cut = sorted(draw(st.lists(st.integers(0, samples), max_size=3)))
    return Task(targets, activation, neurons), z.astype(dtype), wanted, cut
