"""The base of metrics: one number that compares outputs to targets, computed batch by batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import Kind, Options
from nnpipe.engines.base import Array

Named = Mapping[str, tuple[NDArray[Any], tuple[str, ...], str]]
"""Arrays by name, each with its dimensions and its title."""


@dataclass(frozen=True)
class Task:
    """The kind of outputs and targets to compare.

    Attributes
    ----------
    targets : str
        "classes": class numbers, (samples,); "labels": ones and zeros, (samples, outputs), where
        each output is a label of its own; "numbers": real numbers, (samples, outputs).
    activation : str
        The activation of the last layer.
    outputs : int
        The number of neurons of the last layer.
    """

    targets: Literal["classes", "labels", "numbers"]
    activation: str
    outputs: int


class Metric(Protocol):
    """A number over all added samples."""

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch: outputs (samples, neurons), and targets in the form of the task."""
        ...

    def value(self) -> float | None:
        """Return the number, or None if it is not defined."""
        ...


class Mean:
    """A `Metric` that is a mean over the samples.

    Parameters
    ----------
    total : callable
        ``total(outputs, targets)`` returns the sum over a batch: one number, or one per output.
    """

    def __init__(self, total: Callable[[Array, NDArray[Any]], Any]) -> None:
        self._total, self._sum, self._samples = total, np.float64(0), 0

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        self._sum = self._sum + self._total(outputs, targets)
        self._samples += len(outputs)

    def value(self) -> float | None:
        """Return the mean over samples and outputs, or None if it is not a number."""
        mean = float(np.mean(self._sum) / self._samples)
        return None if math.isnan(mean) else mean


@runtime_checkable
class Detailed(Protocol):
    """A metric with arrays that are stored in results.h5."""

    def datasets(self) -> Named:
        """Return the arrays."""
        ...


MakeMetric = Callable[[Task], Metric | None]
"""``make(task)`` returns a metric without samples, or None if it does not apply to the task."""


@dataclass(frozen=True)
class MetricKind(Kind[Options, MakeMetric]):
    """The kind of a metric.

    Parameters
    ----------
    direction : str
        "maximize" if greater is better, else "minimize".
    unit : str
        "1" for a number without a unit.
    label : callable, optional
        ``label(options)`` returns the name under which the number is stored. By default it is the
        name of the kind.
    """

    direction: Literal["maximize", "minimize"] = "maximize"
    unit: str = "1"
    label: Callable[[Options], str] | None = None
