"""Evaluate the network on samples with labels or targets, from `test` if it is given."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from nnpipe.config.kind import Choice, Kind
from nnpipe.config.options import choices
from nnpipe.sources.base import Source
from nnpipe.sources.input import Input, read_targets
from nnpipe.stages.base import StageContext
from nnpipe.stages.execution import execute
from nnpipe.stages.metrics import METRICS
from nnpipe.stages.metrics.base import Detailed, MakeMetric, Metric, Task

_STANDARD: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    "classes": (
        ("accuracy", {}),
        ("cross_entropy", {}),
        *(("top_k", {"k": k}) for k in (2, 3, 5)),
        ("calibration_error", {}),
        ("f1", {}),
    ),
    "labels": (("accuracy", {}), ("label_accuracy", {}), ("f1", {})),
    "numbers": (("mean_squared_error", {}), ("mean_absolute_error", {}), ("r2", {})),
}
"""The default metrics of each kind of targets."""


@dataclass(frozen=True)
class EvaluateOptions:
    """The option of evaluate."""

    metrics: list[Choice[MakeMetric]] = choices(
        METRICS, [], "metrics besides the default ones for the targets"
    )


def _evaluate(options: EvaluateOptions, context: StageContext) -> None:
    """Add the metrics `evaluation`, and write /evaluation/... for each class and each bin.

    The samples come from `test`, else from `validation`, else from the input. With real targets
    and a sigmoid, each output is a label of its own. With real targets and a softmax, the greatest
    target is the class. Otherwise real targets are numbers, and the metrics measure errors.
    """
    name, data = judged(context)
    last = context.network.layers[-1]
    task = task_of(data.source, last.activation, last.outputs)
    standard = [METRICS.choice(name, **given) for name, given in _STANDARD[task.targets]]
    metrics = _make(standard, task) | _make(options.metrics, task)
    context.progress.begin("evaluate", data.samples)
    try:
        samples = [range(data.samples)]
        with closing(execute(context, data, samples, targets=read_targets)) as batches:
            for batch in batches:
                targets = batch.targets
                assert targets is not None
                if task.targets == "classes" and targets.ndim > 1:
                    targets = targets.argmax(axis=1)
                for metric in metrics.values():
                    metric.add(batch.outputs, targets)
                context.progress.advance(len(batch.outputs))
    finally:
        context.progress.end()
    found = {label: metric.value() for label, metric in metrics.items()}
    context.metrics["evaluation"] = {"input": name, "samples": data.samples, **found}
    for metric in metrics.values():
        for path, (values, dims, title) in (
            metric.datasets().items() if isinstance(metric, Detailed) else ()
        ):
            path = f"evaluation/{path}"
            context.sink.create(path, values.shape, values.dtype, dims, title)
            context.sink.write(path, 0, values)


def judged(context: StageContext) -> tuple[str, Input]:
    """Return the config key of the samples for the evaluation, and the samples."""
    if context.test is not None:
        return "test", context.test
    if context.validation is not None:
        return "validation", context.validation
    return "input", context.input


def task_of(source: Source, activation: str, outputs: int) -> Task:
    """Return what is judged: outputs of a last layer with an activation, on a source's targets."""
    targets = read_targets(source, 0, 0)
    kind: Literal["classes", "labels", "numbers"] = "numbers"
    if targets is None or targets.ndim == 1 or activation == "softmax":
        kind = "classes"
    elif activation == "sigmoid":
        kind = "labels"
    return Task(kind, activation, outputs)


def _make(chosen: list[Choice[MakeMetric]], task: Task) -> dict[str, Metric]:
    """Return the metrics that apply to the task, by the names under which they are stored."""
    found: dict[str, Metric] = {}
    for choice in chosen:
        label = getattr(choice.of, "label", None)
        metric = choice.make()(task)
        if metric is not None:
            found[label(choice.options) if label else choice.kind] = metric
    return found


evaluate = Kind(EvaluateOptions, lambda options: partial(_evaluate, options))
