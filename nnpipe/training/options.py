"""The section `training` of the config."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Choice
from nnpipe.config.options import choice, option
from nnpipe.training.losses import LOSSES
from nnpipe.training.losses.base import Loss
from nnpipe.training.schedules import SCHEDULES
from nnpipe.training.schedules.base import Schedule


@dataclass(frozen=True)
class TrainingOptions:
    """The options of training."""

    loss: Choice[Loss] | None = choice(LOSSES, None, "null: from the activation of the last layer")
    epochs: int = option(20, "passes over all training samples", at_least=1)
    batch_size: int = option(128, "samples per step", at_least=1)
    shuffle: bool = option(True, "shuffle the samples in every epoch")
    validation_fraction: float | None = option(
        None, "share to hold out; null: 0.1, or 0 with a validation input", at_least=0, below=1
    )
    patience: int | None = option(
        None, "stop after this many epochs without a lower validation loss", at_least=1
    )
    keep: str = option(
        "best", "network to keep: best (lowest validation loss) or last", among=("best", "last")
    )
    clip_norm: float | None = option(None, "greatest norm of the gradient", above=0)
    l1: float = option(0.0, "penalty on the weights: l1 Σ |w|", at_least=0)
    l2: float = option(0.0, "penalty on the weights: l2/2 Σ w²", at_least=0)
    schedule: Choice[Schedule] = choice(SCHEDULES, "constant", "how the learning rate changes")
    memory_mib: int = option(
        1024,
        "MiB for samples; larger data is read again in every epoch, and shuffled in parts",
        at_least=1,
    )
    checkpoint_every: int = option(1, "epochs between checkpoints; 0: none", at_least=0)
    resume: str | None = option(None, "folder of the run whose training to continue")
