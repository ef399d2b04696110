"""Every form of architecture as a stack of named layers.

Modules: network/architectures/*.
"""

import pytest

from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.architectures import ARCHITECTURES, guess_architecture
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.layers import LAYERS
from nnpipe.network.stack import lasting
from tests.strategies import dense


def stack_of(kind, **options):
    named = ("activation", "output_activation")
    chosen = {k: ACTIVATIONS.choice(v) if k in named else v for k, v in options.items()}
    return ARCHITECTURES.choice(kind, **chosen).make()


def described(kind, **options):
    layers = {name: layer.options for name, layer in stack_of(kind, **options).items()}
    return [(name, layer.neurons, layer.activation.kind) for name, layer in layers.items()]


def test_the_sizes_of_an_mlp_become_hidden_layers_and_an_output():
    found = described("mlp", sizes=[100, 50, 10], activation="relu", output_activation="softmax")
    assert found == [
        ("hidden1", 100, "relu"),
        ("hidden2", 50, "relu"),
        ("output", 10, "softmax"),
    ]


def test_without_an_output_activation_the_last_layer_has_that_of_the_others():
    assert described("mlp", sizes=[2, 1], activation="tanh") == [
        ("hidden1", 2, "tanh"),
        ("output", 1, "tanh"),
    ]


def test_the_options_of_an_activation_are_those_of_every_layer():
    leaky = ACTIVATIONS.choice("leaky_relu", slope=0.3)
    stack = ARCHITECTURES.choice("mlp", sizes=[2, 1], activation=leaky).make()
    assert [layer.options.activation for layer in stack.values()] == [leaky, leaky]


@pytest.mark.parametrize(
    ("depth", "names"),
    [(0, ["output"]), (1, ["hidden1", "output"]), (3, ["hidden1", "hidden2", "hidden3", "output"])],
)
def test_a_uniform_architecture_has_as_many_hidden_layers_as_its_depth(depth, names):
    found = described("uniform", width=7, depth=depth, outputs=3, activation="relu")
    assert found == [(name, 3 if name == "output" else 7, "relu") for name in names]


def test_every_layer_has_the_initializer_of_its_architecture():
    initializer = INITIALIZERS.choice("uniform", low=-1.0)
    layers = stack_of("uniform", initializer=initializer).values()
    assert [layer.options.initializer for layer in layers] == [initializer] * 3


def test_a_stack_is_itself_in_the_order_in_which_it_is_written():
    layers = {"z": dense(3), "a": dense(2)}
    assert list(stack_of("stack", layers=layers).items()) == list(layers.items())


def test_the_layers_of_an_earlier_run_are_not_declared():
    assert stack_of("from_run", run="outputs/default/v0001") == {}


def test_no_sizes_are_no_layers():
    assert stack_of("mlp", sizes=[]) == {}


def test_training_leaves_the_layers_that_it_does_not_remove():
    drop0, drop2 = LAYERS.choice("dropout", rate=0.2), LAYERS.choice("dropout")
    layers = {"drop0": drop0, "a": dense(3), "b": dense(3), "drop2": drop2, "c": dense(2)}
    stack = stack_of("stack", layers=layers)
    assert lasting(stack) == {"a": layers["a"], "b": layers["b"], "c": layers["c"]}
    assert lasting(stack_of("mlp")) == stack_of("mlp")


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ({}, "mlp"),
        ({"sizes": [3]}, "mlp"),
        ({"width": 3}, "uniform"),
        ({"depth": 0}, "uniform"),
        ({"layers": {}}, "stack"),
        ({"run": "outputs/default/v0001"}, "from_run"),
    ],
)
def test_a_form_is_told_by_its_keys(given, form):
    assert guess_architecture(given) == form
