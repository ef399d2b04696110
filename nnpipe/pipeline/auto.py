"""Replace every `auto` of a config by the value that suits the task and the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nnpipe.config.keys import dotted
from nnpipe.config.kind import AUTO
from nnpipe.config.load import store
from nnpipe.network.purpose import Purpose
from nnpipe.network.stack import last_activation, lasting
from nnpipe.pipeline.config import FURTHER, Config
from nnpipe.runs.store.open import Run
from nnpipe.sources.base import Source
from nnpipe.sources.input import read_targets
from nnpipe.sources.normalizations import NORMALIZATIONS
from nnpipe.training.losses import LOSSES, loss_of

_TOGETHER = 1 << 16


def resolve(config: Config, inputs: Mapping[str, Source], stored: Run | None) -> Config:
    """Return the config without any `auto`.

    Parameters
    ----------
    config : Config
    inputs : mapping of str to Source
        The open inputs, by config key.
    stored : Run or None
        The run whose parameters are used.
    """
    trains, source = config.has_stage("train"), inputs["input"]
    architecture, training = config.architecture, config.training
    purpose = _purpose(config, inputs) if trains and stored is None else Purpose()
    options = architecture.options.resolved(purpose)
    options = replace(options, inputs=options.inputs or source.features)
    architecture = replace(architecture, options=options)
    if stored is None:
        stack = architecture.make()
        last = last_activation(stack)
        absorbs = list(lasting(stack).values())[-1].make().absorbs
    else:
        last = stored.network.layers[-1].activation
        absorbs = stored.network.layers[-1].transform.absorbs
    if training.loss in (AUTO, None):
        training = replace(training, loss=LOSSES.choice(loss_of(last)))
    validated = config.validation is not None
    training = training.resolved(
        source.samples,
        trains=trains,
        validated=validated,
        linear=last == "linear" and absorbs and _real(source),
    )
    changed: dict[str, Any] = {}
    for key, chosen in config.inputs.items():
        if chosen.options.normalize == AUTO:
            kind = _normalization(source, trains, stored) if key == "input" else "none"
            normalize = NORMALIZATIONS.choice(kind)
            changed[key] = replace(chosen, options=replace(chosen.options, normalize=normalize))
    return replace(config, architecture=architecture, training=training, **changed)


def decisions(before: Config, after: Config) -> str:
    """Return what was `auto` in a config and is decided now, as overrides in one line."""
    was, now = dotted(store(before)), dotted(store(after))
    further = tuple(f"{key}." for key in FURTHER)
    auto = [key for key, value in was.items() if value == AUTO and not key.startswith(further)]
    found: list[str] = []
    for key in auto:
        if (kind := f"{key}.kind") in now:
            key = kind
        if now.get(key, AUTO) != AUTO:
            value = str(now[key]).replace(" ", "")
            found.append(f"{key.removesuffix('.kind')}={value}")
    return " ".join(found)


def _purpose(config: Config, inputs: Mapping[str, Source]) -> Purpose:
    """Return the number of classes or targets, and the activation that suits them."""
    outputs, output = 1, "linear"
    for source in inputs.values():
        targets = read_targets(source, 0, 0)
        if targets is None:
            continue
        if targets.ndim == 1:
            outputs, output = max(outputs, _classes(source), 2), "softmax"
        else:
            outputs = targets.shape[1]
            if output == "linear" and _binary(source):
                output = "sigmoid"
    loss = config.training.loss
    if loss not in (AUTO, None):
        output = loss.make().activation or "linear"
    return Purpose(True, outputs, output)


def _real(source: Source) -> bool:
    """Return whether the source has real targets."""
    targets = read_targets(source, 0, 0)
    return targets is not None and targets.ndim > 1


def _classes(source: Source) -> int:
    """Return the number of classes: the greatest label plus 1."""
    greatest = 0
    for start in range(0, source.samples, _TOGETHER):
        labels = source.labels(start, min(start + _TOGETHER, source.samples))
        greatest = max(greatest, 0 if labels is None else int(labels.max(initial=0)))
    return greatest + 1


def _binary(source: Source) -> bool:
    """Return whether all targets are 0 or 1."""
    for start in range(0, source.samples, _TOGETHER):
        targets = read_targets(source, start, min(start + _TOGETHER, source.samples))
        if targets is None or not np.isin(targets, (0, 1)).all():
            return False
    return True


def _normalization(source: Source, trains: bool, stored: Run | None) -> str:
    if stored is not None:
        return "from_run"
    if not trains or source.dtype == np.bool_:
        return "none"
    return "scale" if source.dtype == np.uint8 else "standardize"
