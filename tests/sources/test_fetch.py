"""Fetching gives what reading gives, to the bit, whichever way the file is stored."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.errors import DataError
from nnpipe.sources import chunks as chunks_module
from nnpipe.sources.chunks import Chunks
from nnpipe.sources.contiguous import ContiguousReader
from nnpipe.sources.options import RowsOptions
from tests.inputs import open_input

DTYPES = ("u1", "i2", ">u2", "<f2", "f4", ">f4", "f8", "?")
LAYOUTS = (
    {},
    {"chunks": True},
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True},
    {"compression": "lzf"},
    {"compression": "gzip", "fletcher32": True},
)


def values_of(shape, dtype):
    numbers = np.random.default_rng(0).integers(0, 250, shape)
    return (numbers % 2 if dtype == "?" else numbers).astype(dtype)


@given(data=st.data())
def test_what_is_fetched_is_what_was_stored(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fetch") / "x.h5"
    shape = tuple(data.draw(st.lists(st.integers(1, 13), min_size=1, max_size=3)))
    dtype = data.draw(st.sampled_from(DTYPES))
    layout = dict(data.draw(st.sampled_from(LAYOUTS)))
    if layout:
        layout["chunks"] = tuple(data.draw(st.integers(1, n)) for n in shape)
    values = values_of(shape, dtype)
    with h5py.File(path, "w", userblock_size=data.draw(st.sampled_from([0, 512]))) as file:
        file.create_dataset("x", data=values, **layout)
    axis = data.draw(st.integers(0, len(shape) - 1))
    rows = RowsOptions(step=data.draw(st.integers(1, 3)))
    source = open_input("hdf5", path=str(path), sample_axis=axis, rows=rows)
    expected = np.moveaxis(values, axis, 0)[:: rows.step].reshape(source.samples, -1)
    size = data.draw(st.integers(1, 14))
    decoders = [
        source.fetch(start, min(start + size, source.samples))
        for start in range(0, source.samples, size)
    ]
    with ThreadPoolExecutor(2) as pool:
        found = np.concatenate(list(pool.map(lambda decode: decode(), decoders)))
    assert found.dtype == source.dtype
    np.testing.assert_array_equal(found, expected)
    source.close()


@pytest.mark.parametrize(
    ("layout", "way"),
    [
        ({}, ContiguousReader),
        ({"chunks": (4, 3)}, Chunks),
        ({"chunks": (4, 3), "compression": "gzip"}, Chunks),
        ({"chunks": (4, 3), "compression": "gzip", "shuffle": True}, Chunks),
        ({"chunks": (4, 3), "compression": "lzf"}, None),
        ({"chunks": (4, 3), "fletcher32": True}, None),
    ],
)
def test_each_layout_goes_its_way(tmp_path, layout, way):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("x", data=values_of((10, 7), "f4"), **layout)
        file.flush()
        readers = [kind for kind in (ContiguousReader, Chunks) if kind.can_read(dataset)]
        assert readers == ([way] if way else [])


def test_chunks_that_were_never_written_go_the_ordinary_way(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("x", (10, 2), "f4", chunks=(4, 2), fillvalue=7)
        dataset[:3] = 1
    source = open_input("hdf5", path=str(tmp_path / "x.h5"))
    assert source.fetch(0, 10)()[:, 0].tolist() == [1, 1, 1] + [7] * 7


def test_a_chunk_is_decoded_once_although_two_ranges_share_it(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=values_of((90, 2), "f4"), chunks=(30, 2), compression="gzip")
    decoded = []
    inflate = chunks_module._inflate
    monkeypatch.setattr(
        chunks_module, "_inflate", lambda *args: decoded.append(1) or inflate(*args)
    )
    source = open_input("hdf5", path=str(tmp_path / "x.h5"))
    for start in range(0, 90, 9):
        source.fetch(start, start + 9)()
    assert len(decoded) == 3


@pytest.mark.parametrize("stored", [b"no zlib", zlib.compress(bytes(9)), None])
def test_a_chunk_that_cannot_be_decoded_is_named(tmp_path, stored):
    bomb = zlib.compress(bytes(50_000_000))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("x", (15, 2), "f4", chunks=(5, 2), compression="gzip")
        dataset[:] = 1
        dataset.id.write_direct_chunk((5, 0), bomb if stored is None else stored)
    source = open_input("hdf5", path=str(tmp_path / "x.h5"))
    assert (source.fetch(0, 5)() == 1).all()
    with pytest.raises(DataError, match=r"input\.dataset: rows 5 to 9 of /x in x\.h5 cannot be"):
        source.fetch(5, 10)()


def test_a_file_that_was_cut_short_while_it_was_open_is_an_error(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.ones((100_000, 2))
    source = open_input("hdf5", path=str(tmp_path / "x.h5"))
    source.fetch(0, 10)()
    with (tmp_path / "x.h5").open("r+b") as file:
        file.truncate(10_000)
    with pytest.raises(DataError, match="the file has become shorter"):
        source.fetch(90_000, 90_010)
