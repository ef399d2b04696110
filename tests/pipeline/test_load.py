"""Ranges, names and rules within a section, word for word and all at once; the YAML of old."""

import json
import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.config.load import store
from nnpipe.errors import ConfigError
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.pipeline.load import find_problems, read_config, upgrade

ACTIVATION_NAMES = ", ".join(ACTIVATIONS.names)
INITIALIZER_NAMES = ", ".join(INITIALIZERS.names)


def stack(name="a", **layer):
    return {"architecture": {"layers": {name: {"neurons": 2, **layer}}}}


def dropout(**layer):
    drop = {"kind": "dropout", **layer}
    return {"architecture": {"layers": {"drop": drop, "last": {"neurons": 2}}}}


def normalized(**normalize):
    return {"input": {"normalize": normalize}}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"architecture": {"sizes": [1]}, "seed": 2**70, "dtype": "float64"},
        {"architecture": {"width": 1, "depth": 0, "outputs": 1}},
        {"architecture": {"width": 1, "depth": 1000}},
        stack("_" + "a" * 63, activation="softmax", initializer={"kind": "he_normal"}),
        stack(initializer={"kind": "uniform", "low": -1, "high": 1, "bias": "zeros"}),
        dropout(rate=0.0),
        {"architecture": {"run": "outputs/default/v0001"}, "output": {"activations": ["any"]}},
        {"input": {"samples": 1, "features": 1, "mean": -1, "std": 0}},
        {"input": {"distribution": "uniform", "low": -1, "high": 0}},
        {"input": {"distribution": "bernoulli", "p": 1}},
        {"input": {"path": "x.h5", "dataset": "/x", "rows": {"start": -5, "step": 3}}},
        normalized(kind="scale", divisor=-2),
        normalized(kind="standardize", mean=[0.5], std=[0.0]),
        normalized(kind="minmax", min=[0.0], max=[1.0]),
        {"output": {"activations": ["all", "hidden1"], "name": "v1.2-final_"}},
    ],
)
def test_what_is_in_range_has_no_problems(given):
    assert find_problems(given) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"seed": -1}, "seed: found -1; expected 0 or greater"),
        (
            dropout(rate=1),
            "architecture.layers.drop.rate: found 1.0; expected 0 or greater, below 1",
        ),
        (
            dropout(rate="half"),
            "architecture.layers.drop.rate: found 'half'; expected a number",
        ),
        (
            dropout(rat=0.5),
            "architecture.layers.drop.rat: unknown key for the kind 'dropout'; "
            "expected one of rate. Did you mean 'rate'?",
        ),
        (
            dropout(kind="dropot"),
            "architecture.layers.drop.kind: 'dropot' is not a kind of layer; "
            "expected one of batch_norm, dense, dropout, layer_norm, residual. "
            "Did you mean 'dropout'?",
        ),
        (
            {"architecture": {"layers": {"a": {"neurons": 2}, "drop": {"kind": "dropout"}}}},
            "architecture.layers.drop: found dropout at the end; "
            "expected it before a layer with neurons. Remove it or move it.",
        ),
        (
            dropout(kind="residual", layers={"norm": "batch_norm", "a": {"neurons": 3}})
            | {"training": {"batch_size": 1}},
            "training.batch_size: found 1; expected 2 or greater, because architecture.layers.drop "
            "normalizes features over the samples of a batch",
        ),
        (
            dropout(kind="residual", layers={"a": {"neurons": 3}, "drop": {"kind": "dropot"}}),
            "architecture.layers.drop.layers.drop.kind: 'dropot' is not a kind of layer; "
            "expected one of batch_norm, dense, dropout, layer_norm, residual. "
            "Did you mean 'dropout'?",
        ),
        (
            dropout(kind="residual"),
            "architecture.layers.drop.layers: found no layer; expected at least one",
        ),
        (
            dropout(kind="batch_norm") | {"training": {"batch_size": 1}},
            "training.batch_size: found 1; expected 2 or greater, because architecture.layers.drop "
            "normalizes features over the samples of a batch",
        ),
        (
            {"dtype": "float23"},
            "dtype: found 'float23'; expected one of float32, float64. Did you mean 'float32'?",
        ),
        (
            {"engine": {"kind": "fats"}},
            "engine.kind: 'fats' is not an engine; expected one of dask, fast, reference. "
            "Did you mean 'fast'?",
        ),
        ({"engine": {"tile": 0}}, "engine.tile: found 0; expected 1 or greater"),
        (
            {"engine": {"tile": 64, "kind": "reference"}},
            "engine.tile: unknown key for the kind 'reference'; expected one of batch_size, "
            "memory_limit, threads.",
        ),
        ({"engine": {"batch_size": 0}}, "engine.batch_size: found 0; expected 1 or greater"),
        ({"output": {"root": ""}}, "output.root: found ''; expected a folder"),
        *(
            (
                {"output": {"name": name}},
                f"output.name: {name!r} cannot name a folder; expected letters, digits, '_', '-' "
                "and '.', not beginning with '-' or '.'",
            )
            for name in ("", ".", "..", "a/b", "-a", "a\n", "a" * 101, "é")
        ),
        (
            {"output": {"activations": ["hiden1"]}},
            "output.activations: 'hiden1' is not a layer; "
            "expected one of all, hidden1, hidden2, hidden3, output. Did you mean 'hidden1'?",
        ),
        (
            {"pipeline": {"stages": []}},
            "pipeline.stages: found an empty list; expected at least one stage",
        ),
        ({"architecture": {"inputs": 0}}, "architecture.inputs: found 0; expected 1 or greater"),
        (
            {"architecture": {"sizes": []}},
            "architecture.sizes: found an empty list; expected one size per layer",
        ),
        (
            {"architecture": {"sizes": [3, 0]}},
            "architecture.sizes[1]: found 0; expected 1 or greater",
        ),
        ({"architecture": {"width": 0}}, "architecture.width: found 0; expected 1 or greater"),
        ({"architecture": {"depth": -1}}, "architecture.depth: found -1; expected 0 to 1000"),
        (
            {"architecture": {"depth": 10**12}},
            "architecture.depth: found 1000000000000; expected 0 to 1000",
        ),
        (
            {"architecture": {"width": 2, "outputs": 0}},
            "architecture.outputs: found 0; expected 1 or greater",
        ),
        (
            {"architecture": {"activation": "tanth"}},
            f"architecture.activation: 'tanth' is not an activation; expected one of "
            f"{ACTIVATION_NAMES}. Did you mean 'tanh'?",
        ),
        (
            {"architecture": {"output_activation": "softmaxx"}},
            f"architecture.output_activation: 'softmaxx' is not an activation; expected one of "
            f"{ACTIVATION_NAMES}. Did you mean 'softmax'?",
        ),
        (
            {"architecture": {"initializer": "norml"}},
            f"architecture.initializer: 'norml' is not an initializer; expected one of "
            f"{INITIALIZER_NAMES}. Did you mean 'normal'?",
        ),
        (
            {"architecture": {"initializer": {"kind": "normal", "bias": "zero"}}},
            f"architecture.initializer.bias: 'zero' is not an initializer; expected one of "
            f"{INITIALIZER_NAMES}. Did you mean 'zeros'?",
        ),
        (
            {"architecture": {"initializer": {"bias": "zeros"}}},
            "architecture.initializer.kind: missing; set it",
        ),
        (
            {"architecture": {"initializer": {"kind": "auto", "gain": 2}}},
            "architecture.initializer.kind: missing; set it",
        ),
        (
            {"architecture": {"layers": {}}},
            "architecture.layers: found no layer; expected at least one",
        ),
        *(
            (
                stack(name),
                f"architecture.layers: {name!r} cannot name a layer; expected a letter, then "
                "letters, digits and '_', at most 64 in all, and not 'all'",
            )
            for name in ("", "all", "1a", "a/b", "..", "a b", "a\n", "a" * 65)
        ),
        (stack(neurons=0), "architecture.layers.a.neurons: found 0; expected 1 or greater"),
        (
            stack(activation="rleu"),
            f"architecture.layers.a.activation: 'rleu' is not an activation; expected one of "
            f"{ACTIVATION_NAMES}. Did you mean 'relu'?",
        ),
        (
            stack(initializer={"kind": "normal", "low": 1}),
            "architecture.layers.a.initializer.low: unknown key for the kind 'normal'; "
            "expected one of bias, mean, std.",
        ),
        (
            stack(initializer={"kind": "zeros", "gain": 1}),
            "architecture.layers.a.initializer.gain: unknown key for the kind 'zeros'; "
            "expected one of bias.",
        ),
        (
            stack(initializer={"std": -0.5}),
            "architecture.layers.a.initializer.std: found -0.5; expected 0 or greater",
        ),
        (
            stack(initializer={"mean": math.inf}),
            "architecture.layers.a.initializer.mean: found inf; expected a finite number",
        ),
        (
            stack(initializer={"kind": "uniform", "low": 2.0, "high": 2.0}),
            "architecture.layers.a.initializer.high: found 2.0; "
            "expected more than low, which is 2.0",
        ),
        ({"input": {"samples": 0}}, "input.samples: found 0; expected 1 to 9007199254740992"),
        ({"input": {"features": -3}}, "input.features: found -3; expected 1 or greater"),
        (
            {"input": {"distribution": "gauss"}},
            "input.distribution: 'gauss' is not a distribution; "
            "expected one of bernoulli, normal, uniform.",
        ),
        (
            {"input": {"distribution": "uniform", "low": 3}},
            "input.distribution.high: found 1.0; expected more than low, which is 3.0",
        ),
        (
            {"input": {"distribution": "bernoulli", "p": 1.5}},
            "input.distribution.p: found 1.5; expected 0 to 1",
        ),
        (
            {"input": {"p": 0.5}},
            "input.distribution.p: unknown key for the kind 'normal'; expected one of mean, std.",
        ),
        (
            {"input": {"std": math.nan}},
            "input.distribution.std: found nan; expected a finite number",
        ),
        (
            {"input": {"on_nonfinite": "ignore"}},
            "input.on_nonfinite: found 'ignore'; expected one of warn, error",
        ),
        (
            {"input": {"path": "x.h5", "dataset": "/x", "rows": {"step": 0}}},
            "input.rows.step: found 0; expected 1 or greater",
        ),
        (
            normalized(kind="scaled"),
            "input.normalize.kind: 'scaled' is not a kind of normalization; expected one of "
            "from_run, minmax, none, scale, standardize. Did you mean 'scale'?",
        ),
        (
            normalized(kind="scale", divisor=0),
            "input.normalize.divisor: found 0; expected any other number",
        ),
        (
            normalized(kind="scale", mean=[1]),
            "input.normalize.mean: unknown key for the kind 'scale'; expected one of divisor.",
        ),
        (
            normalized(kind="standardize", mean=[]),
            "input.normalize.mean: found an empty list; expected one number, or one per feature",
        ),
        (
            normalized(kind="standardize", std=[1, -1]),
            "input.normalize.std[1]: found -1.0; expected 0 or greater",
        ),
        (
            normalized(kind="minmax", max=[1, math.nan]),
            "input.normalize.max[1]: found nan; expected a finite number",
        ),
    ],
)
def test_what_cannot_be_run_is_one_line(given, problem):
    assert find_problems(given) == [problem]


def test_a_stage_that_does_not_exist_is_named_by_its_place():
    (problem,) = find_problems({"pipeline": {"stages": ["infer", "infre"]}})
    assert problem.startswith("pipeline.stages[1]: 'infre' is not a stage; expected one of ")
    assert problem.endswith(" Did you mean 'infer'?")


def test_every_problem_is_told_at_once_and_each_key_once():
    with pytest.raises(ConfigError) as refused:
        read_config(
            {
                "seed": "x",
                "sede": 1,
                "architecture": {"sizes": [0, "a"], "activation": 3},
                "input": {"samples": 0, "std": -1},
                "engine": {"batch_size": 0},
            }
        )
    keys = [problem.partition(":")[0] for problem in refused.value.problems]
    assert sorted(keys) == [
        "architecture.activation",
        "architecture.sizes[0]",
        "architecture.sizes[1]",
        "engine.batch_size",
        "input.distribution.std",
        "input.samples",
        "sede",
        "seed",
    ]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), st.integers(0, 8))
def test_a_size_is_refused_exactly_where_it_is_not_positive(sizes, place):
    place %= len(sizes)
    assert find_problems({"architecture": {"sizes": sizes}}) == []
    sizes[place] = -sizes[place]
    assert find_problems({"architecture": {"sizes": sizes}}) == [
        f"architecture.sizes[{place}]: found {sizes[place]}; expected 1 or greater"
    ]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"training": {"schedule": {"kind": "step", "floor": 0.1}}},
            "training.schedule.floor: unknown key for the kind 'step'; "
            "expected one of every, factor, warmup.",
        ),
        (
            {"training": {"schedule": {"kind": "cosine", "flor": 0.1}}},
            "training.schedule.flor: unknown key for the kind 'cosine'; "
            "expected one of floor, warmup. Did you mean 'floor'?",
        ),
        (
            {"training": {"keep": "bets"}},
            "training.keep: found 'bets'; expected one of best, last. Did you mean 'best'?",
        ),
        (
            {"optimizer": {"kind": "adam", "momentum": 0.9}},
            "optimizer.momentum: unknown key for the kind 'adam'; "
            "expected one of beta1, beta2, epsilon, learning_rate.",
        ),
        (
            {"optimizer": {"kind": "adma"}},
            "optimizer.kind: 'adma' is not an optimizer; expected one of adadelta, adagrad, adam, "
            "adamw, momentum, nesterov, rmsprop, sgd. Did you mean 'adam'?",
        ),
        (
            {"architecture": {"activation": {"kind": "leaky_relu", "slope": 1.5}}},
            "architecture.activation.slope: found 1.5; expected 0 to 1",
        ),
        (
            {"architecture": {"activation": {"kind": "gelu", "approximate": "tahn"}}},
            "architecture.activation.approximate: found 'tahn'; expected one of none, tanh. "
            "Did you mean 'tanh'?",
        ),
        (
            {"architecture": {"activation": {"kind": "relu", "slope": 0.1}}},
            "architecture.activation.slope: unknown key for the kind 'relu', which has no options",
        ),
        (
            {"validation": {"kind": "npy", "path": "x.npy", "rows": {"sep": 2}}},
            "validation.rows.sep: unknown key; expected one of start, step, stop. "
            "Did you mean 'step'?",
        ),
        (
            {"test": {"kind": "hdf5", "path": "x.h5", "allow": ["virtal"]}},
            "test.allow[0]: found 'virtal'; expected one of external_link, filter_plugin, "
            "large_chunk, outside_folder, virtual. Did you mean 'virtual'?",
        ),
        ({"test": {"kind": "idx"}}, "test.path: missing; set it"),
    ],
)
def test_a_problem_of_a_kind_is_one_line_with_its_key_and_its_kind(given, problem):
    assert find_problems(given) == [problem]


def test_a_key_that_version_1_had_beside_the_distribution_goes_on_working():
    flat = {"kind": "random", "distribution": "uniform", "low": -1, "high": 2, "mean": None}
    nested = {"kind": "random", "distribution": {"kind": "uniform", "low": -1.0, "high": 2.0}}
    assert read_config({"input": flat}) == read_config({"input": nested})
    assert read_config({"test": flat}).test == read_config({"test": nested}).test
    assert read_config({"input": {"std": 2}}) == read_config(
        {"input": {"distribution": {"kind": "normal", "std": 2.0}}}
    )
    both = {"distribution": {"kind": "normal", "mean": 1.0}, "std": 0.5}
    options = read_config({"input": both}).input.options.distribution.options
    assert (options.mean, options.std) == (1.0, 0.5)


def test_a_typed_null_is_the_default_of_version_1_and_none_of_the_kinds_business_elsewhere():
    nulls = {
        "optimizer": {"kind": "momentum", "momentum": None, "beta1": None, "rho": None},
        "training": {"schedule": {"kind": "step", "every": None, "floor": None}},
        "architecture": {"initializer": {"kind": "uniform", "low": None, "gain": None}},
        "input": {"normalize": {"kind": "none", "divisor": None, "mean": None}, "p": None},
        "engine": {"kind": "reference", "tile": None},
    }
    plain = {
        "optimizer": "momentum",
        "training": {"schedule": "step"},
        "architecture": {"initializer": "uniform"},
        "input": {"normalize": "none"},
        "engine": "reference",
    }
    assert read_config(nulls) == read_config(plain)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"optimizer": {"kind": "adam", "beta1": None, "beta3": None}}, "optimizer.beta3"),
        ({"architecture": {"inputs": 3, "sizes": None}}, "architecture.sizes"),
        ({"input": {"samples": None}}, "input.samples"),
        ({"training": {"schedule": {"kind": "step", "warmup": None}}}, "training.schedule.warmup"),
    ],
)
def test_a_null_that_never_had_a_meaning_is_refused(given, key):
    (problem,) = find_problems(given)
    assert problem.startswith(f"{key}: ")


FROZEN = Path(__file__).parents[1] / "frozen"
STORED = sorted(FROZEN.glob("v*/outputs/**/config.yaml"))


@pytest.mark.parametrize("path", STORED, ids=lambda path: str(path.parent.relative_to(FROZEN)))
def test_the_config_of_every_frozen_run_is_stored_as_this_version_stores_it(path):
    stored = yaml.safe_load(path.read_text())
    upgraded = upgrade(stored, 1)
    assert json.loads(json.dumps(upgraded)) == upgraded
    # Once it is of this version it says every value, and means itself.
    assert store(read_config(upgraded)) == upgraded
    assert upgrade(upgraded, 2) == upgraded
    assert (upgraded["seed"], upgraded["dtype"]) == (stored["seed"], stored["dtype"])


def test_a_stored_config_of_version_1_gets_the_defaults_that_its_nulls_meant():
    stored = yaml.safe_load((FROZEN / "v0.1.0/outputs/training/v0001/config.yaml").read_text())
    upgraded = upgrade(stored, 1)
    layers = upgraded["architecture"]["layers"]
    bias = {"kind": "zeros", "bias": None}
    assert layers == {
        "drop0": {"kind": "dropout", "rate": 0.1},
        "hidden1": {
            "kind": "dense",
            "neurons": 8,
            "activation": "relu",
            "initializer": {"kind": "he_normal", "bias": bias},
        },
        "norm1": "batch_norm",
        "output": {
            "kind": "dense",
            "neurons": 3,
            "activation": "softmax",
            "initializer": {"kind": "glorot_uniform", "bias": None, "gain": 1.0},
        },
    }
    assert upgraded["optimizer"] == {"kind": "momentum", "learning_rate": 0.01, "momentum": 0.8}
    assert upgraded["training"]["schedule"] == {"kind": "cosine", "warmup": 1.0, "floor": 0.1}
    assert upgraded["input"]["normalize"] == {"kind": "standardize", "mean": None, "std": None}
    assert upgraded["output"]["metric"] is None
    assert "figure" not in upgraded["output"]
    assert upgraded["pipeline"] == {
        "stages": ["train", {"kind": "evaluate", "metrics": []}, "infer"]
    }
