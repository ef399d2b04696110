"""Draw what the config asks for at the end of a run or a sweep, and report the outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nnpipe.errors import one_line
from nnpipe.report import Target
from nnpipe.runs.options import OutputOptions
from nnpipe.runs.store.definition import read_definition
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import Manifest

REPORT = "report.html"
INSTALL = "pip install 'nnpipe[report]'"

Draw = Callable[[Target | None, Folder | None], list[Path]]
"""``draw(page, plots)`` writes a page, and PNG files into a folder; None means none."""

logger = logging.getLogger("nnpipe")


def has_jinja() -> bool:
    """Return whether Jinja2 is installed, without importing it."""
    return find_spec("jinja2") is not None


def missing(output: OutputOptions) -> list[str]:
    """Return a line for each option whose package is not installed."""
    problems: list[str] = []
    if output.report and not has_jinja():
        problems.append(f"output.report: found true, but Jinja2 is not installed. {INSTALL}")
    if output.plots is not None and find_spec("matplotlib") is None:
        problems.append(
            f"output.plots: found {output.plots!r}, but matplotlib is not installed. {INSTALL}"
        )
    return problems


def illustrate(
    output: OutputOptions, folder: Folder, draw: Draw, *, alone: bool = True
) -> tuple[list[str], str]:
    """Draw into a folder what the config asks for.

    Parameters
    ----------
    alone : bool
        False for a job of a sweep, which is drawn only if `output.report` is true.

    Returns
    -------
    names : list of str
        The files that were written.
    note : str
        Where the page is, or why there is none; empty if none is wanted.
    """
    page = output.report if output.report is not None else alone and has_jinja()
    plots = output.plots is not None and (alone or output.report is True)
    if not page and not plots:
        unable = alone and output.report is None
        return [], f"none; {INSTALL} draws one" if unable else ""
    try:
        written = draw((folder, REPORT) if page else None, folder if plots else None)
    except Exception as error:
        # A failed drawing does not affect the results, which are complete.
        logger.error("%s: no report", folder.path, exc_info=error)
        return [], f"none: {one_line(error)}"
    return [path.name for path in written], str(folder.path / REPORT) if page else ""


def illustrate_sweep(
    folder: Folder, manifest: Manifest, rows: Sequence[Mapping[str, Any]]
) -> tuple[list[str], str]:
    """Draw into a sweep's folder what its config asks for; see `illustrate`."""
    given: Mapping[str, Any] = read_definition(folder.path).config.get("output") or {}
    output = OutputOptions(report=given.get("report"), plots=given.get("plots"))

    def draw(page: Target | None, plots: Folder | None) -> list[Path]:
        from nnpipe.report.make import report_sweep

        return report_sweep(folder.path, manifest, rows, page=page, plots=plots)

    return illustrate(output, folder, draw)
