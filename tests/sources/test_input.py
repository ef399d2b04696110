"""The input as the network sees it: its dtype, its batches, what is not finite, its labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.errors import DataError
from nnpipe.sources.input import Input, check_labels
from nnpipe.sources.normalizations.base import Normalization
from nnpipe.sources.options import RowsOptions
from tests.inputs import open_input

NONE = Normalization("none", np.zeros(1), np.ones(1))


@pytest.fixture
def source_of(tmp_path):
    def save(values, labels=None, **keys):
        np.save(tmp_path / "x.npy", values)
        if labels is not None:
            np.save(tmp_path / "y.npy", labels)
            keys["labels"] = str(tmp_path / "y.npy")
        return open_input("npy", path=str(tmp_path / "x.npy"), **keys)

    return save


@pytest.mark.parametrize("stored", ["?", "u1", "i2", "u4", "i8", "u8", "f2", ">f4", "f8"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_numbers_are_computed_wide_and_then_cast(source_of, stored, dtype):
    values = np.random.default_rng(0).integers(0, 120, (20, 3)).astype(stored)
    wide = np.result_type(values.dtype.newbyteorder("="), dtype)
    offset, factor = np.array([0.5, -1.0, 3.0]), np.array([0.1, 2.0, 1 / 3])
    x = Input(source_of(values), Normalization("standardize", offset, factor), dtype).read(2, 19)
    oracle = ((values[2:19].astype(wide) - offset.astype(wide)) * factor.astype(wide)).astype(dtype)
    np.testing.assert_array_equal(x, oracle)
    assert x.dtype == dtype
    assert x.flags.c_contiguous
    plain = Input(source_of(values), NONE, dtype).read(2, 19)
    np.testing.assert_array_equal(plain, values[2:19].astype(wide).astype(dtype))
    assert plain.dtype == dtype


def test_what_was_read_may_be_overwritten(source_of):
    class Fixed:
        samples, features, dtype, block = 2, 2, np.dtype(np.float32), 1
        stored = np.ones((2, 2), np.float32)

        def read(self, start, stop):
            return self.stored[start:stop]

    for normalization in (NONE, Normalization("scale", np.zeros(1), np.array([2.0]))):
        Input(Fixed(), normalization, np.float32).read(0, 2)[:] = 9
        assert (Fixed.stored == 1).all()


@given(samples=st.integers(1, 20), size=st.integers(1, 25))
def test_samples_read_piece_by_piece_are_all_samples_in_order(tmp_path_factory, samples, size):
    folder = tmp_path_factory.mktemp("pieces")
    values = np.arange(samples * 2.0).reshape(samples, 2)
    np.save(folder / "x.npy", values)
    np.save(folder / "y.npy", np.arange(samples))
    source = open_input("npy", path=str(folder / "x.npy"), labels=str(folder / "y.npy"))
    data = Input(source, NONE, np.float64)
    pieces = [(start, min(start + size, samples)) for start in range(0, samples, size)]
    read = [data.read(*piece) for piece in pieces]
    assert [len(x) for x in read] == [stop - start for start, stop in pieces]
    np.testing.assert_array_equal(np.concatenate(read), values)
    labels = np.concatenate([data.source.labels(*piece) for piece in pieces])
    np.testing.assert_array_equal(labels, np.arange(samples))
    assert (data.samples, data.features, data.has_labels) == (samples, 2, True)


def test_samples_without_labels_have_none(source_of):
    data = Input(source_of(np.zeros((3, 2))), NONE, np.float32)
    assert [data.source.labels(0, 2), data.source.labels(2, 3)] == [None, None]
    assert not data.has_labels


def test_values_that_are_not_finite_are_counted_with_the_first_row_of_the_file(source_of):
    values = np.zeros((20, 3))
    values[11, 2], values[13, 0], values[13, 1], values[12, 0] = np.nan, np.inf, -np.inf, np.nan
    data = Input(source_of(values, rows=RowsOptions(1, None, 2)), NONE, np.float32)
    assert (data.nonfinite, data.first_nonfinite_row) == (0, None)
    for start in range(0, data.samples, 4):
        assert data.read(start, min(start + 4, data.samples)).dtype == np.float32
    assert (data.nonfinite, data.first_nonfinite_row) == (3, 11)


def test_the_first_row_is_the_lowest_whatever_is_read_first(source_of):
    values = np.zeros((6, 1))
    values[[1, 4]] = np.nan
    data = Input(source_of(values), NONE, np.float32)
    data.read(3, 6)
    data.read(0, 3)
    assert (data.nonfinite, data.first_nonfinite_row) == (2, 1)


@pytest.mark.parametrize(
    ("value", "becomes"),
    [(np.nan, ""), (-np.inf, ""), (1e300, ", which becomes inf in float32")],
)
def test_a_value_that_is_not_finite_is_refused_on_request(source_of, value, becomes):
    stored = np.zeros((20, 3))
    stored[7, 2] = value
    data = Input(source_of(stored, rows=RowsOptions(3)), NONE, np.float32, on_nonfinite="error")
    data.read(0, 4)
    with pytest.raises(DataError) as refused:
        data.read(3, 10)
    assert str(refused.value) == (
        f"input.on_nonfinite: found {value} in row 7, feature 2{becomes}; expected finite numbers. "
        "Clean the data, or set input.on_nonfinite=warn."
    )


def test_integers_that_leave_the_range_are_found(source_of):
    huge = Normalization("scale", np.zeros(1), np.array([1e37]))
    data = Input(source_of(np.array([[100], [1]], np.uint8)), huge, np.float32)
    assert np.isinf(data.read(0, 2)[0, 0])
    assert (data.nonfinite, data.first_nonfinite_row) == (1, 0)


@pytest.mark.parametrize("dtype", ["i1", "u8", "f4"])
def test_labels_within_the_classes_pass(source_of, dtype):
    labels = np.array([0, 9, 3], dtype)
    check_labels(source_of(np.zeros((3, 1)), labels), 10)


@pytest.mark.parametrize("wrong", [10, -1])
def test_a_label_outside_the_classes_is_refused_with_its_row(source_of, wrong):
    labels = np.zeros(70_000, np.int16)
    labels[69_998] = wrong
    source = source_of(np.zeros((70_000, 1), np.uint8), labels, rows=RowsOptions(0, None, 1))
    with pytest.raises(DataError) as refused:
        check_labels(source, 10)
    assert str(refused.value) == (
        f"input.labels: found {wrong} in row 69998; expected 0 to 9, "
        "one class for each output of the network."
    )


def test_an_input_without_labels_has_none_to_check(source_of):
    check_labels(source_of(np.zeros((2, 1))), 10)
