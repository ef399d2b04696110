"""Measure the costs and gains of sweeps and shards: launchers, workers, and virtual results.

    python scripts/benchmark_scaling.py --samples 524288 --repeat 3

Every number is the best of the repetitions, in which the kinds take turns. Slurm, which is slow and
steady, is measured only once. The script prints Markdown tables, and takes five minutes on two idle
cores.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import nnpipe
from nnpipe.system.cores import cores

RUN = (sys.executable, str(Path(__file__).with_name("run.py")))
FEATURES = 784
NETWORK = {"sizes": [512, 256, 10]}
ENGINES: dict[str, dict[str, Any]] = {
    "fast, 1 thread": {"kind": "fast", "threads": 1},
    "fast, 2 threads": {"kind": "fast", "threads": 2},
    "dask, 1 worker": {"kind": "dask", "workers": 1},
    "dask, 2 workers": {"kind": "dask", "workers": 2},
    "dask, 4 workers": {"kind": "dask", "workers": 4},
}
LAUNCHERS = {
    "basic": (),
    "joblib, 2 at once": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
    "submitit_slurm": ("hydra/launcher=submitit_slurm", "hydra.launcher.cpus_per_task=1"),
}


def main() -> int:
    """Run the requested measurements, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--samples", type=int, default=524_288)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--skip", choices=("sweeps", "shards"))
    options = parser.parse_args()
    print(f"{platform.platform()}, {cores()} cores, NumPy {np.__version__}\n")
    with tempfile.TemporaryDirectory() as folder:
        if options.skip != "sweeps":
            measure_sweeps(Path(folder), options.repeat)
        if options.skip != "shards":
            measure_shards(Path(folder), options.samples, options.repeat)
    return 0


def measure_sweeps(folder: Path, repeat: int) -> None:
    """Print the time of one more job with each launcher."""
    launchers = {
        name: typed
        for name, typed in LAUNCHERS.items()
        if name != "submitit_slurm" or shutil.which("sbatch")
    }

    def sweep(name: str, jobs: int) -> Callable[[], float]:
        command = [*RUN, "-m", f"seed=range({jobs})", "input.samples=1", *launchers[name]]
        return lambda: timed(
            lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True)
        )

    print("| launcher | few jobs | many jobs | one more job |\n| --- | --- | --- | --- |")
    for name in launchers:
        slow = name == "submitit_slurm"
        few, many = (2, 6) if slow else (4, 12)
        took = best({jobs: sweep(name, jobs) for jobs in (few, many)}, 1 if slow else repeat)
        each = (took[many] - took[few]) / (many - few)
        print(
            f"| {name} | {few}: {took[few]:.2f} s | {many}: {took[many]:.2f} s | "
            f"{1000 * each:.0f} ms |"
        )
    print()


def measure_shards(folder: Path, samples: int, repeat: int) -> None:
    """Print the speed of one process and of workers, and the time to read their results."""
    for kind in ("contiguous", "gzip"):
        path = folder / f"{kind}.h5"
        write(path, samples, kind == "gzip")

        def infer(engine: Mapping[str, Any], rows: int, path: Path = path) -> float:
            config = {
                "input": {"kind": "hdf5", "path": str(path), "rows": {"stop": rows}},
                "architecture": NETWORK,
                "engine": dict(engine),
                "output": {"root": str(folder / "outputs"), "report": False},
            }
            with nnpipe.run(config) as run:
                return run.manifest.seconds["infer"]

        # The time of a run with few samples is that of starting the workers.
        took = best(
            {
                (name, rows): (lambda engine=engine, rows=rows: infer(engine, rows))
                for name, engine in ENGINES.items()
                for rows in (1000, samples)
            },
            repeat,
        )
        alone, both = (
            took[name, samples] - took[name, 1000] for name in ("fast, 1 thread", "fast, 2 threads")
        )
        title = f"{kind}, {samples:,} × {FEATURES} uint8"
        print(f"| {title} | start | the rest | samples/s | of 1 thread's | of 2 threads' |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in ENGINES:
            begin = took[name, 1000]
            rest = took[name, samples] - begin
            print(
                f"| {name} | {begin:.2f} s | {rest:.2f} s | "
                f"{samples / rest:,.0f} | {alone / rest:.2f} | {both / rest:.2f} |"
            )
        print()
    measure_reading(folder, samples, repeat)


def measure_reading(folder: Path, samples: int, repeat: int) -> None:
    """Print the time to read all outputs from a virtual file and from a merged file."""
    runs = {}
    for merge in (False, True):
        config = {
            "input": {"kind": "random", "samples": samples, "features": 4},
            "architecture": {"sizes": [64]},
            "engine": {"kind": "dask", "workers": 2},
            "output": {"root": str(folder / "outputs"), "merge": merge, "report": False},
        }
        with nnpipe.run(config) as run:
            runs["merged" if merge else "virtual"] = run.path / "results.h5"

    def read(path: Path) -> None:
        with h5py.File(path, "r") as file:
            for start in range(0, samples, 65_536):
                file["outputs"][start : start + 65_536]

    took = best({name: (lambda p=p: timed(lambda: read(p))) for name, p in runs.items()}, repeat)
    print("| results.h5 | all outputs read |\n| --- | --- |")
    for name, seconds in took.items():
        print(f"| {name} | {seconds:.3f} s |")


def write(path: Path, samples: int, packed: bool) -> None:
    """Write an input similar to images: three of four numbers are zero."""
    rng = np.random.default_rng(0)
    storage = {"chunks": (1024, FEATURES), "compression": "gzip"} if packed else {}
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", (samples, FEATURES), np.uint8, **storage)
        for start in range(0, samples, 65_536):
            shape = (min(65_536, samples - start), FEATURES)
            x[start : start + shape[0]] = rng.integers(0, 256, shape) * (rng.random(shape) < 0.25)


def best(kinds: Mapping[Any, Callable[[], float]], repeat: int) -> dict[Any, float]:
    """Return the shortest time of each kind. The kinds take turns."""
    took: dict[Any, float] = {}
    for _ in range(repeat):
        for name, measure in kinds.items():
            took[name] = min(took.get(name, float("inf")), measure())
    return took


def timed(call: Callable[[], object]) -> float:
    """Return the duration of a call in seconds."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
