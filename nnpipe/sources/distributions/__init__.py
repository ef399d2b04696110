"""The distributions of random data, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.sources.distributions.base import Distribution

DISTRIBUTIONS: Registry[Distribution] = Registry(
    "a distribution",
    "nnpipe.distributions",
    modules(__name__, "bernoulli normal uniform"),
)
