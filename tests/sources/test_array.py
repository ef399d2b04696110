"""What the sources of files share: keys in messages, paths, changes, and what is closed.

Modules: sources/labels.py, sources/layout.py, sources/options.py.
"""

import gzip
import os
import re
import struct

import h5py
import numpy as np
import pytest

from nnpipe.errors import DataError
from nnpipe.sources.input import Input, check_labels, check_targets
from nnpipe.sources.normalizations.none import IDENTITY
from nnpipe.sources.options import RowsOptions
from tests.inputs import open_input

KINDS = ("hdf5", "idx", "npy")
KEYS = ("input", "validation", "test")


def write_idx(path, values):
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(bytes([0, 0, 0x0E, values.ndim]) + sizes + values.astype(">f8").tobytes())


@pytest.fixture
def options_of(tmp_path):
    """Return a function that stores samples, labels and targets, and returns the options."""

    def store(kind, x, y=None, targets=None):
        if kind == "hdf5":
            with h5py.File(tmp_path / "x.h5", "w") as file:
                given = {"dataset": x, "labels": y, "targets": targets}
                for name, values in given.items():
                    if values is not None:
                        file[name] = values
            names = {name: name for name, values in given.items() if values is not None}
            return {"path": str(tmp_path / "x.h5"), **names}
        save = write_idx if kind == "idx" else np.save
        for name, values in (("x", x), ("y", y)):
            if values is not None:
                save(tmp_path / f"{name}.{kind}", np.asarray(values))
        found = {"path": str(tmp_path / f"x.{kind}")}
        return found if y is None else {**found, "labels": str(tmp_path / f"y.{kind}")}

    return store


def refusal(kind, key, **options):
    with pytest.raises(DataError) as refused:
        open_input(kind, key=key, **options)
    return str(refused.value)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_message_about_an_input_begins_with_its_own_key(options_of, tmp_path, kind, key):
    x, missing = np.arange(12.0).reshape(6, 2), str(tmp_path / "none")
    assert refusal(kind, key, path=missing).startswith(f"{key}.path: {missing} does not exist")
    options = options_of(kind, x, np.zeros(5))
    assert refusal(kind, key, **options).startswith(f"{key}.labels: ")
    options = options_of(kind, x, [0, 1, 2, 0, 0.5, 9])
    assert refusal(kind, key, **options, rows=RowsOptions(start=6)).startswith(f"{key}.rows: ")
    source = open_input(kind, key=key, **options)
    assert source.key == key
    with pytest.raises(DataError, match=rf"^{key}\.labels: found 0\.5 in row 4 of "):
        source.labels(3, 6)
    source.close()
    source = open_input(kind, key=key, **options, rows=RowsOptions(start=5))
    with pytest.raises(DataError, match=rf"^{key}\.labels: found 9 in row 5; expected 0 to 2"):
        check_labels(source, 3)
    source.close()


@pytest.mark.parametrize("key", KEYS)
def test_messages_about_a_dataset_begin_with_the_key_of_its_input(options_of, key):
    options = options_of("hdf5", np.zeros((6, 2)), targets=np.full((6, 2), 0.5))
    say = [
        refusal("hdf5", key, **{**options, "dataset": "/z"}),
        refusal("hdf5", key, **{**options, "labels": "/z"}),
        refusal("hdf5", key, **{**options, "targets": "/z"}),
        refusal("hdf5", key, **{**options, "sample_axis": 3}),
    ]
    names = ("dataset", "labels", "targets", "sample_axis")
    for line, name in zip(say, names, strict=True):
        assert line.startswith(f"{key}.{name}: ")
        assert name == "sample_axis" or line.endswith(f" Set {key}.{name} to one of these.")
    source = open_input("hdf5", key=key, **options)
    with pytest.raises(
        DataError, match=rf"^{key}\.targets: found 2 numbers per sample; expected 3"
    ):
        check_targets(source, 3, probabilities=True)
    source.close()


@pytest.mark.parametrize("key", KEYS)
def test_what_must_be_allowed_is_allowed_by_the_key_of_its_input(tmp_path, key):
    with h5py.File(tmp_path / "far.h5", "w") as file:
        file["x"] = np.arange(6.0).reshape(3, 2)
    with h5py.File(tmp_path / "near.h5", "w") as file:
        file["x"] = h5py.ExternalLink("far.h5", "/x")
    options = {"path": str(tmp_path / "near.h5"), "dataset": "/x"}
    line = refusal("hdf5", key, **options)
    assert line.startswith(f"{key}.dataset: ")
    assert line.endswith(f"or set {key}.allow=[external_link].")
    source = open_input("hdf5", key=key, **options, allow=["external_link"])
    np.testing.assert_array_equal(source.read(0, 3), np.arange(6.0).reshape(3, 2))
    assert source.paths() == {"path": str(tmp_path / "far.h5")}
    source.close()


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_value_that_is_not_finite_is_refused_by_the_key_of_its_input(options_of, kind, key):
    x = np.zeros((6, 2))
    x[4, 1] = np.nan
    source = open_input(kind, key=key, **options_of(kind, x))
    with pytest.raises(DataError) as refused:
        Input(source, IDENTITY, "float32", "error").read(0, 6)
    assert str(refused.value) == (
        f"{key}.on_nonfinite: found nan in row 4, feature 1; expected finite numbers. "
        f"Clean the data, or set {key}.on_nonfinite=warn."
    )
    source.close()


def test_the_paths_of_an_hdf5_input_are_one_file(options_of):
    options = options_of("hdf5", np.zeros((3, 2)), np.zeros(3), np.zeros((3, 1)))
    source = open_input("hdf5", **options)
    assert source.paths() == {"path": options["path"]}
    source.close()


@pytest.mark.parametrize("kind", ["idx", "npy"])
def test_the_paths_of_other_inputs_are_the_files_of_data_and_labels(
    options_of, tmp_path, monkeypatch, kind
):
    options = options_of(kind, np.zeros((3, 2)), np.zeros(3))
    monkeypatch.chdir(tmp_path)
    relative = {name: os.path.basename(path) for name, path in options.items()}
    source = open_input(kind, **relative)
    assert source.paths() == options
    source.close()


@pytest.mark.parametrize("changed", ["path", "labels"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_changes_after_it_was_opened_is_noticed(options_of, kind, changed):
    options = options_of(kind, np.zeros((3, 2)), np.zeros(3))
    source = open_input(kind, key="validation", **options)
    source.check_unchanged()
    path = options["path"] if kind == "hdf5" else options[changed]
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    name = "path" if kind == "hdf5" else changed
    wanted = rf"^validation\.{name}: {re.escape(path)} has changed since the run began"
    with pytest.raises(DataError, match=wanted):
        source.check_unchanged()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    source.check_unchanged()
    os.remove(path)
    with pytest.raises(DataError, match=rf"^validation\.{name}: .* does not exist"):
        source.check_unchanged()
    source.close()


def open_files():
    """Return what the descriptors of this process stand for."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_closing_an_input_closes_data_labels_and_targets(options_of, tmp_path, kind):
    targets = np.zeros((6, 2)) if kind == "hdf5" else None
    source = open_input(kind, **options_of(kind, np.zeros((6, 2)), np.zeros(6), targets))
    # Datasets in one piece are read by a descriptor of their own.
    source.fetch(0, 6)()
    for array in source._arrays:
        array.fetch(0, slice(0, 6, 1))()
    assert kind == "npy" or any(path.startswith(str(tmp_path)) for path in open_files())
    source.close()
    assert [path for path in open_files() if path.startswith(str(tmp_path))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_that_is_refused_leaves_no_file_open(options_of, tmp_path, kind):
    options = options_of(kind, np.zeros((6, 2)), np.zeros(5))
    refusal(kind, "input", **options)
    assert [path for path in open_files() if path.startswith(str(tmp_path))] == []


def test_a_packed_file_is_closed_too(tmp_path):
    write_idx(tmp_path / "x", np.zeros((4, 2)))
    (tmp_path / "x.gz").write_bytes(gzip.compress((tmp_path / "x").read_bytes()))
    source = open_input("idx", path=str(tmp_path / "x.gz"))
    source.read(0, 4)
    source.close()
    assert [path for path in open_files() if path.startswith(str(tmp_path))] == []
