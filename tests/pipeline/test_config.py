"""The whole config: its defaults, its short forms, and what it tells of itself."""

import pytest

from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.layers import LAYERS
from nnpipe.pipeline.config import FURTHER, Config
from nnpipe.pipeline.load import read_config
from nnpipe.pipeline.plan import make_plan
from nnpipe.sources import SOURCES
from nnpipe.sources.normalizations import NORMALIZATIONS
from nnpipe.training.options import TrainingOptions


def test_nothing_given_is_the_articles_network_over_random_samples():
    config = read_config({})
    assert config == Config()
    with make_plan({}) as plan:
        resolved = plan.config
    sigmoid = ACTIVATIONS.choice("sigmoid")
    assert resolved.architecture == ARCHITECTURES.choice(
        "mlp",
        inputs=784,
        sizes=[100, 50, 10, 5],
        activation=sigmoid,
        output_activation=sigmoid,
        initializer=INITIALIZERS.choice("normal", mean=0.0, std=1.0),
    )
    assert resolved.input == SOURCES.choice(
        "random", samples=1000, features=784, normalize=NORMALIZATIONS.choice("none")
    )
    assert config.engine.kind == "fast"
    assert config.engine.options.batch_size is None
    assert config.optimizer.kind == "adam"
    assert config.optimizer.options.learning_rate == 0.001
    assert config.training == TrainingOptions()
    assert (config.seed, config.dtype) == (0, None)
    assert (config.validation, config.test) == (None, None)


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [
        ({"sizes": [3]}, "mlp"),
        ({"width": 3}, "uniform"),
        ({"depth": 0}, "uniform"),
        ({"layers": {"a": {"neurons": 1}}}, "stack"),
        ({"run": "outputs/default/v0001"}, "from_run"),
        ({"kind": "uniform"}, "uniform"),
        ("uniform", "uniform"),
    ],
)
def test_an_architecture_without_a_kind_is_told_by_its_keys(architecture, kind):
    assert read_config({"architecture": architecture}).architecture.kind == kind


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ({"samples": 3}, "random"),
        ({"path": "x.h5", "dataset": "/x"}, "hdf5"),
        ({"path": "x.npy", "kind": "npy"}, "npy"),
        ({"path": "x.gz", "kind": "idx"}, "idx"),
    ],
)
@pytest.mark.parametrize("key", ["input", *FURTHER])
def test_an_input_without_a_kind_is_told_by_its_keys(key, source, kind):
    assert read_config({key: source}).inputs[key].kind == kind


def test_a_name_stands_for_a_mapping_with_that_kind():
    short = {
        "architecture": {"layers": {"a": {"neurons": 2, "initializer": "he_normal"}}},
        "input": {"normalize": "scale"},
        "engine": "reference",
        "optimizer": "sgd",
        "training": {"loss": "mean_squared_error", "schedule": "cosine"},
    }
    long = {
        "architecture": {"layers": {"a": {"neurons": 2, "initializer": {"kind": "he_normal"}}}},
        "input": {"normalize": {"kind": "scale"}},
        "engine": {"kind": "reference"},
        "optimizer": {"kind": "sgd"},
        "training": {"loss": {"kind": "mean_squared_error"}, "schedule": {"kind": "cosine"}},
    }
    config = read_config(short)
    assert config == read_config(long)
    layer = config.architecture.options.layers["a"]
    assert layer == LAYERS.choice("dense", neurons=2, initializer=INITIALIZERS.choice("he_normal"))
    assert config.input.options.normalize == NORMALIZATIONS.choice("scale")


def test_the_inputs_are_those_that_are_there_in_their_order():
    config = read_config({"test": {"samples": 3}, "input": {"samples": 2}})
    assert [(key, chosen.options.samples) for key, chosen in config.inputs.items()] == [
        ("input", 2),
        ("test", 3),
    ]


def test_a_config_knows_its_stages():
    config = read_config({"pipeline": {"stages": ["train", {"kind": "infer"}]}})
    assert [config.has_stage(kind) for kind in ("train", "infer", "evaluate")] == [
        True,
        True,
        False,
    ]
