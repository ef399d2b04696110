"""The parts of a config that determine training, and so must not change when it is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nnpipe.config.keys import dotted, nested
from nnpipe.config.kind import AUTO, Choice
from nnpipe.config.load import load, store
from nnpipe.config.options import choice, option
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.stack import Stack, last_activation
from nnpipe.sources.normalizations import NORMALIZATIONS
from nnpipe.sources.normalizations.base import Fit
from nnpipe.training.losses import LOSSES, loss_of
from nnpipe.training.losses.base import Loss
from nnpipe.training.optimizers import OPTIMIZERS
from nnpipe.training.optimizers.base import Optimizer
from nnpipe.training.options import TrainingOptions

_FREE = ("epochs", "checkpoint_every", "resume", "patience", "keep")
"""The options of training that may change when it is resumed."""


@dataclass(frozen=True)
class Recipe:
    """The parts of a resolved config that determine the steps of training."""

    training: TrainingOptions = field(default_factory=TrainingOptions)
    optimizer: Choice[Optimizer] = choice(OPTIMIZERS, "adam", "optimizer of the parameters")
    architecture: Choice[Stack] = choice(ARCHITECTURES, "mlp", "declared layers")
    normalize: Choice[Fit] = choice(NORMALIZATIONS, "none", "normalization of the input")
    seed: int = option(0, "decides the order, dropout and the held-out samples")
    dtype: str = option("float32", "dtype of the parameters")

    @property
    def loss(self) -> Loss:
        """The configured loss, or the default loss for the last layer."""
        loss = self.training.loss
        return (_natural_loss(self.architecture) if loss in (AUTO, None) else loss).make()

    def fingerprint(self, samples: int) -> dict[str, Any]:
        """Return by config key the values that determine training on a number of samples."""
        found = dotted({**store(self), "input": {"normalize": store(self.normalize)}})
        left_out = {f"training.{name}" for name in _FREE}
        return {
            "input.samples": samples,
            **{
                key: value
                for key, value in found.items()
                if key not in left_out and not key.startswith("normalize")
            },
        }


def upgrade_fingerprint(
    stored: Mapping[str, Any], fraction: float, features: int, activation: str
) -> dict[str, Any]:
    """Return a fingerprint from version 1 of the config, which had nulls, in the current form.

    A value that is not such a fingerprint is returned unchanged.

    Parameters
    ----------
    stored : mapping
        The old fingerprint.
    fraction : float
        The meaning of `training.validation_fraction: null`.
    features : int
        The meaning of `architecture.inputs: null`.
    activation : str
        The activation of the last layer if the architecture comes from a run.
    """
    try:
        parts = nested(stored)
        given = parts.pop("input")
        parts["normalize"], samples = given["normalize"], given["samples"]
    except (KeyError, TypeError, ValueError):
        return dict(stored)
    recipe, problems = load(Recipe, parts, version=1)
    if problems:
        return dict(stored)
    natural = last_activation(recipe.architecture.make()) or activation
    return resolve(recipe, fraction, features, natural).fingerprint(samples)


def resolve(recipe: Recipe, fraction: float, features: int, activation: str) -> Recipe:
    """Replace every null in a recipe that the input or the network decides.

    Parameters
    ----------
    recipe : Recipe
    fraction : float
        The share of the input that is held out for validation.
    features : int
        The number of features of the input.
    activation : str
        The activation of the last layer.
    """
    training, options = recipe.training, recipe.architecture.options
    if training.validation_fraction is None:
        training = replace(training, validation_fraction=fraction)
    if training.loss is None:
        training = replace(training, loss=LOSSES.choice(loss_of(activation)))
    if options.inputs is None:
        options = replace(options, inputs=features)
    if getattr(options, "output_activation", options) is None:
        options = replace(options, output_activation=options.activation)
    architecture = replace(recipe.architecture, options=options)
    return replace(recipe, training=training, architecture=architecture)


def _natural_loss(architecture: Choice[Stack]) -> Choice[Loss]:
    return LOSSES.choice(loss_of(last_activation(architecture.make())))
