"""Open the inputs of a config, and check that they fit training and evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from nnpipe.config.defaults import FORMER
from nnpipe.errors import DataError, NnpipeError
from nnpipe.pipeline.config import Config
from nnpipe.sources.base import Source
from nnpipe.sources.input import check_labels, check_targets, read_targets
from nnpipe.stages.evaluate import EvaluateOptions, task_of
from nnpipe.training.checkpoint import differences, read_checkpoint
from nnpipe.training.fitting import misfits
from nnpipe.training.recipe import Recipe, upgrade_fingerprint


def open_inputs(config: Config, problems: list[str]) -> dict[str, Source]:
    """Open the configured inputs, and append a line to `problems` for each that fails."""
    found: dict[str, Source] = {}
    for key, chosen in config.inputs.items():
        try:
            found[key] = chosen.make()(config.seed, key)
        except NnpipeError as error:
            problems += str(error).split("\n")
    return found


def find_misfits(
    config: Config, recipe: Recipe, inputs: Mapping[str, Source], outputs: int, activation: str
) -> list[str]:
    """Return one line for each way in which the inputs do not fit the stages of a config.

    Parameters
    ----------
    config : Config
        The resolved config.
    recipe : Recipe
        The recipe of the config.
    inputs : mapping of str to Source
        The open inputs, by config key.
    outputs : int
        The number of outputs of the network.
    activation : str
        The activation of its last layer.
    """
    problems, source = list(_without_targets(config, inputs)), inputs["input"]
    targets = read_targets(source, 0, 0)
    if config.training.standardize_targets and targets is not None and targets.ndim == 1:
        problems.append(
            "training.standardize_targets: found true and labels; expected real targets. "
            "Leave it auto."
        )
    judges = config.has_stage("train") or config.has_stage("evaluate")
    for key, other in inputs.items():
        if other.features != source.features:
            problems.append(
                f"{key}: found {other.features} features; expected {source.features}, as in input"
            )
        try:
            check_labels(other, max(outputs, 2))
            if judges:
                check_targets(other, outputs, recipe.loss.classifies)
        except DataError as error:
            problems.append(str(error))
    if not problems:
        problems += _unsuited_metrics(config, inputs, outputs, activation)
    if config.has_stage("train") and config.training.resume is not None and not problems:
        problems += _cannot_resume(config, recipe, source, activation)
    return list(dict.fromkeys(problems))


def _judged(inputs: Mapping[str, Source]) -> str:
    """Return the key of the input that the network is judged on."""
    return next(key for key in ("test", "validation", "input") if key in inputs)


def _unsuited_metrics(
    config: Config, inputs: Mapping[str, Source], outputs: int, activation: str
) -> Iterator[str]:
    """Yield a line for each metric of the stage evaluate that does not judge such targets."""
    for number, stage in enumerate(config.pipeline.stages):
        if not isinstance(stage.options, EvaluateOptions):
            continue
        task = task_of(inputs[_judged(inputs)], activation, outputs)
        for place, metric in enumerate(stage.options.metrics):
            if metric.make()(task) is None:
                yield (
                    f"pipeline.stages[{number}].metrics[{place}]: {metric.kind!r} does not judge "
                    f"{task.targets} with {outputs} outputs of {activation}. Leave it out."
                )


def _without_targets(config: Config, inputs: Mapping[str, Source]) -> Iterator[str]:
    needed = {"train": ("input", "validation"), "evaluate": (_judged(inputs),)}
    for stage, keys in needed.items():
        for key in keys:
            if not config.has_stage(stage) or key not in inputs:
                continue
            if read_targets(inputs[key], 0, 0) is None:
                yield (
                    f"{key}.labels: missing; the stage {stage} needs a label for each sample. "
                    f"Set {key}.labels, or {key}.targets."
                )


def held_out(config: Config) -> float:
    """Return the default share of the input that is held out for validation."""
    return 0.1 if config.validation is None else 0.0


def _cannot_resume(config: Config, recipe: Recipe, source: Source, activation: str) -> list[str]:
    """Return the reasons why training cannot continue from `training.resume`."""
    folder = Path(config.training.resume or "")
    try:
        stored = read_checkpoint(folder)
    except NnpipeError as error:
        return [f"training.resume: {error}"]
    before = {
        "training.standardize_targets": FORMER["standardize_targets"],
        **stored.fingerprint,
    }
    if stored.version == 3:
        before = upgrade_fingerprint(
            stored.fingerprint, held_out(config), source.features, activation
        )
    differing = differences(before, recipe.fingerprint(source.samples), folder)
    return differing or misfits(stored, recipe, source.features, folder)


def close_all(sources: Mapping[str, Source]) -> None:
    """Close every source."""
    for source in sources.values():
        source.close()
