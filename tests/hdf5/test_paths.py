"""What can be opened, found and read: datasets.py, listing.py, paths.py, permissions.py."""

import os

import h5py
import numpy as np
import pytest

from nnpipe.errors import DataError
from nnpipe.hdf5 import find_dataset, list_datasets, open_file


@pytest.fixture
def digits(tmp_path):
    path = tmp_path / "digits.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros((1797, 64), np.uint8)
        file["y"] = np.zeros(1797, np.int64)
    with open_file(path, "input.path") as file:
        yield file


def refusal(call, *arguments, **keywords):
    with pytest.raises(DataError) as refused:
        call(*arguments, **keywords)
    return str(refused.value)


def test_a_missing_file_is_answered_with_where_relative_paths_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refusal(open_file, "no.h5", "input.path") == (
        f"input.path: no.h5 does not exist; expected a file. Relative paths start in {tmp_path}."
    )
    missing = tmp_path / "no.h5"
    assert refusal(open_file, missing, "input.path") == (
        f"input.path: {missing} does not exist; expected a file."
    )


def test_a_folder_is_not_opened(tmp_path):
    assert refusal(open_file, tmp_path, "input.path") == (
        f"input.path: {tmp_path} is a folder; expected a file. Name a file in it."
    )


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refusal(open_file, pipe, "input.path") == (
        f"input.path: {pipe} is a pipe or a device; expected a file. Copy it to one."
    )


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.h5"
    path.touch()
    assert refusal(open_file, path, "input.path") == (
        f"input.path: {path} is empty; found 0 bytes; expected an HDF5 file."
    )


def test_a_file_of_another_format_is_refused(tmp_path):
    path = tmp_path / "x.h5"
    path.write_text("a,b\n1,2\n")
    assert refusal(open_file, path, "input.path") == (
        f"input.path: {path} is not an HDF5 file. Set input.path to an HDF5 file."
    )


def test_a_file_that_is_cut_short_is_refused(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros((100, 100))
    path.write_bytes(path.read_bytes()[:5000])
    assert refusal(open_file, path, "input.path") == (
        f"input.path: {path} is cut short; found 5000 bytes. Copy the file again."
    )


def test_a_path_that_no_system_takes_is_refused(tmp_path):
    assert refusal(open_file, "a\0b", "input.path") == (
        "input.path: 'a\\x00b' cannot be opened; embedded null byte. Check the path."
    )


def test_a_dataset_is_found_with_and_without_the_leading_slash(digits):
    assert find_dataset(digits, "x", "input.dataset") == digits["x"]
    assert find_dataset(digits, "/x", "input.dataset") == digits["x"]


def test_an_unknown_dataset_is_answered_with_what_there_is(digits):
    assert refusal(find_dataset, digits, "/images", "input.dataset") == (
        "input.dataset: '/images' is not in digits.h5; it holds /x (1797, 64) uint8, "
        "/y (1797,) int64. Set input.dataset to one of these."
    )


def test_an_ambiguous_choice_is_answered_with_the_usable_datasets(digits):
    assert refusal(find_dataset, digits, None, "input.dataset") == (
        "input.dataset: not set, and digits.h5 has 2 datasets of numbers; it holds "
        "/x (1797, 64) uint8, /y (1797,) int64. Set input.dataset to one of these."
    )


def test_the_labels_do_not_make_a_choice_ambiguous(digits):
    assert find_dataset(digits, None, "input.dataset", ignore=digits["y"]) == digits["x"]


def test_a_near_miss_is_answered_with_a_suggestion(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["scan/images"] = np.zeros((2, 3), np.float32)
        assert refusal(find_dataset, file, "scan/image", "input.dataset") == (
            "input.dataset: 'scan/image' is not in a.h5; it holds /scan/images (2, 3) float32. "
            "Set input.dataset to one of these. Did you mean '/scan/images'?"
        )
        assert refusal(find_dataset, file, "scan", "input.dataset") == (
            "input.dataset: 'scan' is not a dataset of a.h5; it holds /scan/images (2, 3) "
            "float32. Set input.dataset to one of these."
        )


def test_a_long_listing_is_cut_and_counted(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for i in range(13):
            file[f"d{i:02}"] = np.zeros(1, np.int8)
        shown = ", ".join(f"/d{i:02} (1,) int8" for i in range(10))
        assert refusal(find_dataset, file, "zzzzzz", "input.dataset") == (
            f"input.dataset: 'zzzzzz' is not in a.h5; it holds {shown} and 3 more. "
            "Set input.dataset to one of these."
        )


def test_a_file_without_datasets_says_so(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        assert refusal(find_dataset, file, None, "input.dataset") == (
            "input.dataset: a.h5 holds no dataset of numbers; it holds no dataset."
        )
        assert refusal(find_dataset, file, "x", "input.dataset") == (
            "input.dataset: 'x' is not in a.h5; it holds no dataset."
        )


def test_the_only_dataset_of_numbers_is_taken_unasked(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["title"] = "a text"
        file["one"] = 1.0
        file["nothing"] = h5py.Empty("f4")
        file["complex"] = np.zeros(3, complex)
        file["compound"] = np.zeros(3, [("a", "f4")])
        file["opaque"] = np.zeros(3, "V4")
        file["names"] = np.array([b"a", b"b"])
        file.create_dataset("states", data=[0, 1], dtype=h5py.enum_dtype({"off": 0, "on": 1}))
        file["pixel"] = np.arange(4)
        file["pixel"].make_scale("pixel")
        file["deep/down/here"] = np.zeros((3, 4))
        assert find_dataset(file, None, "input.dataset").name == "/deep/down/here"
        assert [str(one) for one in list_datasets(file)] == [
            "/complex (3,) complex128",
            "/compound (3,) compound",
            "/names (2,) text",
            "/nothing empty float32",
            "/one () float64",
            "/opaque (3,) opaque",
            "/pixel (4,) int64",
            "/states (2,) enumeration",
            "/title () text",
            "/deep/down/here (3, 4) float64",
        ]


def test_a_dataset_with_two_names_is_listed_once_by_the_shorter(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/data/outputs"] = np.zeros((2, 2))
        file["outputs"] = file["entry/data/outputs"]
        assert [one.path for one in list_datasets(file)] == ["/outputs"]


def test_a_group_that_holds_itself_is_walked_once(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["g/x"] = np.zeros(2)
        file["g/again"] = file["g"]
        file["g/root"] = file["/"]
        assert [one.path for one in list_datasets(file)] == ["/g/x"]


def test_a_listing_goes_no_deeper_than_it_says(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["/".join(["g"] * 32) + "/x"] = np.zeros(2)
        file["/".join(["h"] * 33) + "/x"] = np.zeros(2)
        assert [one.path for one in list_datasets(file)] == ["/" + "/".join(["g"] * 32) + "/x"]


def test_soft_links_are_followed_and_loops_of_them_end(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["g/x"] = np.zeros(2)
        file["absolute"] = h5py.SoftLink("/g/x")
        file["g/relative"] = h5py.SoftLink("x")
        file["folder"] = h5py.SoftLink("g")
        file["loop"] = h5py.SoftLink("/loop")
        for name in ("absolute", "g/relative", "folder/x", "folder/relative", "./g//x"):
            assert find_dataset(file, name, "input.dataset", allow=()) == file["g/x"]
        assert refusal(find_dataset, file, "loop", "input.dataset", allow=()) == (
            "input.dataset: 'loop' is not in a.h5; it holds /g/x (2,) float64. "
            "Set input.dataset to one of these."
        )


@pytest.mark.parametrize("name", ["outside", "soft/x"])
def test_no_link_out_of_the_file_is_followed(tmp_path, name):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.zeros(2)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["outside"] = h5py.ExternalLink("other.h5", "/x")
        file["whole"] = h5py.ExternalLink("other.h5", "/")
        file["soft"] = h5py.SoftLink("/whole")
        assert list_datasets(file) == []
        assert refusal(find_dataset, file, name, "input.dataset", allow=()) == (
            f"input.dataset: {name!r} in a.h5 leads out of the file, into other.h5. "
            "Name that file instead, or set input.allow=[external_link]."
        )
