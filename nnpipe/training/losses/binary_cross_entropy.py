"""Binary cross-entropy of sigmoids, summed over the neurons, each with a binary target.

L = -Σ_k t_k ln a_k + (1 - t_k) ln(1 - a_k) = Σ_k max(z_k, 0) - z_k t_k + ln(1 + e^(-|z_k|)), with
δ = a - t.

References
----------
Bishop: Pattern Recognition and Machine Learning (2006), equations 4.90 and 4.91.
"""

from __future__ import annotations

import numpy as np

from nnpipe.network.activations.base import Activation, Array
from nnpipe.training.losses.base import Loss, Targets, one_hot, plain


def _backward(function: Activation, z: Array, targets: Targets, delta: Array) -> tuple[float, int]:
    labels = targets.ndim == 1
    target = one_hot(targets, z) if labels else targets
    function.forward(z, delta)
    delta -= target
    if labels and z.shape[1] > 1:
        correct = z.argmax(axis=1) == targets
    else:
        # With several labels a sample is correct if all its neurons are.
        correct = ((z >= 0) == (target >= 0.5)).all(axis=1)
    # The terms are added per loss, because sums of each term would cancel.
    losses = np.maximum(z, 0) - z * target + np.log1p(np.exp(-np.abs(z)))
    return float(losses.sum()), int(np.count_nonzero(correct))


binary_cross_entropy = plain(Loss(_backward, activation="sigmoid", classifies=True))
