"""What Hydra composes a config from: the YAML files, the schemas, and what was typed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from nnpipe.app import loader, yaml_source
from nnpipe.config import schema, training_schema
from nnpipe.config.fields import MISSING
from nnpipe.sources import SOURCES

VERSION_BASE = "1.3"


def conf_folder() -> Path:
    """Return the folder of the YAML files: in the wheel, or beside the package in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def register() -> None:
    """Give Hydra the schemas, by which it refuses unknown keys and wrong types as it composes.

    A source that another package adds becomes a choice of the group `input` when it is asked for.
    """
    yaml_source.register(conf_folder() / "config.yaml")
    loader.register(conf_folder() / "config.yaml")
    store = ConfigStore.instance()
    whole = OmegaConf.structured(schema.Config)
    for group in (
        "architecture",
        "input",
        "engine",
        "output",
        "pipeline",
        "training",
        "optimizer",
    ):
        whole[group] = MISSING
    store.store(group="schema", name="config", node=whole)
    for name, node in schema.ARCHITECTURES.items():
        store.store(group="schema/architecture", name=name, node=node)
    for name, node in schema.INPUTS.items():
        store.store(group="schema/input", name=name, node=node)
    store.store(group="schema", name="engine", node=schema.EngineConfig)
    for name, node in schema.ENGINES.items():
        store.store(group="schema/engine", name=name, node=node)
    store.store(group="schema", name="output", node=_Output)
    store.store(group="schema", name="pipeline", node=schema.PipelineConfig)
    store.store(group="schema", name="training", node=training_schema.TrainingConfig)
    store.store(group="schema", name="optimizer", node=training_schema.OptimizerConfig)
    # Installed packages are only searched for a name that is not known without them.
    typed = [text.removeprefix("input=") for text in sys.argv if text.startswith("input=")]
    for name in typed:
        if name not in SOURCES.built_in and name in SOURCES.plugins:
            store.store(group="input", name=name, node=SOURCES.load(name).schema)


def job_folder(number: int | str) -> str:
    """Return the name of a sweep job's folder.

    >>> job_folder(7)
    '007'
    """
    return f"{int(number):03d}"


def plain(config: DictConfig) -> dict[str, Any]:
    """Return what a composed config says to nnpipe, as plain mappings, lists and values."""
    return {
        str(key): cast("Any", OmegaConf.to_container(value, resolve=True))
        if OmegaConf.is_config(value)
        else value
        for key, value in config.items()
        if key not in ("hydra", "experiment")
    }
