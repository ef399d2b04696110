"""Show the measurements as a Markdown page and as plots."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

from benchmarks.timing import Row
from nnpipe.runs.store.provenance import blas

PACKAGES = ("nnpipe", "numpy", "h5py", "onnxruntime", "torch", "scikit-learn", "isal")
HEAD = (
    "| part | case | peer | nnpipe | peer | ratio | quartiles | of the shortest | |\n"
    "| --- | --- | --- | ---: | ---: | ---: | --- | ---: | --- |\n"
)


def machine() -> str:
    """Return the processor, its cores, the system and the BLAS kernel, without the host name."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        model = next((x.partition(":")[2].strip() for x in lines if "model name" in x), model)
    kernels = ", ".join(f"{b['name']} {b['version']} ({b['kernel']})" for b in blas())
    return f"{model}, {os.cpu_count()} cores; {platform.system()}; {kernels}"


def versions() -> str:
    """Return the versions of the measured packages."""
    found: list[str] = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table. nnpipe is faster where the ratio is below 1."""
    lines = [
        f"| {r.part} | {r.case} | {r.peer} | {_time(r.seconds)} | {_time(r.peer_seconds)} "
        f"| {r.ratio:.2f} | {r.low:.2f} to {r.high:.2f} | {r.best:.2f} | {r.note} |\n"
        for r in rows
    ]
    return HEAD + "".join(lines)


def page(rows: Sequence[Row], points: Sequence[dict[str, Any]], threads: int) -> str:
    """Return the whole page."""
    text = (
        "# Benchmark\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, {threads} threads.\n{versions()}.\n\n"
        "Times are medians of measurements taken in turn. A ratio is the median of the ratios of "
        "neighbouring measurements. nnpipe is faster where it is below 1.\n\n"
    )
    if os.getloadavg()[0] > (os.cpu_count() or 1) + threads:
        text += "**The machine was busy with other work, so the ratios are unreliable.**\n\n"
    text += table(rows)
    if points:
        text += "\n| grows | to | seconds | peak memory |\n| --- | ---: | ---: | ---: |\n"
        text += "".join(
            f"| {p['what']} | {p['value']:,} | {p['seconds']:.2f} | {p['memory']:.0f} MiB |\n"
            for p in points
        )
    return text


def plot_ratios(rows: Sequence[Row], file: BinaryIO) -> None:
    """Draw the ratio of each row, with its quartiles."""
    figure = _figure(max(2, 0.28 * len(rows)))
    axes: Any = figure.subplots()
    places = range(len(rows))
    axes.barh(places, [row.ratio for row in rows], color="tab:blue")
    quartiles = [
        [max(0, r.ratio - r.low) for r in rows],
        [max(0, r.high - r.ratio) for r in rows],
    ]
    axes.errorbar([r.ratio for r in rows], places, xerr=quartiles, fmt="none", ecolor="black")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(places, [f"{row.case} / {row.peer}" for row in rows], fontsize=7)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("time of nnpipe / time of the peer")
    figure.savefig(file, format="png", dpi=120)


def plot_growth(points: Sequence[dict[str, Any]], file: BinaryIO) -> None:
    """Draw seconds and memory over the quantity that grows."""
    figure = _figure(6)
    whats = list(dict.fromkeys(point["what"] for point in points))
    grid: Any = figure.subplots(2, len(whats), squeeze=False)
    for column, what in enumerate(whats):
        chosen = [point for point in points if point["what"] == what]
        for row, (key, label) in enumerate((("seconds", "seconds"), ("memory", "peak MiB"))):
            axes = grid[row][column]
            axes.plot([p["value"] for p in chosen], [p[key] for p in chosen], marker="o")
            axes.set_xscale("log")
            axes.set_ylim(bottom=0)
            axes.set_xlabel(what)
            axes.set_ylabel(label)
    figure.savefig(file, format="png", dpi=120)


def _figure(height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure((9, height), layout="constrained")


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
