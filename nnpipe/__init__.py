"""A declarative pipeline for feed-forward networks: YAML in, numbered runs on disk out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Set before HDF5 is loaded, so that it loads no filter plugins, whatever a file asks for.
os.environ["HDF5_PLUGIN_PRELOAD"] = "::"

if TYPE_CHECKING:
    from nnpipe.errors import ConfigError, DataError, NnpipeError, RunError, RunFailed
    from nnpipe.pipeline.run import build, open_run, run

__all__ = [
    "ConfigError",
    "DataError",
    "NnpipeError",
    "RunError",
    "RunFailed",
    "build",
    "open_run",
    "run",
]


def __dir__() -> list[str]:
    return list(__all__)


def __getattr__(name: str) -> Any:
    # Names are imported on first use, so that `nnpipe --help` starts quickly.
    if name not in __all__:
        problem = f"module 'nnpipe' has no attribute {name!r}"
        raise AttributeError(problem)
    from importlib import import_module

    module = "nnpipe.pipeline.run" if name in {"build", "open_run", "run"} else "nnpipe.errors"
    return getattr(import_module(module), name)
