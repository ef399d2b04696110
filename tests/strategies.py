"""What the property tests draw from: stacks of layers, and batches of samples for them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nnpipe.config.schema import LayerConfig, StackConfig
from numpy.typing import NDArray

ACTIVATION_NAMES = (
    "elu",
    "gelu",
    "leaky_relu",
    "linear",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
)

dtypes = st.sampled_from(["float32", "float64"])


@st.composite
def stacks(draw: st.DrawFn, max_layers: int = 4, max_neurons: int = 12) -> StackConfig:
    """Draw a stack with its number of inputs set."""
    layers = draw(
        st.lists(
            st.builds(
                LayerConfig,
                neurons=st.integers(1, max_neurons),
                activation=st.sampled_from(ACTIVATION_NAMES),
            ),
            min_size=1,
            max_size=max_layers,
        )
    )
    inputs = draw(st.integers(1, max_neurons))
    return StackConfig(inputs=inputs, layers={f"layer{i}": c for i, c in enumerate(layers)})


def batches(
    features: int, dtype: str = "float64", max_samples: int = 20, bound: float = 8.0
) -> st.SearchStrategy[NDArray[np.floating]]:
    """Draw samples, (0 to max_samples, features), within ±bound."""
    width = np.dtype(dtype).itemsize * 8
    shape = st.tuples(st.integers(0, max_samples), st.just(features))
    return hnp.arrays(dtype, shape, elements=st.floats(-bound, bound, width=width))
