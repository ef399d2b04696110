"""The optimizers, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.training.optimizers.base import Optimizer

OPTIMIZERS: Registry[Optimizer] = Registry(
    "an optimizer",
    "nnpipe.optimizers",
    modules(__name__, "adadelta adagrad adam adamw momentum nesterov rmsprop sgd"),
    base="nnpipe.training.optimizers.base:OptimizerOptions",
)
