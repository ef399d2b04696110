"""Every YAML file under conf/ composes, says what the kinds say, and every experiment runs.

Modules: app/kind_source.py.
"""

import h5py
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

import nnpipe
from nnpipe.app.compose import VERSION_BASE, conf_folder, register
from nnpipe.app.composed import plain
from nnpipe.app.kind_source import GROUPS
from nnpipe.pipeline.load import read_config
from scripts.write_conf import files

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


def test_nothing_typed_is_the_default():
    assert read_config(composed()) == read_config({})


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_composes_and_lacks_only_what_has_no_default(group, choice):
    config = compose("config", [f"{group}={choice}"])
    missing = {key for key in OmegaConf.missing_keys(config) if not key.startswith("hydra.")}
    assert missing == {f"{group}.{key}" for key in MISSING.get(f"{group}/{choice}", {})}


@pytest.mark.parametrize("path", [path for path, _ in files()], ids=lambda path: path.stem)
def test_a_file_says_every_option_with_its_default_its_documentation_and_its_kinds(path):
    assert path.read_text(encoding="utf-8") == dict(files())[path]


def test_every_kind_of_a_group_has_a_file():
    missing = {
        (group, name)
        for group, registry in GROUPS.items()
        for name in registry.built_in
        if not (CONF / group / f"{name}.yaml").is_file()
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("group", "choice"), [(group, name) for group in GROUPS for name in GROUPS[group].built_in]
)
def test_a_choice_means_what_its_kind_means(group, choice):
    filled = MISSING.get(f"{group}/{choice}", {})
    typed = [f"{group}.{key}={value}" for key, value in filled.items()]
    found = read_config(composed(f"{group}={choice}", *typed))
    if choice != "stack":  # its file has layers, its options have none
        assert found == read_config({group: {"kind": choice, **filled}})


@pytest.mark.parametrize(
    ("key", "name", "option", "value"),
    [
        ("training.schedule", "step", "every", 3),
        ("training.schedule", "cosine", "floor", 0.1),
        ("architecture.initializer", "uniform", "high", 0.25),
        ("architecture.activation", "leaky_relu", "slope", 0.2),
        ("input.normalize", "scale", "divisor", 7.0),
        ("input.distribution", "bernoulli", "p", 0.25),
    ],
)
@pytest.mark.parametrize("file", ["nothing", "bare", "mapping"])
def test_a_kind_within_a_section_is_chosen_in_every_way(tmp_path, key, name, option, value, file):
    first, _, last = key.partition(".")
    said = {"bare": name, "mapping": f"{{kind: {name}}}"}.get(file)
    text = "# @package _global_\n" + (f"{first}: {{{last}: {said}}}\n" if said else "")
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/mine.yaml").write_text(text)
    ways = [
        [f"{key}={name}", f"{key}.{option}={value}"],
        [f"{key}.{option}={value}", f"{key}.kind={name}"],
        [f"{key}={{kind: {name}, {option}: {value}}}"],
        *([[f"{key}.{option}={value}"]] if said else []),
    ]
    for way in ways:
        config = composed(f"hydra.searchpath=[{tmp_path}]", "experiment=mine", *way)
        chosen = getattr(getattr(read_config(config), first), last, None) or getattr(
            getattr(read_config(config), first).options, last
        )
        assert (chosen.kind, getattr(chosen.options, option)) == (name, value), way
    bare = composed(f"hydra.searchpath=[{tmp_path}]", "experiment=mine", f"{key}={name}")
    assert read_config(bare) == read_config({first: {last: name}})


@pytest.mark.parametrize("typed", ["optimizer=sgd", "optimizer.kind=sgd"])
def test_the_options_of_a_kind_that_was_replaced_are_gone(typed):
    assert composed(typed)["optimizer"] == {"kind": "sgd", **(
        {"learning_rate": 0.1} if typed == "optimizer=sgd" else {}
    )}  # fmt: skip
    assert read_config(composed(typed)).optimizer.options.learning_rate == 0.1


def test_an_experiment_may_choose_a_kind_without_an_override_of_the_group(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/mine.yaml").write_text(
        "# @package _global_\nengine: {kind: reference}\n"
        "optimizer: {kind: momentum, momentum: 0.5}\n"
    )
    config = read_config(composed(f"hydra.searchpath=[{tmp_path}]", "experiment=mine"))
    assert (config.engine.kind, config.optimizer.kind) == ("reference", "momentum")
    assert config.optimizer.options.momentum == 0.5


def test_files_that_were_copied_from_the_first_version_go_on_working(tmp_path):
    (tmp_path / "input").mkdir()
    (tmp_path / "input/mine.yaml").write_text(
        "defaults:\n  - /schema/input/random@_here_\n  - _self_\nkind: random\nsamples: 7\n"
        "distribution: uniform\nmean: null\nstd: null\nlow: -1\nhigh: null\np: null\n"
        "normalize:\n  kind: none\n  divisor: null\n  mean: null\n"
    )
    config = read_config(composed(f"hydra.searchpath=[{tmp_path}]", "input=mine"))
    assert config.input.options.samples == 7
    assert config.input.options.distribution.kind == "uniform"
    assert config.input.options.distribution.options.low == -1
    assert config.input.options.distribution.options.high == 1


def test_the_stack_has_named_layers_that_can_be_changed_alone():
    config = read_config(
        composed("architecture=stack", "architecture.layers.hidden1.neurons=7", "input.samples=2")
    )
    layers = config.architecture.make()
    assert [(name, layer.options.neurons) for name, layer in layers.items()] == [
        ("hidden1", 7),
        ("hidden2", 50),
        ("output", 10),
    ]
    assert {layer.options.initializer.kind for layer in layers.values()} == {"normal"}


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


def test_a_name_may_be_a_number():
    assert read_config(composed("output.name=2024")).output.name == "2024"
    assert read_config(composed("output.name=007")).output.name == "007"


@pytest.mark.parametrize(
    ("text", "key", "found"),
    [
        ("12", "seed", 12),
        ("0.25", "training.l2", 0.25),
        ("-1", "input.sample_axis", -1),
        ("007", "output.name", "007"),
        ("2024", "output.name", "2024"),
    ],
)
def test_an_environment_variable_may_be_a_number(monkeypatch, text, key, found):
    monkeypatch.setenv("NNPIPE_VALUE", text)
    given = composed("input=npy", "input.path=x.npy", f"{key}=${{oc.env:NNPIPE_VALUE}}")
    config = read_config(given)
    first, _, last = key.partition(".")
    value = getattr(config, first)
    value = getattr(getattr(value, "options", value), last) if last else value
    assert value == found
