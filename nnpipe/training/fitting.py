"""Check that a checkpoint fits the training in a config, before anything is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnpipe.errors import shown
from nnpipe.network.chain import Chain
from nnpipe.network.layers.base import count
from nnpipe.training.checkpoint import Checkpoint
from nnpipe.training.recipe import Recipe

_MOST_LINES = 20


def misfits(checkpoint: Checkpoint, recipe: Recipe, inputs: int, where: Path) -> list[str]:
    """Return one line for each vector of a checkpoint that does not fit the training.

    Parameters
    ----------
    checkpoint : Checkpoint
    recipe : Recipe
        It does not contain the sizes of a network that comes from a run.
    inputs : int
        The number of features of the input.
    where : Path
        The run of the checkpoint.
    """
    stack = recipe.architecture.make()
    chain = Chain.of(stack)
    size = count(chain.arrays(inputs)) if stack else checkpoint.parameters.size
    state = recipe.optimizer.make().init(np.zeros(1))
    wanted = {"parameters": size, **dict.fromkeys(state, size), **chain.statistics(inputs)}
    vectors = {"parameters": checkpoint.parameters, **checkpoint.state, **checkpoint.statistics}
    found = {name: vector.size for name, vector in vectors.items()}
    lines = [
        f"training.resume: {shown(name)} in the checkpoint of {where}: found "
        f"{found.get(name, 0):,} numbers; expected {wanted.get(name, 0):,}. The file was altered."
        for name in {**wanted, **found}
        if found.get(name) != wanted.get(name)
    ]
    return lines[:_MOST_LINES]
