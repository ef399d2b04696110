"""The rules that span several sections of a config."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from nnpipe.config.kind import AUTO, MISSING, Choice
from nnpipe.config.registry import unknown
from nnpipe.network.purpose import Purpose
from nnpipe.network.stack import Stack, last_activation, lasting
from nnpipe.pipeline.config import Config
from nnpipe.report.illustrate import missing
from nnpipe.runs.options import check_output
from nnpipe.training.losses import loss_of
from nnpipe.training.losses.base import Loss


def find_conflicts(config: Config) -> Iterator[str]:
    """Yield each problem that spans several sections, one line each."""
    stack, last = _declared(config)
    yield from check_output(config.output, "output")
    yield from missing(config.output)
    if not config.pipeline.stages:
        yield "pipeline.stages: found an empty list; expected at least one stage"
    if stack:
        yield from check_activations(config.output.activations, lasting(stack))
    yield from _training(config, stack, last)
    for key, chosen in config.inputs.items():
        normalize = chosen.options.normalize
        if key != "input" and normalize != AUTO and normalize.kind != "none":
            yield (
                f"{key}.normalize.kind: found {normalize.kind!r}; expected 'none': "
                "the normalization of `input` applies to it too"
            )


def _declared(config: Config) -> tuple[Stack, str]:
    """Return the declared layers and the activation of the last one.

    The layers are empty if an option is missing. The activation is empty if the data decides it.
    """
    options: Any = config.architecture.options
    if MISSING in vars(options).values():
        return {}, ""
    trains, found = config.has_stage("train"), dict[str, Stack]()
    for output in ("linear", "softmax"):
        decided = options.resolved(Purpose(trains, output=output))
        stack = replace(config.architecture, options=decided).make()
        found[last_activation(stack)] = stack
    return stack, next(iter(found)) if len(found) == 1 else ""


def _training(config: Config, stack: Stack, last: str) -> Iterator[str]:
    training = config.training
    fraction, loss = training.validation_fraction, training.loss
    fraction = None if fraction == AUTO else fraction
    if config.validation is not None and fraction:
        yield (
            f"training.validation_fraction: found {training.validation_fraction} and a validation "
            "input; expected one of them. Leave it null."
        )
    held_out = fraction != 0 or config.validation is not None
    if training.patience not in (AUTO, None) and not held_out:
        yield (
            f"training.patience: found {training.patience} without validation samples; "
            "expected null. Set training.validation_fraction above 0, or set `validation`."
        )
    mixing = [name for name, layer in stack.items() if layer.make().mixes_samples()]
    if training.batch_size == 1 and mixing:
        yield (
            "training.batch_size: found 1; expected 2 or greater, because architecture.layers."
            f"{mixing[0]} normalizes features over the samples of a batch"
        )
    if config.has_stage("train") and last:
        yield from check_loss(None if loss == AUTO else loss, last)
        final = list(lasting(stack).values())[-1].make()
        if training.standardize_targets is True and not (last == "linear" and final.absorbs):
            yield (
                f"training.standardize_targets: found true and a last layer with the activation "
                f"{last!r}; expected a dense, linear one. Leave it auto."
            )


def check_loss(loss: Choice[Loss] | None, activation: str) -> Iterator[str]:
    """Yield a problem if a loss does not fit the activation of the last layer."""
    natural = loss_of(activation)
    fits = None if loss is None else loss.make().activation
    if loss is not None and fits not in (None, activation):
        yield (
            f"training.loss: {loss.kind!r} does not fit a last layer with the activation "
            f"{activation!r}; expected {fits!r}. Set the output activation to {fits}, "
            f"or training.loss to {natural}."
        )


def check_activations(wanted: Collection[str], layers: Collection[str]) -> Iterator[str]:
    """Yield the problems of `output.activations` against a network's layer names."""
    for name in wanted:
        if name not in layers and name != "all":
            yield f"output.activations: {unknown(name, 'a layer', [*layers, 'all'])}"
