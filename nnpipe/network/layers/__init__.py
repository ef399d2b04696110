"""The kinds of layer, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from nnpipe.config.registry import Registry, modules
from nnpipe.network.layers.base import LayerKind

LAYERS: Registry[LayerKind] = Registry(
    "a kind of layer",
    "nnpipe.layers",
    modules(__name__, "batch_norm dense dropout layer_norm residual"),
)
