"""The schemas of training: what `training` and `optimizer` may say, their types and defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnpipe.config.fields import named


@dataclass
class ScheduleConfig:
    """How the learning rate changes. Keys that do not belong to the kind stay null."""

    kind: str = "constant"
    warmup: float = 0.0
    every: float | None = None
    factor: float | None = None
    floor: float | None = None
    decay: float | None = None


@dataclass
class TrainingConfig:
    """How a network is trained.

    `loss` null: the one that suits the last layer's activation. `validation_fraction` null: 0.1,
    or 0 where `validation` is an input of its own.
    """

    loss: str | None = None
    epochs: int = 20
    batch_size: int = 128
    shuffle: bool = True
    validation_fraction: float | None = None
    patience: int | None = None
    keep: str = "best"
    clip_norm: float | None = None
    l1: float = 0.0
    l2: float = 0.0
    schedule: Any = named(ScheduleConfig, "constant")
    memory_mib: int = 1024
    checkpoint_every: int = 1
    resume: str | None = None


@dataclass
class OptimizerConfig:
    """How a gradient changes the parameters. Keys that do not belong to the kind stay null."""

    kind: str = "adam"
    learning_rate: float | None = None
    momentum: float | None = None
    rho: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    epsilon: float | None = None
    weight_decay: float | None = None


SCHEDULES: dict[str, dict[str, float]] = {
    "constant": {},
    "step": {"every": 10, "factor": 0.5},
    "cosine": {"floor": 0.0},
    "inverse_time": {"decay": 1.0},
}
"""The kinds of `training.schedule`, each with its parameters and their defaults."""
