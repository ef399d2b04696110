"""Every form of architecture as a stack of named layers."""

import pytest

from nnpipe.config.layers import stack_of, transforms_of
from nnpipe.config.schema import (
    DropoutConfig,
    FromRunConfig,
    InitializerConfig,
    LayerConfig,
    MlpConfig,
    StackConfig,
    UniformConfig,
)


def described(architecture):
    return [(name, c.neurons, c.activation) for name, c in stack_of(architecture).items()]


def test_the_sizes_of_an_mlp_become_hidden_layers_and_an_output():
    architecture = MlpConfig(sizes=[100, 50, 10], activation="relu", output_activation="softmax")
    assert described(architecture) == [
        ("hidden1", 100, "relu"),
        ("hidden2", 50, "relu"),
        ("output", 10, "softmax"),
    ]


def test_without_an_output_activation_the_last_layer_has_that_of_the_others():
    assert described(MlpConfig(sizes=[2, 1], activation="tanh")) == [
        ("hidden1", 2, "tanh"),
        ("output", 1, "tanh"),
    ]


@pytest.mark.parametrize(
    ("depth", "names"),
    [(0, ["output"]), (1, ["hidden1", "output"]), (3, ["hidden1", "hidden2", "hidden3", "output"])],
)
def test_a_uniform_architecture_has_as_many_hidden_layers_as_its_depth(depth, names):
    architecture = UniformConfig(width=7, depth=depth, outputs=3, activation="relu")
    assert described(architecture) == [
        (name, 3 if name == "output" else 7, "relu") for name in names
    ]


def test_every_layer_has_the_initializer_of_its_architecture():
    initializer = InitializerConfig("uniform", low=-1.0)
    layers = stack_of(UniformConfig(initializer=initializer)).values()
    assert [layer.initializer for layer in layers] == [initializer] * 3


def test_a_stack_is_itself_in_the_order_in_which_it_is_written():
    layers = {"z": LayerConfig(neurons=3), "a": LayerConfig(neurons=2)}
    assert list(stack_of(StackConfig(layers=layers)).items()) == list(layers.items())


def test_the_layers_of_an_earlier_run_are_not_declared():
    assert stack_of(FromRunConfig(run="outputs/default/v0001")) == {}


def test_no_sizes_are_no_layers():
    assert stack_of(MlpConfig(sizes=[])) == {}


def test_dropout_is_no_layer_of_the_network_but_a_transform_before_the_one_after_it():
    architecture = StackConfig(
        layers={
            "drop0": DropoutConfig(rate=0.2),
            "a": LayerConfig(neurons=3),
            "b": LayerConfig(neurons=3),
            "drop2": DropoutConfig(),
            "c": LayerConfig(neurons=2),
        }
    )
    assert list(stack_of(architecture)) == ["a", "b", "c"]
    assert transforms_of(architecture) == {
        "a": {"drop0": DropoutConfig(rate=0.2)},
        "c": {"drop2": DropoutConfig()},
    }
    assert transforms_of(MlpConfig()) == {}
