"""How a network is trained: the config's `training`."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Choice, choice, option
from nnpipe.training.losses import LOSSES
from nnpipe.training.losses.base import Loss
from nnpipe.training.schedules import SCHEDULES
from nnpipe.training.schedules.base import Schedule


@dataclass(frozen=True)
class TrainingOptions:
    """The options of training."""

    loss: Choice[Loss] | None = choice(LOSSES, None, "null: what suits the last layer")
    epochs: int = option(20, "how often every sample is seen", at_least=1)
    batch_size: int = option(128, "samples in a step", at_least=1)
    shuffle: bool = option(True, "a new order of the samples in every epoch")
    validation_fraction: float | None = option(
        None, "of the input; null: 0.1, or 0 with an input for validation", at_least=0, below=1
    )
    patience: int | None = option(
        None, "epochs without a lower validation loss after which to stop", at_least=1
    )
    keep: str = option(
        "best", "best (lowest validation loss) or last epoch", among=("best", "last")
    )
    clip_norm: float | None = option(None, "the greatest norm of a gradient", above=0)
    l1: float = option(0.0, "penalty on the weights: l1 Σ |w|", at_least=0)
    l2: float = option(0.0, "penalty on the weights: l2/2 Σ w²", at_least=0)
    schedule: Choice[Schedule] = choice(SCHEDULES, "constant", "how the learning rate changes")
    memory_mib: int = option(
        1024,
        "samples that take more are read again in every epoch, and shuffled in parts",
        at_least=1,
    )
    checkpoint_every: int = option(1, "epochs; 0 for none", at_least=0)
    resume: str | None = option(None, "the folder of a training that was stopped")
