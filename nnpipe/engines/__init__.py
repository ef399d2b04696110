"""How a network is executed: the formula itself, or faster ways to the same numbers."""

from __future__ import annotations

from nnpipe.config.registry import Registry

ENGINES = Registry(
    "an engine",
    "nnpipe.engines",
    {
        "dask": "nnpipe.engines.fast:FastEngine",  # on each worker; see nnpipe/distributed
        "fast": "nnpipe.engines.fast:FastEngine",
        "reference": "nnpipe.engines.reference:ReferenceEngine",
    },
)
