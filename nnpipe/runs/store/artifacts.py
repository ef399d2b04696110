"""Let stages add files of their own to a run, besides outputs and metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from nnpipe.network.network import Network
from nnpipe.runs.store.parameters import write_parameters
from nnpipe.runs.store.record import Record
from nnpipe.sources.normalizations.base import Normalization


@dataclass(frozen=True)
class RunArtifacts:
    """Adds files to the artifacts of a run.

    Parameters
    ----------
    record : Record
        The run's record.
    normalization : Normalization
        How the input is normalized; it is stored with the parameters.
    """

    record: Record
    normalization: Normalization

    def save(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Store the file that `write` writes; see `ArtifactStore.save`."""
        self.record.save(name, write)

    def save_parameters(self, name: str, network: Network) -> None:
        """Store a network's parameters; see `ArtifactStore.save_parameters`."""
        write_parameters(self.record.folder, name, network, self.normalization)
        self.record.saved.append(name)
