"""Cross-entropy of a softmax: L = -Σ_k t_k ln a_k, with a = softmax(z) and δ = a Σ_k t_k - t.

The logarithm of the softmax is computed without the softmax: ln a_k = z_k - ln Σ_j e^(z_j).

References
----------
Bridle: Probabilistic interpretation of feedforward classification network outputs (1990).
Bishop: Pattern Recognition and Machine Learning (2006), equations 4.108 and 4.109.
"""

from __future__ import annotations

import numpy as np

from nnpipe.network.activations.base import Activation, Array
from nnpipe.training.losses.base import Loss, Targets, plain

# The logarithm of the smallest output that counts in δ. Products with smaller outputs would be
# subnormal numbers, for which a processor may take a hundred times as long.
_LEAST = -60.0


def _backward(function: Activation, z: Array, targets: Targets, delta: Array) -> tuple[float, int]:
    found = z.argmax(axis=1)
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=delta)
    total = delta.sum(axis=1)
    delta /= total[:, np.newaxis]
    delta[z < _LEAST] = 0
    logarithm = np.log(total)
    if targets.ndim == 1:
        labels = np.arange(len(z)), targets
        loss = float(logarithm.sum() - z[labels].sum())
        delta[labels] -= 1
        return loss, int(np.count_nonzero(found == targets))
    weight = targets.sum(axis=1)
    loss = float(weight @ logarithm - np.vdot(targets, z))
    delta *= weight[:, np.newaxis]
    delta -= targets
    return loss, int(np.count_nonzero(found == targets.argmax(axis=1)))


cross_entropy = plain(Loss(_backward, activation="softmax", classifies=True))
