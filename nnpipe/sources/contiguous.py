"""Read a contiguous dataset directly from its file.

HDF5 reads for one thread at a time, and holds its lock while it waits for the disk. Reading the
bytes directly avoids the lock. Reading into reused memory takes half the time of mapping the file,
because the system sets up the pages of a mapping one by one.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.sources.chunks import LOW, stored_as_is


class ContiguousReader:
    """A reader of a contiguous dataset with the samples along the first axis.

    Parameters
    ----------
    dataset : h5py.Dataset
        A dataset for which `can_read` is true.
    """

    def __init__(self, dataset: Any) -> None:
        self._dtype: np.dtype[Any] = dataset.dtype
        self._shape: tuple[int, ...] = dataset.shape
        self._offset: int = dataset.id.get_offset()
        # HDF5's own descriptor, because the path may now lead to another file.
        self._file = os.dup(dataset.file.id.get_vfd_handle())

    @staticmethod
    def can_read(dataset: Any) -> bool:
        """Return whether the dataset is one block of its own file, in NumPy's format."""
        properties = dataset.id.get_create_plist()
        return bool(
            properties.get_layout() == LOW.h5d.CONTIGUOUS
            and not properties.get_external_count()
            and dataset.id.get_offset() is not None
            and stored_as_is(dataset)
        )

    def read(self, rows: slice) -> NDArray[Any]:
        """Return rows along the first axis, with everything along the other axes.

        Raises
        ------
        OSError
            If the file ends before these rows.
        """
        shape = (rows.stop - rows.start, *self._shape[1:])
        part = np.empty(shape, self._dtype)
        row_bytes = math.prod(shape[1:]) * self._dtype.itemsize
        waiting = memoryview(part.reshape(-1).view(np.uint8).data)
        at = self._offset + rows.start * row_bytes
        while waiting:
            count = os.preadv(self._file, [waiting], at)
            if count == 0:
                problem = "the file has become shorter"
                raise OSError(problem)
            waiting, at = waiting[count:], at + count
        return part[:: rows.step]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
