"""A write that fails raises an error and leaves the HDF5 library intact."""

from __future__ import annotations

import errno
import os

import h5py
import numpy as np
import pytest

from nnpipe.system.hdf5_writer import new_hdf5


def test_a_file_is_written_as_h5py_writes_it(tmp_path):
    with (tmp_path / "a.h5").open("w+b") as new, new_hdf5(new) as (file, check):
        file["x"] = np.arange(3)
        check()
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["x"][:].tolist() == [0, 1, 2]


@pytest.mark.parametrize("after", [0, 1, 5])
def test_the_first_error_is_raised_after_hdf5_has_closed_the_file(tmp_path, monkeypatch, after):
    real, calls = os.pwrite, []

    def fill_up(descriptor, data, place):
        calls.append(place)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data, place)

    monkeypatch.setattr(os, "pwrite", fill_up)
    path = tmp_path / "a.h5"

    def write():
        with path.open("w+b") as new, new_hdf5(new) as (file, _):
            for number in range(10):
                file[f"x{number}"] = np.arange(1000.0)
            # HDF5 reads back what could not be written.
            assert file["x9"][-1] == 999

    with pytest.raises(OSError, match="No space left on device") as raised:
        write()
    assert raised.value.filename == str(path)
    # After the error nothing more is written.
    assert len(calls) == after + 1
