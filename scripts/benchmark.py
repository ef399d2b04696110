"""Compare the speed of nnpipe to that of other libraries: ``python scripts/benchmark.py --help``.

The results are written to a numbered folder: benchmark.md, benchmark.json and PNG plots.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hydra
from benchmarks import files, memory, programs
from benchmarks.page import page, plot_growth, plot_ratios
from benchmarks.timing import Row
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from nnpipe.app.compose import VERSION_BASE, conf_folder
from nnpipe.runs.store.claim import claim, point_latest
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.record import Record
from nnpipe.system.cores import cores

PARTS = ("memory", "read", "file", "growth", "start")


@hydra.main(
    version_base=VERSION_BASE, config_path=str(conf_folder() / "benchmark"), config_name="config"
)
def main(config: DictConfig) -> None:
    """Measure the configured parts, and write the results."""
    unknown = set(config.parts) - set(PARTS)
    if unknown:
        sys.exit(f"parts: found {sorted(unknown)}; expected any of {', '.join(PARTS)}")
    for name in sorted({"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} & {*os.environ}):
        print(f"{name}: found {os.environ[name]!r}; expected BLAS to choose the value. Unset it.")
    config.threads = config.threads or cores()
    with claim(Path(config.output.root), config.output.name) as folder:
        _measure_into(folder, config)
    point_latest(folder.path)
    print(f"\n{(folder.path / 'benchmark.md').read_text()}\n{folder.path}")


def _measure_into(folder: Folder, config: DictConfig) -> None:
    record = Record(folder)
    given: Any = OmegaConf.to_container(config, resolve=True)
    record.write_config(given, list(HydraConfig.get().overrides.task))
    with record.log():
        try:
            rows, points = measure(config, record)
            write(record, rows, points, config.threads)
        except KeyboardInterrupt:
            record.seal("interrupted", "interrupted by the user")
            raise
        except Exception as error:
            record.seal("failed", " ".join(str(error).split()))
            raise
        record.seal("complete")


def measure(config: DictConfig, record: Record) -> tuple[list[Row], list[dict[str, Any]]]:
    """Return the ratios, and the points that show how time and memory grow."""
    rows: list[Row] = []
    points: list[dict[str, Any]] = []
    with TemporaryDirectory(dir=record.folder.path) as name:
        folder = Path(name).resolve()
        for part in config.parts:
            print(f"{part} ...", flush=True)
            with record.phase(part):
                match part:
                    case "memory":
                        rows += memory.measure(config)
                    case "read":
                        rows += files.measure_reading(config, folder)
                    case "file":
                        rows += files.measure_programs(config, folder)
                    case "growth":
                        points = programs.measure_growth(config, folder)
                    case _:
                        rows += programs.measure_start(config, folder)
    return rows, points


def write(record: Record, rows: list[Row], points: list[dict[str, Any]], threads: int) -> None:
    """Write the page, the measurements in JSON, and the plots."""
    measured = {"rows": [asdict(row) for row in rows], "growth": points}
    record.save("benchmark.json", lambda f: f.write(json.dumps(measured, indent=1).encode()))
    record.save("benchmark.md", lambda f: f.write(page(rows, points, threads).encode()))
    if find_spec("matplotlib") is None:
        print("plots: skipped; matplotlib is not installed (nnpipe[benchmark])")
        return
    if rows:
        record.save("ratios.png", lambda file: plot_ratios(rows, file))
    if points:
        record.save("growth.png", lambda file: plot_growth(points, file))


if __name__ == "__main__":
    main()
