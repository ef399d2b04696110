"""Samples in a file: only reading, and whole programs from the file to results.h5."""

from __future__ import annotations

import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import nnpipe
from benchmarks.peers import installed, write_onnx
from benchmarks.programs import ROOT, in_turn_programs
from benchmarks.timing import Row, compare, in_turn
from nnpipe.sources import SOURCES

LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "gzip": {"compression": "gzip", "compression_opts": 4},
    "shuffle_gzip": {"compression": "gzip", "compression_opts": 4, "shuffle": True},
}
_BLOCK = 4 << 20


def write_samples(path: Path, shape: tuple[int, int], dtype: str, layout: str, seed: int) -> None:
    """Write samples that are sparse and have few values, as images do."""
    options = dict(LAYOUTS[layout])
    if options:
        options["chunks"] = (256, shape[1])
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("x", shape, dtype, **options)
        for start in range(0, shape[0], 16_384):
            rng = np.random.default_rng([seed, start])
            rows = min(16_384, shape[0] - start)
            values = rng.integers(0, 256, (rows, shape[1]))
            values *= rng.random((rows, shape[1])) < 0.2
            dataset[start : start + rows] = values


def measure_reading(config: Any, folder: Path) -> list[Row]:
    """Return the time of reading with nnpipe's source, with h5py's slices, and of bytes only."""
    shape = (config.read.samples, config.read.features)
    rows: list[Row] = []
    for layout in LAYOUTS:
        path = folder / "read.h5"
        write_samples(path, shape, "uint8", layout, config.seed)
        source: Any = SOURCES.choice("hdf5", path=str(path)).make()(0, "input")
        with h5py.File(path) as file, ThreadPoolExecutor(config.threads) as pool:
            dataset: Any = file["x"]
            calls = {
                "nnpipe": lambda s=source, pool=pool: _fetch_all(s, pool),
                "h5py": lambda d=dataset: [
                    d[start : start + 1024].max() for start in range(0, len(d), 1024)
                ],
                "sequential read": lambda path=path: _read_all(path),
            }
            seconds = in_turn(calls, config.repeats)
        source.close()
        rows += compare("read", f"{shape[0]:,} x {shape[1]} uint8, {layout}", seconds)
    return rows


def _fetch_all(source: Any, pool: ThreadPoolExecutor) -> None:
    # Computing the maximum makes sure that mapped pages are read too.
    waiting: deque[Any] = deque()
    for start in range(0, source.samples, 1024):
        decode = source.fetch(start, min(start + 1024, source.samples))
        waiting.append(pool.submit(lambda decode=decode: decode().max()))
        if len(waiting) > 4:
            waiting.popleft().result()
    for part in waiting:
        part.result()


def _read_all(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(_BLOCK):
            pass


def measure_programs(config: Any, folder: Path) -> list[Row]:
    """Return the time of whole programs, compared to a script with h5py and ONNX Runtime."""
    wanted = config.file
    sizes = list(wanted.network)
    if not installed(["onnxruntime"]):
        return []
    architecture = {"inputs": sizes[0], "sizes": sizes[1:]}
    write_onnx(nnpipe.build(architecture, seed=config.seed), folder / "network.onnx")
    rows: list[Row] = []
    for layout in wanted.layouts:
        path = folder / "file.h5"
        write_samples(path, (wanted.samples, sizes[0]), "float32", layout, config.seed)
        script = ROOT / "scripts" / "benchmarks" / "onnx_file.py"
        programs = {
            "nnpipe": [
                *(sys.executable, str(ROOT / "scripts" / "run.py"), "input=hdf5"),
                *(f"input.path={path}", f"architecture.sizes={sizes[1:]}".replace(" ", "")),
                *(f"engine.threads={config.threads}", f"seed={config.seed}", "output.report=false"),
            ],
            "h5py and ONNX Runtime": [
                *(sys.executable, str(script), str(path), str(folder / "network.onnx")),
                *(str(folder / "peer.h5"), str(config.threads)),
            ],
        }
        seconds, memory = in_turn_programs(programs, min(config.repeats, 5), folder)
        note = f"{memory['nnpipe']:.0f} MiB against {memory['h5py and ONNX Runtime']:.0f} MiB"
        case = f"{'-'.join(map(str, sizes))}, {wanted.samples:,} float32, {layout}"
        rows += compare("file", case, seconds, note=note)
        path.unlink()
    return rows
