"""The engines that execute networks, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.engines.base import MakeEngine

ENGINES: Registry[MakeEngine] = Registry(
    "an engine",
    "nnpipe.engines",
    modules(__name__, "dask fast reference"),
    base="nnpipe.engines.base:EngineOptions",
)
