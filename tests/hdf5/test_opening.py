"""Open HDF5 files on file systems with locks and without."""

import errno
import os
import subprocess
import sys
from subprocess import PIPE

import h5py
import pytest

from nnpipe.errors import DataError
from nnpipe.hdf5.opening import reopen


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_is_read_without_a_lock_where_there_are_none(tmp_path, monkeypatch, number):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = [1.0, 2.0]
    asked = []

    class Refusing(h5py.File):
        def __init__(self, name, mode, locking):
            asked.append(locking)
            if locking:
                raise OSError(number, os.strerror(number))
            super().__init__(name, mode, locking=locking)

    monkeypatch.setattr("nnpipe.hdf5.opening.h5py.File", Refusing)
    with reopen(tmp_path / "data.h5", "input.path") as file:
        assert list(file["x"]) == [1.0, 2.0]
    assert asked == ["best-effort", False]


def test_a_file_that_a_writer_holds_is_not_read(tmp_path):
    code = "import h5py, sys; f = h5py.File(sys.argv[1], 'w'); print(flush=True); input()"
    path = tmp_path / "data.h5"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as writer:
        writer.stdout.readline()
        with pytest.raises(DataError) as refused:
            reopen(path, "input.path")
        writer.communicate("\n")
    assert str(refused.value) == (
        f"input.path: {path} is being written by another program. Wait until it is done."
    )
