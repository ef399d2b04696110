"""Hold out samples for validation by the seed, without a list of all samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnpipe.system.seeding import named_stream

_TOGETHER = 1 << 14


@dataclass(frozen=True)
class Split:
    """The samples that are held out for validation.

    The same share is drawn from each block of 16,384 consecutive samples, so that a sample's
    number decides whether it is held out.

    Parameters
    ----------
    samples : int
    fraction : float
        The share, from 0 to below 1.
    seed : int

    >>> split = Split(10, 0.3, seed=0)
    >>> split.held, int(split.held_out(0, 10).sum())
    (3, 3)
    """

    samples: int
    fraction: float
    seed: int

    @property
    def held(self) -> int:
        """The number of held-out samples."""
        whole, rest = divmod(self.samples, _TOGETHER)
        return whole * self._share(_TOGETHER) + self._share(rest)

    def held_out(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Return for each sample from start to stop whether it is held out, (stop - start,)."""
        first = start // _TOGETHER
        parts = [self._drawn(i) for i in range(first, -(-stop // _TOGETHER))]
        offset = first * _TOGETHER
        return np.concatenate(parts)[start - offset : stop - offset]

    def kept(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Return for each sample from start to stop whether to train on it, (stop - start,)."""
        return ~self.held_out(start, stop)

    def _share(self, samples: int) -> int:
        return round(samples * self.fraction)

    def _drawn(self, part: int) -> NDArray[np.bool_]:
        start = part * _TOGETHER
        samples = min(_TOGETHER, self.samples - start)
        drawn = np.zeros(samples, np.bool_)
        if self.fraction:
            stream = named_stream(self.seed, "validation", str(part))
            drawn[stream.permutation(samples)[: self._share(samples)]] = True
        return drawn
