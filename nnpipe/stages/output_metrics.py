"""The metrics of inference, computed batch by batch: statistics of the outputs, and scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.engines.base import Array
from nnpipe.network.network import Network
from nnpipe.sources.moments import Moments
from nnpipe.stages.scores import Scores


class Metrics:
    """Statistics of the outputs, scores if there are labels, and counts of values not finite.

    Sums of floating-point numbers depend on their order. So each shard of samples has its own
    metrics, and these are always merged in the order of the shards.

    Parameters
    ----------
    network : Network
        The network that makes the outputs.
    has_labels : bool
        Whether the samples have labels.
    """

    def __init__(self, network: Network, has_labels: bool) -> None:
        activation = network.layers[-1].activation
        self.moments = Moments(1)
        self.scores = Scores(activation, network.outputs) if has_labels else None
        self.nonfinite = 0
        self.first_nonfinite_row: int | None = None

    def add(self, outputs: Array, labels: NDArray[np.int64] | None) -> None:
        """Add a batch: outputs (samples, neurons), and labels (samples,) if there are any."""
        self.moments.add(outputs.reshape(-1, 1))
        if self.scores is not None and labels is not None:
            self.scores.add(outputs, labels)

    def merge(self, other: Metrics) -> None:
        """Add the metrics of later samples of the same network."""
        self.moments.merge(other.moments)
        if self.scores is not None and other.scores is not None:
            self.scores.merge(other.scores)
        self.nonfinite += other.nonfinite
        rows = (self.first_nonfinite_row, other.first_nonfinite_row)
        self.first_nonfinite_row = min((row for row in rows if row is not None), default=None)

    def state(self) -> dict[str, Any]:
        """Return all values that `restore` needs, ready for JSON."""
        return {
            "moments": self.moments.state(),
            "scores": None if self.scores is None else self.scores.state(),
            "nonfinite": self.nonfinite,
            "first_nonfinite_row": self.first_nonfinite_row,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the values that `state` returned for the same network."""
        self.moments.restore(state["moments"])
        if self.scores is not None:
            self.scores.restore(state["scores"])
        self.nonfinite = state["nonfinite"]
        self.first_nonfinite_row = state["first_nonfinite_row"]

    def values(self) -> dict[str, Any]:
        """Return the metrics for the manifest, by name."""
        seen = self.moments
        found: dict[str, Any] = {
            "outputs": {
                "min": float(seen.minimum[0]),
                "mean": float(seen.mean[0]),
                "max": float(seen.maximum[0]),
                "std": float(seen.std[0]),
            },
            "nonfinite_inputs": self.nonfinite,
        }
        if self.first_nonfinite_row is not None:
            found["first_nonfinite_row"] = self.first_nonfinite_row
        if self.scores is not None:
            found |= self.scores.values()
        return found
