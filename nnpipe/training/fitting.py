"""Tell whether a checkpoint holds what a config's training remembers, before anything is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnpipe.config.layers import stack_of, transforms_of
from nnpipe.config.schema import BatchNormConfig, Config
from nnpipe.errors import shown
from nnpipe.training.checkpoint import Checkpoint
from nnpipe.training.optimizers import OPTIMIZERS

_MOST_LINES = 20


def misfits(checkpoint: Checkpoint, config: Config, inputs: int, where: Path) -> list[str]:
    """Return one line for each vector of a checkpoint that is not one of a config's training.

    Parameters
    ----------
    checkpoint : Checkpoint
    config : Config
        Planned. Of a network that comes from a run the sizes are not known here.
    inputs : int
        How many features the input has.
    where : Path
        The run that the checkpoint is of.
    """
    layers, transforms = stack_of(config.architecture), transforms_of(config.architecture)
    count, statistics = 0, dict[str, int]()
    for name, layer in layers.items():
        before = transforms.get(name, {}).items()
        statistics |= {of: 2 * inputs for of, kind in before if isinstance(kind, BatchNormConfig)}
        count, inputs = count + layer.neurons * (inputs + 1), layer.neurons
    count = count if layers else checkpoint.parameters.size
    state = OPTIMIZERS.load(config.optimizer.kind).init(np.zeros(1))
    wanted = {"parameters": count, **dict.fromkeys(state, count), **statistics}
    vectors = {"parameters": checkpoint.parameters, **checkpoint.state, **checkpoint.statistics}
    found = {name: vector.size for name, vector in vectors.items()}
    lines = [
        f"training.resume: {shown(name)} in the checkpoint of {where}: found "
        f"{found.get(name, 0):,} numbers; expected {wanted.get(name, 0):,}. The file was altered."
        for name in {**wanted, **found}
        if found.get(name) != wanted.get(name)
    ]
    return lines[:_MOST_LINES]
