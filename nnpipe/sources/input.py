"""The input of a network: a source's samples, normalized, checked and in the network's dtype."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnpipe.errors import DataError
from nnpipe.sources.base import Source
from nnpipe.sources.normalizations.base import Normalization

_LABELS_TOGETHER = 1 << 16


class Input:
    """Samples that are ready for a network.

    Parameters
    ----------
    source : Source
        The stored numbers.
    normalization : Normalization
        The normalization to apply.
    dtype : dtype-like
        The network's dtype.
    on_nonfinite : str
        ``warn`` counts values that are not finite; ``error`` refuses them.
    target_scale : Normalization, optional
        The normalization of real targets.

    Attributes
    ----------
    nonfinite : int
        The number of values read so far that are NaN or infinite.
    first_nonfinite_row : int or None
        The lowest row number in the file with such a value.
    """

    def __init__(
        self,
        source: Source,
        normalization: Normalization,
        dtype: DTypeLike,
        on_nonfinite: str = "warn",
        target_scale: Normalization | None = None,
    ) -> None:
        self.source = source
        self.normalization = normalization
        self.dtype = np.dtype(dtype)
        self._lock = Lock()
        self.nonfinite = 0
        self.first_nonfinite_row: int | None = None
        self.on_nonfinite = on_nonfinite
        self._target_scale = target_scale
        self._safe = _stays_finite(source.dtype, normalization, self.dtype)

    @property
    def samples(self) -> int:
        """The number of samples."""
        return self.source.samples

    @property
    def features(self) -> int:
        """The number of features of a sample."""
        return self.source.features

    @property
    def has_labels(self) -> bool:
        """Whether the samples have labels."""
        return self.source.labels(0, 0) is not None

    @property
    def always_finite(self) -> bool:
        """Whether no stored or normalized number can be NaN or infinite."""
        return self._safe

    def read(self, start: int, stop: int) -> NDArray[np.floating[Any]]:
        """Return the samples from start to stop, (stop - start, features), in a new array.

        They are normalized in the wider of the stored dtype and the network's dtype, then cast.

        Raises
        ------
        DataError
            If a value is not finite and `on_nonfinite` is ``error``.
        """
        return self.prepare(self.source.read(start, stop), start, copy=True)

    def targets(self, start: int, stop: int) -> NDArray[Any] | None:
        """Return the targets of the samples from start to stop; see `read_targets`."""
        targets, scale = read_targets(self.source, start, stop), self._target_scale
        if targets is None or scale is None:
            return targets
        return (targets - scale.offset) * scale.factor

    def prepare(
        self, raw: NDArray[Any], start: int, copy: bool = False
    ) -> NDArray[np.floating[Any]]:
        """Return stored samples in the form that the network needs; see `read`.

        Without `copy` the result may be the given array itself.
        """
        x: NDArray[Any]
        with np.errstate(all="ignore"):
            if self.normalization.identity:
                x = raw.astype(self.dtype, copy=copy)
            else:
                x = self.normalization.apply(raw, self.dtype)
        if not self._safe:
            self._check(x, raw, start)
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
    """Return the targets for training: real targets if the source has them, else labels.

    Returns
    -------
    (stop - start, outputs) of any real dtype, (stop - start,) int64, or None
    """
    # A source from another package may lack the method `targets`.
    read = getattr(source, "targets", None)
    targets = None if read is None else read(start, stop)
    return source.labels(start, stop) if targets is None else targets


def check_targets(source: Source, outputs: int, probabilities: bool) -> None:
    """Check the real targets of a source, if any, in one pass.

    Parameters
    ----------
    source : Source
    outputs : int
        The number of outputs of the network.
    probabilities : bool
        Whether the targets must be from 0 to 1.

    Raises
    ------
    DataError
        If the number of columns is not `outputs`, or if a number is not finite or not from 0 to 1.
    """
    for start in range(0, source.samples, _LABELS_TOGETHER):
        targets = read_targets(source, start, min(start + _LABELS_TOGETHER, source.samples))
        if targets is None or targets.ndim == 1:
            return
        if targets.shape[1] != outputs:
            problem = (
                f"{source.key}.targets: found {targets.shape[1]} numbers per sample; "
                f"expected {outputs}, one for each output of the network."
            )
            raise DataError(problem)
        valid = np.isfinite(targets)
        if probabilities:
            valid &= (targets >= 0) & (targets <= 1)
        if not valid.all():
            row, column = np.argwhere(~valid)[0]
            wanted = "0 to 1, which the loss requires" if probabilities else "finite numbers"
            problem = (
                f"{source.key}.targets: found {targets[row, column]} in row "
                f"{source.rows[start + row]}, column {column}; expected {wanted}."
            )
            raise DataError(problem)


def check_labels(source: Source, classes: int) -> None:
    """Check the labels of a source, if any, in one pass.

    Raises
    ------
    DataError
        If a label is not from 0 to classes - 1.
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
    """Return whether no stored number can become NaN or infinite: integers within range."""
    if stored.kind == "f":
        return False
    largest = 1.0 if stored.kind == "b" else 2.0 ** (8 * stored.itemsize)
    with np.errstate(over="ignore"):
        furthest = largest + np.abs(normalization.offset).max()
        bound = furthest * np.abs(normalization.factor).max()
    return bool(max(furthest, bound) < np.finfo(dtype).max)
