"""Check what a config says about training: ranges, names, and a loss that fits the last layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnpipe.config.layers import stack_of, transforms_of
from nnpipe.config.rules import check_at_least, check_name, check_options
from nnpipe.config.schema import ArchitectureConfig, BatchNormConfig, Config, FromRunConfig
from nnpipe.config.training_schema import SCHEDULES, TrainingConfig

if TYPE_CHECKING:
    from nnpipe.config.check import Names


def check_training(config: Config, names: Names) -> list[str]:
    """Return every problem of `training` and `optimizer`, and of `validation` and `test`."""
    training, problems = config.training, _numbers(config.training)
    for name, least in (("epochs", 1), ("batch_size", 1), ("memory_mib", 1)):
        problems += check_at_least(f"training.{name}", getattr(training, name), least)
    problems += check_at_least("training.checkpoint_every", training.checkpoint_every, 0)
    if training.patience is not None:
        problems += check_at_least("training.patience", training.patience, 1)
        if training.validation_fraction == 0 and config.validation is None:
            problems.append(
                f"training.patience: found {training.patience} without samples for validation; "
                "expected null. Set training.validation_fraction above 0, or an input validation."
            )
    problems += check_name("training.keep", training.keep, "an epoch to keep", ("best", "last"))
    problems += _schedule(training) + _optimizer(config, names) + _validation(config)
    if training.batch_size == 1:
        problems += _single(config.architecture)
    if training.loss is not None:
        unknown = check_name("training.loss", training.loss, "a loss", names.losses)
        if unknown:
            return problems + unknown
    if "train" in config.pipeline.stages and not isinstance(config.architecture, FromRunConfig):
        layers = list(stack_of(config.architecture).values())
        if layers and layers[-1].activation in names.activations:
            problems += check_loss(training.loss, layers[-1].activation, names)
    return problems


def check_loss(loss: str | None, activation: str, names: Names) -> list[str]:
    """Return why a loss does not fit the activation of the last layer, if it does not."""
    name = names.loss_of(activation) if loss is None else loss
    fits = names.activation_of(name)
    if fits in (None, activation):
        return []
    return [
        f"training.loss: {name!r} does not fit a last layer with the activation {activation!r}; "
        f"expected {fits!r}. Set the output activation to {fits}, "
        f"or training.loss to {names.loss_of(activation)}."
    ]


def _single(architecture: ArchitectureConfig) -> list[str]:
    normalizing = [
        name
        for before in transforms_of(architecture).values()
        for name, layer in before.items()
        if isinstance(layer, BatchNormConfig)
    ]
    return [
        "training.batch_size: found 1; expected 2 or greater, since "
        f"architecture.layers.{name} normalizes features over the samples of a batch"
        for name in normalizing[:1]
    ]


def _numbers(training: TrainingConfig) -> list[str]:
    problems: list[str] = []
    share = training.validation_fraction
    if share is not None and not 0 <= share < 1:
        problems.append(
            f"training.validation_fraction: found {share}; expected 0 or greater, below 1"
        )
    for name in ("l1", "l2"):
        value = getattr(training, name)
        if not 0 <= value < math.inf:
            problems.append(f"training.{name}: found {value}; expected 0 or greater")
    limit = training.clip_norm
    if limit is not None and not 0 < limit < math.inf:
        problems.append(f"training.clip_norm: found {limit}; expected more than 0")
    return problems


def _schedule(training: TrainingConfig) -> list[str]:
    schedule, key = training.schedule, "training.schedule"
    problems = check_name(f"{key}.kind", schedule.kind, "a schedule", SCHEDULES)
    if not 0 <= schedule.warmup < math.inf:
        problems.append(f"{key}.warmup: found {schedule.warmup}; expected 0 epochs or more")
    if not problems:
        taken = SCHEDULES[schedule.kind]
        problems += check_options(key, schedule, schedule.kind, taken, {"kind", "warmup"})
        for name in taken:
            value = getattr(schedule, name)
            if value is not None and not (value > 0 if name == "every" else value >= 0):
                least = "more than 0" if name == "every" else "0 or greater"
                problems.append(f"{key}.{name}: found {value}; expected {least}")
    return problems


def _optimizer(config: Config, names: Names) -> list[str]:
    optimizer, key = config.optimizer, "optimizer"
    problems = check_name(f"{key}.kind", optimizer.kind, "an optimizer", names.optimizers)
    if problems:
        return problems
    taken = names.optimizer_options(optimizer.kind)
    problems += check_options(key, optimizer, optimizer.kind, taken, {"kind"})
    for name in taken:
        value = getattr(optimizer, name, None)
        if value is None or not math.isfinite(value):
            continue
        if name in ("momentum", "rho", "beta1", "beta2"):
            if not 0 <= value < 1:
                problems.append(f"{key}.{name}: found {value}; expected 0 or greater, below 1")
        elif name == "learning_rate" and value <= 0:
            problems.append(f"{key}.{name}: found {value}; expected more than 0")
        elif value < 0:
            problems.append(f"{key}.{name}: found {value}; expected 0 or greater")
    return problems


def _validation(config: Config) -> list[str]:
    problems: list[str] = []
    if config.validation is not None and config.training.validation_fraction:
        problems.append(
            f"training.validation_fraction: found {config.training.validation_fraction} and an "
            "input for validation; expected one of them. Leave it null."
        )
    for part, data in (("validation", config.validation), ("test", config.test)):
        if data is not None and data.normalize.kind != "none":
            problems.append(
                f"{part}.normalize.kind: found {data.normalize.kind!r}; expected 'none': "
                "what is done to `input` is done to it too"
            )
    return problems
