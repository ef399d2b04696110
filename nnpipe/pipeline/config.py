"""The whole config: one choice a group, then what belongs to no group."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnpipe.config.kind import Choice, choice, choices, option
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
"""The inputs beside the first one."""


@dataclass(frozen=True)
class PipelineOptions:
    """What is done."""

    stages: list[Choice[Stage]] = choices(STAGES, ["infer"], "the stages, in order")


@dataclass(frozen=True)
class Config:
    """A whole config."""

    architecture: Choice[Stack] = choice(ARCHITECTURES, "mlp", "which network", guess_architecture)
    input: Choice[OpenSource] = choice(SOURCES, "random", "which samples", guess_source)
    engine: Choice[MakeEngine] = choice(ENGINES, "fast", "how the network is executed")
    output: OutputOptions = field(default_factory=OutputOptions)
    pipeline: PipelineOptions = field(default_factory=PipelineOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    optimizer: Choice[Optimizer] = choice(OPTIMIZERS, "adam", "how a gradient moves parameters")
    validation: Choice[OpenSource] | None = choice(
        SOURCES, None, "what judges a training after each epoch", guess_source
    )
    test: Choice[OpenSource] | None = choice(
        SOURCES, None, "what judges the network at the end", guess_source
    )
    seed: int = option(0, "decides every parameter and every random input", at_least=0)
    dtype: str | None = option(
        None,
        "null: float32, or with architecture=from_run that of the stored parameters",
        among=("float32", "float64"),
    )

    @property
    def inputs(self) -> dict[str, Choice[OpenSource]]:
        """The inputs that are there, by their config keys."""
        found = {"input": self.input, "validation": self.validation, "test": self.test}
        return {key: chosen for key, chosen in found.items() if chosen is not None}

    def has_stage(self, kind: str) -> bool:
        """Tell whether a stage is among those of the pipeline."""
        return any(stage.kind == kind for stage in self.pipeline.stages)
