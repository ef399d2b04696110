"""Ranges, names and rules that span several keys, word for word and all at once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nnpipe.config.check import check_activations

from nnpipe.errors import ConfigError
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.pipeline.plan import find_problems, read_config

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
            "architecture.layers.drop.rat: unknown key; expected one of kind, rate. "
            "Did you mean 'rate'?",
        ),
        (
            dropout(kind="dropot"),
            "architecture.layers.drop.kind: 'dropot' is not a kind of layer; "
            "expected one of batch_norm, dense, dropout. Did you mean 'dropout'?",
        ),
        (
            {"architecture": {"layers": {"a": {"neurons": 2}, "drop": {"kind": "dropout"}}}},
            "architecture.layers.drop: found dropout at the end; "
            "expected it before a layer with neurons. Remove it or move it.",
        ),
        (
            dropout(kind="batch_norm") | {"training": {"batch_size": 1}},
            "training.batch_size: found 1; expected 2 or greater, because architecture.layers.drop "
            "normalizes features over the samples of a batch",
        ),
        (
            {"dtype": "float23"},
            "dtype: 'float23' is not a dtype for networks; expected one of float32, float64. "
            "Did you mean 'float32'?",
        ),
        (
            {"engine": {"kind": "fats"}},
            "engine.kind: 'fats' is not an engine; expected one of dask, fast, reference. "
            "Did you mean 'fast'?",
        ),
        ({"engine": {"tile": 0}}, "engine.tile: found 0; expected 1 or greater"),
        (
            {"engine": {"tile": 64, "kind": "reference"}},
            "engine.tile: does not belong to the kind 'reference', which takes whole batches. "
            "Leave it null.",
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
            f"architecture.initializer.kind: 'norml' is not an initializer; expected one of "
            f"{INITIALIZER_NAMES}. Did you mean 'normal'?",
        ),
        (
            {"architecture": {"initializer": {"bias": "zero"}}},
            f"architecture.initializer.bias: 'zero' is not an initializer; expected one of "
            f"{INITIALIZER_NAMES}. Did you mean 'zeros'?",
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
            "architecture.layers.a.initializer.low: does not belong to the kind 'normal', "
            "which takes mean, std. Leave it null.",
        ),
        (
            stack(initializer={"kind": "zeros", "gain": 1}),
            "architecture.layers.a.initializer.gain: does not belong to the kind 'zeros', "
            "which takes nothing. Leave it null.",
        ),
        (
            stack(initializer={"std": -0.5}),
            "architecture.layers.a.initializer.std: found -0.5; expected 0 or greater",
        ),
        (
            stack(initializer={"mean": math.inf}),
            "architecture.layers.a.initializer.mean: found inf; expected finite numbers",
        ),
        (
            stack(initializer={"kind": "uniform", "low": 2.0, "high": 2.0}),
            "architecture.layers.a.initializer.high: found 2.0; "
            "expected more than low, which is 2.0",
        ),
        ({"input": {"samples": 0}}, "input.samples: found 0; expected 1 or greater"),
        ({"input": {"features": -3}}, "input.features: found -3; expected 1 or greater"),
        (
            {"input": {"distribution": "gauss"}},
            "input.distribution: 'gauss' is not a distribution; "
            "expected one of bernoulli, normal, uniform.",
        ),
        (
            {"input": {"distribution": "uniform", "low": 3}},
            "input.high: found 1.0; expected more than low, which is 3.0",
        ),
        (
            {"input": {"distribution": "bernoulli", "p": 1.5}},
            "input.p: found 1.5; expected a probability from 0 to 1",
        ),
        (
            {"input": {"p": 0.5}},
            "input.p: does not belong to the kind 'normal', which takes mean, std. Leave it null.",
        ),
        ({"input": {"std": math.nan}}, "input.std: found nan; expected finite numbers"),
        (
            {"input": {"on_nonfinite": "ignore"}},
            "input.on_nonfinite: 'ignore' is not a way to go on; expected one of error, warn.",
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
            "input.normalize.mean: does not belong to the kind 'scale', which takes divisor. "
            "Leave it null.",
        ),
        (
            normalized(kind="standardize", mean=[]),
            "input.normalize.mean: found an empty list; expected one number, or one per feature",
        ),
        (
            normalized(kind="standardize", std=[1, -1]),
            "input.normalize.std: found [1.0, -1.0]; expected 0 or greater",
        ),
        (
            normalized(kind="minmax", max=[1, math.nan]),
            "input.normalize.max: found [1.0, nan]; expected finite numbers",
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
        "architecture.sizes[1]",
        "engine.batch_size",
        "input.samples",
        "input.std",
        "sede",
        "seed",
    ]


def test_the_layers_of_a_run_are_checked_once_they_are_known():
    assert check_activations(["all", "a"], ["a", "b"]) == []
    assert check_activations(["c"], ["a", "b"]) == [
        "output.activations: 'c' is not a layer; expected one of a, all, b."
    ]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), st.integers(0, 8))
def test_a_size_is_refused_exactly_where_it_is_not_positive(sizes, place):
    place %= len(sizes)
    assert find_problems({"architecture": {"sizes": sizes}}) == []
    sizes[place] = -sizes[place]
    assert find_problems({"architecture": {"sizes": sizes}}) == [
        f"architecture.sizes[{place}]: found {sizes[place]}; expected 1 or greater"
    ]


def test_an_unknown_loss_hides_no_other_problem_of_training():
    training = {"batch_size": 1, "loss": "cross_entrpy"}
    problems = find_problems(dropout(kind="batch_norm") | {"training": training})
    assert [problem.split(":")[0] for problem in problems] == [
        "training.batch_size",
        "training.loss",
    ]
