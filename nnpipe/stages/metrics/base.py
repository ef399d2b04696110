"""What a metric is: one number that judges outputs by targets, gathered batch by batch."""

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
    """What is judged.

    Attributes
    ----------
    targets : str
        classes: class numbers, (samples,); labels: ones and zeros, (samples, outputs), each output
        a yes or a no of its own; numbers: real numbers, (samples, outputs).
    activation : str
        The last layer's.
    outputs : int
        The last layer's neurons.
    """

    targets: Literal["classes", "labels", "numbers"]
    activation: str
    outputs: int


class Metric(Protocol):
    """A number over all samples that were added."""

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Take in a batch: outputs (samples, neurons), and targets as the task has them."""
        ...

    def value(self) -> float | None:
        """Return the number, or None where it is not defined."""
        ...


class Mean:
    """A `Metric` that is a mean over the samples.

    Parameters
    ----------
    total : callable
        ``total(outputs, targets)`` returns the sum of a batch, a number or one for each output.
    """

    def __init__(self, total: Callable[[Array, NDArray[Any]], Any]) -> None:
        self._total, self._sum, self._samples = total, np.float64(0), 0

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Take in a batch."""
        self._sum = self._sum + self._total(outputs, targets)
        self._samples += len(outputs)

    def value(self) -> float | None:
        """Return the mean, over the outputs too; None where it is no number."""
        mean = float(np.mean(self._sum) / self._samples)
        return None if math.isnan(mean) else mean


@runtime_checkable
class Detailed(Protocol):
    """A metric with arrays behind its number, which results.h5 keeps."""

    def datasets(self) -> Named:
        """Return the arrays."""
        ...


MakeMetric = Callable[[Task], Metric | None]
"""``make(task)`` returns a metric without samples, or None where it does not judge such a task."""


@dataclass(frozen=True)
class MetricKind(Kind[Options, MakeMetric]):
    """The kind of a metric.

    Parameters
    ----------
    direction : str
        Whether greater is better: maximize or minimize.
    unit : str
        1 for a plain number.
    label : callable, optional
        ``label(options)`` returns the name under which the number is stored; else the kind's.
    """

    direction: Literal["maximize", "minimize"] = "maximize"
    unit: str = "1"
    label: Callable[[Options], str] | None = None
