"""Links are read without following them, and files outside the folder refused."""

from __future__ import annotations

import h5py
import pytest

from nnpipe.errors import DataError
from nnpipe.hdf5.links import Link, link_of, path_beside


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = [1.0]
        file["soft"] = h5py.SoftLink("/missing")
        file["external"] = h5py.ExternalLink("missing.h5", "/y")
        yield file


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("x", Link("hard")),
        ("soft", Link("soft", "/missing")),
        ("external", Link("external", "/y", "missing.h5")),
        ("none", None),
        (".", None),
        ("/x", None),
    ],
)
def test_a_link_is_described_even_if_its_target_is_missing(file, name, link):
    assert link_of(file["/"], name) == link


def test_a_file_outside_of_the_folder_needs_permission(file, tmp_path):
    outside = tmp_path.parent / "b.h5"
    assert path_beside(file, "b.h5", "input.path: x", []) == tmp_path / "b.h5"
    assert path_beside(file, "../b.h5", "input.path: x", ["outside_folder"]) == outside
    with pytest.raises(DataError, match=r"or set input\.allow=\[outside_folder\]"):
        path_beside(file, "../b.h5", "input.path: x", [])
