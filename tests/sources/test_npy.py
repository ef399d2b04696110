"""NumPy files as samples: every read is the NumPy slice of what was saved."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnpipe.errors import DataError
from nnpipe.sources.options import RowsOptions
from tests.inputs import open_input


def refusal(**options):
    with pytest.raises(DataError) as refused:
        open_input("npy", **options)
    return str(refused.value)


@st.composite
def saved_arrays(draw):
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    dtype = draw(st.sampled_from(["u1", "?", "<i4", ">i8", "<f2", ">f4", "<f8"]))
    values = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 100, shape)
    array = np.asarray(values.astype(dtype), order=draw(st.sampled_from("CF")))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    start = draw(st.none() | st.integers(-6, array.shape[axis] - 1))
    return array, axis, RowsOptions(start, None, draw(st.integers(1, 4)))


@settings(max_examples=150, deadline=None)
@given(case=saved_arrays(), size=st.integers(1, 7))
def test_every_read_is_the_slice_of_the_saved_array(tmp_path_factory, case, size):
    array, axis, rows = case
    path = tmp_path_factory.mktemp("npy") / "a.npy"
    np.save(path, array)
    oracle = np.moveaxis(array, axis, 0)
    oracle = oracle.reshape(len(oracle), -1)[rows.start : rows.stop : rows.step]
    source = open_input("npy", path=str(path), sample_axis=axis, rows=rows)
    assert (source.samples, source.features, source.block) == (*oracle.shape, 1)
    for start in range(0, source.samples, size):
        part = source.read(start, start + size)
        assert part.dtype == array.dtype.newbyteorder("=")
        assert part.flags.c_contiguous
        np.testing.assert_array_equal(part, oracle[start : start + size])
    assert source.read(1, 1).shape == (0, source.features)


def test_what_was_read_is_no_view_of_the_file(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((3, 2)))
    source = open_input("npy", path=str(path))
    source.read(0, 3)[:] = 1
    np.testing.assert_array_equal(source.read(0, 3), 0)


def test_labels_come_from_a_second_file(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((5, 2)))
    np.save(tmp_path / "y.npy", np.arange(5.0))
    source = open_input(
        "npy",
        path=str(tmp_path / "x.npy"),
        labels=str(tmp_path / "y.npy"),
        rows=RowsOptions(1, None, 2),
    )
    np.testing.assert_array_equal(source.labels(0, 2), [1, 3])
    assert json.loads(json.dumps(source.fingerprint())) == source.fingerprint()


def test_python_objects_are_never_loaded(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([{}], object), allow_pickle=True)
    assert refusal(path=str(path)) == (
        "input.path: a.npy contains Python objects, which are never loaded; expected real numbers. "
        "Save it with a numeric dtype."
    )


def test_a_header_with_keys_of_several_types_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    header = b"{'descr': '<f8', 'fortran_order': False, b'shape': (3, 2)}\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    assert refusal(path=str(path)).startswith(
        f"input.path: {path} is not a .npy file; NumPy says: "
    )


def test_an_archive_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros(3))
    assert refusal(path=str(path)) == (
        f"input.path: {path} is an archive of arrays (.npz). Save one with numpy.save."
    )


def test_a_file_of_another_format_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    path.write_text("1,2,3\n" * 5)
    assert refusal(path=str(path)).startswith(
        f"input.path: {path} is not a .npy file; NumPy says: "
    )


@pytest.mark.parametrize("shape", [(10**15, 784), (-5, 3)])
def test_an_array_that_is_merely_claimed_is_refused(tmp_path, shape):
    path = tmp_path / "a.npy"
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
    message = refusal(path=str(path))
    assert message.startswith("input.path: a.npy is cut short; found 128 bytes; expected ")
    assert message.endswith(f" for {shape} float64. Copy the file again.")


def test_a_file_that_shrinks_while_it_is_read_is_an_error_of_the_data(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((100, 100)))
    source = open_input("npy", path=str(path))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"^input\.path: a\.npy cannot be read; "):
        source.read(0, 100)


def test_text_and_single_numbers_are_refused(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array(["a", "b"]))
    assert refusal(path=str(path)) == "input.path: a.npy is text; expected real numbers."
    np.save(path, np.array(1.0))
    assert refusal(path=str(path)) == (
        "input.path: a.npy is one number; expected an array of samples."
    )
