"""The config's `output`: where runs are stored, and what they hold besides the outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nnpipe.config.options import option

_FOLDER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class OutputOptions:
    """The options of output."""

    root: str = option("outputs", "where the folders of runs are made")
    name: str = option("default", "runs are <root>/<name>/v0001, v0002, ...")
    activations: list[str] = option([], "layer names, or [all]: stored as /activations/<layer>")
    predictions: bool = option(False, "the class of each sample, as /predictions")
    compression: str | None = option(
        None,
        "gzip: datasets with one row a sample take less space, and longer to write",
        among=("gzip",),
    )
    report: bool | None = option(
        None, "report.html; null: if nnpipe[report] is installed, but not for each job of a sweep"
    )
    plots: str | None = option(None, "png: the report's figures as files too", among=("png",))
    metric: str | None = option(
        None, "what hydra/sweeper=optuna optimizes: a column of sweep.csv, such as accuracy"
    )
    merge: bool = option(
        False, "engine=dask: one plain results.h5, not a virtual one over results/part-*.h5"
    )
    tracking: str | None = option(
        None, "mlflow: log each run to MLflow too (pip install 'nnpipe[mlflow]')", among=("mlflow",)
    )


def check_output(options: OutputOptions, key: str) -> Iterator[str]:
    """Yield one line for each option that cannot be used, beginning with its config key."""
    if not options.root:
        yield f"{key}.root: found ''; expected a folder"
    if not _FOLDER_NAME.fullmatch(options.name):
        yield (
            f"{key}.name: {options.name!r} cannot name a folder; "
            "expected letters, digits, '_', '-' and '.', not beginning with '-' or '.'"
        )
