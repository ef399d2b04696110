"""The initializers, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnpipe.config.kind import MISSING
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


def guess_initializer(given: Mapping[str, Any]) -> str:
    """Return the name of the initializer for a mapping without `kind`.

    >>> guess_initializer({"std": 0.1}), guess_initializer({"bias": "zeros"})
    ('normal', '???')
    """
    return "normal" if {"mean", "std"} & given.keys() else MISSING
