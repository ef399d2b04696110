"""A contiguous HDF5 dataset without a copy: the file's own pages, mapped a range at a time."""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.sources.chunks import LOW, stored_as_is

# A page of these that cannot be fetched ends the process without a word.
_REMOTE = ("nfs", "cifs", "smb", "9p", "fuse", "lustre", "ceph", "gpfs", "beegfs", "afs", "pvfs")


class Mapped:
    """Reads a dataset that stands in its file as one piece, samples first.

    Parameters
    ----------
    dataset : h5py.Dataset
        One that `Mapped.can_read`.
    """

    def __init__(self, dataset: Any) -> None:
        self._dtype: np.dtype[Any] = dataset.dtype
        self._shape: tuple[int, ...] = dataset.shape
        self._offset: int = dataset.id.get_offset()
        # HDF5's own descriptor: the path may lead to another file by now.
        self._file = os.dup(dataset.file.id.get_vfd_handle())

    @staticmethod
    def can_read(dataset: Any) -> bool:
        """Tell whether the dataset is one piece of a regular file on a local disk."""
        properties = dataset.id.get_create_plist()
        if (
            properties.get_layout() != LOW.h5d.CONTIGUOUS
            or properties.get_external_count()
            or dataset.id.get_offset() is None
            or not stored_as_is(dataset)
        ):
            return False
        end = dataset.id.get_offset() + dataset.size * dataset.dtype.itemsize
        status = os.fstat(dataset.file.id.get_vfd_handle())
        return end <= status.st_size and _is_local(status.st_dev)

    def fetch(self, rows: slice) -> Callable[[], NDArray[Any]]:
        """Bring rows, along the first axis, into memory; return what returns them."""
        width = math.prod(self._shape[1:])
        count = (rows.stop - rows.start) * width
        begin = self._offset + rows.start * width * self._dtype.itemsize
        # The pages are mapped for this range alone: those of a mapping that stays count as this
        # process's memory long after they were used.
        page = begin - begin % mmap.ALLOCATIONGRANULARITY
        length = begin - page + count * self._dtype.itemsize
        if os.fstat(self._file).st_size < page + length:
            problem = "the file has become shorter"
            raise OSError(problem)
        mapped = mmap.mmap(
            self._file,
            length,
            flags=mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0),
            prot=mmap.PROT_READ,
            offset=page,
        )
        found = np.frombuffer(mapped, self._dtype, count, begin - page)
        part = found.reshape(-1, *self._shape[1:])[:: rows.step]
        return lambda: part

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _is_local(device: int) -> bool:
    """Tell whether a device is known, and is none that is reached over a network."""
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    for mount in mounts:
        fields, _, rest = mount.partition(" - ")
        if fields.split(" ")[2] == number:
            return not rest.startswith(_REMOTE)
    return False
