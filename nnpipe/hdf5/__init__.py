"""The one door to HDF5 files: nothing else in nnpipe opens one for reading.

A file may come from anyone. What is opened here is a regular file, has been opened before by a
forked child that may crash in its place, and is walked link by link, so that nothing leads out of
it unless the config allows it. A dataset that is found here holds real numbers, in this file,
packed by filters that are built in, in chunks that fit into memory.
"""

from nnpipe.hdf5.datasets import Storage, check_dataset, describe, dtype_of, is_real, storage_of
from nnpipe.hdf5.listing import Listed, list_datasets
from nnpipe.hdf5.opening import open_file
from nnpipe.hdf5.paths import find_dataset

__all__ = [
    "Listed",
    "Storage",
    "check_dataset",
    "describe",
    "dtype_of",
    "find_dataset",
    "is_real",
    "list_datasets",
    "open_file",
    "storage_of",
]
