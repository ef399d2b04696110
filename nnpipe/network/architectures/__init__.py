"""The forms of architecture, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.network.stack import Stack

ARCHITECTURES: Registry[Stack] = Registry(
    "a form of architecture",
    "nnpipe.architectures",
    modules(__name__, "from_run mlp stack uniform"),
    base="nnpipe.network.architectures.base:ArchitectureOptions",
)


def guess_architecture(given: Mapping[str, Any]) -> str:
    """Return the form of a mapping without `kind`, judging by its keys.

    >>> guess_architecture({"layers": {}})
    'stack'
    """
    forms = {"layers": "stack", "run": "from_run", "width": "uniform", "depth": "uniform"}
    return next((form for key, form in forms.items() if key in given), "mlp")
