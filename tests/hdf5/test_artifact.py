"""Artifacts are read only in a known format and version, and must hold what they declare."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from nnpipe.errors import DataError
from nnpipe.hdf5.artifact import (
    OtherVersion,
    check_stored,
    groups,
    integer_attribute,
    numbers_at,
    open_artifact,
    text_attribute,
    texts_attribute,
)
from nnpipe.hdf5.datasets import FREE_BYTES

FORMS = {"nnpipe test": (1, 2)}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "nnpipe test"
        file.attrs["format_version"] = 2
        file.attrs["names"] = ["x", "y"]
        file["layers/first/p"] = np.arange(6.0).reshape(2, 3)
    return path


def test_an_artifact_of_a_known_format_is_read(path):
    with open_artifact(path, "test", FORMS) as file:
        assert list(groups(file["layers"], "test")) == ["first"]
        assert numbers_at(file, "/layers/first/p", (None, 3), "test")[:].tolist() == [
            [0, 1, 2],
            [3, 4, 5],
        ]
        assert texts_attribute(file["/"], "names", 2, "test") == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "value", "error", "text"),
    [
        ("format", "other", DataError, "has the format 'other'; expected 'nnpipe test'."),
        ("format_version", 3, OtherVersion, "has version 3 of the format 'nnpipe test'"),
    ],
)
def test_another_format_or_version_is_refused_by_name(path, name, value, error, text):
    with h5py.File(path, "a") as file:
        file.attrs[name] = value
    with pytest.raises(error, match=text):
        open_artifact(path, "test", FORMS)


def test_no_link_to_an_artifact_is_followed(path):
    link = path.with_name("link.h5")
    link.symlink_to(path)
    with pytest.raises(DataError, match="it is a link"):
        open_artifact(link, "test", FORMS)


@pytest.mark.parametrize(("shape", "found"), [((3, 2), r"\(2, 3\)"), ((None,), r"\(2, 3\)")])
def test_another_shape_is_refused(path, shape, found):
    with h5py.File(path) as file, pytest.raises(DataError, match=f"has the shape {found}"):
        numbers_at(file, "/layers/first/p", shape, "test")


def test_datasets_that_declare_more_than_the_file_stores_are_refused(tmp_path):
    with h5py.File(tmp_path / "b.h5", "w") as file:
        dataset = file.create_dataset("x", (FREE_BYTES // 4 + 1,), np.float32)
        with pytest.raises(DataError, match="on disk, holes not counted"):
            check_stored(file, [dataset], "test")


def test_attributes_have_the_expected_type_and_size(path):
    with h5py.File(path) as file:
        assert text_attribute(file["/"], "format", "test") == "nnpipe test"
        assert integer_attribute(file["/"], "format_version", "test") == 2
        for name in ("format", "missing"):
            with pytest.raises(DataError, match=f"the attribute '{name}' is missing or of another"):
                integer_attribute(file["/"], name, "test")
        with pytest.raises(DataError, match="expected a text"):
            text_attribute(file["/"], "format", "test", most=3)
