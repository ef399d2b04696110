"""Files that claim more than they hold: bounds follow what is on the disk, in the parent too."""

import gzip
import hashlib
import json
import os
import shutil
import struct

import h5py
import numpy as np
import pytest
from numpy.lib import format as npy_format

import nnpipe
from nnpipe.runs.inspect.verification import verify_run
from nnpipe.runs.store.parts import read_receipt

SPARSE = 10_000_000


@pytest.fixture(scope="module")
def genuine(tmp_path_factory):
    root = tmp_path_factory.mktemp("genuine")
    config = {
        "architecture": {"sizes": [4, 3]},
        "input": {"samples": 20, "features": 5},
        "output": {"root": str(root), "name": "a", "report": False},
    }
    with nnpipe.run(config) as run:
        return run.path


@pytest.fixture
def folder(genuine, tmp_path):
    shutil.copytree(genuine, tmp_path / "b" / "v0001")
    return shutil.copytree(genuine, tmp_path / "a" / "v0001")


def forge(folder, **changes):
    """Bring the checksums of a manifest in order, and change fields of it."""
    manifest = json.loads((folder / "manifest.json").read_text()) | changes
    for name, artifact in manifest["artifacts"].items():
        with (folder / name).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        artifact |= {"size": (folder / name).stat().st_size, "sha256": sha256}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def sparse(group, name, shape):
    """Make a dataset that HDF5 takes for stored, in a hole of its file."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.CONTIGUOUS)
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    space = h5py.h5s.create_simple(shape)
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, space, plist)


COMMANDS = [
    ("runs", "verify", "a/v0001"),
    ("runs", "show", "a/v0001"),
    ("runs", "diff", "a/v0001", "b/v0001"),
    ("runs", "rerun", "a/v0001"),
    ("report", "a/v0001", "--to", "page.html"),
    ("run", "architecture=from_run", "architecture.run=a/v0001", "input.features=5"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_rows_that_only_a_view_claims_are_not_allocated(folder, attempt, command):
    rows, name = 10**10, "results/part-00000.h5"
    with h5py.File(folder / "results.h5", "r+") as file:
        del file["outputs"], file["entry"]
        layout = h5py.VirtualLayout((rows, 3), "f4")
        layout[:] = h5py.VirtualSource(name, "outputs", (rows, 3), "f4")
        file.create_virtual_dataset("outputs", layout)
    (folder / "results").mkdir()
    with h5py.File(folder / name, "w") as file:
        file.attrs["format"] = "nnpipe results"
        file.create_dataset("outputs", data=np.zeros((20, 3), "f4"), chunks=(20, 3))
    manifest = json.loads((folder / "manifest.json").read_text())
    artifacts = manifest["artifacts"] | {name: {}}
    forge(folder, artifacts=artifacts, metrics=manifest["metrics"] | {"samples": rows})
    ended = attempt(*command)
    assert (ended.status in (1, 2)) == (command[0] != "run" and command[1] != "show")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_parameters_in_a_hole_of_their_file_are_not_allocated(folder, attempt, command):
    shapes = {"hidden1": (SPARSE, 6), "output": (3, SPARSE + 1)}
    manifest = json.loads((folder / "manifest.json").read_text())
    with h5py.File(folder / "parameters.h5", "r+") as file:
        for layer, (name, shape) in zip(manifest["network"], shapes.items(), strict=True):
            group = file[f"layers/{name}"]
            del group["parameters"]
            sparse(group, "parameters", shape)
            layer |= {"neurons": shape[0], "inputs": shape[1] - 1}
            group.attrs.update({"neurons": shape[0], "inputs": shape[1] - 1})
    forge(folder, network=manifest["network"])
    ended = attempt(*command)
    if command[1] == "show":
        assert ended.status == 0
    else:
        assert ended.status == (1 if command[1] == "verify" else 2)
        assert ended.said == "" or "declares 360,000,012 bytes of numbers; found " in ended.said


def test_outputs_in_a_hole_are_read_a_few_rows_at_a_time(folder, attempt):
    rows = 20_000_000
    with h5py.File(folder / "results.h5", "r+") as file:
        del file["outputs"], file["entry"]
        sparse(file, "outputs", (rows, 3))
    metrics = json.loads((folder / "manifest.json").read_text())["metrics"]
    forge(folder, metrics=metrics | {"samples": rows})
    assert attempt("runs", "verify", "a/v0001").status == 0
    assert attempt("report", "a/v0001", "--to", "page.html").status == 0


def test_layers_that_share_one_matrix_are_not_allocated_each(folder, attempt):
    with h5py.File(folder / "parameters.h5", "r+") as file:
        del file["layers"]
        wide = file.create_dataset("wide", data=np.zeros((1999, 2000), "f4"), chunks=(1999, 2000))
        for order in range(40):
            group = file.create_group(f"layers/l{order}")
            group.attrs.update({"kind": "dense", "activation": "tanh", "order": order})
            group.attrs.update({"inputs": 1999, "neurons": 1999})
            group["parameters"] = wide
    forge(folder)
    ended = attempt(
        "run", "architecture=from_run", "architecture.run=a/v0001", "input.features=1999"
    )
    assert ended.status == 2
    assert "declares 639,680,000 bytes of numbers; found 16," in ended.said


# Inputs


def npy(path, shape, written=b""):
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        npy_format.write_array_header_1_0(file, header)
        file.write(written)
        file.truncate(file.tell() + 4 * int(np.prod(shape)) - len(written))


def test_a_sample_that_is_a_hole_makes_no_network_as_wide(tmp_path, refused):
    npy(tmp_path / "x.npy", (4, 150_000_000))
    assert refused("run", "input=npy", "input.path=x.npy", "architecture.sizes=[1]") == (
        "input.path: x.npy declares samples of 600,000,000 bytes, more than its file holds; "
        "found 4,096. Store all the numbers that it declares."
    )


def test_an_array_with_holes_is_read_a_few_samples_at_a_time(tmp_path, attempt):
    npy(tmp_path / "x.npy", (50_000_000, 10), np.ones(5000, "f4").tobytes())
    assert attempt("run", "input=npy", "input.path=x.npy", "input.rows.stop=300000").status == 0


def test_a_wide_sample_that_is_there_is_read(tmp_path, attempt):
    npy(tmp_path / "x.npy", (1000, 100_000), np.ones(200_000, "f4").tobytes())
    run = ("run", "input=npy", "input.path=x.npy", "architecture.sizes=[1]", "input.rows.stop=4")
    assert attempt(*run).status == 0


def test_a_packed_sample_of_a_gigabyte_is_refused(tmp_path, refused):
    with gzip.open(tmp_path / "x.gz", "wb", compresslevel=1) as file:
        file.write(bytes([0, 0, 8, 2]) + struct.pack(">2I", 1, 200_000_000))
        for _ in range(20):
            file.write(bytes(10_000_000))
    said = refused("run", "input=idx", "input.path=x.gz", "architecture.sizes=[1]")
    assert said.startswith("input.path: x.gz declares samples of 200,000,000 bytes, more than its ")


# Numbers of a manifest


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("network", [{"name": "a", "activation": "tanh", "inputs": 5, "neurons": 10**4000}]),
        ("network", [{"name": "a", "activation": "tanh", "inputs": 0, "neurons": 4}]),
        ("network", [{"name": "a", "activation": "tanh", "inputs": True, "neurons": 4}]),
        ("network", [{"name": "a", "activation": "tanh", "inputs": 5, "neurons": 2**31}]),
        ("seconds", {"total": -1}),
        ("seconds", {"total": 10**4000}),
        ("seconds", {"total": True}),
        ("metrics", {"samples": 10**4000}),
        ("metrics", {"a": [{"b": -(2**64)}]}),
        ("input", {"size": 2**64}),
        ("blas", [{"threads": 10**100}]),
    ],
)
def test_a_number_that_nothing_can_have_is_refused(folder, attempt, field, value):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {field: value}))
    for command in (COMMANDS[0], COMMANDS[2]):
        ended = attempt(*command)
        assert ended.status == (1 if "verify" in command else 2)


def test_an_infinite_number_is_refused(folder, refused):
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"seed": 0', '"seed": 0, "x": 1e999'))
    assert refused(*COMMANDS[2]).endswith("cannot be read: the number 1e999 is too large")


def test_the_network_of_a_manifest_is_that_of_the_parameters(genuine, tmp_path):
    folder = shutil.copytree(genuine, tmp_path / "v0001")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["network"][0]["neurons"] = 5
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert verify_run(folder) == [
        f"{folder}/manifest.json: network is not the one in parameters.h5"
    ]


# Receipts


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("name", ["part-00000.json", "part-00000.h5"])
def test_a_receipt_or_a_part_that_never_ends_is_not_read(tmp_path, make, name):
    part = tmp_path / "part-00000.h5"
    part.write_bytes(b"x")
    content = {"key": "k", "rows": [0, 1], "size": 1, "sha256": "0" * 64, "tally": {}}
    part.with_suffix(".json").write_text(json.dumps(content))
    (tmp_path / name).unlink()
    make(tmp_path / name)
    assert read_receipt(part, "k", range(1)) is None


def test_a_part_behind_a_link_is_missing(genuine, tmp_path):
    folder = shutil.copytree(genuine, tmp_path / "v0001")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "part-00000.h5").write_bytes(b"x")
    (folder / "results").symlink_to("../elsewhere")
    artifact = {"size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["artifacts"]["results/part-00000.h5"] = artifact
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert verify_run(folder) == [f"{folder}/results/part-00000.h5: missing; the manifest lists it"]
