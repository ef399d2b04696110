"""The command ``nnpipe report``: make the page of a stored run or sweep."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from nnpipe.config.load import load_choice
from nnpipe.engines.fast import FastEngine
from nnpipe.errors import ConfigError, NnpipeError, RunError, one_line
from nnpipe.report.illustrate import INSTALL, REPORT, has_jinja
from nnpipe.report.make import report_run, report_sweep
from nnpipe.report.sample import Sample, take_sample
from nnpipe.runs.inspect.address import find
from nnpipe.runs.inspect.sweep import read_jobs
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import read_manifest
from nnpipe.runs.store.open import Run, open_run
from nnpipe.sources import SOURCES
from nnpipe.system.text import printable

BAD_REQUEST = 2


def main(arguments: Sequence[str]) -> int:
    """Make the page that the arguments ask for and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        written = _make(options)
    except (NnpipeError, OSError) as error:
        sys.stderr.write(f"{printable(one_line(error))}\n")
        return BAD_REQUEST
    sys.stdout.writelines(f"{printable(str(path))}\n" for path in written)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nnpipe report",
        description="Make the page of a stored run or sweep. The input's files are not read: "
        "only the page that a run makes itself shows sample images.",
    )
    parser.add_argument("run", help="default/3, default/latest, default/2/007, or a path")
    parser.add_argument("--to", type=Path, metavar="FILE", help="instead of its report.html")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="also draw the figures as PNG")
    parser.add_argument("--root", type=Path, default=Path("outputs"), help="where runs land")
    return parser


def _make(options: argparse.Namespace) -> list[Path]:
    if not has_jinja():
        problem = f"nnpipe report needs Jinja2, which is not installed. {INSTALL}"
        raise RunError(problem)
    folder = find(options.run, options.root)
    page: Path = options.to or folder / REPORT
    if options.to is None and page.exists():
        problem = f"{page}: exists already. Open it, or name another file with --to."
        raise RunError(problem)
    manifest = read_manifest(folder)
    with ExitStack() as stack:
        target = (stack.enter_context(Folder.open(page.parent, follow=True)), page.name)
        plots: Folder | None = None
        if options.plots is not None:
            options.plots.mkdir(parents=True, exist_ok=True)
            plots = stack.enter_context(Folder.open(options.plots, follow=True))
        if manifest.kind == "sweep":
            return report_sweep(folder, manifest, read_jobs(folder), page=target, plots=plots)
        run = stack.enter_context(open_run(folder, FastEngine))
        return report_run(run, run.network, _random_sample(run), page=target, plots=plots)


def _random_sample(run: Run) -> Sample | None:
    """Return rows of a random input, which needs no file; None for any other input."""
    if run.manifest.input.get("kind") != "random":
        return None
    try:
        chosen = load_choice(SOURCES, run.config.get("input"), "input")
        source = chosen.make()(int(run.manifest.seed or 0), "input")
    except ConfigError:
        return None
    if chosen.kind != "random" or source.features != run.network.inputs:
        return None
    return take_sample(source, run.normalization, run.network)
