"""How the learning rate changes from step to step."""

from __future__ import annotations

import math
from collections.abc import Callable

from nnpipe.config.training_schema import SCHEDULES, ScheduleConfig


def schedule(config: ScheduleConfig, epochs: int, steps: int) -> Callable[[int], float]:
    """Return the factor of the learning rate at each step, counted from 0.

    With t the epochs that are done, in fractions: `step` halves (`factor`) every 10 epochs
    (`every`); `cosine` falls from 1 to `floor` at the last step; `inverse_time` is
    1 / (1 + `decay` t). The first `warmup` epochs rise evenly towards what the kind says.

    Parameters
    ----------
    config : ScheduleConfig
    epochs : int
        Of the whole training.
    steps : int
        In an epoch.

    References
    ----------
    Loshchilov, Hutter: SGDR: stochastic gradient descent with warm restarts (ICLR 2017), for
    `cosine`. Goyal et al.: Accurate, large minibatch SGD (2017), for the warm-up.

    >>> rate = schedule(ScheduleConfig("step", every=2, factor=0.1), epochs=6, steps=10)
    >>> [rate(step) for step in (0, 19, 20)]
    [1.0, 1.0, 0.1]
    """
    defaults = SCHEDULES[config.kind]
    options: dict[str, float] = {}
    for name, default in defaults.items():
        given = getattr(config, name)
        options[name] = default if given is None else given
    last = max(epochs * steps - 1, 1)

    def factor(step: int) -> float:
        t = step / steps
        match config.kind:
            case "step":
                value = options["factor"] ** (t // options["every"])
            case "cosine":
                half = (1 + math.cos(math.pi * min(step / last, 1))) / 2
                value = options["floor"] + (1 - options["floor"]) * half
            case "inverse_time":
                value = 1 / (1 + options["decay"] * t)
            case _:
                value = 1.0
        rising = config.warmup * steps
        return value * min(1.0, (step + 1) / rising) if rising > 0 else value

    return factor
