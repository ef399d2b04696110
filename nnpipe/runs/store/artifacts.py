"""Where stages leave what is neither an output nor a metric: files of their own in the run."""

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
        The run's.
    normalization : Normalization
        What belongs to parameters: how the input they are made for was normalized.
    """

    record: Record
    normalization: Normalization

    def save(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Keep the file that `write` writes; see `ArtifactStore.save`."""
        self.record.save(name, write)

    def save_parameters(self, name: str, network: Network) -> None:
        """Keep a network's parameters; see `ArtifactStore.save_parameters`."""
        write_parameters(self.record.folder, name, network, self.normalization)
        self.record.saved.append(name)
