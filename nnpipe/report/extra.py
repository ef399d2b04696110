"""Tell whether a page or plots are wanted, and whether what draws them is installed."""

from __future__ import annotations

from importlib.util import find_spec

from nnpipe.config.schema import OutputConfig

INSTALL = "pip install 'nnpipe[report]'"


def has_jinja() -> bool:
    """Return whether pages can be made; nothing is imported."""
    return find_spec("jinja2") is not None


def missing(output: OutputConfig) -> list[str]:
    """Return a line for each thing that the config asks for and that cannot be drawn here."""
    problems: list[str] = []
    if output.report and not has_jinja():
        problems.append(f"output.report: found true, but Jinja2 is not installed. {INSTALL}")
    if output.plots is not None and find_spec("matplotlib") is None:
        problems.append(
            f"output.plots: found {output.plots!r}, but matplotlib is not installed. {INSTALL}"
        )
    return problems


def wants_page(output: OutputConfig, *, alone: bool) -> bool:
    """Return whether a run is to have a page; `alone` tells it from a job of a sweep."""
    return output.report if output.report is not None else alone and has_jinja()


def wants_plots(output: OutputConfig, *, alone: bool) -> bool:
    """Return whether a run is to have its figures as files."""
    return output.plots is not None and (alone or output.report is True)
