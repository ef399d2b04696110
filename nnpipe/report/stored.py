"""Read what a page needs from results.h5: a bounded number of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.hdf5 import find_dataset, list_datasets
from nnpipe.report.distribution import VALUES

_ROWS, _BLOCKS = 1 << 14, 16


class Stored:
    """The datasets of an open results.h5.

    Parameters
    ----------
    file : h5py.File
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self._paths = {listed.path for listed in list_datasets(file)}

    def rows(self, path: str, width: int) -> NDArray[Any] | None:
        """Return rows of a dataset, (rows, width): all of them, or evenly spaced blocks.

        Returns None if the dataset is missing or has another width.
        """
        dataset = self._find(path)
        if dataset is None or dataset.ndim != 2 or dataset.shape[1] != width:
            return None
        most = max(1, min(_ROWS, VALUES // width))
        if len(dataset) <= most:
            return dataset[:]
        # HDF5 reads whole chunks, so a few blocks cost less than the same number of single rows.
        blocks = min(_BLOCKS, most)
        size = most // blocks
        starts: list[int] = np.linspace(0, len(dataset) - size, blocks).astype(int).tolist()
        return np.concatenate([dataset[start : start + size] for start in starts])

    def square(self, path: str, most: int) -> NDArray[Any] | None:
        """Return a square matrix of at most `most` rows, or None."""
        dataset = self._find(path)
        if dataset is None or dataset.ndim != 2 or len(set(dataset.shape)) != 1:
            return None
        return dataset[:] if len(dataset) <= most else None

    def _find(self, path: str) -> Any:
        return find_dataset(self._file, path, "results") if path in self._paths else None
