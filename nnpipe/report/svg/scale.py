"""Place values on an axis, and choose the values to mark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nnpipe.report.figures import Axis, Value
from nnpipe.report.numbers import short

_FEW = 8
"""Up to this many different numbers, the axis marks the numbers themselves."""

_UNEVEN = 3
"""If gaps between numbers differ by more than this factor, try a logarithmic axis."""


@dataclass(frozen=True)
class Scale:
    """An axis from `start` to `stop`, in the units of the drawing.

    Parameters
    ----------
    low, high : float
        The numbers at its ends.
    names : sequence of str
        Names instead of numbers; they are at 0, 1, 2, ...
    log : bool
        Whether the axis is logarithmic.
    marks : sequence of float
        The numbers to mark on the axis; round numbers if empty.
    """

    start: float
    stop: float
    low: float
    high: float
    names: Sequence[str] = ()
    log: bool = False
    marks: Sequence[float] = ()

    def __call__(self, value: Value) -> float:
        """Return the position of a value."""
        number = float(self.names.index(value)) if isinstance(value, str) else value
        low, high = self.low, self.high
        if self.log:
            low, high, number = math.log(low), math.log(high), math.log(number)
        part = (number - low) / (high - low) if high > low else 0.5
        return self.start + part * (self.stop - self.start)

    def ticks(
        self, most: int = 5, write: Callable[[float], str] = short
    ) -> list[tuple[float, str]]:
        """Return the positions to mark, with their texts."""
        if self.names:
            step = -(-len(self.names) // max(most, 1))
            return [(self(name), name) for name in self.names[::step]]
        found = self.marks or round_numbers(self.low, self.high, most, self.log)
        return [(self(v), write(v)) for v in found]


def scale_for(axis: Axis, start: float, stop: float) -> Scale:
    """Return a scale for an axis's values: for numbers, or for names in their order."""
    if not axis.numeric:
        names = list(dict.fromkeys(str_of(value) for value in axis.values))
        return Scale(start, stop, 0, max(len(names) - 1, 0), names)
    numbers = sorted({float(value) for value in axis.values})
    log = _unevenness(numbers) > _UNEVEN and numbers[0] > 0
    if log:
        log = _unevenness([math.log(number) for number in numbers]) < _unevenness(numbers)
    marks = numbers if len(numbers) <= _FEW else []
    return Scale(start, stop, numbers[0], numbers[-1], log=log, marks=marks)


def _unevenness(numbers: Sequence[float]) -> float:
    """Return the ratio of the widest to the narrowest gap between sorted numbers."""
    gaps = [b - a for a, b in pairwise(numbers)]
    narrowest = min(gaps, default=0.0)
    return max(gaps, default=0.0) / narrowest if narrowest > 0 else 1.0


def str_of(value: Value) -> str:
    """Return a value as a name on an axis."""
    return value if isinstance(value, str) else short(value)


def round_numbers(low: float, high: float, most: int, log: bool = False) -> list[float]:
    """Return round numbers from low to high, not many more than `most`.

    >>> round_numbers(0, 1, 5)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> round_numbers(0.001, 2, 4, log=True)
    [0.001, 0.01, 0.1, 1.0]
    """
    if not high > low:
        return [low]
    if log:
        powers = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
        step = max(1, -(-len(powers) // most))
        return [10.0**power for power in powers[::step]] or [low, high]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Round to the step's digits, so that 3 * 0.1 becomes 0.3.
    digits = max(0, -math.floor(math.log10(step)))
    return [round(i * step, digits) for i in range(first, last + 1)]
