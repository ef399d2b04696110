"""The kinds of layer of a stack, one module each. A new one needs a module and a name here.

`dense` has neurons. The others transform the inputs of the next dense layer during training only.
The trained network does not contain them.
"""

from __future__ import annotations

from typing import Any

from nnpipe.config.registry import Registry, modules

LAYERS: Registry[Any] = Registry(
    "a kind of layer",
    "nnpipe.layers",
    modules(__name__, "batch_norm dense dropout"),
)
