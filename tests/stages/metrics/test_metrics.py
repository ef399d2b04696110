"""Every metric judges the tasks that suit it, and says which of two numbers is better."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.stages.metrics import METRICS
from nnpipe.stages.metrics.base import Detailed, MetricKind, Task
from tests.stages.metrics.judging import judged, new

TASKS = {
    "accuracy": {"classes", "labels"},
    "calibration_error": {"classes"},
    "cross_entropy": {"classes"},
    "f1": {"classes", "labels"},
    "label_accuracy": {"labels"},
    "mean_absolute_error": {"numbers"},
    "mean_squared_error": {"numbers"},
    "r2": {"numbers"},
    "top_k": {"classes"},
}
ERRORS = {"calibration_error", "cross_entropy", "mean_absolute_error", "mean_squared_error"}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_judges_the_tasks_that_suit_it_and_no_other(name):
    judges = {
        targets
        for targets in ("classes", "labels", "numbers")
        if new(name, Task(targets, "sigmoid", 8)) is not None
    }
    assert judges == TASKS[name]


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_whether_greater_is_better_and_what_its_unit_is(name):
    kind = METRICS.load(name)
    assert isinstance(kind, MetricKind)
    assert kind.direction == ("minimize" if name in ERRORS else "maximize")
    assert kind.unit == ("nat" if name == "cross_entropy" else "1")


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_of_perfect_outputs_is_the_best_there_is(name):
    [targets, *_] = sorted(TASKS[name])
    outputs = np.eye(8)
    wanted = np.arange(8) if targets == "classes" else outputs
    activation = {"classes": "softmax", "labels": "sigmoid", "numbers": "linear"}[targets]
    found = judged(name, Task(targets, activation, 8), outputs, wanted).value()
    assert found == (0 if name in ERRORS else 1)


@pytest.mark.parametrize("name", METRICS)
def test_the_arrays_behind_a_metric_have_a_name_for_each_axis_and_a_title(name):
    [targets, *_] = sorted(TASKS[name])
    wanted = np.arange(8) if targets == "classes" else np.eye(8)
    metric = judged(name, Task(targets, "sigmoid", 8), np.eye(8), wanted)
    if isinstance(metric, Detailed):
        for values, dims, title in metric.datasets().values():
            assert values.ndim == len(dims)
            assert title
    assert isinstance(metric, Detailed) == (name in {"calibration_error", "f1"})
