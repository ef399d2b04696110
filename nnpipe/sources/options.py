"""The options that inputs have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnpipe.config.kind import AUTO, MISSING, Choice
from nnpipe.config.options import choice, option
from nnpipe.sources.normalizations import NORMALIZATIONS
from nnpipe.sources.normalizations.base import Fit


@dataclass(frozen=True)
class InputOptions:
    """The options of every input source."""

    normalize: Choice[Fit] = choice(
        NORMALIZATIONS,
        AUTO,
        "how to rescale the features; auto: from_run with architecture=from_run; where the "
        "pipeline trains, scale for uint8 and standardize for other numbers; else none",
    )
    on_nonfinite: str = option(
        "warn", "at NaN or infinity, warn or stop with an error", among=("warn", "error")
    )


@dataclass(frozen=True)
class RowsOptions:
    """The samples to take, as a Python slice."""

    start: int | None = option(None, "first sample; null: the first of the file")
    stop: int | None = option(None, "sample after the last one; null: the end of the file")
    step: int = option(1, "distance from one sample to the next", at_least=1)


@dataclass(frozen=True)
class FileOptions(InputOptions):
    """The options of every source that reads a file."""

    path: str = option(MISSING, "path of the file")
    rows: RowsOptions = field(
        default_factory=RowsOptions, metadata={"doc": "samples to take, as a Python slice"}
    )
