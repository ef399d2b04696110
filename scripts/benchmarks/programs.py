"""Whole programs in processes of their own: time, memory, cold start, and jobs of a sweep."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from benchmarks.timing import Row, compare

ROOT = Path(__file__).parents[2]
RUN = (sys.executable, str(ROOT / "scripts" / "run.py"))
TRIVIAL = """
import hydra
@hydra.main(version_base="1.3", config_path=None)
def main(config): pass
main()
"""


def measure_process(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Return the wall time of a process in seconds and its peak memory in MiB."""
    begin, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    # The resource usage of a child includes the parent that it was forked from. So the child's own
    # peak, which only grows, is read until the child ends.
    while process.poll() is None:
        peak = max(peak, _high_mark(process.pid))
        time.sleep(0.002)
    seconds = time.perf_counter() - begin
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return seconds, peak / (1 << 10)


def _high_mark(process: int) -> int:
    """Return the peak resident memory of a process in KiB, or 0 if it is unknown."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def in_turn_programs(
    programs: Mapping[str, Sequence[str]], repeats: int, folder: Path
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return the seconds of each program in each round, and its peak memory in MiB."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    memory = dict.fromkeys(programs, 0.0)
    for _ in range(repeats):
        for name, command in programs.items():
            spent, used = measure_process(command, folder)
            seconds[name].append(spent)
            memory[name] = max(memory[name], used)
    return seconds, memory


def measure_growth(config: Any, folder: Path) -> list[dict[str, Any]]:
    """Return the seconds and peak memory of runs over samples, width and depth."""
    wanted, points = config.growth, []
    path = folder / "growth.h5"

    def run(what: str, value: int, sizes: list[int]) -> None:
        command = [*RUN, "input=hdf5", f"input.path={path}", f"architecture.sizes={sizes}"]
        command = [part.replace(" ", "") for part in command]
        seconds, memory = measure_process([*command, f"engine.threads={config.threads}"], folder)
        points.append({"what": what, "value": value, "seconds": seconds, "memory": memory})

    for samples in wanted.samples:
        _plain_samples(path, samples, wanted.features)
        run("samples", samples, [64, 10])
    _plain_samples(path, 65_536, 256)
    for width in wanted.widths:
        run("width", width, [width, 10])
    for depth in wanted.depths:
        run("depth", depth, [256] * depth + [10])
    path.unlink()
    return points


def measure_start(config: Any, folder: Path) -> list[Row]:
    """Return the time of a cold start, of a trivial Hydra program, and of a job of a sweep."""
    (folder / "trivial.py").write_text(TRIVIAL)
    programs = {"nnpipe": RUN, "trivial Hydra program": (sys.executable, "trivial.py")}
    seconds, _ = in_turn_programs(programs, config.repeats, folder)
    rows = compare("start", "a default run", seconds)
    few, many = 2, 2 + config.start.jobs
    shared = ("-m", "input.samples=100")
    sweeps = {
        "few": [*RUN, *shared, f"seed=range({few})"],
        "many": [*RUN, *shared, f"seed=range({many})"],
    }
    seconds, _ = in_turn_programs(sweeps, min(config.repeats, 5), folder)
    job = [
        (more - less) / config.start.jobs
        for less, more in zip(seconds["few"], seconds["many"], strict=True)
    ]
    own = _computing(folder / "outputs")
    note = f"{1e3 * (statistics.median(job) - own):.0f} ms more than its own computing"
    both = {"nnpipe": job, "its own computing": [own] * len(job)}
    return rows + compare("start", "a job of a sweep", both, note=note)


def _computing(outputs: Path) -> float:
    manifests = [json.loads(p.read_text()) for p in outputs.glob("*/v*/runs/*/manifest.json")]
    phases = ("build", "normalize", "infer")
    return statistics.median(sum(m["seconds"][name] for name in phases) for m in manifests)


def _plain_samples(path: Path, samples: int, features: int) -> None:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("x", (samples, features), "uint8")
        for start in range(0, samples, 1 << 20):
            rows = min(1 << 20, samples - start)
            rng = np.random.default_rng(start)
            dataset[start : start + rows] = rng.integers(0, 256, (rows, features), np.uint8)
