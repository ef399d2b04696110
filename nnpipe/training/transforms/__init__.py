"""The layers without neurons, one module each.

A new one is a module and a line here, its config and a line in `nnpipe.config.schema.LAYERS`.

Training alone knows them: the network that it leaves does without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnpipe.config.schema import TransformConfig
from nnpipe.training.transforms.base import Transform
from nnpipe.training.transforms.batch_norm import BatchNorm
from nnpipe.training.transforms.dropout import Dropout

_TRANSFORMS: dict[str, Callable[..., Transform]] = {"batch_norm": BatchNorm, "dropout": Dropout}


def transform(
    config: TransformConfig, rows: int, features: int, dtype: np.dtype[np.floating[Any]]
) -> Transform:
    """Return the transform that a layer of a stack declares, for batches of at most `rows`."""
    return _TRANSFORMS[config.kind](config, rows, features, dtype)
