"""Whether a network is right as often as it is sure: the expected calibration error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnpipe.engines.base import Array

BINS = 15


class Calibration:
    """Confidence and accuracy of all samples added so far, by bins of equal width.

    The confidence is the probability of the predicted class: the greatest output of a softmax;
    with one sigmoid neuron, its output or 1 less it. Several sigmoid neurons are probabilities
    of their own, whose greatest is taken.

    Attributes
    ----------
    counts, right : (15,) int64
        Samples in each bin, and those of them that are predicted rightly.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks (ICML 2017), section 2.
    """

    def __init__(self) -> None:
        self.counts = np.zeros(BINS, np.int64)
        self.right = np.zeros(BINS, np.int64)
        self._confidence = np.zeros(BINS)

    def add(self, outputs: Array, right: NDArray[np.bool_]) -> None:
        """Take in a batch: probabilities (samples, neurons), and which samples are right."""
        highest = outputs.max(axis=1).astype(np.float64)
        confidence = np.maximum(highest, 1 - highest) if outputs.shape[1] == 1 else highest
        # A bin holds its upper end and not its lower one, as in the paper.
        bins = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
        self.counts += np.bincount(bins, minlength=BINS)
        self.right += np.bincount(bins[right], minlength=BINS)
        self._confidence += np.bincount(bins, confidence, minlength=BINS)

    @property
    def error(self) -> float:
        """The mean distance of accuracy and confidence, over the samples."""
        return float(np.abs(self.right - self._confidence).sum() / self.counts.sum())
