"""What a network is for decides the activations and the initial parameters of its layers."""

from __future__ import annotations

import pytest

from nnpipe.network.architectures.mlp import MlpOptions
from nnpipe.network.architectures.uniform import UniformOptions
from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.network.purpose import Purpose
from nnpipe.network.stack import resolved

LABELS = Purpose(trains=True, outputs=3, output="softmax")


def test_without_a_task_it_is_the_network_of_the_article() -> None:
    purpose = Purpose()
    for last in (False, True):
        assert purpose.activation(last).kind == "sigmoid"
    assert purpose.initializer("sigmoid").kind == "normal"
    assert MlpOptions().resolved(purpose).sizes == [100, 50, 10, 5]
    assert UniformOptions().resolved(purpose).outputs == 10


def test_with_a_task_the_last_layer_suits_it() -> None:
    assert (LABELS.activation().kind, LABELS.activation(last=True).kind) == ("relu", "softmax")
    assert MlpOptions().resolved(LABELS).sizes == [100, 3]
    assert UniformOptions().resolved(LABELS).outputs == 3


def test_a_softmax_of_one_neuron_is_a_sigmoid() -> None:
    assert LABELS.activation(last=True, neurons=1).kind == "sigmoid"


@pytest.mark.parametrize(
    ("activation", "initializer"),
    [
        ("relu", "he_normal"),
        ("linear", "he_normal"),
        ("sigmoid", "glorot_uniform"),
        ("tanh", "glorot_uniform"),
    ],
)
def test_the_initializer_suits_the_activation_and_biases_are_zeros(
    activation: str, initializer: str
) -> None:
    chosen = LABELS.initializer(activation)
    assert chosen.kind == initializer
    assert chosen.options.bias.kind == "zeros"


def test_the_last_layer_is_the_last_that_training_leaves() -> None:
    stack = {name: LAYERS.choice("dense", neurons=3) for name in "ab"}
    found = resolved(stack | {"norm": LAYERS.choice("batch_norm")}, LABELS)
    assert [found[name].options.activation.kind for name in "ab"] == ["relu", "softmax"]
    assert resolved({}, LABELS) == {}


def test_layers_that_nothing_has_decided_are_built_as_in_the_article() -> None:
    network = build({"a": LAYERS.choice("dense", neurons=2)}, inputs=3, seed=0, dtype="float64")
    options = network.layers[0].declared.options
    assert (options.activation.kind, options.initializer.kind) == ("sigmoid", "normal")
