"""The registry of sources: built-in names, other packages' names, and names that are none."""

from dataclasses import dataclass, fields
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from nnpipe.config.kind import Kind
from nnpipe.config.load import load_choice
from nnpipe.config.options import option
from nnpipe.errors import ConfigError
from nnpipe.sources import SOURCES, guess_source
from nnpipe.sources.options import FileOptions, InputOptions


@dataclass(frozen=True)
class OnesOptions(InputOptions):
    height: int = option(3, "rows", at_least=1)


class Ones:
    features, block, dtype = 2, 1, np.dtype(np.float32)

    def __init__(self, options, seed, key):
        self.samples, self.key = options.height, key

    def read(self, start, stop):
        return np.ones((stop - start, 2), np.float32)


ONES = Kind(OnesOptions, lambda options: lambda seed, key: Ones(options, seed, key))


@pytest.fixture
def plugin(monkeypatch):
    def add(name, attribute):
        class Point(EntryPoint):
            def load(self):
                return attribute

        points = {name: Point(name, "ones:ONES", SOURCES.group)}
        monkeypatch.setitem(SOURCES.__dict__, "plugins", points)

    return add


def problems_of(given):
    with pytest.raises(ConfigError) as refused:
        load_choice(SOURCES, given, "input")
    return list(refused.value.problems)


def test_every_built_in_source_takes_what_all_inputs_take():
    assert tuple(SOURCES.built_in) == ("hdf5", "idx", "npy", "random")
    for name in SOURCES.built_in:
        options = SOURCES.load(name).options
        assert issubclass(options, InputOptions if name == "random" else FileOptions)
        assert {"normalize", "on_nonfinite"} <= {field.name for field in fields(options)}


def test_another_package_adds_a_source_with_keys_of_its_own(plugin):
    plugin("ones", ONES)
    chosen = load_choice(SOURCES, {"kind": "ones", "height": 7}, "input")
    source = chosen.make()(0, "test")
    assert (source.samples, source.key) == (7, "test")
    assert problems_of({"kind": "ones", "hight": 7}) == [
        "input.hight: unknown key for the kind 'ones'; expected one of height, normalize, "
        "on_nonfinite. Did you mean 'height'?"
    ]
    assert problems_of({"kind": "ones", "height": 0}) == [
        "input.height: found 0; expected 1 or greater"
    ]


def test_an_unknown_name_is_answered_with_the_nearest(plugin):
    assert problems_of({"kind": "hdf"}) == [
        "input.kind: 'hdf' is not an input source; expected one of hdf5, idx, npy, random. "
        "Did you mean 'hdf5'?",
    ]


@pytest.mark.parametrize("name", [5, None, [1]])
def test_a_kind_that_is_no_text_is_refused(name):
    found = "null" if name is None else repr(name)
    assert problems_of({"kind": name}) == [
        f"input.kind: {found} is not an input source; expected one of hdf5, idx, npy, random."
    ]


@pytest.mark.parametrize(
    ("added", "shown"),
    [(Ones, "<class '"), (Kind(FileOptions.__base__.__base__, Ones), "Kind(options=<class 'obj")],
)
def test_a_package_that_adds_something_else_is_refused(plugin, added, shown):
    plugin("ones", added)
    with pytest.raises(ConfigError) as refused:
        SOURCES.load("ones")
    (problem,) = refused.value.problems
    assert problem.startswith(f"nnpipe.sources: 'ones' is {shown}")
    assert problem.endswith("; expected a Kind whose options extend InputOptions")


def test_a_mapping_with_a_dataset_means_an_hdf5_file_and_any_other_random_samples():
    assert guess_source({"path": "x.h5", "dataset": "/x"}) == "hdf5"
    assert guess_source({"samples": 3}) == guess_source({}) == "random"
