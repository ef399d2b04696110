"""What the property tests draw from: stacks of layers, and batches of samples for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from nnpipe.config.kind import Choice
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.architectures.base import Stack
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.layers import LAYERS

ACTIVATION_NAMES = (
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "mish",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
)

dtypes = st.sampled_from(["float32", "float64"])


def dense(
    neurons: int, activation: str = "sigmoid", initializer: str = "normal", **options: Any
) -> Choice[Any]:
    """Return a layer by the names of its activation and its initializer, with options of that."""
    return LAYERS.choice(
        "dense",
        neurons=neurons,
        activation=ACTIVATIONS.choice(activation),
        initializer=INITIALIZERS.choice(initializer, **options),
    )


def residual(**layers: Choice[Any]) -> Choice[Any]:
    """Return a residual block of inner layers."""
    return LAYERS.choice("residual", layers=layers)


def every_kind(
    hidden: str = "tanh", output: str = "softmax", width: int = 3, outputs: int = 3
) -> dict[str, Choice[Any]]:
    """Return layers of every kind, most of them within blocks too, and a block within a block."""
    norm, batch_norm = LAYERS.choice("layer_norm"), LAYERS.choice("batch_norm")
    drop = LAYERS.choice("dropout", rate=0.2)
    inner = residual(norm=batch_norm, last=dense(width, hidden), drop=drop)
    return {
        "hidden": dense(width, hidden),
        "norm": norm,
        "block": residual(
            norm=batch_norm, drop=drop, wide=dense(2, hidden), out=dense(width, hidden)
        ),
        "deep": residual(norm=norm, inner=inner),
        "norm2": batch_norm,
        "drop": drop,
        "output": dense(outputs, output),
    }


@st.composite
def stacks(draw: st.DrawFn, max_layers: int = 4, max_neurons: int = 12) -> Choice[Stack]:
    """Draw an architecture of named layers with its number of inputs set."""
    layers = draw(
        st.lists(
            st.builds(dense, st.integers(1, max_neurons), st.sampled_from(ACTIVATION_NAMES)),
            min_size=1,
            max_size=max_layers,
        )
    )
    inputs = draw(st.integers(1, max_neurons))
    named = {f"layer{i}": layer for i, layer in enumerate(layers)}
    return ARCHITECTURES.choice("stack", inputs=inputs, layers=named)


def batches(
    features: int, dtype: str = "float64", max_samples: int = 20, bound: float = 8.0
) -> st.SearchStrategy[NDArray[np.floating]]:
    """Draw samples, (0 to max_samples, features), within ±bound."""
    width = np.dtype(dtype).itemsize * 8
    shape = st.tuples(st.integers(0, max_samples), st.just(features))
    return hnp.arrays(dtype, shape, elements=st.floats(-bound, bound, width=width))
