"""Read HDF5 files: the only place in nnpipe that opens one for reading.

A file may come from anyone. Only a regular file is opened, after a forked child has opened it first
and taken the crash if there is one. Paths are followed link by link, so that nothing leads out of
the file unless the config allows it. A dataset returned from here holds real numbers, stored in
this file, compressed by built-in filters, in chunks that fit into memory.
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
