"""The metrics of an epoch, and the table of all epochs as CSV and as HDF5."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, BinaryIO

import numpy as np

from nnpipe.system.hdf5_writer import new_hdf5
from nnpipe.system.interrupts import run_uninterrupted

FORMAT = "nnpipe history"
FORMAT_VERSION = 1

_TITLES = {
    "loss": "Mean loss of the training samples during the epoch",
    "accuracy": "Share of the training samples classified correctly during the epoch",
    "validation_loss": "Mean loss of the validation samples after the epoch",
    "validation_accuracy": "Share of the validation samples classified correctly after the epoch",
    "learning_rate": "Learning rate of the epoch's last step",
    "gradient_norm": "Mean Euclidean norm of the gradient, before clipping",
}


@dataclass(frozen=True)
class Epoch:
    """The metrics of one epoch. A metric that was not measured is NaN.

    Attributes
    ----------
    epoch : int
        The number of the epoch, from 1.
    loss : float
        Mean over the training samples, each with the parameters before its step, without penalties.
    accuracy, validation_loss, validation_accuracy : float
    learning_rate : float
        The learning rate of the last step.
    gradient_norm : float
        Mean over the steps, before clipping.
    seconds : float
        Wall time, including validation.
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    gradient_norm: float
    seconds: float

    def __str__(self) -> str:
        parts = [f"loss {self.loss:.4f}"]
        if not np.isnan(self.accuracy):
            parts.append(f"accuracy {self.accuracy:.2%}")
        if not np.isnan(self.validation_loss):
            parts.append(f"validation {self.validation_loss:.4f}")
        if not np.isnan(self.validation_accuracy):
            parts.append(f"{self.validation_accuracy:.2%}")
        return "  ".join(parts)


def write_csv(file: BinaryIO, epochs: Sequence[Epoch]) -> None:
    """Write the table with one row per epoch."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, [f.name for f in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in epochs)
    file.write(table.getvalue().encode("utf-8"))


@run_uninterrupted
def write_hdf5(file: BinaryIO, epochs: Sequence[Epoch]) -> None:
    """Write one dataset per metric over the dimension `epoch`, which NeXus viewers plot.

    Only the CSV has the seconds, so that repeating a training gives this file byte by byte.
    """
    with new_hdf5(file) as (opened, _):
        root: Any = opened
        root.attrs["format"] = FORMAT
        root.attrs["format_version"] = FORMAT_VERSION
        root.attrs["NX_class"] = "NXroot"
        root.attrs["default"] = "entry"
        scale = root.create_dataset("epoch", data=np.array([e.epoch for e in epochs], np.int64))
        scale.make_scale("epoch")
        entry = root.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry.attrs["default"] = "history"
        group = entry.create_group("history")
        group.attrs["NX_class"] = "NXdata"
        group.attrs["signal"] = "loss"
        group.attrs["auxiliary_signals"] = ["validation_loss"]
        group.attrs["axes"] = ["epoch"]
        group["epoch"] = scale
        for name, title in _TITLES.items():
            values = np.array([getattr(epoch, name) for epoch in epochs], np.float64)
            dataset = root.create_dataset(name, data=values)
            dataset.attrs["long_name"] = title
            dataset.attrs["units"] = "1"
            dataset.dims[0].attach_scale(scale)
            group[name] = dataset
