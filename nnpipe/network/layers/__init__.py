"""The kinds of layer of a stack, one module each; a new one is a module and a line here.

`dense` has neurons. The others transform what the next dense layer is given, in training alone:
the network that training leaves does without them.
"""

from __future__ import annotations

from typing import Any

from nnpipe.config.registry import Registry

LAYERS: Registry[Any] = Registry(
    "a kind of layer",
    "nnpipe.layers",
    {name: f"nnpipe.network.layers.{name}:{name}" for name in ("batch_norm", "dense", "dropout")},
)
