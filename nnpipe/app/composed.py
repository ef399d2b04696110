"""Prepare Hydra's composed config: open sections, one kind a section, plain values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from nnpipe.app.overrides import ROOTS
from nnpipe.config.load import load
from nnpipe.config.moved import move_keys
from nnpipe.runs.options import OutputOptions

_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)


def plain(config: DictConfig) -> dict[str, Any]:
    """Return nnpipe's part of a composed config as plain mappings, lists and values.

    Former keys get their current names, unless that would hide a contradiction.
    """
    written = cast("dict[str, Any]", OmegaConf.to_container(config))
    given: dict[str, Any] = {}
    for key in written:
        if key not in ("hydra", "experiment"):
            value: Any = "???" if OmegaConf.is_missing(config, key) else config[key]
            if OmegaConf.is_config(value):
                value = OmegaConf.to_container(value, resolve=True)
            given[key] = _with_numbers(value, written[key])
    moved, problems = move_keys(given)
    return given if problems else moved


def _with_numbers(value: Any, written: Any) -> Any:
    """Return a resolved value in which an interpolated text that is a number is one.

    Environment variables are texts: ``seed=${oc.env:SLURM_ARRAY_TASK_ID}``.
    """
    if isinstance(value, dict) and isinstance(written, dict):
        found = cast("dict[str, Any]", value)
        raw = cast("dict[str, Any]", written)
        return {key: _with_numbers(inner, raw.get(key)) for key, inner in found.items()}
    if isinstance(value, list) and isinstance(written, list):
        pairs = zip(cast("list[Any]", value), cast("list[Any]", written), strict=False)
        return [_with_numbers(inner, raw) for inner, raw in pairs]
    if isinstance(value, str) and str(written).startswith("${") and _NUMBER.fullmatch(value):
        number = int(value) if value.lstrip("-").isdigit() else float(value)
        return number if str(number) == value else value
    return cast("Any", value)


def output_of(given: Mapping[str, Any]) -> OutputOptions:
    """Return the output options of a plain config, with defaults for invalid values."""
    found: Any = given.get("output")
    if not isinstance(found, Mapping):
        found = {}
    return load(OutputOptions, cast("Mapping[str, Any]", found))[0]


def open_sections(config: DictConfig, typed: Iterable[str]) -> None:
    """Let the sections accept any key, so that our own check can report every unknown one."""
    for key in typed:
        root, _, inside = key.partition(".")
        if root in ROOTS and config.get(root) is None:
            config[root] = {} if inside else None
        # If a file gives only the name of a kind, a typed option is added beside it.
        parts = key.split(".")
        for end in range(2, len(parts)):
            inner = ".".join(parts[:end])
            named = OmegaConf.select(config, inner) if root in ROOTS else None
            if isinstance(named, str):
                OmegaConf.update(config, inner, {"kind": named}, force_add=True)
    for root in ROOTS:
        if OmegaConf.is_dict(config.get(root)):
            OmegaConf.set_struct(config[root], False)


def of_one_kind(defaults: list[Any], repo: Any, typed: Mapping[str, Any]) -> list[Any]:
    """Drop the files of a kind that another file or a typed override replaces.

    Otherwise OmegaConf would merge the options of one kind with those of another.
    """
    kinds: dict[str, Any] = {}
    for default in defaults:
        kinds |= _kinds(default, repo)
    kinds |= typed
    return [
        default
        for default in defaults
        if not default.package
        or all(kinds[key] == kind for key, kind in _kinds(default, repo).items())
    ]


def _kinds(default: Any, repo: Any) -> dict[str, Any]:
    """Return the kinds that a file chooses, by root key."""
    found = repo.load_config(default.config_path)
    package = default.package if default.package is not None else found.header["package"]
    if not OmegaConf.is_dict(found.config):
        return {}
    content = {package: found.config} if package else found.config
    return {
        str(key): inside.get("kind")
        for key, inside in content.items()
        if key in ROOTS and OmegaConf.is_dict(inside) and inside.get("kind") is not None
    }
