"""The normalizations, one module each. A new one needs a module and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry

if TYPE_CHECKING:
    from nnpipe.sources.normalizations.base import Fit

NORMALIZATIONS: Registry[Fit] = Registry(
    "a kind of normalization",
    "nnpipe.normalizations",
    {
        name: f"nnpipe.sources.normalizations.{name}:{name}"
        for name in ("from_run", "minmax", "none", "scale", "standardize")
    },
)
