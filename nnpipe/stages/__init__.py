"""The stages of a pipeline, one module each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.stages.base import Stage

STAGES: Registry[Stage] = Registry(
    "a stage",
    "nnpipe.stages",
    modules(__name__, "evaluate infer train"),
)
