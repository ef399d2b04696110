"""What a pipeline can do with a network and an input."""

from __future__ import annotations

from nnpipe.config.registry import Registry

STAGES = Registry(
    "a stage",
    "nnpipe.stages",
    {
        "evaluate": "nnpipe.stages.evaluate:evaluate",
        "infer": "nnpipe.stages.infer:infer",
        "train": "nnpipe.stages.train:train",
    },
)
