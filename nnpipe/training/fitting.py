"""Check that a checkpoint fits the training in a config, before anything is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnpipe.errors import shown
from nnpipe.network.architectures.base import dense_layers, transforms
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
    layers, before = dense_layers(stack), transforms(stack)
    count, statistics = 0, dict[str, int]()
    for name, layer in layers.items():
        for transform, chosen in before.get(name, {}).items():
            remembered = chosen.make()(1, inputs, np.dtype(recipe.dtype)).statistics
            statistics |= {transform: remembered.size} if remembered.size else {}
        count, inputs = count + layer.neurons * (inputs + 1), layer.neurons
    count = count if layers else checkpoint.parameters.size
    state = recipe.optimizer.make().init(np.zeros(1))
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
