"""The normalizations, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.sources.normalizations.base import Fit

NORMALIZATIONS: Registry[Fit] = Registry(
    "a kind of normalization",
    "nnpipe.normalizations",
    modules(__name__, "from_run minmax none scale standardize"),
)
