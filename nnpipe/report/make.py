"""Write the page of a run or a sweep, and its figures as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nnpipe.network.network import Network
from nnpipe.report import Target
from nnpipe.report.page import fill
from nnpipe.report.run import RunPage, gather_run
from nnpipe.report.sample import Sample
from nnpipe.report.sweep import SweepPage, gather_sweep
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import Manifest
from nnpipe.runs.store.open import Run


def report_run(
    run: Run,
    network: Network,
    sample: Sample | None,
    *,
    page: Target | None = None,
    plots: Folder | None = None,
) -> list[Path]:
    """Make the page of a run, its figures as PNG files, or both; return the files.

    Parameters
    ----------
    run : Run
        A run with a results.h5; its manifest may be a draft.
    network : Network
        The network, with the parameters that made the outputs.
    sample : Sample, optional
        Rows of the input. Without them the page shows no sample images, and only stored
        activations.
    page : Target, optional
        The file to write.
    plots : Folder, optional
        The folder for the figures.
    """
    return _write("run.html", gather_run(run, network, sample), page, plots)


def report_sweep(
    folder: Path,
    manifest: Manifest,
    rows: Sequence[Mapping[str, Any]],
    *,
    page: Target | None = None,
    plots: Folder | None = None,
) -> list[Path]:
    """Make the page of a sweep, its figures as PNG files, or both; return the files.

    Parameters
    ----------
    folder : Path
        The sweep's folder.
    manifest : Manifest
        The sweep's manifest, which may be a draft.
    rows : sequence of mapping
        One for each job, as `nnpipe.runs.inspect.sweep.read_jobs` returns them.
    page, plots : optional
        As for a run.
    """
    return _write("sweep.html", gather_sweep(folder, manifest, rows), page, plots)


def _write(
    template: str, content: RunPage | SweepPage, page: Target | None, plots: Folder | None
) -> list[Path]:
    written: list[Path] = []
    if page is not None:
        folder, name = page
        folder.publish_text(name, fill(template, page=content))
        written.append(folder.path / name)
    if plots is not None:
        from nnpipe.report.png import write_plots

        written += write_plots(plots, content.plots())
    return written
