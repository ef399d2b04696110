"""An input that changes while it is read: the run fails with a line, and no result is believed."""

import json
import os
import shutil

import h5py
import numpy as np
import pytest

import nnpipe
from nnpipe.errors import RunError, RunFailed


class Once:
    """A progress that does one thing when the first samples of a stage are done."""

    def __init__(self, stage, act):
        self.stage, self.act, self.now = stage, act, False

    def begin(self, title, samples):
        self.now = title == self.stage

    def advance(self, samples):
        if self.now and self.act:
            act, self.act = self.act, None
            act()

    def end(self):
        self.now = False


@pytest.fixture
def data(tmp_path):
    x = np.random.default_rng(0).random((4000, 50))
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=x, chunks=(100, 50), compression="gzip", fletcher32=True)
    np.save(tmp_path / "data.npy", x)
    return tmp_path


def run(data, kind, act):
    config = {
        "architecture": {"sizes": [3]},
        "input": {"kind": kind, "path": str(data / f"data.{'h5' if kind == 'hdf5' else kind}")},
        "engine": {"batch_size": 100},
        "output": {"root": str(data / "outputs"), "name": "a"},
    }
    return nnpipe.run(config, progress=Once("infer", act))


def status_of(data):
    return json.loads((data / "outputs" / "a" / "v0001" / "manifest.json").read_text())["status"]


@pytest.mark.parametrize(("kind", "name"), [("hdf5", "data.h5"), ("npy", "data.npy")])
def test_an_input_that_is_cut_short_fails_the_run(data, kind, name):
    path = data / name

    def cut():
        os.truncate(path, path.stat().st_size // 3)

    with pytest.raises(RunFailed) as failed:
        run(data, kind, cut)
    assert "\n" not in str(failed.value)
    assert status_of(data) == "failed"
    folder = data / "outputs" / "a" / "v0001"
    assert not (folder / "results.h5").exists()
    assert not (folder.parent / "latest").exists()
    with pytest.raises(RunError, match="the run is failed, not complete"):
        nnpipe.open_run(folder)


@pytest.mark.parametrize(("kind", "name"), [("hdf5", "data.h5"), ("npy", "data.npy")])
def test_an_input_that_is_replaced_by_another_fails_the_run(data, kind, name):
    path = data / name
    other = path.with_suffix(".other")
    shutil.copy(path, other)
    os.utime(other, ns=(1, 1))

    with pytest.raises(RunFailed, match=rf"input\.path: {path} has changed since the run began"):
        run(data, kind, lambda: other.replace(path))
    assert status_of(data) == "failed"


@pytest.mark.parametrize(("kind", "name"), [("hdf5", "data.h5"), ("npy", "data.npy")])
def test_an_input_that_is_written_to_fails_the_run(data, kind, name):
    path = data / name

    def write():
        with path.open("r+b") as file:
            file.seek(-8, os.SEEK_END)
            file.write(bytes(8))
        os.utime(path, ns=(1, 1))

    with pytest.raises(RunFailed):
        run(data, kind, write)
    assert status_of(data) == "failed"


@pytest.mark.parametrize(("kind", "name"), [("hdf5", "data.h5"), ("npy", "data.npy")])
def test_an_input_that_is_deleted_fails_the_run(data, kind, name):
    with pytest.raises(RunFailed):
        run(data, kind, (data / name).unlink)
    assert status_of(data) == "failed"
