"""The kinds of layer of a stack, one module each. A new one needs a module and a line here.

`dense` has neurons. The others transform the inputs of the next dense layer during training only.
The trained network does not contain them.
"""

from __future__ import annotations

from typing import Any

from nnpipe.config.registry import Registry

LAYERS: Registry[Any] = Registry(
    "a kind of layer",
    "nnpipe.layers",
    {name: f"nnpipe.network.layers.{name}:{name}" for name in ("batch_norm", "dense", "dropout")},
)
