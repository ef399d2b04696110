"""One step of training by the formulas: what `backpropagation` and `descent` do fast.

With A_i = [a_i | 1], the inputs of layer i beside a column of ones, the forward pass is
Z_i = A_i P_iᵀ and a_{i+1} = f_i(Z_i). Going back, dL/dP_i = δ_iᵀ A_i, and
δ_{i-1} = f'_{i-1}(Z_{i-1}) ⊙ δ_i W_i, where W_i is P_i without its last column. The step is
P_i ← P_i - η dL/dP_i.

References
----------
Rumelhart, Hinton, Williams: Learning representations by back-propagating errors (Nature, 1986).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnpipe.network.activations.base import Array
from nnpipe.network.network import Network
from nnpipe.training.losses.base import Loss, Targets


def gradients(network: Network, loss: Loss, x: Array, targets: Targets) -> list[Array]:
    """Return the gradient of the mean loss of a batch for each parameter matrix.

    Parameters
    ----------
    network : Network
        Dense layers.
    loss : Loss
    x : (samples, inputs) array of the network's dtype
    targets : (samples,) int64 or (samples, outputs)
    """
    layers = network.layers
    outputs, sums = [x], list[Array]()
    for layer in layers:
        sums.append(_with_ones(outputs[-1]) @ layer.parameters.T)
        outputs.append(layer.function(sums[-1]))
    delta = np.empty_like(sums[-1])
    loss.backward(layers[-1].function, sums[-1].copy(), targets, delta)
    delta /= len(x)
    found: list[Array] = [delta.T @ _with_ones(outputs[-2])]
    for i in reversed(range(len(layers) - 1)):
        delta = delta @ layers[i + 1].parameters[:, :-1]
        layers[i].function.backward(sums[i].copy(), outputs[i + 1], delta)
        found.append(delta.T @ _with_ones(outputs[i]))
    return found[::-1]


def step(network: Network, loss: Loss, x: Array, targets: Targets, rate: float) -> Network:
    """Return the network after one step of gradient descent; see `gradients`."""
    found = gradients(network, loss, x, targets)
    moved = (
        layer.with_arrays({"parameters": layer.parameters - rate * gradient})
        for layer, gradient in zip(network.layers, found, strict=True)
    )
    return replace(network, layers=tuple(moved))


def _with_ones(a: Array) -> Array:
    return np.hstack([a, np.ones((len(a), 1), a.dtype)])
