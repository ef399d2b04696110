"""AdamW: Adam, and a decay of the parameters that no gradient scales: P ← P - η λ P before a step.

References
----------
Loshchilov, Hutter: Decoupled weight decay regularization (ICLR 2019), algorithm 2.
"""

from __future__ import annotations

from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.adam import ADAM_OPTIONS, adam_update
from nnpipe.training.optimizers.base import Optimizer, State, Step, remember


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    parameters *= 1 - step.rate * step.options["weight_decay"]
    adam_update(parameters, gradient, state, scratch, step)


adamw = Optimizer(remember("m", "v"), _update, {**ADAM_OPTIONS, "weight_decay": 0.01})
