"""The initializers, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from typing import Any

from nnpipe.config.registry import Registry, modules

INITIALIZERS: Registry[Any] = Registry(
    "an initializer",
    "nnpipe.initializers",
    modules(
        __name__,
        "constant glorot_normal glorot_uniform he_normal he_uniform lecun_normal normal"
        " orthogonal uniform zeros",
    ),
    base="nnpipe.network.initializers.base:InitializerOptions",
)
