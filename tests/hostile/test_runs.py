"""Run folders made to do harm: whoever made the artifacts made the manifest too."""

import hashlib
import json
import os
import re
import shutil
import zlib

import h5py
import numpy as np
import pytest

import nnpipe


@pytest.fixture(scope="module")
def genuine(tmp_path_factory):
    root = tmp_path_factory.mktemp("genuine")
    config = {
        "architecture": {"sizes": [4, 3]},
        "input": {"samples": 20, "features": 5, "normalize": "standardize"},
        "output": {"root": str(root), "name": "a"},
    }
    with nnpipe.run(config) as run:
        return run.path


@pytest.fixture
def folder(genuine, tmp_path):
    """Return a copy of a run, to be altered."""
    return shutil.copytree(genuine, tmp_path / "v0001")


def forge(folder, **changes):
    """Bring the checksums of a manifest in order, and change fields of it."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, artifact in manifest["artifacts"].items():
        content = (folder / name).read_bytes()
        artifact |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


FROM_RUN = ("run", "architecture=from_run", "architecture.run=v0001", "input.features=5")
ALTERED = " This file was not written by nnpipe, or was altered."


def test_the_copy_is_fine(folder, attempt):
    forge(folder)
    assert attempt(*FROM_RUN).status == 0
    assert attempt("runs", "verify", "v0001").status == 0


# The manifest


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"status": 1}, "status is of the wrong type."),
        ({"status": "done"}, "status is 'done'; expected one of complete, failed, interrupted."),
        ({"seconds": {"total": "1"}}, "seconds holds something of the wrong type."),
        ({"seed": True}, "seed is of the wrong type."),
        ({"metrics": []}, "metrics is of the wrong type."),
        ({"network": [1]}, "network holds something of the wrong type."),
        ({"network": [{"name": "a"}]}, "network holds something of the wrong type."),
        ({"blas": ["x"]}, "blas holds something of the wrong type."),
        ({"artifacts": []}, "artifacts is of the wrong type."),
        ({"artifacts": {"../x": {"size": 1, "sha256": "0" * 64}}},
         "artifact '../x' is not the name of a file in the folder."),
        ({"artifacts": {"/etc/passwd": {"size": 1, "sha256": "0" * 64}}},
         "artifact '/etc/passwd' is not the name of a file in the folder."),
        ({"artifacts": {"..": {"size": 1, "sha256": "0" * 64}}},
         "artifact '..' is not the name of a file in the folder."),
        ({"artifacts": {"a": {"size": -1, "sha256": "0" * 64}}},
         "artifact 'a' lacks its size or its sha256."),
        ({"artifacts": {"a": {"size": 1, "sha256": "x"}}},
         "artifact 'a' lacks its size or its sha256."),
    ],
)  # fmt: skip
def test_a_manifest_of_wrong_types_is_refused(folder, refused, changes, problem):
    forge(folder, **changes)
    said = refused(*FROM_RUN)
    assert said == f"architecture.run: {folder}/manifest.json: {problem}{ALTERED}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[]", f"not a JSON object.{ALTERED}"),
        ('{"status": "complete", "status": "failed"}', "cannot be read: a key occurs twice"),
        ('{"a":' * 100_000, "cannot be read: it is too deep"),
        ("[" * 500 + "]" * 500, "cannot be read: it is more than 32 levels deep"),
        ('{"seed": ' + "9" * 10_000 + "}", "cannot be read: Exceeds the limit (4300 digits)"),
        ("[" + "{}," * 1_300_000 + "{}]", "cannot be read: it holds more than 250,000 values"),
    ],
)
def test_a_manifest_that_is_no_manifest_is_refused(folder, refused, content, problem):
    (folder / "manifest.json").write_text(content)
    said = refused(*FROM_RUN)
    assert said.startswith(f"architecture.run: {folder}/manifest.json: {problem}")


@pytest.mark.slow
def test_100_mib_of_json_are_not_read(folder, refused):
    (folder / "manifest.json").write_bytes(b'{"a": "' + b"x" * (100 << 20) + b'"}')
    assert refused(*FROM_RUN) == (
        f"architecture.run: {folder}/manifest.json: cannot be read: found more than 4 MiB"
    )


def test_an_artifact_that_is_a_link_is_not_followed(folder, refused):
    parameters = folder / "parameters.h5"
    parameters.rename(folder.parent / "elsewhere.h5")
    parameters.symlink_to("../elsewhere.h5")
    forge(folder)
    assert refused(*FROM_RUN) == (f"architecture.run: {parameters}: missing; the manifest lists it")


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder, refused):
    for name in ("manifest.json", "config.yaml"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    assert refused(*FROM_RUN) == (
        f"architecture.run: {folder}/manifest.json: cannot be read: not a regular file"
    )


# parameters.h5


def replace_matrix(file, shape=(4, 6), dtype="f4", **options):
    group = file["layers/hidden1"]
    del group["parameters"]
    return group.create_dataset("parameters", shape, dtype, **options)


def external_link(file):
    shutil.copy(file.filename, os.path.dirname(file.filename) + "/../other.h5")
    del file["layers/hidden1"]
    file["layers/hidden1"] = h5py.ExternalLink("../other.h5", "/layers/hidden1")


def external_matrix(file):
    del file["layers/hidden1/parameters"]
    file["layers/hidden1/parameters"] = h5py.ExternalLink("other.h5", "/x")


def soft_link(file):
    file["elsewhere"] = file["layers/hidden1/parameters"]
    del file["layers/hidden1/parameters"]
    file["layers/hidden1/parameters"] = h5py.SoftLink("/elsewhere")


def external_storage(file):
    replace_matrix(file, external=[("/etc/hostname", 0, 96)])


def virtual(file):
    del file["layers/hidden1/parameters"]
    layout = h5py.VirtualLayout((4, 6), "f4")
    layout[:] = h5py.VirtualSource("../other.h5", "x", (4, 6))
    file["layers/hidden1"].create_virtual_dataset("parameters", layout)


def nothing_stored(file):
    replace_matrix(file)


def huge_claim(file):
    file["layers/hidden1"].attrs["neurons"] = 1 << 40
    replace_matrix(file, (1 << 40, 6), chunks=(1024, 6))


def truthful_bomb(file):
    file["layers/hidden1"].attrs["neurons"] = 1 << 20
    matrix = replace_matrix(file, (1 << 20, 6), chunks=(1 << 20, 6), compression="gzip")
    matrix[:] = 0


def inflating_chunk(file):
    matrix = replace_matrix(file, chunks=(4, 6), compression="gzip")
    matrix.id.write_direct_chunk((0, 0), zlib.compress(bytes(64 << 20)))


def of_objects(file):
    replace_matrix(file, dtype=h5py.ref_dtype)


def compound(file):
    replace_matrix(file, dtype=[("a", "f4")])


def integers(file):
    replace_matrix(file, dtype="i4")[:] = 1


def other_shape(file):
    replace_matrix(file, (6, 4))[:] = 1


def text_for_a_number(file):
    file["layers/hidden1"].attrs["neurons"] = "4"


def list_for_a_number(file):
    file["layers/hidden1"].attrs["neurons"] = [4] * 1000


def number_for_a_text(file):
    file["layers/hidden1"].attrs["activation"] = 1


def long_text(file):
    file["layers/hidden1"].attrs["activation"] = "s" * 60_000


def unknown_activation(file):
    file["layers/hidden1"].attrs["activation"] = "os.system"


def missing_attribute(file):
    del file["layers/hidden1"].attrs["order"]


def same_order(file):
    file["layers/output"].attrs["order"] = 0


def odd_name(file):
    file["layers"].move("hidden1", "a\nb")


def name_of_bytes(file):
    file["layers"].create_group(b"\xff")


def dataset_for_a_layer(file):
    file["layers/more"] = np.ones(3)


def no_layers(file):
    del file["layers"]


def another_format(file):
    file.attrs["format"] = "nnpipe results"


def widths_that_differ(file):
    file["layers/output"].attrs["inputs"] = 7
    del file["layers/output/parameters"]
    file["layers/output"].create_dataset("parameters", data=np.ones((3, 8), "f4"))


def statistics_too_long(file):
    del file["normalization/offset"]
    file["normalization"].create_dataset("offset", data=np.zeros(6))


LAYER = "parameters: layer 'hidden1': the attribute"
MATRIX = "parameters: /layers/hidden1/parameters"
IN = "parameters: '/layers/hidden1/parameters' in parameters.h5"
TABLE = [
    (external_link, "parameters: /layers has no hard-linked group 'hidden1'."),
    (external_matrix, f"{IN} is behind a link of kind external; expected hard links only."),
    (soft_link, f"{IN} is behind a link of kind soft; expected hard links only."),
    (external_storage, f"{MATRIX} in parameters.h5 stores its numbers in other files."),
    (virtual, f"{MATRIX} in parameters.h5 is virtual: its numbers are in other datasets."),
    (nothing_stored, f"{MATRIX} declares 96 bytes; found 0 stored."),
    (huge_claim, f"{MATRIX} in parameters.h5 declares 26,388,279,066,624 bytes "),
    (truthful_bomb, f"{MATRIX} in parameters.h5 uses gzip; expected shuffle, fletcher32"),
    (inflating_chunk, f"{MATRIX} in parameters.h5 uses gzip; expected shuffle, fletcher32"),
    (of_objects, f"{MATRIX} in parameters.h5 is object; expected real numbers."),
    (compound, f"{MATRIX} in parameters.h5 is compound; expected real numbers."),
    (integers, f"{MATRIX} is int32; expected float32 or float64."),
    (other_shape, f"{MATRIX} has the shape (6, 4); expected (4, 6)."),
    (text_for_a_number, f"{LAYER} 'neurons' is missing or of another type; expected an integer."),
    (list_for_a_number, f"{LAYER} 'neurons' is missing or of another type; expected an integer."),
    (number_for_a_text, f"{LAYER} 'activation' is missing or of another type; expected a text."),
    (long_text, f"{LAYER} 'activation' is missing or of another type; expected a text."),
    (
        unknown_activation,
        "parameters: layer 'hidden1': 'os.system' is not an activation; expected one of ",
    ),
    (missing_attribute, f"{LAYER} 'order' is missing or of another type; expected an integer."),
    (same_order, "parameters: /layers has the orders [0]; expected 0, 1, 2, ..."),
    (odd_name, r"parameters: layer 'a\nb' has a name that no layer can have."),
    (name_of_bytes, r"parameters: /layers has no hard-linked group b'\xff'."),
    (dataset_for_a_layer, "parameters: /layers has no hard-linked group 'more'."),
    (no_layers, "parameters: / has no hard-linked group 'layers'."),
    (another_format, "parameters: "),
    (statistics_too_long, "parameters: /normalization/offset has the shape (6,); expected (5,)."),
]


@pytest.mark.parametrize(
    ("alter", "problem"), TABLE, ids=lambda value: getattr(value, "__name__", "")
)
def test_parameters_that_nnpipe_does_not_write_are_refused(folder, refused, alter, problem):
    with h5py.File(folder / "parameters.h5", "r+") as file:
        alter(file)
    forge(folder)
    said = refused(*FROM_RUN)
    assert said.startswith(f"architecture.run: {problem}")
    assert said.endswith(ALTERED)


def test_layers_that_do_not_fit_each_other_are_refused(folder, refused):
    with h5py.File(folder / "parameters.h5", "r+") as file:
        widths_that_differ(file)
    forge(folder)
    assert refused(*FROM_RUN) == (
        "layers.output: found 7 inputs; expected 4, the outputs of 'hidden1'"
    )


def test_bytes_before_hdf5_are_refused_in_an_artifact(folder, refused):
    content = (folder / "parameters.h5").read_bytes()
    (folder / "parameters.h5").write_bytes(b"#!/bin/sh\nrm -rf /\n".ljust(512, b"\0") + content)
    forge(folder)
    path = folder / "parameters.h5"
    assert refused(*FROM_RUN) == (
        f"architecture.run: parameters: {path} begins with 512 bytes that are not HDF5.{ALTERED}"
    )


# results.h5


def test_results_that_lead_elsewhere_are_refused(folder, attempt):
    with h5py.File(folder / "results.h5", "r+") as file:
        del file["outputs"]
        file["outputs"] = h5py.ExternalLink("../other.h5", "/x")
    forge(folder)
    ended = attempt("runs", "verify", "v0001")
    assert ended.status == 1


# The config


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("_target_", "os.system", "_target_: found in a stored config; nothing in it is called"),
        ("dtype", "${oc.env:HOME}", "dtype: found '${oc.env:HOME}'; expected a plain value"),
        ("dtype", "${oc.decode:x}", "dtype: found '${oc.decode:x}'; expected a plain value"),
    ],
)
def test_nothing_in_a_stored_config_is_called_or_looked_up(folder, refused, key, value, problem):
    text = re.sub(rf"(?m)^{key}: .*\n", "", (folder / "config.yaml").read_text())
    (folder / "config.yaml").write_text(f"{text}{key}: '{value}'\n")
    forge(folder)
    assert refused("runs", "rerun", "v0001") == f"{folder}/config.yaml: {problem}"


def test_an_architecture_from_a_run_opens_no_input_that_the_run_names(folder, attempt, tmp_path):
    text = (folder / "config.yaml").read_text()
    os.mkfifo(tmp_path / "pipe")
    (folder / "config.yaml").write_text(
        text.replace("kind: random", f"kind: hdf5\n  path: {tmp_path}/pipe")
    )
    forge(folder, input={"kind": "hdf5", "path": str(tmp_path / "pipe")})
    assert attempt(*FROM_RUN).status == 0
