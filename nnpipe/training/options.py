"""The section `training` of the config."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nnpipe.config.kind import AUTO, Choice
from nnpipe.config.options import choice, option
from nnpipe.training.losses import LOSSES
from nnpipe.training.losses.base import Loss
from nnpipe.training.schedules import SCHEDULES
from nnpipe.training.schedules.base import Schedule

# With fewer samples a validation part costs more accuracy than early stopping brings.
_FEW = 2000
_EPOCHS_OF_LABELS, _EPOCHS_OF_NUMBERS, _PATIENCE = 150, 50, 10


@dataclass(frozen=True)
class TrainingOptions:
    """The options of training."""

    loss: Choice[Loss] | None = choice(
        LOSSES, AUTO, "auto, null: from the activation of the last layer"
    )
    epochs: int = option(
        AUTO, "passes over all training samples; auto: 150, or 50 for real targets", at_least=1
    )
    batch_size: int = option(
        AUTO, "samples per step; auto: a twentieth of all, from 16 to 128", at_least=1
    )
    standardize_targets: bool = option(
        AUTO,
        "train on real targets with mean 0 and standard deviation 1, and give outputs in their "
        "units; auto: with mean_squared_error and a linear last layer",
    )
    shuffle: bool = option(True, "shuffle the samples in every epoch")
    validation_fraction: float | None = option(
        AUTO,
        "share to hold out; auto: 0.1 of 2,000 samples or more, else 0, and 0 with a validation "
        "input; null: 0.1, or 0 with a validation input",
        at_least=0,
        below=1,
    )
    patience: int | None = option(
        AUTO,
        "stop after this many epochs without a lower validation loss; auto: 10 with validation "
        "samples; null: never",
        at_least=1,
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

    def resolved(
        self, samples: int, *, trains: bool, validated: bool, linear: bool
    ) -> TrainingOptions:
        """Return the options with a value for each `auto` but the loss.

        Parameters
        ----------
        samples : int
            The number of samples of the input.
        trains : bool
            Whether the pipeline trains.
        validated : bool
            Whether there is a validation input.
        linear : bool
            Whether the last layer is dense and linear, and its outputs are real targets.
        """
        fraction, patience = self.validation_fraction, self.patience
        if fraction is None or (fraction == AUTO and not trains):
            fraction = 0.0 if validated else 0.1
        elif fraction == AUTO:
            fraction = 0.0 if validated or samples < _FEW else 0.1
        if patience == AUTO:
            patience = _PATIENCE if trains and (validated or fraction) else None
        epochs, batch_size = self.epochs, self.batch_size
        if epochs == AUTO:
            trained = _EPOCHS_OF_NUMBERS if linear else _EPOCHS_OF_LABELS
            epochs = trained if trains else 20
        if batch_size == AUTO:
            batch_size = min(max(samples // 20, 16), 128) if trains else 128
        standardize = self.standardize_targets
        return replace(
            self,
            standardize_targets=linear and trains if standardize == AUTO else standardize,
            epochs=epochs,
            batch_size=batch_size,
            validation_fraction=fraction,
            patience=patience,
        )
