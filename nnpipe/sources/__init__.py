"""The sources of samples, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.sources.base import OpenSource

SOURCES: Registry[OpenSource] = Registry(
    "an input source",
    "nnpipe.sources",
    modules(__name__, "hdf5 idx npy random"),
    base="nnpipe.sources.options:InputOptions",
)


def guess_source(given: Mapping[str, Any]) -> str:
    """Return the source of a mapping without `kind`, judging by its keys."""
    return "hdf5" if "dataset" in given else "random"
