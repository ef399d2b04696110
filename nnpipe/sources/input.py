"""A source as the network sees it: normalized, in the network's dtype, checked."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnpipe.errors import DataError
from nnpipe.sources.base import Source
from nnpipe.sources.normalizations.base import Normalization

_LABELS_TOGETHER = 1 << 16
_BLOCK_BYTES = 256 << 10


class Input:
    """Samples that are ready to be multiplied.

    Parameters
    ----------
    source : Source
        The stored numbers.
    normalization : Normalization
        What is done to them.
    dtype : dtype-like
        The network's dtype.
    on_nonfinite : str
        ``warn`` counts values that are not finite; ``error`` refuses them.

    Attributes
    ----------
    nonfinite : int
        How many values of what was read so far are NaN or infinite.
    first_nonfinite_row : int or None
        The lowest row, as the file counts them, that holds one.
    """

    def __init__(
        self,
        source: Source,
        normalization: Normalization,
        dtype: DTypeLike,
        on_nonfinite: str = "warn",
    ) -> None:
        self.source = source
        self.normalization = normalization
        self.dtype = np.dtype(dtype)
        self._lock = Lock()
        self.nonfinite = 0
        self.first_nonfinite_row: int | None = None
        self.on_nonfinite = on_nonfinite
        self._wide = np.result_type(source.dtype, self.dtype)
        self._offset = normalization.offset.astype(self._wide)
        self._factor = normalization.factor.astype(self._wide)
        self._safe = _stays_finite(source.dtype, normalization, self.dtype)

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return self.source.samples

    @property
    def features(self) -> int:
        """How many numbers a sample has."""
        return self.source.features

    @property
    def has_labels(self) -> bool:
        """Whether the samples have labels."""
        return self.source.labels(0, 0) is not None

    @property
    def always_finite(self) -> bool:
        """Whether no number can be NaN or infinite, as it is stored and as it is normalized."""
        return self._safe

    def read(self, start: int, stop: int) -> NDArray[np.floating[Any]]:
        """Return the samples from start to stop, (stop - start, features), in a new array.

        They are normalized in the wider of the stored and the network's dtype, then cast.

        Raises
        ------
        DataError
            If a value is not finite and `on_nonfinite` is ``error``.
        """
        return self.prepare(self.source.read(start, stop), start, copy=True)

    def prepare(
        self, raw: NDArray[Any], start: int, copy: bool = False
    ) -> NDArray[np.floating[Any]]:
        """Return samples as the network takes them, given as they are stored; see `read`.

        Without `copy` they may be the stored ones themselves.
        """
        x: NDArray[Any]
        with np.errstate(all="ignore"):
            if self.normalization.identity:
                x = raw.astype(self.dtype, copy=copy)
            else:
                x = self._normalize(raw)
        if not self._safe:
            self._check(x, raw, start)
        return x

    def _normalize(self, raw: NDArray[Any]) -> NDArray[np.floating[Any]]:
        x: NDArray[Any] = np.empty(raw.shape, self.dtype)
        # A few rows at a time stay in cache from the first step to the last.
        step = max(1, _BLOCK_BYTES // (self.features * self._wide.itemsize))
        for start in range(0, len(raw), step):
            part: NDArray[Any] = raw[start : start + step]
            if self._offset.any():
                part = np.subtract(part, self._offset, dtype=self._wide)
                part *= self._factor
            else:
                part = np.multiply(part, self._factor, dtype=self._wide)
            x[start : start + step] = part
        return x

    def _check(self, x: NDArray[Any], raw: NDArray[Any], start: int) -> None:
        finite = np.isfinite(x)
        if finite.all():
            return
        sample, feature = divmod(int(np.argmin(finite)), self.features)
        row = self.source.rows[start + sample]
        if self.on_nonfinite == "error":
            stored = raw[sample, feature]
            key = f"{self.source.key}.on_nonfinite"
            lost = f", which becomes {x[sample, feature]} in {self.dtype}"
            problem = (
                f"{key}: found {stored} in row {row}, feature {feature}"
                f"{lost if np.isfinite(stored) else ''}; expected finite numbers. "
                f"Clean the data, or set {key}=warn."
            )
            raise DataError(problem)
        with self._lock:
            self._count(finite, row)

    def _count(self, finite: NDArray[np.bool_], row: int) -> None:
        self.nonfinite += finite.size - int(np.count_nonzero(finite))
        before = self.first_nonfinite_row
        self.first_nonfinite_row = row if before is None else min(before, row)


def read_targets(source: Source, start: int, stop: int) -> NDArray[Any] | None:
    """Return what samples are trained towards: real targets where a source has them, else labels.

    Returns
    -------
    (stop - start, outputs) of any real dtype, (stop - start,) int64, or None
    """
    # A source of another package need not have targets.
    read = getattr(source, "targets", None)
    targets = None if read is None else read(start, stop)
    return source.labels(start, stop) if targets is None else targets


def check_targets(source: Source, outputs: int, probabilities: bool) -> None:
    """Check what samples are trained towards, in one pass over the real targets, if any.

    Parameters
    ----------
    source : Source
    outputs : int
        The network's.
    probabilities : bool
        Whether they must be from 0 to 1.

    Raises
    ------
    DataError
        If there are not as many columns as outputs, or if a number is not finite or not from
        0 to 1.
    """
    for start in range(0, source.samples, _LABELS_TOGETHER):
        targets = read_targets(source, start, min(start + _LABELS_TOGETHER, source.samples))
        if targets is None or targets.ndim == 1:
            return
        if targets.shape[1] != outputs:
            problem = (
                f"{source.key}.targets: found {targets.shape[1]} numbers a sample; "
                f"expected {outputs}, one for each output of the network."
            )
            raise DataError(problem)
        right = np.isfinite(targets)
        if probabilities:
            right &= (targets >= 0) & (targets <= 1)
        if not right.all():
            row, column = np.argwhere(~right)[0]
            wanted = "0 to 1, as the loss has it" if probabilities else "finite numbers"
            problem = (
                f"{source.key}.targets: found {targets[row, column]} in row "
                f"{source.rows[start + row]}, column {column}; expected {wanted}."
            )
            raise DataError(problem)


def check_labels(source: Source, classes: int) -> None:
    """Read all labels of a source once, if it has any.

    Raises
    ------
    DataError
        If one is not from 0 to classes - 1.
    """
    for start in range(0, source.samples, _LABELS_TOGETHER):
        labels = source.labels(start, min(start + _LABELS_TOGETHER, source.samples))
        if labels is None:
            return
        wrong = (labels < 0) | (labels >= classes)
        if wrong.any():
            first = int(np.argmax(wrong))
            problem = (
                f"{source.key}.labels: found {labels[first]} in row {source.rows[start + first]}; "
                f"expected 0 to {classes - 1}, one class for each output of the network."
            )
            raise DataError(problem)


def _stays_finite(
    stored: np.dtype[Any], normalization: Normalization, dtype: np.dtype[Any]
) -> bool:
    """Tell whether no stored number can become NaN or infinite: integers within range."""
    if stored.kind == "f":
        return False
    largest = 1.0 if stored.kind == "b" else 2.0 ** (8 * stored.itemsize)
    with np.errstate(over="ignore"):
        furthest = largest + np.abs(normalization.offset).max()
        bound = furthest * np.abs(normalization.factor).max()
    return bool(max(furthest, bound) < np.finfo(dtype).max)
