"""Every YAML file under conf/ composes, says what the schemas say, and every experiment runs."""

import dataclasses

import h5py
import numpy as np
import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

import nnpipe
from nnpipe.app.compose import VERSION_BASE, conf_folder, register
from nnpipe.app.composed import plain
from nnpipe.config import schema, training_schema
from nnpipe.pipeline.plan import read_config
from nnpipe.training.optimizers import OPTIMIZERS, optimizer_options

CONF = conf_folder()
CHOICES = sorted(
    (file.parent.name, file.stem)
    for file in CONF.glob("*/*.yaml")
    if "_" not in file.parent.name and file.parent.name != "benchmark"
)
EXPERIMENTS = [choice for group, choice in CHOICES if group == "experiment"]
MISSING = {
    "architecture/from_run": {"run": "outputs/default/v0001"},
    "input/hdf5": {"path": "data.h5"},
    "input/idx": {"path": "images.gz"},
    "input/npy": {"path": "data.npy"},
}


@pytest.fixture(autouse=True)
def _hydra():
    register()
    with initialize_config_dir(str(CONF), version_base=VERSION_BASE):
        yield


def composed(*overrides):
    return plain(compose("config", list(overrides)))


def default_of(group, choice):
    """Return a schema's defaults as a mapping."""
    if group in {"architecture", "input"}:
        schemas = {"architecture": schema.ARCHITECTURES, "input": schema.INPUTS}[group]
        return dataclasses.asdict(schemas[choice]())
    if group == "engine":
        return dataclasses.asdict(schema.ENGINES.get(choice, schema.EngineConfig)(kind=choice))
    whole = dataclasses.asdict(schema.Config())[group]
    return {**whole, "kind": choice} if "kind" in whole else whole


def test_nothing_typed_is_the_schemas_default():
    assert read_config(composed()) == read_config({})


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_composes_and_lacks_only_what_has_no_default(group, choice):
    config = compose("config", [f"{group}={choice}"])
    missing = {key for key in OmegaConf.missing_keys(config) if not key.startswith("hydra.")}
    assert missing == {f"{group}.{key}" for key in MISSING.get(f"{group}/{choice}", {})}


@pytest.mark.parametrize(
    ("group", "choice"),
    [
        *(("architecture", kind) for kind in schema.ARCHITECTURES if kind != "stack"),
        *(("input", kind) for kind in schema.INPUTS),
        ("engine", "fast"),
        ("engine", "reference"),
        ("engine", "dask"),
        ("output", "default"),
        ("pipeline", "infer"),
        ("training", "default"),
        *(("optimizer", name) for name in OPTIMIZERS.built_in),
    ],
)
def test_a_choice_says_what_its_schema_says(group, choice):
    filled = MISSING.get(f"{group}/{choice}", {})
    typed = [f"{group}.{key}={value}" for key, value in filled.items()]
    found = read_config(composed(f"{group}={choice}", *typed))
    assert found == read_config({group: {**default_of(group, choice), **filled}})


@pytest.mark.parametrize(
    ("group", "choice", "part"),
    [
        *(("architecture", kind, part) for kind, part in schema.ARCHITECTURES.items()),
        *(("input", kind, part) for kind, part in schema.INPUTS.items()),
        ("engine", "fast", schema.EngineConfig),
        ("engine", "reference", schema.EngineConfig),
        ("output", "default", schema.OutputConfig),
        ("pipeline", "infer", schema.PipelineConfig),
        ("training", "default", training_schema.TrainingConfig),
    ],
)
def test_a_file_shows_every_key_that_can_be_set(group, choice, part):
    text = yaml.safe_load((CONF / group / f"{choice}.yaml").read_text())
    assert set(text) - {"defaults"} == {field.name for field in dataclasses.fields(part)}


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.built_in))
def test_a_file_shows_every_option_of_an_optimizer_with_its_default(name):
    lines = (CONF / "optimizer" / f"{name}.yaml").read_text().splitlines()
    shown = dict(line.split(": null   # ") for line in lines if ": null" in line)
    assert {key: float(value) for key, value in shown.items()} == optimizer_options(name)


def test_the_stack_has_named_layers_that_can_be_changed_alone():
    config = read_config(
        composed("architecture=stack", "architecture.layers.hidden1.neurons=7", "input.samples=2")
    )
    layers = config.architecture.layers
    assert [(name, layer.neurons) for name, layer in layers.items()] == [
        ("hidden1", 7),
        ("hidden2", 50),
        ("output", 10),
    ]
    assert {layer.initializer.kind for layer in layers.values()} == {"normal"}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_begins_with_the_command_that_runs_it(experiment):
    lines = (CONF / "experiment" / f"{experiment}.yaml").read_text().splitlines()
    assert lines[0] == "# @package _global_"
    head = [line for line in lines if line.startswith("#")]
    assert any(
        line.startswith("#   python scripts/run.py ") and f"experiment={experiment}" in line
        for line in head
    )


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_sweeps_only_keys_that_exist(experiment):
    config = compose("config", [f"experiment={experiment}"], return_hydra_config=True)
    for key, values in (config.hydra.sweeper.params or {}).items():
        assert OmegaConf.select(config, key, default="no key") != "no key", key
        assert values


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_runs_small(experiment, tmp_path):
    small = [f"output.root={tmp_path}"]
    if composed(f"experiment={experiment}")["input"]["kind"] == "random":
        small.append("input.samples=3")
    else:
        with h5py.File(tmp_path / "digits.h5", "w") as file:
            file["x"], file["y"] = np.eye(3, 784, dtype=np.uint8), np.arange(3)
        parts = ("input", "validation" if experiment == "optimizers" else "test")
        small += [f"{part}.path={tmp_path / 'digits.h5'}" for part in parts]
        small.append("training.epochs=1")
    with nnpipe.run(composed(f"experiment={experiment}", *small)) as run:
        assert run.path.parent == tmp_path.resolve() / experiment
        assert run.outputs.shape[0] == 3
        assert run.manifest.status == "complete"
