"""Draw the learning curves of a training, or of all trainings of a sweep, into one PNG."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnpipe.errors import RunError
from nnpipe.runs.inspect.sweep import read_overrides

PANELS = {
    "loss": "loss (training)",
    "validation_loss": "loss (validation)",
    "validation_accuracy": "accuracy (validation)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="folder of a run or a sweep")
    parser.add_argument("--to", type=Path, metavar="PNG", help="default: learning_curves.png")
    options = parser.parse_args(arguments)
    target: Path = options.to or Path("learning_curves.png")
    try:
        draw(read_curves(options.folder), target)
    except RunError as error:
        print(f"plot_training.py: {error}", file=sys.stderr)
        return 2
    print(target)
    return 0


def read_curves(folder: Path) -> dict[str, dict[str, list[float]]]:
    """Return the history of each training in a folder, by the job's overrides.

    Raises
    ------
    RunError
        If there is no history.
    """
    jobs = sorted((folder / "runs").glob("[0-9]*")) or [folder]
    curves: dict[str, dict[str, list[float]]] = {}
    for job in jobs:
        path = job / "history.csv"
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        name = job.name
        if job != folder:
            typed = read_overrides(job)
            typed.pop("experiment", None)
            name = " ".join(f"{key}={value}" for key, value in typed.items()) or job.name
        curves[name] = {key: [float(row[key]) for row in rows] for key in ("epoch", *PANELS)}
    if not curves:
        problem = f"{folder}: no history.csv; expected the folder of a training or of a sweep"
        raise RunError(problem)
    return curves


def draw(curves: dict[str, dict[str, list[float]]], target: Path) -> None:
    """Draw one panel per metric, with one line per training.

    Raises
    ------
    RunError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        problem = "matplotlib is not installed. Run pip install 'nnpipe[report]'."
        raise RunError(problem) from error
    figure: Any = Figure(figsize=(14, 4.5), layout="constrained")
    panels = figure.subplots(1, len(PANELS))
    for axes, (key, title) in zip(panels, PANELS.items(), strict=True):
        for i, (name, curve) in enumerate(curves.items()):
            # Different dashes distinguish lines that overlap.
            style = ("-", "--", ":", "-.")[i % 4]
            axes.plot(curve["epoch"], curve[key], style, label=name, linewidth=1.6)
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        if "loss" in key:
            axes.set_yscale("log")
    handles, names = panels[0].get_legend_handles_labels()
    if len(curves) > 1:
        figure.legend(handles, names, loc="outside right center", frameon=False)
    figure.savefig(target, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
