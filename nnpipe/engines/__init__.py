"""The engines that execute networks, one module each. A new one needs a module and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry

if TYPE_CHECKING:
    from nnpipe.engines.base import MakeEngine

ENGINES: Registry[MakeEngine] = Registry(
    "an engine",
    "nnpipe.engines",
    {name: f"nnpipe.engines.{name}:{name}" for name in ("dask", "fast", "reference")},
    base="nnpipe.engines.base:EngineOptions",
)
