"""The initializers, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.network.initializers.base import Draw

INITIALIZERS: Registry[Draw] = Registry(
    "an initializer",
    "nnpipe.initializers",
    modules(
        __name__,
        "constant glorot_normal glorot_uniform he_normal he_uniform lecun_normal normal"
        " orthogonal uniform zeros",
    ),
    base="nnpipe.network.initializers.base:InitializerOptions",
)
