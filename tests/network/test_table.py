"""The table of the article's example, to the letter."""

from __future__ import annotations

from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.build import build
from nnpipe.network.table import stack_table


def test_the_example_of_the_article_is_shown_with_its_84115_parameters():
    stack = ARCHITECTURES.choice("mlp", sizes=[100, 50, 10, 5]).make()
    network = build(stack, inputs=784, seed=0, dtype="float32")
    assert stack_table(network) == (
        "layer    kind   activation  output shape    arrays     parameters\n"
        "input                       (samples, 784)\n"
        "hidden1  dense  sigmoid     (samples, 100)  100 × 785      78,500\n"
        "hidden2  dense  sigmoid     (samples, 50)   50 × 101        5,050\n"
        "hidden3  dense  sigmoid     (samples, 10)   10 × 51           510\n"
        "output   dense  sigmoid     (samples, 5)    5 × 11             55\n"
        "total                                                      84,115  float32, 328.6 KiB"
    )


def test_a_large_network_is_measured_in_mebibytes():
    stack = ARCHITECTURES.choice("mlp", sizes=[1024]).make()
    network = build(stack, inputs=1023, seed=0, dtype="float64")
    assert stack_table(network).endswith("1,048,576  float64, 8.0 MiB")
