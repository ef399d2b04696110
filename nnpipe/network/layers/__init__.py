"""The kinds of layer of a stack, one module each; a new one is a module and a name here.

`dense` has neurons. The others transform what the next dense layer is given, in training alone:
the network that training leaves does without them.
"""

from __future__ import annotations

from typing import Any

from nnpipe.config.registry import Registry, modules

LAYERS: Registry[Any] = Registry(
    "a kind of layer",
    "nnpipe.layers",
    modules(__name__, "batch_norm dense dropout"),
)
