"""What can be drawn, as data: the page draws it as SVG, `output.plots=png` with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Value = float | str
"""A place on an axis: a number, or a name."""


@dataclass(frozen=True)
class Histogram:
    """How often values occur.

    Parameters
    ----------
    title, note : str
        What the values are, and what is to be noticed.
    edges : (bins + 1,) float64
    shares : (bins,) float64
        The share of the values in each bin, from 0 to 1.
    flat : tuple of float, optional
        Where an activation hardly answers any more: at most the first, or at least the second.
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
        """Whether the activation is flat across a bin, (bins,)."""
        middles = (self.edges[:-1] + self.edges[1:]) / 2
        low, high = self.flat or (-np.inf, np.inf)
        return (middles <= low) | (middles >= high)

    @property
    def flat_share(self) -> float:
        """The share of the values for which it is flat."""
        return float(self.shares[self.flat_bins].sum())


@dataclass(frozen=True)
class Ridges:
    """Histograms over one axis, one below the other.

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
        What is written into each cell, and shown when one points at it.
    low, high : float
        The numbers with the faintest and the strongest shade; low may be the greater one.
    diagonal : bool
        Whether the cells off the diagonal are mistakes.
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
    """A quantity, with its value for each of the things that are shown."""

    name: str
    values: Sequence[Value]

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(isinstance(value, float) for value in self.values)


@dataclass(frozen=True)
class Points:
    """One quantity over another; where several share an x, the line joins their means."""

    title: str
    x: Axis
    y: Axis
    hints: Sequence[str]


@dataclass(frozen=True)
class Curves:
    """Numbers that go on, each a line over its own positions."""

    title: str
    x: str
    lines: Sequence[tuple[str, Sequence[float], Sequence[float]]]


@dataclass(frozen=True)
class Parallel:
    """One line for each thing across all axes, the stronger the greater its last value is.

    Parameters
    ----------
    least : bool
        The stronger the lower it is.
    """

    title: str
    axes: Sequence[Axis]
    hints: Sequence[str]
    least: bool = False


@dataclass(frozen=True)
class Column:
    """The input or a layer, as the drawing of a network shows it.

    Parameters
    ----------
    name : str
    lines : sequence of str
        What is written under the name.
    size : int
        How many features or neurons there are.
    shown : sequence of int
        The numbers of those that are drawn.
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
        One for each pair of neighbours, as shares of the greatest: from -1 to 1.
    texts : sequence of str
        One for each pair of neighbours.
    """

    title: str
    columns: Sequence[Column]
    links: Sequence[NDArray[np.floating[Any]]]
    texts: Sequence[str]


Figure = Histogram | Ridges | Matrix | Bars | Points | Curves | Parallel | Stack
