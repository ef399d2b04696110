"""Every kind is a choice of its group, with or without a YAML file."""

import pytest
from hydra.core.object_type import ObjectType
from omegaconf import OmegaConf

from nnpipe.app.kind_source import GROUPS, KindSource, written
from nnpipe.config.load import load_choice

SOURCE = KindSource("nnpipe", "nnpipe://")


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group in GROUPS for name in GROUPS[group]]
)
def test_a_kind_is_offered_with_its_defaults(group, name):
    assert SOURCE.is_config(f"{group}/{name}")
    assert SOURCE.is_config(f"{group}/{name}.yaml")
    said = OmegaConf.to_container(SOURCE.load_config(f"{group}/{name}").config)
    assert said == written(name, GROUPS[group].load(name))
    if "???" not in said.values() and (group, name) != ("architecture", "stack"):
        assert load_choice(GROUPS[group], said, group) == GROUPS[group].choice(name)


def test_a_kind_within_a_kind_is_its_bare_name():
    assert written("random", GROUPS["input"].load("random"))["distribution"] == "normal"


def test_only_groups_of_kinds_are_groups():
    assert SOURCE.is_group("optimizer")
    assert not SOURCE.is_group("hydra/launcher")
    assert not SOURCE.is_config("optimizer/lyon")
    assert not SOURCE.is_config("experiment/adam")
    assert "adam" in SOURCE.list("optimizer", ObjectType.CONFIG)
    assert SOURCE.list("optimizer", ObjectType.GROUP) == []


def test_the_schemas_of_the_first_version_are_empty():
    assert SOURCE.is_config("schema/input/hdf5")
    assert SOURCE.load_config("schema/input/hdf5").config == {}
