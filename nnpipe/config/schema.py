"""The schemas: what each part of a config may say, its types and its defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nnpipe.config.fields import MISSING, named
from nnpipe.config.training_schema import OptimizerConfig, TrainingConfig


@dataclass
class InitializerConfig:
    """How a parameter matrix starts. Keys that do not belong to the kind stay null."""

    kind: str = "normal"
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    value: float | None = None
    gain: float | None = None
    bias: str | None = None


@dataclass
class ArchitectureConfig:
    """What every form of architecture has. `inputs` null: the width of the input."""

    kind: str = MISSING
    inputs: int | None = None


@dataclass
class MlpConfig(ArchitectureConfig):
    """A list of layer sizes that share one activation."""

    kind: str = "mlp"
    sizes: list[int] = field(default_factory=lambda: [100, 50, 10, 5])
    activation: str = "sigmoid"
    output_activation: str | None = None
    initializer: Any = named(InitializerConfig, "normal")


@dataclass
class UniformConfig(ArchitectureConfig):
    """`depth` hidden layers of `width` neurons and an output layer; made for grid sweeps."""

    kind: str = "uniform"
    width: int = 64
    depth: int = 2
    outputs: int = 10
    activation: str = "sigmoid"
    output_activation: str | None = None
    initializer: Any = named(InitializerConfig, "normal")


@dataclass
class LayerConfig:
    """One layer of a stack."""

    neurons: int = MISSING  # type: ignore[assignment]
    activation: str = "sigmoid"
    initializer: Any = named(InitializerConfig, "normal")
    kind: str = "dense"


@dataclass
class TransformConfig:
    """A layer of a stack without neurons: what the next one is given, in training alone."""

    kind: str = MISSING  # type: ignore[assignment]


@dataclass
class DropoutConfig(TransformConfig):
    """A layer of a stack that drops a share of what the next one is given."""

    kind: str = "dropout"
    rate: float = 0.5


@dataclass
class BatchNormConfig(TransformConfig):
    """A layer of a stack that normalizes each feature of a batch for the next one."""

    kind: str = "batch_norm"


@dataclass
class StackConfig(ArchitectureConfig):
    """Named layers, in the order in which they are written: LayerConfig or TransformConfig."""

    kind: str = "stack"
    # OmegaConf would refuse a layer that is added to a typed mapping as {neurons: 3}.
    layers: dict[str, Any] = field(
        default_factory=dict[str, Any], metadata={"schema": dict[str, LayerConfig]}
    )


@dataclass
class FromRunConfig(ArchitectureConfig):
    """The layers and the stored parameters of an earlier run."""

    kind: str = "from_run"
    run: str = MISSING


@dataclass
class RowsConfig:
    """Which samples to take, as in Python's slices; `step` is 1 or greater."""

    start: int | None = None
    stop: int | None = None
    step: int = 1


@dataclass
class NormalizeConfig:
    """How features are rescaled. Statistics that are null are computed in one pass."""

    kind: str = "none"
    divisor: float | None = None
    mean: list[float] | None = None
    std: list[float] | None = None
    min: list[float] | None = None
    max: list[float] | None = None


@dataclass
class InputConfig:
    """What every input source has."""

    kind: str = MISSING
    normalize: Any = named(NormalizeConfig, "none")
    on_nonfinite: str = "warn"


@dataclass
class RandomInput(InputConfig):
    """Random numbers. Keys that do not belong to the distribution stay null."""

    kind: str = "random"
    samples: int = 1000
    features: int = 784
    distribution: str = "normal"
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


@dataclass
class Hdf5Input(InputConfig):
    """A dataset in an HDF5 file. `allow`: what is out of the ordinary in it and may be read."""

    kind: str = "hdf5"
    path: str = MISSING
    dataset: str | None = None
    sample_axis: int = 0
    rows: RowsConfig = field(default_factory=RowsConfig)
    labels: str | None = None
    targets: str | None = None
    allow: list[str] = field(default_factory=list[str])


@dataclass
class IdxInput(InputConfig):
    """A file in the MNIST format, plain or gzip."""

    kind: str = "idx"
    path: str = MISSING
    rows: RowsConfig = field(default_factory=RowsConfig)
    labels: str | None = None


@dataclass
class NpyInput(InputConfig):
    """A NumPy .npy file."""

    kind: str = "npy"
    path: str = MISSING
    sample_axis: int = 0
    rows: RowsConfig = field(default_factory=RowsConfig)
    labels: str | None = None


@dataclass
class EngineConfig:
    """How the network is executed.

    `batch_size` is how many samples are read together; null is about 2 MiB, two tiles at least.
    `tile` is how many pass through the layers together; null follows from the layers' sizes.
    `threads` null is one for each core. `memory_limit` is in MiB, of the whole process.
    """

    kind: str = "fast"
    batch_size: int | None = None
    tile: int | None = None
    threads: int | None = None
    memory_limit: int | None = None


@dataclass
class DaskConfig(EngineConfig):
    """The fast engine on the workers of a Dask cluster.

    `cluster` is local, slurm or the address of a scheduler. `partition` and `walltime` belong to
    slurm. Nulls take what the machine or the cluster has.
    """

    kind: str = "dask"
    cluster: str = "local"
    workers: int | None = None
    memory: str | None = None
    partition: str | None = None
    walltime: str | None = None


@dataclass
class OutputConfig:
    """Where a run lands and what it holds beside the outputs.

    `report` null: a page is made where the extra is installed, but not for the jobs of a sweep.
    `metric` is what a sweep is judged by.
    `compression` is of what has one row a sample.
    `merge`: of a sharded run, one plain results.h5 in place of a virtual one and its parts.
    """

    root: str = "outputs"
    name: str = "default"
    activations: list[str] = field(default_factory=list[str])
    predictions: bool = False
    compression: str | None = None
    report: bool | None = None
    plots: str | None = None
    metric: str | None = None
    tracking: str | None = None
    merge: bool = False


@dataclass
class PipelineConfig:
    """The stages, in order."""

    stages: list[str] = field(default_factory=lambda: ["infer"])


@dataclass
class Config:
    """A whole config.

    `dtype` null: float32, or with `from_run` that of the stored parameters. `validation` and
    `test` null: no such input.
    """

    architecture: ArchitectureConfig = field(default_factory=MlpConfig)
    input: InputConfig = field(default_factory=RandomInput)
    engine: EngineConfig = field(default_factory=EngineConfig)
    output: OutputConfig = field(default_factory=OutputConfig)
    pipeline: PipelineConfig = field(default_factory=PipelineConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    validation: InputConfig | None = None
    test: InputConfig | None = None
    seed: int = 0
    dtype: str | None = None


ARCHITECTURES: dict[str, type[ArchitectureConfig]] = {
    "mlp": MlpConfig,
    "uniform": UniformConfig,
    "stack": StackConfig,
    "from_run": FromRunConfig,
}

LAYERS: dict[str, type[LayerConfig | TransformConfig]] = {
    "dense": LayerConfig,
    "batch_norm": BatchNormConfig,
    "dropout": DropoutConfig,
}
"""The kinds of layer of a stack."""

ENGINES: dict[str, type[EngineConfig]] = {"dask": DaskConfig}
"""The engines that have config keys of their own."""

INPUTS: dict[str, type[InputConfig]] = {
    "random": RandomInput,
    "hdf5": Hdf5Input,
    "idx": IdxInput,
    "npy": NpyInput,
}

DISTRIBUTIONS: dict[str, dict[str, float]] = {
    "normal": {"mean": 0.0, "std": 1.0},
    "uniform": {"low": 0.0, "high": 1.0},
    "bernoulli": {"p": 0.5},
}
"""The distributions of `input=random`, each with its parameters and their defaults."""

NORMALIZATIONS: dict[str, tuple[str, ...]] = {
    "none": (),
    "scale": ("divisor",),
    "standardize": ("mean", "std"),
    "minmax": ("min", "max"),
    "from_run": (),
}
"""The kinds of `input.normalize`, each with the keys that belong to it."""

CLUSTERS = ("local", "slurm")
"""The clusters that `engine.cluster` can start; anything else is a scheduler's address."""

PERMISSIONS = ("external_link", "filter_plugin", "large_chunk", "outside_folder", "virtual")
"""What `input.allow` can let through in an HDF5 file, and never in an artifact of a run."""

MOST_HIDDEN = 1000
"""The greatest `depth` of architecture=uniform."""

DTYPES = ("float32", "float64")
"""The dtypes in which a network can be built."""
