"""What must be the same for a training to go on, and what a checkpoint must hold.

Modules: training/checkpoint.py, training/fitting.py, training/recipe.py.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.layers import LAYERS
from nnpipe.training.checkpoint import (
    FILE,
    Checkpoint,
    differences,
    read_checkpoint,
    write_checkpoint,
)
from nnpipe.training.fitting import misfits
from nnpipe.training.history import Epoch
from nnpipe.training.optimizers import OPTIMIZERS
from nnpipe.training.options import TrainingOptions
from nnpipe.training.recipe import Recipe

LAYERS_OF = {"norm": LAYERS.choice("batch_norm"), "output": LAYERS.choice("dense", neurons=2)}
RECIPE = Recipe(
    architecture=ARCHITECTURES.choice("stack", layers=LAYERS_OF),
    optimizer=OPTIMIZERS.choice("momentum"),
)
WHERE = Path("somewhere")


def checkpoint(**changed):
    vector = np.arange(8, dtype=np.float32)
    found = {
        "fingerprint": RECIPE.fingerprint(10),
        "parameters": vector,
        "statistics": {"norm": np.ones(6, np.float32)},
        "best": vector + 1,
        "best_epoch": 1,
        "state": {"v": vector * 2},
        "steps": 3,
        "history": (Epoch(1, 0.5, 0.75, 0.25, 0.5, 0.01, 1.5, 0.125),),
    }
    return Checkpoint(**(found | changed))


def test_a_checkpoint_is_read_as_it_was_written(tmp_path):
    written = checkpoint()
    with (tmp_path / FILE).open("wb") as file:
        write_checkpoint(file, written)
    read = read_checkpoint(tmp_path)
    assert (read.fingerprint, read.history, read.steps, read.version) == (
        written.fingerprint, written.history, 3, 4,
    )  # fmt: skip
    np.testing.assert_array_equal(read.parameters, written.parameters)
    np.testing.assert_array_equal(read.best, written.best)
    np.testing.assert_array_equal(read.state["v"], written.state["v"])
    np.testing.assert_array_equal(read.statistics["norm"], written.statistics["norm"])


def test_what_decides_the_steps_is_in_the_fingerprint_and_what_does_not_is_left_out():
    found = RECIPE.fingerprint(10)
    assert found["optimizer.momentum"] == 0.9
    assert found["architecture.layers.output.neurons"] == 2
    assert found["input.samples"] == 10
    longer = replace(RECIPE, training=TrainingOptions(epochs=99, patience=3, keep="last"))
    assert longer.fingerprint(10) == found


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"optimizer": OPTIMIZERS.choice("momentum", momentum=0.5)}, "optimizer.momentum"),
        ({"seed": 1}, "seed"),
        ({"training": TrainingOptions(l2=0.5)}, "training.l2"),
    ],
)
def test_a_difference_is_named_by_its_key(changed, key):
    other = replace(RECIPE, **changed).fingerprint(10)
    (line,) = differences(RECIPE.fingerprint(10), other, WHERE)
    assert line.startswith(f"{key}: found ")


def test_a_checkpoint_of_the_same_training_fits():
    assert misfits(checkpoint(), RECIPE, 3, WHERE) == []


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"parameters": np.zeros(7, np.float32)}, "parameters"),
        ({"state": {}}, "v"),
        ({"statistics": {"norm": np.ones(4, np.float32)}}, "norm"),
        ({"statistics": {"norm": np.ones(6, np.float32), "evil": np.ones(1)}}, "evil"),
    ],
)
def test_a_vector_of_another_length_or_name_does_not_fit(changed, name):
    (line,) = misfits(checkpoint(**changed), RECIPE, 3, WHERE)
    assert line.startswith(f"training.resume: {name} in the checkpoint of somewhere: found ")
