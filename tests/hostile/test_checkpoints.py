"""Checkpoints made to do harm: one line, exit status 2, little memory, little time, no other file.

The checkpoint of a run that failed stands in no manifest, so nothing vouches for it.
"""

import os
import shutil

import h5py
import numpy as np
import pytest

import nnpipe

CONFIG = {
    "architecture": {"sizes": [4, 3]},
    "pipeline": {"stages": ["train", "infer"]},
    "training": {"epochs": 2, "checkpoint_every": 1, "validation_fraction": 0.1},
}
GO_ON = (
    "run", "input=npy", "input.path=x.npy", "input.labels=y.npy", "architecture.sizes=[4,3]",
    "pipeline.stages=[train,infer]", "training.epochs=4", "training.validation_fraction=0.1",
    "training.resume=stored",
    "output.report=false",
)  # fmt: skip


@pytest.fixture(scope="module")
def genuine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genuine")
    generator = np.random.default_rng(0)
    np.save(folder / "x.npy", generator.random((60, 5), dtype="f4"))
    np.save(folder / "y.npy", generator.integers(0, 3, 60))
    given = {"kind": "npy", "path": str(folder / "x.npy"), "labels": str(folder / "y.npy")}
    output = {"root": str(folder), "name": "a", "report": False}
    with nnpipe.run({**CONFIG, "input": given, "output": output}) as run:
        shutil.copytree(run.path, folder / "stored")
    return folder


@pytest.fixture
def stored(genuine, tmp_path):
    for name in ("x.npy", "y.npy"):
        shutil.copy(genuine / name, tmp_path / name)
    return shutil.copytree(genuine / "stored", tmp_path / "stored")


@pytest.fixture
def checkpoint(stored):
    with h5py.File(stored / "checkpoint.h5", "r+") as file:
        yield file


def test_a_checkpoint_that_nnpipe_wrote_is_gone_on_from(stored, attempt):
    assert attempt(*GO_ON).status == 0


def test_the_folder_of_the_run_may_be_a_link(stored, tmp_path, attempt):
    stored.rename(tmp_path / "elsewhere")
    stored.symlink_to("elsewhere")
    assert attempt(*GO_ON).status == 0


# Numbers that are elsewhere, or nowhere


def replace(file, name="parameters", shape=None, **options):
    shape = file[name].shape if shape is None else shape
    del file[name]
    return file.create_dataset(name, shape, "f4", **options)


def external_link(file):
    shutil.copy(file.filename, "other.h5")
    del file["parameters"]
    file["parameters"] = h5py.ExternalLink("../other.h5", "/parameters")


def link_to_a_pipe(file):
    os.mkfifo(os.path.dirname(file.filename) + "/pipe")
    del file["parameters"]
    file["parameters"] = h5py.ExternalLink("pipe", "/parameters")


def soft_link(file):
    file.move("parameters", "elsewhere")
    file["parameters"] = h5py.SoftLink("/elsewhere")


def virtual(file):
    layout = h5py.VirtualLayout(file["parameters"].shape, "f4")
    layout[:] = h5py.VirtualSource("../other.h5", "parameters", layout.shape)
    del file["parameters"]
    file.create_virtual_dataset("parameters", layout)


def raw_storage(file):
    size = file["parameters"].size
    replace(file, external=[("/etc/passwd", 0, 4 * size)])


def fill_values(file):
    replace(file, shape=(3_000_000_000,), chunks=(1 << 20,), fillvalue=1)


def fill_values_in_the_history(file):
    replace(file, "history", (400_000_000, 8), chunks=(1 << 15, 8))


def one_vector_by_many_names(file):
    replace(file, shape=(4_000_000,))[:] = 1
    del file["state"]
    for number in range(8):
        file[f"state/{number}"] = file["parameters"]


def integers(file):
    size = file["parameters"].size
    del file["parameters"]
    file["parameters"] = np.ones(size, "i4")


def matrix(file):
    replace(file, shape=(3, 13))[:] = 1


def bytes_of_two_dtypes(file):
    size = file["parameters"].size
    del file["best"]
    file["best"] = np.ones(size, "f8")


def not_finite(file):
    file["parameters"][3] = np.inf


def shorter_state(file):
    del file["state/m"]
    file["state/m"] = np.ones(3, "f4")


def unknown_state(file):
    file["state/evil"] = np.ones(file["parameters"].size, "f4")


def no_state(file):
    del file["state/v"]


def other_size(file):
    for name in ("parameters", "best", "state/m", "state/v"):
        del file[name]
        file[name] = np.ones(7, "f4")


def state_that_is_a_vector(file):
    del file["state"]
    file["state"] = np.ones(3, "f4")


def attribute(name, value):
    def change(file):
        file.attrs[name] = value

    return change


def no_fingerprint(file):
    del file.attrs["fingerprint"]


def no_best(file):
    del file["best"]


def history_of_one_axis(file):
    replace(file, "history", (3,))[:] = 1


def history(row, column, value):
    def change(file):
        file["history"][row, column] = value

    return change


def no_epochs(file):
    columns = file["history"].attrs["columns"]
    del file["history"]
    file.create_dataset("history", (0, 8), "f8").attrs["columns"] = columns


def other_columns(file):
    file["history"].attrs["columns"] = list("abcdefgh")


IN = "checkpoint.h5: /parameters in checkpoint.h5"
TABLE = {
    external_link: "checkpoint.h5: '/parameters' in checkpoint.h5 is behind a link",
    link_to_a_pipe: "checkpoint.h5: '/parameters' in checkpoint.h5 is behind a link",
    soft_link: "checkpoint.h5: '/parameters' in checkpoint.h5 is behind a link of kind soft",
    virtual: f"{IN} is virtual",
    raw_storage: f"{IN} stores its numbers in other files",
    fill_values: f"{IN} declares 12,000,000,000 bytes",
    fill_values_in_the_history: "checkpoint.h5: /history in checkpoint.h5 declares 12,800,000,000",
    one_vector_by_many_names: "checkpoint.h5: /best has the shape (39,); expected (4000000,)",
    integers: "checkpoint.h5: /parameters is int32; expected float32 or float64",
    matrix: "checkpoint.h5: /parameters has the shape (3, 13); expected (any,)",
    bytes_of_two_dtypes: "checkpoint.h5: the vectors: found several dtypes; expected float32",
    not_finite: "checkpoint.h5: /parameters: found numbers that are not finite",
    shorter_state: "checkpoint.h5: /state/m has the shape (3,); expected (39,)",
    state_that_is_a_vector: "checkpoint.h5 has no hard-linked group 'state'",
    attribute("steps", "a"): "checkpoint.h5: the attribute 'steps' is missing or of another type",
    attribute("steps", -5): "checkpoint.h5: steps: found -5; expected as many in each of the 2 ",
    attribute("steps", 1 << 62): "checkpoint.h5: steps: found 4611686018427387904; expected as",
    attribute("steps", [2, 2]): "checkpoint.h5: the attribute 'steps' is missing or of another",
    attribute("best_epoch", 99): "checkpoint.h5: best_epoch: found 99; expected ",
    attribute("best_epoch", 0): "checkpoint.h5: best_epoch: found 0; expected ",
    attribute("fingerprint", "[1]"): "checkpoint.h5: fingerprint: found a list or a string;",
    attribute("fingerprint", "[" * 60_000): "checkpoint.h5: fingerprint: cannot be read: ",
    attribute("fingerprint", '{"a": NaN}'): "checkpoint.h5: fingerprint: cannot be read: NaN",
    attribute("fingerprint", 5): "checkpoint.h5: the attribute 'fingerprint' is missing or of",
    no_fingerprint: "checkpoint.h5: the attribute 'fingerprint' is missing or of another type",
    no_best: "checkpoint.h5: /best: found none; expected epoch ",
    history_of_one_axis: "checkpoint.h5: /history has the shape (3,); expected (any, 8)",
    history(0, 0, np.nan): "checkpoint.h5: /history: found other epochs; expected 1, 2, 3, ...",
    history(1, 0, 1e300): "checkpoint.h5: /history: found other epochs; expected 1, 2, 3, ...",
    history(1, 1, np.inf): "checkpoint.h5: /history: found infinite numbers; expected finite",
    no_epochs: "checkpoint.h5: /history",
    other_columns: "checkpoint.h5: /history: found other columns; expected epoch, loss, ",
}
ALTERED = " This file was not written by nnpipe, or was altered."


@pytest.mark.parametrize("alter", TABLE, ids=lambda alter: alter.__qualname__.split(".")[0])
def test_a_checkpoint_that_nnpipe_does_not_write_is_refused(
    checkpoint, tmp_path, monkeypatch, refused, alter
):
    monkeypatch.chdir(tmp_path)
    alter(checkpoint)
    checkpoint.close()
    said = refused(*GO_ON)
    assert said.startswith(f"training.resume: {TABLE[alter]}")
    assert said.endswith(ALTERED)


@pytest.mark.parametrize(
    ("alter", "problem"),
    [
        (unknown_state, "evil in the checkpoint of stored: found 39 numbers; expected 0."),
        (no_state, "v in the checkpoint of stored: found 0 numbers; expected 39."),
    ],
)
def test_a_checkpoint_of_another_training_is_refused_by_what_it_holds(
    checkpoint, refused, alter, problem
):
    alter(checkpoint)
    checkpoint.close()
    assert refused(*GO_ON) == f"training.resume: {problem} The file was altered."


def test_a_checkpoint_of_another_network_is_refused_before_a_run_is_made(
    checkpoint, tmp_path, attempt
):
    other_size(checkpoint)
    checkpoint.close()
    ended = attempt(*GO_ON)
    assert ended.status == 2
    assert "parameters in the checkpoint of stored: found 7 numbers; expected 39." in ended.said
    assert not (tmp_path / "outputs").exists()


def test_a_sparse_checkpoint_is_not_allocated(checkpoint, refused):
    for name in ("parameters", "best", "state/m", "state/v"):
        del checkpoint[name]
        sparse(checkpoint, name, (100_000_000,))
    checkpoint.close()
    said = refused(*GO_ON)
    assert said.startswith(
        "training.resume: checkpoint.h5: checkpoint.h5 declares 1,600,000,000 bytes of numbers; "
    )


def sparse(file, name, shape):
    """Make a dataset that HDF5 takes for stored, in a hole of its file."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.CONTIGUOUS)
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    space = h5py.h5s.create_simple(shape)
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F32LE, space, plist)


# What is no file


def test_a_checkpoint_that_is_a_link_is_not_followed(stored, refused):
    path = stored / "checkpoint.h5"
    path.rename(stored.parent / "elsewhere.h5")
    path.symlink_to("../elsewhere.h5")
    assert refused(*GO_ON).startswith(
        "training.resume: checkpoint.h5: stored/checkpoint.h5 cannot be opened; it is a link."
    )


def test_a_pipe_is_not_waited_for(stored, refused):
    (stored / "checkpoint.h5").unlink()
    os.mkfifo(stored / "checkpoint.h5")
    assert refused(*GO_ON).startswith(
        "training.resume: checkpoint.h5: stored/checkpoint.h5 is a pipe or a device;"
    )
