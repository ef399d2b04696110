"""The whole config: one choice per group, then the keys outside of groups."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnpipe.config.kind import Choice
from nnpipe.config.options import choice, choices, option
from nnpipe.engines import ENGINES
from nnpipe.engines.base import MakeEngine
from nnpipe.network.architectures import ARCHITECTURES, guess_architecture
from nnpipe.network.architectures.base import Stack
from nnpipe.runs.options import OutputOptions
from nnpipe.sources import SOURCES, guess_source
from nnpipe.sources.base import OpenSource
from nnpipe.stages import STAGES
from nnpipe.stages.base import Stage
from nnpipe.training.optimizers import OPTIMIZERS
from nnpipe.training.optimizers.base import Optimizer
from nnpipe.training.options import TrainingOptions

FURTHER = ("validation", "test")
"""The inputs besides `input`."""


@dataclass(frozen=True)
class PipelineOptions:
    """The options of the pipeline."""

    stages: list[Choice[Stage]] = choices(STAGES, ["infer"], "stages in order")


@dataclass(frozen=True)
class Config:
    """A whole config."""

    architecture: Choice[Stack] = choice(ARCHITECTURES, "mlp", "the network", guess_architecture)
    input: Choice[OpenSource] = choice(SOURCES, "random", "the samples", guess_source)
    engine: Choice[MakeEngine] = choice(ENGINES, "fast", "executor of the network")
    output: OutputOptions = field(default_factory=OutputOptions)
    pipeline: PipelineOptions = field(default_factory=PipelineOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    optimizer: Choice[Optimizer] = choice(OPTIMIZERS, "adam", "optimizer of the parameters")
    validation: Choice[OpenSource] | None = choice(
        SOURCES, None, "samples for validation after each epoch", guess_source
    )
    test: Choice[OpenSource] | None = choice(
        SOURCES, None, "samples for the evaluation at the end", guess_source
    )
    seed: int = option(0, "decides all initial parameters and random inputs", at_least=0)
    dtype: str | None = option(
        None,
        "null: float32, or the dtype of the stored parameters with architecture=from_run",
        among=("float32", "float64"),
    )

    @property
    def inputs(self) -> dict[str, Choice[OpenSource]]:
        """The configured inputs, by config key."""
        found = {"input": self.input, "validation": self.validation, "test": self.test}
        return {key: chosen for key, chosen in found.items() if chosen is not None}

    def has_stage(self, kind: str) -> bool:
        """Return whether the pipeline has a stage."""
        return any(stage.kind == kind for stage in self.pipeline.stages)
