"""AdamW: Adam with decoupled weight decay, P ← P - η λ P before a step.

References
----------
Loshchilov, Hutter: Decoupled weight decay regularization (ICLR 2019), algorithm 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.options import option
from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.adam import AdamOptions, adam_update
from nnpipe.training.optimizers.base import State, Step, optimizer, remember


@dataclass(frozen=True)
class AdamwOptions(AdamOptions):
    """The options of adam, and the decay."""

    weight_decay: float = option(0.01, "decay of the parameters, times learning_rate", at_least=0)


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    parameters *= 1 - step.rate * step.options.weight_decay
    adam_update(parameters, gradient, state, scratch, step)


adamw = optimizer(AdamwOptions, remember("m", "v"), _update)
