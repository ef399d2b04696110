"""The defaults of earlier versions of the config, for running a stored config again.

Version 1 stored null for every option that was not set, including the options of kinds that were
not chosen. Since version 2 a stored config contains every value.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any, cast

from nnpipe.config.kind import AUTO

_ADAM = {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}

VERSION_1: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "nnpipe.activations": {
        "leaky_relu": {"slope": 0.01},
        "elu": {"alpha": 1.0},
        "gelu": {"approximate": "none"},
    },
    "nnpipe.initializers": {
        "normal": {"mean": 0.0, "std": 1.0},
        "uniform": {"low": -0.05, "high": 0.05},
        "constant": {"value": 0.0},
        "glorot_normal": {"gain": 1.0},
        "glorot_uniform": {"gain": 1.0},
        "orthogonal": {"gain": 1.0},
    },
    "nnpipe.optimizers": {
        "sgd": {"learning_rate": 0.1},
        "momentum": {"learning_rate": 0.01, "momentum": 0.9},
        "nesterov": {"learning_rate": 0.01, "momentum": 0.9},
        "adagrad": {"learning_rate": 0.01, "epsilon": 1e-10},
        "rmsprop": {"learning_rate": 0.001, "rho": 0.99, "epsilon": 1e-8},
        "adadelta": {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6},
        "adam": _ADAM,
        "adamw": {**_ADAM, "weight_decay": 0.01},
    },
    "nnpipe.schedules": {
        "step": {"every": 10.0, "factor": 0.5},
        "cosine": {"floor": 0.0},
        "inverse_time": {"decay": 1.0},
    },
    "nnpipe.distributions": {
        "normal": {"mean": 0.0, "std": 1.0},
        "uniform": {"low": 0.0, "high": 1.0},
        "bernoulli": {"p": 0.5},
    },
    "nnpipe.normalizations": {
        "scale": {"divisor": None},
        "standardize": {"mean": None, "std": None},
        "minmax": {"min": None, "max": None},
    },
    "nnpipe.engines": {"fast": {"tile": None}},
}
"""By registry, kind and option."""


FORMER: Mapping[str, Any] = {
    "activation": "sigmoid",
    "output_activation": None,
    "initializer": "normal",
    "sizes": [100, 50, 10, 5],
    "outputs": 10,
    "normalize": "none",
    "loss": None,
    "epochs": 20,
    "batch_size": 128,
    "standardize_targets": False,
    "validation_fraction": None,
    "patience": None,
}
"""By option, its default before it could be `auto`."""


def is_before_auto(stored: Mapping[str, Any]) -> bool:
    """Return whether a stored config was written before options could be `auto`."""
    training: Any = stored.get("training")
    return isinstance(training, Mapping) and "standardize_targets" not in training


def complete(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of a run with the options that did not exist when it was written."""
    if not is_before_auto(stored):
        return dict(stored)
    added = {"standardize_targets": FORMER["standardize_targets"]}
    return {**stored, "training": {**stored["training"], **added}}


def without_auto(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config without the options that are `auto`.

    >>> without_auto({"seed": 1, "training": {"epochs": "auto", "loss": None}})
    {'seed': 1, 'training': {'loss': None}}
    """
    return {
        name: without_auto(cast("Mapping[str, Any]", value))
        if isinstance(value, Mapping)
        else value
        for name, value in given.items()
        if not (isinstance(value, str) and value == AUTO)
    }


def modernize(group: str, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a kind in the form of the current version."""
    if (group, kind) == ("nnpipe.sources", "random"):
        given = _with_distribution(given)
    return without_nulls(group, kind, given)


def _with_distribution(given: Mapping[str, Any]) -> dict[str, Any]:
    """Move the options that version 1 kept beside `distribution` into it."""
    moved = {*chain.from_iterable(VERSION_1["nnpipe.distributions"].values())} & given.keys()
    kept = {name: value for name, value in given.items() if name not in moved}
    options = {name: given[name] for name in moved if given[name] is not None}
    if options:
        chosen: Any = kept.get("distribution", "normal")
        if not isinstance(chosen, Mapping):
            chosen = {"kind": chosen}
        kept["distribution"] = {**chosen, **options}
    return kept


def without_nulls(group: str, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Replace each null that meant a default of version 1 by that default.

    A null for an option of another kind, which version 1 stored, is dropped.

    >>> without_nulls("nnpipe.schedules", "step", {"every": None, "factor": 0.1, "floor": None})
    {'every': 10.0, 'factor': 0.1}
    """
    kinds = VERSION_1.get(group, {})
    own, every = kinds.get(kind, {}), {*chain.from_iterable(kinds.values())}
    return {
        name: own[name] if value is None and name in own else value
        for name, value in given.items()
        if value is not None or name in own or name not in every
    }
