"""What decides the course of a training, and so must be the same for one to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nnpipe.config.keys import dotted, nested
from nnpipe.config.kind import Choice, choice, option
from nnpipe.config.load import load, store
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.architectures.base import Stack, dense_layers
from nnpipe.sources.normalizations import NORMALIZATIONS
from nnpipe.sources.normalizations.base import Fit
from nnpipe.training.losses import LOSSES, loss_of
from nnpipe.training.losses.base import Loss
from nnpipe.training.optimizers import OPTIMIZERS
from nnpipe.training.optimizers.base import Optimizer
from nnpipe.training.options import TrainingOptions

_FREE = ("epochs", "checkpoint_every", "resume", "patience", "keep")
"""Options of training in which one may differ from the one that it goes on from."""


@dataclass(frozen=True)
class Recipe:
    """The parts of a resolved config that decide what the steps of a training do."""

    training: TrainingOptions = field(default_factory=TrainingOptions)
    optimizer: Choice[Optimizer] = choice(OPTIMIZERS, "adam", "how a gradient moves parameters")
    architecture: Choice[Stack] = choice(ARCHITECTURES, "mlp", "the declared layers")
    normalize: Choice[Fit] = choice(NORMALIZATIONS, "none", "that of the input")
    seed: int = option(0, "decides order, dropout and the validation part")
    dtype: str = option("float32", "of the parameters")

    @property
    def loss(self) -> Loss:
        """The loss; that which suits the last layer where the config names none."""
        return (self.training.loss or _natural_loss(self.architecture)).make()

    def fingerprint(self, samples: int) -> dict[str, Any]:
        """Return what decides the course of a training of so many samples, by config key."""
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
    """Return a fingerprint of version 1 of the config, which had nulls, as it would be now.

    It is returned as it is where it is none.

    Parameters
    ----------
    stored : mapping
        As `Recipe.fingerprint` returned it.
    fraction : float
        What `training.validation_fraction: null` meant.
    features : int
        What `architecture.inputs: null` meant.
    activation : str
        That of the last layer where the architecture comes from a run.
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
    layers = list(dense_layers(recipe.architecture.make()).values())
    natural = layers[-1].activation.kind if layers else activation
    return resolve(recipe, fraction, features, natural).fingerprint(samples)


def resolve(recipe: Recipe, fraction: float, features: int, activation: str) -> Recipe:
    """Return a recipe in which every null that the input or the network decides is filled in.

    Parameters
    ----------
    recipe : Recipe
    fraction : float
        The share of the input that is held out of training.
    features : int
        The width of the input.
    activation : str
        The last layer's.
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
    layers = list(dense_layers(architecture.make()).values())
    return LOSSES.choice(loss_of(layers[-1].activation.kind if layers else ""))
