"""What training and evaluation need beside a network and an input: labels, and more inputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnpipe.config.schema import Config
from nnpipe.errors import DataError, NnpipeError
from nnpipe.sources import open_source
from nnpipe.sources.base import Source
from nnpipe.sources.input import check_labels, check_targets, read_targets
from nnpipe.training.checkpoint import differences, fingerprint, read_checkpoint
from nnpipe.training.fitting import misfits

FURTHER = ("validation", "test")


def open_further(config: Config, problems: list[str]) -> dict[str, Source]:
    """Open the inputs for validation and test that a config names; add what is wrong to a list."""
    found: dict[str, Source] = {}
    for part in FURTHER:
        given = getattr(config, part)
        if given is None:
            continue
        try:
            found[part] = open_source(given, config.seed)
        except NnpipeError as error:
            problems += [_of(part, line) for line in str(error).split("\n")]
    return found


def find_misfits(
    config: Config,
    source: Source,
    further: Mapping[str, Source],
    neurons: int,
    probabilities: bool,
) -> list[str]:
    """Return what the stages of a config lack in its inputs, one line each.

    Parameters
    ----------
    config : Config
        Planned: what the input decides is filled in.
    source : Source
        The input.
    further : mapping of str to Source
        The inputs for validation and test.
    neurons : int
        The last layer's.
    probabilities : bool
        Whether the loss takes targets from 0 to 1 alone.
    """
    problems: list[str] = []
    stages, inputs = config.pipeline.stages, {"input": source, **further}
    judged = next(part for part in ("test", "validation", "input") if part in inputs)
    needed = {"train": ("input", *FURTHER[:1]), "evaluate": (judged,)}
    for stage in ("train", "evaluate"):
        for part in needed[stage]:
            if stage in stages and part in inputs and read_targets(inputs[part], 0, 0) is None:
                problems.append(
                    f"{part}.labels: missing; the stage {stage} needs a label for each sample. "
                    f"Set {part}.labels, or {part}.targets."
                )
    for part, other in inputs.items():
        if other.features != source.features:
            problems.append(
                f"{part}: found {other.features} features; expected {source.features}, as in input"
            )
        try:
            check_labels(other, max(neurons, 2))
            if {"train", "evaluate"} & {*stages}:
                check_targets(other, neurons, probabilities)
        except DataError as error:
            problems.append(_of(part, str(error)))
    if "train" in stages and config.training.resume is not None and not problems:
        problems += _not_to_go_on(config, source)
    return list(dict.fromkeys(problems))


def _not_to_go_on(config: Config, source: Source) -> list[str]:
    """Return why a training cannot go on from the run that `training.resume` names."""
    folder = Path(config.training.resume or "")
    try:
        stored = read_checkpoint(folder)
    except NnpipeError as error:
        return [f"training.resume: {error}"]
    differing = differences(stored.fingerprint, fingerprint(config, source.samples), folder)
    return differing or misfits(stored, config, source.features, folder)


def _of(part: str, problem: str) -> str:
    """Return a source's problem under the key of the part that it belongs to."""
    return part + problem.removeprefix("input") if problem.startswith("input.") else problem


def close_all(sources: Mapping[str, Source]) -> None:
    """Close every source."""
    for source in sources.values():
        source.close()
