"""The layers and the stored parameters of an earlier run."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import MISSING, Kind
from nnpipe.config.options import option
from nnpipe.network.architectures.base import ArchitectureOptions
from nnpipe.network.stack import Stack


@dataclass(frozen=True)
class FromRunOptions(ArchitectureOptions):
    """The options of from_run."""

    run: str = option(MISSING, "folder of the run, such as outputs/default/v0001")


def _stored(options: FromRunOptions) -> Stack:
    return {}


from_run = Kind(FromRunOptions, _stored)
