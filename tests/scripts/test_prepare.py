"""scripts/prepare.py: MNIST files in, one HDF5 file out."""

import gzip
import os
import struct
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest

from scripts.prepare import main
from tests.processes import call

ROOT = Path(__file__).parents[2]
MNIST = ROOT.parent / "shared" / "data" / "mnist"
RANDOM = np.random.default_rng(0)
TRAIN = RANDOM.integers(0, 256, (2500, 3, 4)), RANDOM.integers(0, 10, 2500)
TEST = RANDOM.integers(0, 256, (20, 3, 4)), RANDOM.integers(0, 10, 20)


def idx(array):
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def put(folder, prefix, images, labels, packed=True):
    folder.mkdir(exist_ok=True)
    for part, array, axes in (("images", images, 3), ("labels", labels, 1)):
        name, content = f"{prefix}-{part}-idx{axes}-ubyte", idx(array)
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def prepare(*arguments):
    return call(main, "mnist", *map(str, arguments), folder=".", no_proxy="127.0.0.1")


def refusal(*arguments):
    done = prepare(*arguments)
    assert done.returncode == 2
    return done.stderr


@pytest.fixture
def serve():
    servers = []

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    def start(folder):
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def mnist():
    if not (MNIST / "t10k-images-idx3-ubyte.gz").exists():
        reason = f"the MNIST test files are not in {MNIST}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return MNIST


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("split", [None, "train", "test", "all"])
def test_a_split_becomes_one_file(tmp_path, packed, split):
    put(tmp_path / "in", "train", *TRAIN, packed)
    put(tmp_path / "in", "t10k", *TEST, packed)
    target = tmp_path / "m.h5"
    chosen = ("--split", split) if split else ()
    done = prepare("--from", tmp_path / "in", "--to", target, *chosen)
    assert (done.returncode, done.stderr) == (0, "")
    parts = {"train": [TRAIN], "test": [TEST]}.get(split, [TRAIN, TEST])
    x, y = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    with h5py.File(target) as file:
        np.testing.assert_array_equal(file["x"], x.reshape(len(x), 12))
        np.testing.assert_array_equal(file["y"], y)
        for dataset in (file["x"], file["y"]):
            assert dataset.dtype == np.uint8
            assert (dataset.compression, dataset.shuffle) == ("gzip", True)
    assert f"{target}: /x {(len(x), 12)} uint8, /y {(len(y),)} uint8\n" in done.stdout
    if len(parts) == 2:
        assert done.stdout.endswith("train: rows 0 to 2499\ntest: rows 2500 to 2519\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "m.h5"]


@pytest.mark.parametrize(
    ("rows", "taken"),
    [(":2000", slice(2000)), ("2490:", slice(2490, None)), ("-5:", slice(-5, None))],
)
def test_rows_are_taken_as_a_slice_takes_them(tmp_path, rows, taken):
    put(tmp_path / "in", "train", *TRAIN)
    put(tmp_path / "in", "t10k", *TEST)
    target = tmp_path / "m.h5"
    done = prepare("--from", tmp_path / "in", "--to", target, f"--rows={rows}")
    assert (done.returncode, done.stderr) == (0, "")
    images = np.concatenate([TRAIN[0], TEST[0]]).reshape(-1, 12)
    with h5py.File(target) as file:
        np.testing.assert_array_equal(file["x"], images[taken])
        np.testing.assert_array_equal(file["y"], np.concatenate([TRAIN[1], TEST[1]])[taken])


def test_rows_that_take_nothing_are_refused(tmp_path):
    put(tmp_path / "in", "t10k", *TEST)
    said = refusal("--from", tmp_path / "in", "--to", tmp_path / "m.h5", "--rows=20:")
    assert said == "prepare.py: --rows: found 20:, which selects none of 20 images.\n"


def test_the_default_takes_the_split_that_is_there(tmp_path):
    put(tmp_path / "in", "t10k", *TEST)
    done = prepare("--from", tmp_path / "in", "--to", tmp_path / "m.h5")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("test: rows 0 to 19\n")


def test_the_real_files_convert(tmp_path, mnist):
    done = prepare("--from", mnist, "--to", tmp_path / "m.h5", "--split", "test")
    assert (done.returncode, done.stderr) == (0, "")
    with gzip.open(mnist / "t10k-images-idx3-ubyte.gz") as images:
        x = np.frombuffer(images.read()[16:], np.uint8).reshape(10000, 784)
    with gzip.open(mnist / "t10k-labels-idx1-ubyte.gz") as labels:
        y = np.frombuffer(labels.read()[8:], np.uint8)
    with h5py.File(tmp_path / "m.h5") as file:
        np.testing.assert_array_equal(file["x"], x)
        np.testing.assert_array_equal(file["y"], y)


def test_the_published_files_are_fetched_and_pass_their_checksums(tmp_path, mnist, serve):
    # The first address has nothing: the second is tried.
    empty = tmp_path / "empty"
    empty.mkdir()
    urls = ("--url", serve(empty), "--url", serve(mnist))
    arguments = ("--from", tmp_path / "in", "--to", tmp_path / "m.h5", "--split", "test")
    done = prepare(*arguments, "--download", *urls)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        assert (tmp_path / "in" / name).read_bytes() == (mnist / name).read_bytes()
    with h5py.File(tmp_path / "m.h5") as file:
        assert file["x"].shape == (10000, 784)


def test_a_file_with_another_checksum_is_refused(tmp_path, serve):
    put(tmp_path / "served", "t10k", *TEST)
    url = serve(tmp_path / "served")
    target, folder = tmp_path / "m.h5", tmp_path / "in"
    said = refusal("--from", folder, "--to", target, "--split", "test", "--download", "--url", url)
    start = "prepare.py: --download: t10k-images-idx3-ubyte.gz could not be downloaded; "
    assert said.startswith(f"{start}{url}t10k-images-idx3-ubyte.gz: SHA256 hash of downloaded")
    assert said.count("\n") == 1
    assert not target.exists()
    assert not (folder / "t10k-images-idx3-ubyte.gz").exists()


def test_files_that_are_missing_are_named(tmp_path):
    folder, target = tmp_path / "in", tmp_path / "m.h5"
    assert refusal("--from", folder, "--to", target) == (
        f"prepare.py: --from: {folder} is not a folder; expected one with the MNIST files.\n"
    )
    folder.mkdir()
    assert refusal("--from", folder, "--to", target) == (
        f"prepare.py: --from: {folder} contains no MNIST images; expected "
        "train-images-idx3-ubyte.gz or t10k-images-idx3-ubyte.gz. Add --download to get them.\n"
    )
    put(folder, "t10k", *TEST)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    assert refusal("--from", folder, "--to", target) == (
        f"prepare.py: --from: {folder} has neither t10k-labels-idx1-ubyte.gz nor "
        "t10k-labels-idx1-ubyte. Add --download to get it.\n"
    )


def test_images_and_labels_that_do_not_fit_are_refused(tmp_path):
    folder, target = tmp_path / "in", tmp_path / "m.h5"
    put(folder, "t10k", TEST[0], TEST[1][:-1])
    assert refusal("--from", folder, "--to", target) == (
        "prepare.py: --from: t10k-labels-idx1-ubyte.gz does not fit t10k-images-idx3-ubyte.gz; "
        "found (19,) uint8; expected (20,) uint8.\n"
    )
    put(folder, "t10k", TEST[0][:0], TEST[1][:0])
    assert refusal("--from", folder, "--to", target) == (
        "prepare.py: --from: t10k-images-idx3-ubyte.gz contains no images; "
        "found (0, 3, 4) uint8; expected three axes of uint8, none of length 0.\n"
    )
    put(folder, "t10k", *TEST)
    put(folder, "train", np.zeros((2, 5, 5)), np.zeros(2))
    assert refusal("--from", folder, "--to", target) == (
        "prepare.py: --from: the images of the splits differ in size; found (3, 4) and (5, 5).\n"
    )


def test_a_file_that_ends_early_leaves_nothing_behind(tmp_path):
    folder, target = tmp_path / "in", tmp_path / "m.h5"
    put(folder, "t10k", *TEST)
    name = "t10k-images-idx3-ubyte.gz"
    (folder / name).write_bytes(gzip.compress(idx(TEST[0])[: 16 + 12 * 13]))
    assert refusal("--from", folder, "--to", target) == (
        f"prepare.py: --from: {name} ends after 13 rows; its header declares 20. "
        "Download the file again.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_file_that_exists_is_not_replaced(tmp_path):
    target = tmp_path / "m.h5"
    target.write_text("precious")
    assert refusal("--from", tmp_path, "--to", target) == (
        f"prepare.py: --to: {target} already exists. Delete it, or choose another name.\n"
    )
    assert target.read_text() == "precious"


def test_a_folder_that_is_missing_is_not_created(tmp_path):
    target = tmp_path / "no" / "m.h5"
    assert refusal("--from", tmp_path, "--to", target) == (
        f"prepare.py: --to: {target.parent} is not a folder. Create it first.\n"
    )
