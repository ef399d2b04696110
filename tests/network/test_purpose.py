"""What a network is for decides the activations and initializers that nobody chose."""

from __future__ import annotations

import pytest

from nnpipe.network.purpose import Purpose

CLASSES = Purpose(trains=True, outputs=3, output="softmax")


def test_without_training_all_is_as_in_the_article() -> None:
    for last in (False, True):
        assert Purpose().activation(last=last).kind == "sigmoid"
    assert Purpose().initializer("sigmoid").kind == "normal"


@pytest.mark.parametrize(
    ("purpose", "neurons", "last"),
    [
        (CLASSES, 3, "softmax"),
        (CLASSES, 1, "sigmoid"),
        (Purpose(trains=True, output="linear"), 1, "linear"),
    ],
)
def test_the_last_activation_suits_the_targets(purpose: Purpose, neurons: int, last: str) -> None:
    assert purpose.activation().kind == "relu"
    assert purpose.activation(last=True, neurons=neurons).kind == last


@pytest.mark.parametrize(
    ("activation", "kind"),
    [("relu", "he_normal"), ("gelu", "he_normal"), ("tanh", "glorot_uniform")],
)
def test_an_initializer_suits_the_activation_and_leaves_biases_zero(
    activation: str, kind: str
) -> None:
    chosen = CLASSES.initializer(activation)
    assert chosen.kind == kind
    assert chosen.options.bias.kind == "zeros"
