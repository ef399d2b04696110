"""The MNIST format: written by the letter of its description, read back."""

import gzip
import os
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnpipe.errors import DataError
from nnpipe.sources.options import RowsOptions
from tests.inputs import open_input

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MNIST = Path(__file__).parents[3] / "shared" / "data" / "mnist"


def idx(array, code):
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(TYPES[code]).tobytes()


def refusal(**options):
    with pytest.raises(DataError) as refused:
        open_input("idx", **options)
    return str(refused.value)


@settings(max_examples=100, deadline=None)
@given(
    code=st.sampled_from(list(TYPES)),
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    packed=st.booleans(),
    rows=st.tuples(st.none() | st.integers(-4, 0), st.integers(1, 3)),
    reads=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=6),
)
def test_every_read_in_any_order_is_the_slice_of_the_array(
    tmp_path_factory, code, shape, packed, rows, reads
):
    array = np.random.default_rng(0).integers(0, 100, shape)
    content = idx(array, code)
    path = tmp_path_factory.mktemp("idx") / "a"
    path.write_bytes(gzip.compress(content) if packed else content)
    oracle = array.reshape(len(array), -1)[rows[0] :: rows[1]]
    source = open_input("idx", path=str(path), rows=RowsOptions(rows[0], None, rows[1]))
    assert (source.samples, source.features) == oracle.shape
    assert source.dtype == np.dtype(TYPES[code]).newbyteorder("=")
    for a, b in reads:
        start, stop = sorted((min(a, len(oracle)), min(b, len(oracle))))
        part = source.read(start, stop)
        assert part.dtype == source.dtype
        assert part.flags.c_contiguous
        np.testing.assert_array_equal(part, oracle[start:stop])
    source.close()


def test_labels_come_from_a_second_file(tmp_path):
    (tmp_path / "x").write_bytes(idx(np.zeros((4, 2, 2)), 0x08))
    (tmp_path / "y").write_bytes(gzip.compress(idx(np.array([3, 1, 2, 0]), 0x08)))
    source = open_input("idx", path=str(tmp_path / "x"), labels=str(tmp_path / "y"))
    np.testing.assert_array_equal(source.labels(1, 3), [1, 2])
    assert source.fingerprint()["labels"]["shape"] == [4]
    source.close()


def test_labels_that_do_not_fit_are_refused(tmp_path):
    (tmp_path / "x").write_bytes(idx(np.zeros((4, 2, 2)), 0x08))
    (tmp_path / "y").write_bytes(idx(np.zeros(5), 0x08))
    assert refusal(path=str(tmp_path / "x"), labels=str(tmp_path / "y")) == (
        "input.labels: y does not fit the data; found the shape (5,); "
        "expected (4,), one label per sample."
    )


@pytest.mark.parametrize("start", [b"", b"PNG", b"\0\1\x08\1", b"\0\0\x0a\1", b"\0\0\x08\0"])
def test_a_file_of_another_format_is_refused(tmp_path, start):
    path = tmp_path / "a"
    path.write_bytes(start)
    assert refusal(path=str(path)) == (
        f"input.path: {path} is not in the MNIST format (idx); found the first bytes "
        f"'{start.hex(' ')}'; expected 00 00, a type from 08 to 0e, a number of axes."
    )


def test_a_file_that_ends_in_its_header_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"\0\0\x08\3\0\0\0\1")
    assert refusal(path=str(path)) == "input.path: a ends in its header. Download the file again."


def test_a_plain_file_is_as_long_as_its_header_declares(tmp_path):
    path = tmp_path / "a"
    content = idx(np.zeros((10, 3)), 0x08)
    path.write_bytes(content[:-4])
    assert refusal(path=str(path)) == (
        "input.path: a ends after 8 rows; its header declares 10. Download the file again."
    )
    path.write_bytes(content + b"\0")
    assert refusal(path=str(path)) == (
        "input.path: a is longer than its header declares; found 31 bytes of data; "
        "expected 30 for (10, 3) uint8."
    )


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("how", ["fewer rows", "cut gzip"])
def test_a_gzip_file_that_ends_early_says_after_which_row(tmp_path, how, step):
    content = idx(np.random.default_rng(0).integers(0, 255, (5000, 100)), 0x08)
    path = tmp_path / "a.gz"
    if how == "fewer rows":
        path.write_bytes(gzip.compress(content[: 12 + 4000 * 100 + 7]))
        rows = 4000
    else:
        packed = gzip.compress(content, compresslevel=0)
        path.write_bytes(packed[: len(packed) // 2])
        # Stored blocks: all but some bytes of gzip's framing is data.
        rows = None
    source = open_input("idx", path=str(path), rows=RowsOptions(step=step))
    source.read(0, 100)
    with pytest.raises(DataError) as refused:
        source.read(0, source.samples)
    said = str(refused.value).removeprefix("input.path: a.gz ends after ")
    found = int(said.split()[0])
    assert said == f"{found} rows; its header declares 5000. Download the file again."
    assert found == rows if rows else 2498 <= found <= 2500
    with pytest.raises(DataError, match=f"ends after {found} rows"):
        source.read(source.samples - 1, source.samples)
    np.testing.assert_array_equal(source.read(0, 1)[0], np.frombuffer(content[12:112], np.uint8))
    source.close()


def test_a_damaged_gzip_file_is_refused(tmp_path):
    packed = bytearray(gzip.compress(idx(np.zeros((10, 3)), 0x08)))
    packed[10:] = b"\xff" * (len(packed) - 10)
    (tmp_path / "a.gz").write_bytes(packed)
    assert refusal(path=str(tmp_path / "a.gz")).startswith("input.path: a.gz is damaged; ")


@pytest.mark.parametrize("packed", [True, False])
def test_nothing_is_allocated_for_what_is_merely_claimed(tmp_path, packed):
    content = bytes([0, 0, 0x0E, 3]) + b"\xff" * 12 + b"\0" * 100
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(content) if packed else content)
    said = (
        "input.path: a ends after 0 rows; its header declares 4294967295. Download the file again."
    )
    if packed:
        said = (
            f"input.path: a declares {8 * (2**32 - 1) ** 3:,} bytes; found "
            f"{path.stat().st_size} bytes of gzip, which cannot hold them. Download the file again."
        )
    assert refusal(path=str(path)) == said


@pytest.fixture
def mnist():
    if not (MNIST / "t10k-images-idx3-ubyte.gz").exists():
        reason = f"the MNIST test files are not in {MNIST}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return {
        "path": str(MNIST / "t10k-images-idx3-ubyte.gz"),
        "labels": str(MNIST / "t10k-labels-idx1-ubyte.gz"),
    }


def test_the_real_mnist_files_and_their_hdf5_copy_are_equal(mnist, tmp_path):
    with gzip.open(mnist["path"]) as images, gzip.open(mnist["labels"]) as labels:
        x = np.frombuffer(images.read()[16:], np.uint8).reshape(10000, 784)
        y = np.frombuffer(labels.read()[8:], np.uint8)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("x", data=x.reshape(10000, 28, 28), chunks=(1000, 28, 28))
        file["y"] = y
    packed = open_input("idx", **mnist)
    copied = open_input("hdf5", path=str(tmp_path / "m.h5"), dataset="x", labels="y")
    for source in (packed, copied):
        assert (source.samples, source.features, source.dtype) == (10000, 784, np.uint8)
        for start in range(0, 10000, 3000):
            stop = min(start + 3000, 10000)
            np.testing.assert_array_equal(source.read(start, stop), x[start:stop])
            np.testing.assert_array_equal(source.labels(start, stop), y[start:stop])
        source.close()
