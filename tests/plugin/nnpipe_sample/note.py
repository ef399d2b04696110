"""A stage that writes a note among the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from nnpipe.config.kind import Kind
from nnpipe.config.options import option


@dataclass(frozen=True)
class NoteOptions:
    text: str = option("seen", "the note")


def run(options, context):
    context.metrics["note"] = f"{options.text} by {context.network.outputs} outputs"


note = Kind(NoteOptions, lambda options: partial(run, options))
