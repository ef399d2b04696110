"""Convert well-known data sets to HDF5 files for nnpipe: MNIST, from the published files."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nnpipe.errors import DataError
from nnpipe.sources.idx import IdxArray

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

PREFIXES = {"train": "train", "test": "t10k"}
"""The prefix of the files of each split."""

SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}

CHUNK_ROWS = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit status."""
    options = _options().parse_args(arguments)
    try:
        prepare_mnist(options)
    except DataError as error:
        print(f"prepare.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nprepare.py: interrupted; nothing was written", file=sys.stderr)
        return 130
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    datasets = parser.add_subparsers(dest="data", required=True)
    mnist = datasets.add_parser(
        "mnist",
        help="28 × 28 handwritten digits",
        description="Write /x (samples, 784) uint8 and /y (samples,) uint8.",
        allow_abbrev=False,
    )
    mnist.add_argument(
        "--from",
        dest="folder",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the MNIST files",
    )
    mnist.add_argument("--to", dest="target", type=Path, required=True, metavar="FILE")
    mnist.add_argument(
        "--split",
        choices=("train", "test", "all"),
        help="all: train, then test; default: the splits in the folder",
    )
    mnist.add_argument(
        "--rows",
        type=_rows,
        default=slice(None),
        metavar="START:STOP",
        help="take only these of the chosen images, as a Python slice: :8000",
    )
    mnist.add_argument(
        "--download",
        action="store_true",
        help="download missing files into DIR first (needs nnpipe[download])",
    )
    mnist.add_argument("--url", action="append", help="mirror to download from; repeatable")
    return parser


def _rows(text: str) -> slice:
    """Return START:STOP as a slice."""
    start, _, stop = text.partition(":")
    return slice(int(start) if start else None, int(stop) if stop else None)


def prepare_mnist(options: argparse.Namespace) -> None:
    """Write the HDF5 file that the options describe, and print its contents.

    Raises
    ------
    DataError
        If files are missing, cannot be downloaded, or do not fit together.
    """
    target: Path = options.target
    if target.exists():
        problem = f"--to: {target} already exists. Delete it, or choose another name."
        raise DataError(problem)
    if not target.absolute().parent.is_dir():
        problem = f"--to: {target.parent} is not a folder. Create it first."
        raise DataError(problem)
    splits = tuple(PREFIXES) if options.split in (None, "all") else (options.split,)
    if options.download:
        names = [name for name in SHA256 if any(name.startswith(PREFIXES[s]) for s in splits)]
        download(names, options.folder, options.url or MIRRORS)
    if not options.folder.is_dir():
        problem = f"--from: {options.folder} is not a folder; expected one with the MNIST files."
        raise DataError(problem)
    if options.split is None:
        splits = [s for s in splits if _find(options.folder, PREFIXES[s], "images")]
        if not splits:
            problem = (
                f"--from: {options.folder} contains no MNIST images; expected "
                "train-images-idx3-ubyte.gz or t10k-images-idx3-ubyte.gz. "
                "Add --download to get them."
            )
            raise DataError(problem)
    with ExitStack() as files:
        opened = [(split, *open_split(options.folder, split, files)) for split in splits]
        write(target, opened, options.rows)


def download(names: Sequence[str], folder: Path, mirrors: Sequence[str]) -> None:
    """Download files into a folder from the first mirror that has them, and check their SHA-256.

    Raises
    ------
    DataError
        If pooch is not installed, or if no mirror has the expected file.
    """
    try:
        pooch: Any = importlib.import_module("pooch")
    except ImportError as error:
        problem = "--download: pooch is not installed. Run pip install 'nnpipe[download]'."
        raise DataError(problem) from error
    pooch.get_logger().setLevel("WARNING")
    for name in names:
        reasons: list[str] = []
        for mirror in mirrors:
            url = f"{mirror.rstrip('/')}/{name}"
            print(f"downloading {url}", flush=True)
            try:
                pooch.retrieve(url, known_hash=f"sha256:{SHA256[name]}", fname=name, path=folder)
                break
            except (OSError, ValueError) as error:
                reasons.append(f"{url}: {' '.join(str(error).split())}")
        else:
            problem = f"--download: {name} could not be downloaded; {'; '.join(reasons)}"
            raise DataError(problem)


def open_split(folder: Path, split: str, files: ExitStack) -> tuple[IdxArray, IdxArray]:
    """Open the images and the labels of a split, which `files` closes.

    Raises
    ------
    DataError
        If a file is missing or does not contain images or labels, or if their numbers differ.
    """
    paths: list[Path] = []
    for part in ("images", "labels"):
        path = _find(folder, PREFIXES[split], part)
        if path is None:
            name = _name(PREFIXES[split], part)
            problem = (
                f"--from: {folder} has neither {name}.gz nor {name}. Add --download to get it."
            )
            raise DataError(problem)
        paths.append(path)
    arrays = (IdxArray(str(path), "--from") for path in paths)
    images, labels = (files.enter_context(closing(array)) for array in arrays)
    if len(images.shape) != 3 or 0 in images.shape or images.dtype != np.uint8:
        problem = (
            f"--from: {images.name} contains no images; found {images.shape} {images.dtype}; "
            "expected three axes of uint8, none of length 0."
        )
        raise DataError(problem)
    if labels.shape != images.shape[:1] or labels.dtype != np.uint8:
        problem = (
            f"--from: {labels.name} does not fit {images.name}; found {labels.shape} "
            f"{labels.dtype}; expected {images.shape[:1]} uint8."
        )
        raise DataError(problem)
    return images, labels


def _name(prefix: str, part: str) -> str:
    return f"{prefix}-{part}-idx{3 if part == 'images' else 1}-ubyte"


def _find(folder: Path, prefix: str, part: str) -> Path | None:
    name = _name(prefix, part)
    candidates = (folder / f"{name}.gz", folder / name)
    return next((path for path in candidates if path.exists()), None)


def write(target: Path, splits: Sequence[tuple[str, IdxArray, IdxArray]], rows: slice) -> None:
    """Write rows of the splits, one after the other, under a temporary name until done.

    Raises
    ------
    DataError
        If the splits' images differ in size, if a file ends early, if no row is selected, or if
        the file cannot be written.
    """
    sizes = {images.shape[1:] for _, images, _ in splits}
    if len(sizes) > 1:
        found = " and ".join(map(str, sorted(sizes)))
        problem = f"--from: the images of the splits differ in size; found {found}."
        raise DataError(problem)
    features = int(np.prod(sizes.pop()))
    there = sum(images.shape[0] for _, images, _ in splits)
    taken = range(there)[rows]
    samples = len(taken)
    if not samples:
        found = ":".join("" if end is None else str(end) for end in (rows.start, rows.stop))
        problem = f"--rows: found {found}, which selects none of {there} images."
        raise DataError(problem)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with h5py.File(temporary, "x") as file:
            stored = {"compression": "gzip", "shuffle": True, "dtype": np.uint8}
            chunk = min(CHUNK_ROWS, samples)
            x = file.create_dataset("x", (samples, features), chunks=(chunk, features), **stored)
            y = file.create_dataset("y", (samples,), chunks=(chunk,), **stored)
            for (images, labels), first, part in _parts(splits, taken):
                end = first + part.stop - part.start
                x[first:end], y[first:end] = images.read(0, part), labels.read(0, part)[:, 0]
                if sys.stderr.isatty():
                    last = "\n" if end == samples else ""
                    print(f"\r{end:,} of {samples:,} samples", end=last, file=sys.stderr)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    except OSError as error:
        problem = f"--to: {target} cannot be written; {error}."
        raise DataError(problem) from error
    finally:
        temporary.unlink(missing_ok=True)
    print(f"{target}: /x {(samples, features)} uint8, /y {(samples,)} uint8")
    first = 0
    for split, images, _ in splits:
        own = _own(taken, first, images.shape[0])
        if own:
            start = first + own.start - taken.start
            print(f"{split}: rows {start} to {start + len(own) - 1}")
        first += images.shape[0]


def _own(taken: range, first: int, images: int) -> range:
    """Return the images of a split that are taken. The split begins at image `first`."""
    start = min(max(taken.start - first, 0), images)
    return range(start, max(min(taken.stop - first, images), start))


def _parts(
    splits: Sequence[tuple[str, IdxArray, IdxArray]], taken: range
) -> Iterator[tuple[tuple[IdxArray, IdxArray], int, slice]]:
    """Yield the files, the first row in the result, and the rows in the files, chunk by chunk."""
    first = 0
    for _, images, labels in splits:
        own = _own(taken, first, images.shape[0])
        for start in range(own.start, own.stop, CHUNK_ROWS):
            stop = min(start + CHUNK_ROWS, own.stop)
            yield (images, labels), first + start - taken.start, slice(start, stop, 1)
        first += images.shape[0]


if __name__ == "__main__":
    sys.exit(main())
