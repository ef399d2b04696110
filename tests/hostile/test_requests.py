"""Requests far beyond the machine, and idx and npy files made to do harm."""

import gzip
import pickle
import struct

import numpy as np
import pytest


@pytest.mark.parametrize(
    "architecture",
    [
        ("architecture.sizes=[1000000000000]",),
        ("architecture.sizes=[1000000000000,1000000000000]",),
        ("architecture=uniform", "architecture.width=1000000000000"),
        ("architecture=uniform", "architecture.width=100000000", "architecture.depth=9"),
    ],
)
def test_an_architecture_beyond_the_memory_is_refused_with_its_size(refused, architecture):
    said = refused("run", *architecture, "input.features=784")
    assert said.startswith("architecture: its parameters need ")
    assert " GiB; expected at most the " in said


@pytest.mark.parametrize("depth", [10**6, 10**9, 10**30])
def test_more_layers_than_can_be_named_are_refused(refused, depth):
    said = refused("run", "architecture=uniform", f"architecture.depth={depth}")
    assert said.startswith(f"architecture.depth: found {depth}; expected ")


def test_more_samples_than_can_be_counted_are_refused(refused):
    assert refused("run", "input.samples=1000000000000000000000").startswith("input.samples: ")


IDX_PIXELS = b"\0\0\x08\x03"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0",
        IDX_PIXELS,
        IDX_PIXELS + struct.pack(">III", 2**32 - 1, 2**32 - 1, 2**32 - 1),
        IDX_PIXELS + struct.pack(">III", 2**31, 28, 28) + bytes(784),
        IDX_PIXELS + struct.pack(">III", 0, 28, 28),
        IDX_PIXELS + struct.pack(">III", 3, 0, 28),
        b"\0\0\x08\xff" + bytes(1020),
        b"\0\0\x08\x00",
        b"\0\0\x07\x01" + struct.pack(">I", 3) + bytes(3),
        b"\1\0\x08\x01" + struct.pack(">I", 3) + bytes(3),
        b"\x1f\x8b" + bytes(100),
        gzip.compress(IDX_PIXELS + struct.pack(">III", 2**32 - 1, 28, 28), mtime=0),
        gzip.compress(IDX_PIXELS + struct.pack(">III", 4, 2, 2) + bytes(16), mtime=0)[:-12],
    ],
)
def test_an_idx_file_that_claims_more_than_it_holds_is_refused(tmp_path, refused, content):
    (tmp_path / "x.idx").write_bytes(content)
    said = refused("run", "input=idx", "input.path=x.idx", status=2)
    assert said.startswith(("input.path: ", "input.dataset: ", "input.rows: "))


class Payload:
    """An object whose loading would leave a proof."""

    def __reduce__(self):
        return open, ("proof", "w")


def header(text):
    padded = text.encode().ljust(118 - 1) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(padded)) + padded


@pytest.mark.parametrize(
    "content",
    [
        header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}") + pickle.dumps(Payload()),
        pickle.dumps(Payload()),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 8)}"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 8)}"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (True, 8)}") + bytes(64),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': ()}") + bytes(8),
        header("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}") + bytes(16),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 8)}"),
        header("__import__('os').system('touch proof')"),
        header("(" * 100),
        b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1) + b"{",
        b"\x93NUMPY\3\0" + struct.pack("<I", 2**31) + b"{",
        b"\x93NUMPY\x09\0" + bytes(200),
        b"PK\3\4" + bytes(100),
        b"",
    ],
)
def test_a_npy_file_is_never_run_and_never_believed(tmp_path, refused, content):
    (tmp_path / "x.npy").write_bytes(content)
    assert refused("run", "input=npy", "input.path=x.npy").startswith("input.")
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize("dtype", ["O", "U3", "S3", "M8[s]", "m8[s]", "c16", "V4"])
def test_arrays_of_anything_but_real_numbers_are_refused(tmp_path, refused, dtype):
    np.save(tmp_path / "x.npy", np.zeros((3, 2), dtype), allow_pickle=True)
    assert refused("run", "input=npy", "input.path=x.npy").startswith("input.path: ")
