"""A metric: the share of the outputs that are close to their label's one-hot row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.options import option
from nnpipe.stages.metrics.base import MetricKind


@dataclass(frozen=True)
class WithinOptions:
    tolerance: float = option(0.5, "how close", above=0)


class Within:
    def __init__(self, tolerance, task):
        self._tolerance, self._outputs = tolerance, task.outputs
        self._close = self._all = 0

    def add(self, outputs, targets):
        wanted = np.eye(self._outputs)[targets]
        self._close += int((np.abs(outputs - wanted) <= self._tolerance).sum())
        self._all += outputs.size

    def value(self):
        return self._close / self._all


def make(options):
    return lambda task: Within(options.tolerance, task) if task.targets == "classes" else None


within = MetricKind(WithinOptions, make, label=lambda options: f"within_{options.tolerance:g}")
