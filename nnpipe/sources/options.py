"""What inputs have in common in a config."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnpipe.config.kind import MISSING, Choice, choice, option
from nnpipe.sources.normalizations import NORMALIZATIONS
from nnpipe.sources.normalizations.base import Fit


@dataclass(frozen=True)
class InputOptions:
    """What every input source takes."""

    normalize: Choice[Fit] = choice(NORMALIZATIONS, "none", "how features are rescaled")
    on_nonfinite: str = option(
        "warn", "warn of NaN and infinity, or end with an error", among=("warn", "error")
    )


@dataclass(frozen=True)
class RowsOptions:
    """Which samples to take, as in a slice of Python's."""

    start: int | None = option(None, "the first; null: that of the file")
    stop: int | None = option(None, "the one before which to end; null: the end of the file")
    step: int = option(1, "from one sample to the next", at_least=1)


@dataclass(frozen=True)
class FileOptions(InputOptions):
    """What every source takes that reads one file."""

    path: str = option(MISSING, "the file")
    rows: RowsOptions = field(
        default_factory=RowsOptions, metadata={"doc": "which samples, as in a slice of Python's"}
    )
