"""The registry of sources: built-in names, other packages' names, and names that are none."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from nnpipe.config.schema import INPUTS, InputConfig

from nnpipe.config.load import load
from nnpipe.errors import ConfigError
from nnpipe.sources import SOURCES, input_schema, open_source
from nnpipe.sources.base import SourceKind


@dataclass
class OnesConfig(InputConfig):
    kind: str = "ones"
    height: int = 3


class Ones:
    features, block, dtype = 2, 1, np.dtype(np.float32)

    def __init__(self, config, seed):
        self.samples = config.height

    def read(self, start, stop):
        return np.ones((stop - start, 2), np.float32)


ONES = SourceKind(OnesConfig, Ones)


@pytest.fixture
def plugin(monkeypatch):
    def add(name, attribute):
        class Point(EntryPoint):
            def load(self):
                return attribute

        points = {name: Point(name, "ones:ONES", SOURCES.group)}
        monkeypatch.setitem(SOURCES.__dict__, "plugins", points)

    return add


def test_every_built_in_name_has_the_schema_of_the_config_room():
    assert set(SOURCES.built_in) == set(INPUTS)
    for name, schema in INPUTS.items():
        assert input_schema(name) is schema


def test_another_package_adds_a_source_with_keys_of_its_own(plugin):
    plugin("ones", ONES)
    config, problems = load({"input": {"kind": "ones", "height": 7}}, input_schema)
    assert problems == []
    assert open_source(config.input, 0).samples == 7
    _, problems = load({"input": {"kind": "ones", "hight": 7}}, input_schema)
    assert problems == [
        "input.hight: unknown key; expected one of height, kind, normalize, on_nonfinite. "
        "Did you mean 'height'?"
    ]


def test_an_unknown_name_is_answered_with_the_nearest(plugin):
    with pytest.raises(ConfigError) as refused:
        open_source(InputConfig(kind="hdf"), 0)
    assert refused.value.problems == (
        "input.kind: 'hdf' is not an input source; expected one of hdf5, idx, npy, random. "
        "Did you mean 'hdf5'?",
    )


@pytest.mark.parametrize("name", [5, None, [1]])
def test_a_kind_that_is_no_text_is_refused(name):
    _, problems = load({"input": {"kind": name}}, input_schema)
    assert problems == [
        f"input.kind: {name!r} is not an input source; expected one of hdf5, idx, npy, random."
    ]


def test_a_package_that_adds_something_else_is_refused(plugin):
    plugin("ones", Ones)
    with pytest.raises(ConfigError) as refused:
        input_schema("ones")
    assert refused.value.problems == ("nnpipe.sources: 'ones' is a type; expected a SourceKind",)
