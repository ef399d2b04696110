"""Figures as data: the page draws them as SVG, and `output.plots=png` with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Value = float | str
"""A position on an axis: a number, or a name."""


@dataclass(frozen=True)
class Histogram:
    """How often values occur.

    Parameters
    ----------
    title, note : str
        What the values are, and a short remark.
    edges : (bins + 1,) float64
    shares : (bins,) float64
        The share of the values in each bin, from 0 to 1.
    flat : tuple of float, optional
        Where an activation is saturated: up to the first value, and from the second one on.
    ticks : sequence of float
        Single values to mark below the bars.
    """

    title: str
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]
    note: str = ""
    flat: tuple[float, float] | None = None
    ticks: Sequence[float] = ()

    @property
    def flat_bins(self) -> NDArray[np.bool_]:
        """Whether the activation is flat in each bin, (bins,)."""
        middles = (self.edges[:-1] + self.edges[1:]) / 2
        low, high = self.flat or (-np.inf, np.inf)
        return (middles <= low) | (middles >= high)

    @property
    def flat_share(self) -> float:
        """The share of the values in flat bins."""
        return float(self.shares[self.flat_bins].sum())


@dataclass(frozen=True)
class Ridges:
    """Histograms below each other, over a common axis.

    Parameters
    ----------
    names : sequence of str
        One for each row.
    edges : (bins + 1,) float64
    shares : (rows, bins) float64
    """

    title: str
    names: Sequence[str]
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]


@dataclass(frozen=True)
class Matrix:
    """A number for each pair of names, shaded by its size.

    Parameters
    ----------
    values : (rows, columns) float64
        NaN leaves a cell empty.
    texts : sequence of sequence of str
        What is written into each cell.
    hints : sequence of sequence of str
        What is shown when the pointer is on a cell.
    low, high : float
        The numbers with the faintest and the strongest shade; `low` may be the greater one.
    diagonal : bool
        Whether cells off the diagonal are mistakes.
    margin : sequence of str
        What is written at the end of each row.
    """

    title: str
    row_axis: str
    column_axis: str
    row_names: Sequence[str]
    column_names: Sequence[str]
    values: NDArray[np.float64]
    texts: Sequence[Sequence[str]]
    hints: Sequence[Sequence[str]]
    low: float
    high: float
    diagonal: bool = False
    margin: Sequence[str] = ()


@dataclass(frozen=True)
class Bars:
    """A length for each name, in order."""

    title: str
    names: Sequence[str]
    values: Sequence[float]
    texts: Sequence[str]


@dataclass(frozen=True)
class Axis:
    """A quantity, with a value for each item of the figure."""

    name: str
    values: Sequence[Value]

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(isinstance(value, float) for value in self.values)


@dataclass(frozen=True)
class Points:
    """One quantity over another; where several points share an x, the line joins their means."""

    title: str
    x: Axis
    y: Axis
    hints: Sequence[str]


@dataclass(frozen=True)
class Curves:
    """Named lines, each with its own positions, (name, x, y)."""

    title: str
    x: str
    lines: Sequence[tuple[str, Sequence[float], Sequence[float]]]


@dataclass(frozen=True)
class Parallel:
    """Parallel coordinates: one line for each item, stronger for a greater last value.

    Parameters
    ----------
    least : bool
        Whether lines are stronger for a lower last value instead.
    """

    title: str
    axes: Sequence[Axis]
    hints: Sequence[str]
    least: bool = False


@dataclass(frozen=True)
class Column:
    """The input or a layer in the drawing of a network.

    Parameters
    ----------
    name : str
    lines : sequence of str
        Text under the name.
    size : int
        The number of features or neurons.
    shown : sequence of int
        The indices of those that are drawn.
    """

    name: str
    lines: Sequence[str]
    size: int
    shown: Sequence[int]


@dataclass(frozen=True)
class Stack:
    """A network: its columns, and the parameters between the neurons that are drawn.

    Parameters
    ----------
    links : sequence of (shown of the right column, shown of the left column) arrays
        One for each pair of neighbours, relative to the greatest magnitude: from -1 to 1.
    texts : sequence of str
        One for each pair of neighbours.
    """

    title: str
    columns: Sequence[Column]
    links: Sequence[NDArray[np.floating[Any]]]
    texts: Sequence[str]


Figure = Histogram | Ridges | Matrix | Bars | Points | Curves | Parallel | Stack
