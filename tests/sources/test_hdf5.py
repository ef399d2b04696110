"""HDF5 datasets as samples: every read is the NumPy slice of what was stored."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnpipe.errors import DataError
from nnpipe.sources.options import RowsOptions
from tests.inputs import open_input

DTYPES = [f"{order}{code}" for order in "<>" for code in ("i2", "u4", "i8", "f2", "f4", "f8")]
DTYPES += ["u1", "i1", "?"]


def cut(samples, size):
    return [(start, min(start + size, samples)) for start in range(0, samples, size)]


def store(tmp_path, **datasets):
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return str(path)


def refusal(**options):
    with pytest.raises(DataError) as refused:
        open_input("hdf5", **options)
    return str(refused.value)


@st.composite
def stored_arrays(draw):
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    values = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 100, shape)
    chunks = draw(st.none() | st.tuples(*[st.integers(1, size) for size in shape]))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    bound = st.none() | st.integers(-8, 8)
    rows = RowsOptions(draw(bound), draw(bound), draw(st.integers(1, 4)))
    return values.astype(dtype), chunks, axis, rows


@settings(max_examples=150, deadline=None)
@given(case=stored_arrays(), size=st.integers(1, 7))
def test_every_read_is_the_slice_of_the_stored_array(tmp_path_factory, case, size):
    array, chunks, axis, rows = case
    path = tmp_path_factory.mktemp("h5") / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=array, chunks=chunks)
    oracle = np.moveaxis(array, axis, 0)
    oracle = oracle.reshape(len(oracle), -1)[rows.start : rows.stop : rows.step]
    numbers = np.arange(array.shape[axis])[rows.start : rows.stop : rows.step]
    options = {"path": str(path), "sample_axis": axis, "rows": rows}
    if not len(oracle):
        assert refusal(**options).startswith("input.rows: ")
        return
    source = open_input("hdf5", **options)
    try:
        assert (source.samples, source.features) == oracle.shape
        assert source.dtype == array.dtype.newbyteorder("=")
        assert source.dtype.isnative
        for start, stop in cut(source.samples, size):
            part = source.read(start, stop)
            assert part.dtype == source.dtype
            assert part.flags.c_contiguous
            np.testing.assert_array_equal(part, oracle[start:stop])
        assert source.read(0, 0).shape == (0, source.features)
        assert list(source.rows) == numbers.tolist()
        assert source.block == max(1, (chunks[axis] if chunks else 1) // rows.step)
    finally:
        source.close()


@pytest.mark.parametrize("dtype", ["i8", ">i4", "u1", ">f8", "f2"])
@pytest.mark.parametrize("shape", [(10,), (10, 1), (1, 10)])
def test_labels_are_taken_from_the_same_rows(tmp_path, dtype, shape):
    y = np.arange(10)
    path = store(tmp_path, x=np.zeros((4, 10)), y=y.astype(dtype).reshape(shape))
    rows = RowsOptions(-7, None, 3)
    source = open_input("hdf5", path=path, dataset="x", labels="y", sample_axis=1, rows=rows)
    labels = source.labels(1, 3)
    assert labels is not None
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, y[-7::3][1:3])
    source.close()


def test_an_input_without_labels_has_none(tmp_path):
    source = open_input("hdf5", path=store(tmp_path, x=np.zeros((2, 2))))
    assert source.labels(0, 2) is None
    source.close()


def test_the_data_is_found_beside_its_labels(tmp_path):
    path = store(tmp_path, images=np.ones((3, 2)), digit=np.arange(3))
    source = open_input("hdf5", path=path, labels="digit")
    assert source.features == 2
    source.close()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array([b"a", b"b"]), "is text; expected real numbers."),
        (np.zeros(3, [("a", "f4")]), "is compound; expected real numbers."),
        (np.zeros(3, complex), "is complex128; expected real numbers."),
        (np.zeros(3, "V4"), "is opaque; expected real numbers."),
        (1.5, "is one number; expected an array of samples."),
        (h5py.Empty("f4"), "is empty; expected at least one sample."),
        (np.zeros((0, 3)), "is empty; found the shape (0, 3); expected at least one sample."),
        (np.zeros((3, 0)), "is empty; found the shape (3, 0); expected at least one sample."),
    ],
)
def test_what_is_not_an_array_of_real_numbers_is_refused(tmp_path, values, said):
    path = store(tmp_path, x=values)
    assert refusal(path=path, dataset="x") == f"input.dataset: /x in data.h5 {said}"


def test_an_enumeration_is_refused(tmp_path):
    path = store(tmp_path)
    with h5py.File(path, "a") as file:
        file.create_dataset("x", data=[0, 1], dtype=h5py.enum_dtype({"off": 0, "on": 1}))
    assert refusal(path=path, dataset="x") == (
        "input.dataset: /x in data.h5 is enumeration; expected real numbers."
    )


def test_a_sample_axis_that_the_dataset_lacks_is_refused(tmp_path):
    path = store(tmp_path, x=np.zeros((3, 4)))
    assert refusal(path=path, sample_axis=2) == (
        "input.sample_axis: /x in data.h5 has the shape (3, 4); found 2; expected -2 to 1."
    )


def test_rows_that_take_nothing_are_refused(tmp_path):
    path = store(tmp_path, x=np.zeros((3, 4)))
    assert refusal(path=path, rows=RowsOptions(5, None, 1)) == (
        "input.rows: no row of /x in data.h5 is selected; found start 5, stop None, step 1; "
        "expected a slice of its 3 rows."
    )


def test_labels_of_another_number_are_refused(tmp_path):
    path = store(tmp_path, x=np.zeros((3, 4)), y=np.zeros(4))
    assert refusal(path=path, dataset="x", labels="y") == (
        "input.labels: /y in data.h5 does not fit the data; found the shape (4,); "
        "expected (3,), one label per sample."
    )
    assert refusal(path=path, dataset="x", labels="z") == (
        "input.labels: 'z' is not in data.h5; it holds /x (3, 4) float64, /y (4,) float64. "
        "Set input.labels to one of these."
    )


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.array([1.0, 2.5]), "2.5"),
        (np.array([1.0, np.nan]), "nan"),
        (np.array([1.0, np.inf]), "inf"),
        (np.array([1.0, 2.0**63]), "9.223372036854775807e+18"),
        (np.array([1, 2**63], np.uint64), "9223372036854775808"),
    ],
)
def test_labels_that_are_not_whole_numbers_are_refused(tmp_path, values, found):
    path = store(tmp_path, x=np.zeros((4, 1)), y=np.insert(values, 0, [0, 0]))
    source = open_input("hdf5", path=path, dataset="x", labels="y")
    with pytest.raises(DataError) as refused:
        source.labels(1, 4)
    found = str(values[1].item())
    assert str(refused.value) == (
        f"input.labels: found {found} in row 3 of /y in data.h5; expected whole numbers."
    )
    source.close()


def test_a_damaged_chunk_is_an_error_of_the_data(tmp_path):
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", data=np.arange(3000.0), chunks=(1000,), fletcher32=True)
        offset = x.id.get_chunk_info(1).byte_offset
    content = bytearray(path.read_bytes())
    content[offset + 100] ^= 1
    path.write_bytes(content)
    source = open_input("hdf5", path=str(path))
    with pytest.raises(DataError, match=r"^input\.dataset: rows 1000 to 1009 of /x in data\.h5"):
        source.read(1000, 1010)
    source.close()


def test_the_fingerprint_names_the_file_the_dataset_and_the_rows(tmp_path):
    path = store(tmp_path, x=np.zeros((6, 4), ">f4"), y=np.zeros(6, np.int8))
    rows = RowsOptions(1, None, 2)
    source = open_input("hdf5", path=path, dataset="x", labels="y", rows=rows)
    status = (tmp_path / "data.h5").stat()
    file = {"kind": "hdf5", "path": path, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    assert source.fingerprint() == {
        **file,
        "dataset": "/x",
        "shape": [6, 4],
        "dtype": ">f4",
        "sample_axis": 0,
        "rows": [1, 6, 2],
        "labels": {**file, "dataset": "/y", "shape": [6], "dtype": "int8"},
    }
    source.close()
