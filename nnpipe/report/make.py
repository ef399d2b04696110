"""Write the page of a run, and its figures as files, into the run's folder."""

from __future__ import annotations

from pathlib import Path

from nnpipe.network.network import Network
from nnpipe.report.page import fill
from nnpipe.report.run import view_run
from nnpipe.report.sample import Sample
from nnpipe.runs.open import Run
from nnpipe.runs.publish import publish_text

REPORT = "report.html"


def report_run(
    run: Run,
    network: Network,
    sample: Sample | None,
    *,
    page: Path | None = None,
    plots: Path | None = None,
) -> list[Path]:
    """Make the page of a run, its figures as PNG files, or both; return the files.

    Parameters
    ----------
    run : Run
        Whose results.h5 is there; its manifest may be a draft.
    network : Network
        With the parameters that made the outputs.
    sample : Sample, optional
        Rows of the input; without it there are no sample images, and activations only where they
        were stored.
    page : Path, optional
        The file to be written.
    plots : Path, optional
        The folder into which the figures are written.
    """
    view = view_run(run, network, sample)
    written: list[Path] = []
    if page is not None:
        publish_text(page, fill("run.html", view=view))
        written.append(page)
    if plots is not None:
        from nnpipe.report.png import write_plots

        written += write_plots(plots, view.plots())
    return written
