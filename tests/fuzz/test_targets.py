"""The fuzz targets over their seeds, and over what hypothesis makes of them."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

spec = importlib.util.spec_from_file_location("targets", Path(__file__).with_name("targets.py"))
targets = importlib.util.module_from_spec(spec)
spec.loader.exec_module(targets)


@pytest.fixture(scope="module", autouse=True)
def _files(tmp_path_factory):
    targets.FOLDER = tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("name", targets.TARGETS)
def test_a_target_takes_its_seeds_and_their_beginnings(name):
    for seed in targets.seeds(name):
        for part in (seed, seed[: len(seed) // 2], seed[:3], b""):
            targets.TARGETS[name](part)


@pytest.mark.parametrize("name", ["manifest", "config", "idx", "npy"])
@given(data=st.data())
@settings(max_examples=50)
def test_a_target_takes_its_seeds_with_anything_put_in(name, data):
    seed = data.draw(st.sampled_from(targets.seeds(name)), "seed")
    start = data.draw(st.integers(0, len(seed)), "start")
    stop = data.draw(st.integers(start, len(seed)), "stop")
    put_in = data.draw(st.binary(max_size=20), "put in")
    targets.TARGETS[name](seed[:start] + put_in + seed[stop:])
