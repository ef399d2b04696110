"""Rules across the sections of a config, word for word."""

import pytest

from nnpipe.network.activations import ACTIVATIONS
from nnpipe.pipeline.load import find_problems, read_config
from nnpipe.pipeline.rules import check_activations, check_loss, find_conflicts
from nnpipe.training.losses import LOSSES, loss_of


def batch_norm(**training):
    layers = {"drop": {"kind": "batch_norm"}, "last": {"neurons": 2}}
    return {"architecture": {"layers": layers}, "training": training}


TRAINED = {"pipeline": {"stages": ["train"]}}
SIGMOIDS = {"architecture": {"activation": "sigmoid", "output_activation": None}}
FILE = {"kind": "idx", "path": "x.gz"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"output": {"activations": ["all", "hidden1", "output"]}},
        {"architecture": {"run": "outputs/default/v0001"}, "output": {"activations": ["any"]}},
        batch_norm(batch_size=2),
        {"training": {"batch_size": 1}},
        {"training": {"patience": 3}},
        {"training": {"patience": 3, "validation_fraction": 0.2}},
        {"training": {"patience": 3, "validation_fraction": 0}, "validation": FILE},
        {"training": {"loss": "cross_entropy"}},
        {**TRAINED, "training": {"loss": "mean_squared_error"}},
        {**TRAINED, "training": {"loss": "cross_entropy"}},
        {**TRAINED, "output": {"activations": ["hidden1", "output"]}},
        {**TRAINED, "architecture": {"run": "a"}, "training": {"loss": "cross_entropy"}},
        {"validation": FILE, "input": {"normalize": "scale"}, "test": FILE},
    ],
)
def test_a_config_that_keeps_the_rules_has_no_conflicts(given):
    assert list(find_conflicts(read_config(given))) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            batch_norm(batch_size=1),
            "training.batch_size: found 1; expected 2 or greater, because architecture.layers.drop "
            "normalizes features over the samples of a batch",
        ),
        (
            {"training": {"validation_fraction": 0.2}, "validation": FILE},
            "training.validation_fraction: found 0.2 and a validation input; expected one of "
            "them. Leave it null.",
        ),
        (
            {"training": {"patience": 3, "validation_fraction": 0}},
            "training.patience: found 3 without validation samples; expected null. "
            "Set training.validation_fraction above 0, or set `validation`.",
        ),
        (
            {**TRAINED, **SIGMOIDS, "training": {"loss": "cross_entropy"}},
            "training.loss: 'cross_entropy' does not fit a last layer with the activation "
            "'sigmoid'; expected 'softmax'. Set the output activation to softmax, or training.loss "
            "to binary_cross_entropy.",
        ),
        *(
            (
                {key: {**FILE, "normalize": {"kind": "scale", "divisor": 2}}},
                f"{key}.normalize.kind: found 'scale'; expected 'none': the normalization of "
                "`input` applies to it too",
            )
            for key in ("validation", "test")
        ),
        (
            {"pipeline": {"stages": []}},
            "pipeline.stages: found an empty list; expected at least one stage",
        ),
        (
            {**TRAINED, "output": {"activations": ["hidden2"]}},
            "output.activations: 'hidden2' is not a layer; "
            "expected one of all, hidden1, output. Did you mean 'hidden1'?",
        ),
        (
            {"output": {"activations": ["hiden1"]}},
            "output.activations: 'hiden1' is not a layer; "
            "expected one of all, hidden1, hidden2, hidden3, output. Did you mean 'hidden1'?",
        ),
    ],
)
def test_a_rule_that_is_broken_is_one_line(given, problem):
    assert find_problems(given) == [problem]


def test_the_layers_of_a_run_are_checked_once_they_are_known():
    assert list(check_activations(["all", "a"], ["a", "b"])) == []
    assert list(check_activations(["c"], ["a", "b"])) == [
        "output.activations: 'c' is not a layer; expected one of a, all, b."
    ]


@pytest.mark.parametrize("activation", ACTIVATIONS.names)
def test_the_natural_loss_of_an_activation_fits_it(activation):
    assert list(check_loss(LOSSES.choice(loss_of(activation)), activation)) == []
    assert list(check_loss(None, activation)) == []
    assert list(check_loss(LOSSES.choice("mean_squared_error"), activation)) == []


def test_an_unknown_loss_hides_no_other_problem_of_training():
    problems = find_problems(batch_norm(batch_size=1, loss="cross_entrpy"))
    assert sorted(problem.split(":")[0] for problem in problems) == [
        "training.batch_size",
        "training.loss",
    ]


def test_where_a_value_cannot_be_used_no_conflict_of_its_key_is_reported():
    given = {"output": {"name": True, "root": ""}, "pipeline": {"stages": 5}}
    assert find_problems(given) == [
        "output.name: found True; expected a string",
        "pipeline.stages: found 5; expected a list",
        "output.root: found ''; expected a folder",
    ]
