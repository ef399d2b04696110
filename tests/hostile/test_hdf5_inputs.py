"""HDF5 files made to do harm, as inputs: one line, exit status 2, little memory, little time."""

import os
import struct
import zlib

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

GIBIBYTE = 1 << 30


@pytest.fixture
def file(tmp_path):
    """Return an open file a.h5, with a dataset that is fine, and leave it to the test to close."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        yield file


def low_level(file, name, dtype, shape, plist):
    space = h5s.create_simple(shape)
    return h5py.Dataset(h5d.create(file.id, name.encode(), h5t.py_create(dtype), space, plist))


def patch(path, old, new):
    """Replace bytes in a file by as many others."""
    content = path.read_bytes()
    assert content.count(old) == 1
    assert len(old) == len(new)
    path.write_bytes(content.replace(old, new))


def secret(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["x"] = np.ones((3, 2))
        other["g/x"] = np.ones((3, 2))


# Links


def external(file):
    file["x"] = h5py.ExternalLink("secret.h5", "/x")


def external_group(file):
    file["g"] = h5py.ExternalLink("secret.h5", "/g")
    file["x"] = h5py.SoftLink("/g/x")


def soft_chain_to_external(file):
    file["far"] = h5py.ExternalLink("secret.h5", "/")
    file["near"] = h5py.SoftLink("/far")
    file["x"] = h5py.SoftLink("near/x")


LEADS_OUT = (
    "input.dataset: 'x' in a.h5 leads out of the file, into secret.h5. "
    "Name that file instead, or set input.allow=[external_link]."
)


@pytest.mark.parametrize("build", [external, external_group, soft_chain_to_external])
def test_a_link_out_of_the_file_is_refused_wherever_it_is_in_the_path(
    file, tmp_path, refused, build
):
    secret(tmp_path)
    build(file)
    file.close()
    assert refused("run", "input=hdf5", "input.path=a.h5", "input.dataset=x") == LEADS_OUT


def test_an_external_link_to_a_pipe_is_not_even_looked_at(file, tmp_path, refused):
    os.mkfifo(tmp_path / "secret.h5")
    external(file)
    file.close()
    assert refused("run", "input=hdf5", "input.path=a.h5", "input.dataset=x") == LEADS_OUT
    assert refused(
        "run",
        "input=hdf5",
        "input.path=a.h5",
        "input.dataset=x",
        "input.allow=[external_link]",
    ) == (
        f"input.dataset: {tmp_path}/secret.h5 is a pipe or a device; expected a file. "
        "Copy it to one."
    )


def test_a_name_with_a_slash_is_not_taken_for_a_path(file, tmp_path, refused):
    secret(tmp_path)
    file["far"] = h5py.ExternalLink("secret.h5", "/")
    file["far_x"] = np.ones((3, 2))
    file.close()
    patch(tmp_path / "a.h5", b"far_x", b"far/x")
    assert refused("run", "input=hdf5", "input.path=a.h5") == (
        "input.dataset: a.h5 holds no dataset of numbers; it holds no dataset."
    )
    assert refused("run", "input=hdf5", "input.path=a.h5", "input.dataset=far/x") == (
        "input.dataset: 'far/x' in a.h5 leads out of the file, into secret.h5. "
        "Name that file instead, or set input.allow=[external_link]."
    )


def test_an_allowed_link_stays_in_the_folder_unless_told_otherwise(tmp_path, attempt, refused):
    inner = tmp_path / "inner"
    inner.mkdir()
    secret(tmp_path)
    with h5py.File(inner / "a.h5", "w") as file:
        file["x"] = h5py.ExternalLink("../secret.h5", "/x")
    run = ("run", "input=hdf5", "input.path=inner/a.h5", "input.dataset=x")
    assert refused(*run, "input.allow=[external_link]") == (
        "input.dataset: 'x' in a.h5 leads to ../secret.h5, outside the folder of a.h5. "
        "Name that file instead, or set input.allow=[external_link,outside_folder]."
    )
    assert attempt(*run, "input.allow=[external_link,outside_folder]").status == 0


def test_links_that_lead_to_each_other_end(tmp_path, refused):
    for one, other in ("ab", "ba"):
        with h5py.File(tmp_path / f"{one}.h5", "w") as file:
            file["x"] = h5py.ExternalLink(f"{other}.h5", "/x")
    assert (
        refused(
            "run", "input=hdf5", "input.path=a.h5", "input.dataset=x", "input.allow=[external_link]"
        )
        == "input.dataset: 'x' is not in a.h5; it holds no dataset."
    )


# Numbers that are elsewhere


def test_external_storage_is_refused(file, tmp_path, refused):
    (tmp_path / "passwords").write_bytes(bytes(48))
    file.create_dataset("x", (3, 2), "f8", external=[("passwords", 0, 48)])
    file.close()
    assert refused("run", "input=hdf5", "input.path=a.h5") == (
        "input.dataset: /x in a.h5 stores its numbers in other files. "
        "Copy it into one file with h5repack."
    )


def virtual(file, source, path="x", shape=(3, 2)):
    layout = h5py.VirtualLayout(shape, "f8")
    layout[:] = h5py.VirtualSource(source, path, shape)
    file.create_virtual_dataset("x", layout)


RUN_X = ("run", "input=hdf5", "input.path=a.h5", "input.dataset=x")


def test_a_virtual_dataset_is_refused_unless_allowed(file, tmp_path, attempt, refused):
    secret(tmp_path)
    virtual(file, "secret.h5")
    file.close()
    assert refused("run", "input=hdf5", "input.path=a.h5") == (
        "input.dataset: /x in a.h5 is virtual: its numbers are in other datasets. "
        "Name one of them, or set input.allow=[virtual]."
    )
    assert attempt(*RUN_X, "input.allow=[virtual]", "architecture.sizes=[2]").status == 0


@pytest.mark.parametrize(
    ("source", "path", "problem"),
    [
        ("../secret.h5", "x", "leads to ../secret.h5, outside the folder of a.h5. Name that "
         "file instead, or set input.allow=[outside_folder,virtual]."),
        ("/etc/hostname", "x", "leads to /etc/hostname, outside the folder of a.h5. Name that "
         "file instead, or set input.allow=[outside_folder,virtual]."),
        (".", "x", "has a virtual source, x; expected stored datasets."),
    ],
)  # fmt: skip
def test_an_allowed_virtual_dataset_reads_no_more_than_it_should(
    file, refused, source, path, problem
):
    virtual(file, source, path)
    file.close()
    said = refused(*RUN_X, "input.allow=[virtual]")
    assert said == f"input.dataset: /x in a.h5 {problem}"


def test_a_pattern_of_sources_is_refused(file, refused):
    space = h5s.create_simple((3, 2), (h5s.UNLIMITED, 2))
    space.select_hyperslab((0, 0), (h5s.UNLIMITED, 1), (3, 1), (3, 2))
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_virtual(space, b"part_%b.h5", b"x", h5s.create_simple((3, 2)))
    h5d.create(
        file.id, b"x", h5t.NATIVE_DOUBLE, h5s.create_simple((3, 2), (h5s.UNLIMITED, 2)), plist
    )
    file.close()
    assert refused(*RUN_X, "input.allow=[virtual]") == (
        "input.dataset: /x in a.h5 names its sources by the pattern part_%b.h5; expected names."
    )


def test_a_source_that_leads_out_by_a_link_is_refused(file, tmp_path, refused):
    secret(tmp_path)
    with h5py.File(tmp_path / "b.h5", "w") as other:
        other["x"] = h5py.ExternalLink("secret.h5", "/x")
    virtual(file, "b.h5")
    file.close()
    assert refused(*RUN_X, "input.allow=[virtual]") == (
        "input.dataset: 'x' in b.h5 leads out of the file, into secret.h5. "
        "Name that file instead, or set input.allow=[external_link,virtual]."
    )


# Filters and chunks


@pytest.fixture
def unknown_filter(file, tmp_path):
    """Leave a file whose dataset says that it is packed by a filter unknown to HDF5."""
    file.create_dataset("x", data=np.zeros((64, 64)), chunks=(8, 64), compression="lzf")
    file.close()
    lzf, unknown = struct.pack("<HH", 32000, 8), struct.pack("<HH", 40000, 8)
    patch(tmp_path / "a.h5", lzf, unknown)


def test_a_filter_that_is_not_built_in_is_refused(unknown_filter, refused):
    assert refused(*RUN_X) == (
        "input.dataset: /x in a.h5 uses filter 40000; expected gzip, shuffle, fletcher32, "
        "lzf or no filter. Repack it with h5repack, or set input.allow=[filter_plugin]."
    )


def test_no_plugin_is_loaded_from_a_folder_even_where_plugins_are_allowed(unknown_filter, refused):
    assert refused(*RUN_X, "input.allow=[filter_plugin]") == (
        "input.dataset: /x in a.h5 cannot be read; HDF5 says: Can't synchronously read data "
        "(filter plugins disabled)."
    )


def test_an_installed_filter_is_used_where_plugins_are_allowed(file, attempt, refused):
    reason = "hdf5plugin, which brings more filters, is not installed"
    hdf5plugin = pytest.importorskip("hdf5plugin", reason=reason)
    file.create_dataset("x", data=np.ones((64, 64)), **hdf5plugin.Zstd())
    file.close()
    assert "uses filter 32015" in refused(*RUN_X)
    assert attempt(*RUN_X, "input.allow=[filter_plugin]", "architecture.sizes=[2]").status == 0


def test_a_filter_three_times_over_is_refused(file, refused):
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((1 << 25,))
    for _ in range(3):
        plist.set_deflate(9)
    low_level(file, "x", "u1", (1 << 25,), plist)[:] = 0
    file.close()
    assert refused(*RUN_X) == (
        "input.dataset: /x in a.h5 uses gzip 3 times; expected once. Repack it with h5repack."
    )


def bomb(mebibytes):
    """Return a zlib stream of as many MiB of zeros, which is the same block over and over."""
    packer = zlib.compressobj(9)
    head = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    adler32 = struct.pack(">I", ((mebibytes << 20) % 65521) << 16 | 1)
    return head + block * (mebibytes - 1) + b"\3\0" + adler32


def test_the_bomb_is_one():
    assert zlib.decompress(bomb(8)) == bytes(8 << 20)


@pytest.mark.parametrize("chunk", [0, 3])
def test_a_small_chunk_that_inflates_to_a_gibibyte_is_refused(file, refused, chunk):
    x = file.create_dataset("x", (64, 64), "u1", chunks=(16, 64), compression="gzip")
    x[:] = 0
    x.id.write_direct_chunk((chunk * 16, 0), bomb(1024))
    file.close()
    assert refused(*RUN_X) == (
        "input.dataset: /x in a.h5 cannot be read; HDF5 says: Can't synchronously read data "
        "(filter returned failure during read)."
    )


@pytest.mark.parametrize("rows", [64, 80])
def test_a_bomb_in_the_middle_is_never_inflated(file, attempt, rows):
    x = file.create_dataset("x", (rows, 64), "u1", chunks=(16, 64), compression="gzip")
    x[:64] = 0
    x.id.write_direct_chunk((16, 0), bomb(1024))
    file.close()
    ended = attempt(*RUN_X)
    assert ended.status == (1 if rows == 64 else 2)
    assert ended.said.count("\n") == 1
    assert ended.mebibytes < 150


def test_a_dataset_that_is_not_all_there_is_read(file, attempt):
    x = file.create_dataset("x", (80, 64), "u1", chunks=(16, 64), compression="gzip")
    x[:50] = 1
    file.close()
    assert attempt(*RUN_X, "architecture.sizes=[2]").status == 0


def test_a_chunk_larger_than_its_limit_is_refused(file, refused):
    x = file.create_dataset("x", (GIBIBYTE, 1), "u1", chunks=(GIBIBYTE, 1), compression="gzip")
    x.id.write_direct_chunk((0, 0), zlib.compress(bytes(1000)))
    file.close()
    assert refused(*RUN_X) == (
        "input.dataset: /x in a.h5 has chunks of 1,024 MiB; expected at most 64 MiB. "
        "Repack it with smaller chunks, or set input.allow=[large_chunk]."
    )


def test_a_chunk_shorter_than_its_slot_is_refused(file, refused):
    x = file.create_dataset("x", data=np.ones((64, 64), "u2"), chunks=(32, 64))
    x.id.write_direct_chunk((32, 0), bytes(16))
    file.close()
    assert refused(*RUN_X) == (
        "input.dataset: /x in a.h5 has a damaged chunk at (32, 0); "
        "found 16 bytes; expected 4,096. Copy the file again."
    )


def test_a_chunk_that_skips_its_checksum_is_refused(file, refused):
    x = file.create_dataset("x", data=np.ones((64, 64), "u1"), chunks=(64, 64), fletcher32=True)
    x.id.write_direct_chunk((0, 0), bytes(4096), filter_mask=1)
    file.close()
    assert refused(*RUN_X) == (
        "input.dataset: /x in a.h5 has a damaged chunk at (0, 0); "
        "found 4,096 bytes; expected 4,100. Copy the file again."
    )


# Sizes


@pytest.mark.parametrize("rows", [(1 << 31) + 10, 1 << 40, 1 << 60])
def test_rows_that_are_declared_and_not_stored_are_refused(file, refused, rows):
    file.create_dataset("x", (rows, 4), "f4", chunks=(1024, 4))
    file.close()
    assert refused(*RUN_X) == (
        f"input.dataset: /x in a.h5 declares {rows * 16:,} bytes {(rows, 4)}; "
        "found 0 bytes stored. Write the whole dataset."
    )


def test_a_contiguous_dataset_beyond_the_end_of_the_file_is_refused(file, tmp_path, refused):
    file.create_dataset("x", data=np.ones((4321, 7), "f4"))
    file.close()
    patch(tmp_path / "a.h5", struct.pack("<Q", 4321 * 28), struct.pack("<Q", (1 << 33) * 28))
    size = (tmp_path / "a.h5").stat().st_size
    assert refused(*RUN_X) == (
        f"input.dataset: /x in a.h5 claims 240,518,168,576 bytes of a file of {size:,}. "
        "Copy the file again."
    )


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ((0, 5), "is empty; found the shape (0, 5); expected at least one sample."),
        ((5, 0), "is empty; found the shape (5, 0); expected at least one sample."),
        ((), "is one number; expected an array of samples."),
    ],
)
def test_nothing_to_read_is_refused(file, refused, shape, problem):
    file.create_dataset("x", shape, "f4")
    file.close()
    assert refused(*RUN_X) == f"input.dataset: /x in a.h5 {problem}"


# Types

REGION, OBJECT = h5py.regionref_dtype, h5py.ref_dtype


@pytest.mark.parametrize(
    ("dtype", "called"),
    [
        (OBJECT, "object"),
        (REGION, "object"),
        (h5py.vlen_dtype(np.float64), "object"),
        (h5py.string_dtype(), "text"),
        ("S8", "text"),
        ("V16", "opaque"),
        ([("a", "f4"), ("b", "i8", (3,))], "compound"),
        ("c16", "complex128"),
        (h5py.enum_dtype({"off": 0, "on": 1}, "u1"), "enumeration"),
        (np.longdouble, np.dtype(np.longdouble).name),
        (np.dtype((np.float64, (3,))), "opaque"),
    ],
)
def test_anything_but_real_numbers_is_refused(file, refused, dtype, called):
    file.create_dataset("x", (3, 2), dtype)
    file.close()
    assert refused(*RUN_X) == f"input.dataset: /x in a.h5 is {called}; expected real numbers."


def test_a_null_dataspace_is_refused(file, refused):
    file["x"] = h5py.Empty("f4")
    file.close()
    assert refused(*RUN_X) == ("input.dataset: /x in a.h5 is empty; expected at least one sample.")


# Names and graphs


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a\nb", r"/a\nb"),
        (b"a\x1b[31mb", r"/a\x1b[31mb"),
        (b"..", "/.."),
        (b"g/../x", "/g/../x"),
        ("\u202ereversed".encode(), r"/\u202ereversed"),
        (b"n" * 4096, "/" + "n" * 99 + "…"),
    ],
)
def test_strange_names_stay_on_one_line(file, refused, name, shown):
    file.create_dataset(name, (3, 2), "c16")
    file.close()
    assert refused("run", "input=hdf5", "input.path=a.h5") == (
        f"input.dataset: a.h5 holds no dataset of numbers; it holds {shown} (3, 2) complex128."
    )


def test_a_name_that_is_no_text_is_passed_over(file, refused):
    file.create_dataset(b"\xff\xfe", (3, 2), "f8")
    file.close()
    assert refused("run", "input=hdf5", "input.path=a.h5") == (
        "input.dataset: a.h5 holds no dataset of numbers; it holds no dataset."
    )


NOT_HERE = "input.dataset: 'x' is not in a.h5; it holds no dataset."


def test_5000_groups_in_each_other_end_at_the_limit_of_depth(file, refused):
    group = file
    for _ in range(5000):
        group = group.create_group("g")
    group["x"] = np.ones(3)
    file.close()
    assert refused(*RUN_X) == NOT_HERE


def test_30_levels_of_shared_groups_are_each_seen_once(file, refused):
    group = file
    for _ in range(30):
        below = group.create_group("left")
        group["right"] = below
        group = below
    group["right"] = file["/"]
    file.close()
    assert refused(*RUN_X) == NOT_HERE


@pytest.mark.slow
def test_100000_groups_are_not_all_opened(file, refused):
    for number in range(100_000):
        file.create_group(f"g{number}")
    file.close()
    assert refused(*RUN_X) == NOT_HERE


def test_a_wide_attribute_costs_nothing(tmp_path, refused):
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        file.create_dataset("z", (3, 2), "c16").attrs["CLASS"] = np.zeros(1 << 20)
        file["z"].attrs["NAME"] = ["x" * 100] * 10_000
    assert refused(*RUN_X) == (
        "input.dataset: 'x' is not in a.h5; it holds /z (3, 2) complex128. "
        "Set input.dataset to one of these."
    )


# Damage


@pytest.mark.slow
@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_file_cut_at_every_sixteenth_is_refused(tmp_path, refused, libver):
    path = tmp_path / "whole.h5"
    with h5py.File(path, "w", libver=libver) as file:
        options = {"chunks": (50, 20), "compression": "gzip"}
        file.create_dataset("x", data=np.random.default_rng(0).random((1000, 20)), **options)
    content = path.read_bytes()
    for sixteenth in range(16):
        (tmp_path / "a.h5").write_bytes(content[: len(content) * sixteenth // 16])
        assert refused(*RUN_X).startswith("input.path: a.h5 is ")


def test_a_file_that_a_writer_left_open_is_refused(tmp_path, refused):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file["x"] = np.ones((3, 2))
        file.flush()
        (tmp_path / "copy.h5").write_bytes(path.read_bytes())
    (tmp_path / "copy.h5").rename(path)
    assert refused(*RUN_X) == (
        "input.path: a.h5 was not closed by the program that wrote it; it may be incomplete. "
        "Write it again, or repair it with h5clear."
    )


def test_devices_and_links_to_themselves_are_refused(tmp_path, refused):
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert refused("run", "input=hdf5", "input.path=self") == (
        "input.path: 'self' cannot be opened; Too many levels of symbolic links. Check the path."
    )
    assert refused("run", "input=hdf5", "input.path=zero") == (
        "input.path: zero is a pipe or a device; expected a file. Copy it to one."
    )


# Unusual, and harmless


@pytest.mark.parametrize(
    "x",
    [
        np.array([[1, np.nan], [np.inf, -np.inf]]),
        np.array([[5e-324, 1e-310], [-5e-324, 0]]),
        np.array([[1, 2], [3, 4]], ">i2"),
        np.array([[True, False], [False, True]]),
        np.array([[1e300, -1e300], [0, 1]], ">f8"),
    ],
)
def test_strange_numbers_are_only_numbers(file, attempt, x):
    file["x"] = x
    file.close()
    assert attempt(*RUN_X, "architecture.sizes=[2]").status == 0


def test_numbers_that_are_not_finite_can_be_refused(file, refused):
    file["x"] = np.array([[1, 2], [3, np.nan]])
    file.close()
    assert refused(*RUN_X, "input.on_nonfinite=error", status=1).endswith(
        "input.on_nonfinite: found nan in row 1, feature 1; expected finite numbers. "
        "Clean the data, or set input.on_nonfinite=warn."
    )


def test_a_user_block_is_not_read(tmp_path, attempt):
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=512) as file:
        file["x"] = np.ones((3, 2))
    with (tmp_path / "a.h5").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")
    assert attempt(*RUN_X, "architecture.sizes=[2]").status == 0
