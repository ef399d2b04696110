"""A single run is composed once, a sweep as Hydra does it; both do what they did.

Modules: app/compose.py, app/composed.py, app/loader.py.
"""

from __future__ import annotations

import json

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra

from nnpipe.app import composition
from nnpipe.app.compose import VERSION_BASE, conf_folder
from nnpipe.app.composed import plain
from nnpipe.app.composition import is_single
from nnpipe.app.main import main
from nnpipe.config.load import store
from nnpipe.pipeline.plan import make_plan


@pytest.fixture
def compositions(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    counted = []
    compose = Hydra.compose_config

    def count(self, *args, **kwargs):
        counted.append(1)
        return compose(self, *args, **kwargs)

    monkeypatch.setattr(Hydra, "compose_config", count)
    return counted


def test_a_single_run_is_composed_once(compositions, tmp_path):
    assert main(["input.samples=10", "architecture.sizes=[3]"]) == 0
    assert len(compositions) == 1
    assert (tmp_path / "outputs" / "default" / "v0001" / "results.h5").is_file()


@pytest.mark.parametrize("how", [["-m"], ["hydra.mode=MULTIRUN"]])
def test_a_sweep_is_still_one(compositions, tmp_path, how):
    assert main([*how, "input.samples=10", "architecture.sizes=[3]", "seed=1,2"]) == 0
    assert (tmp_path / "outputs" / "default" / "v0001" / "runs" / "001").is_dir()


def test_a_job_of_a_sweep_is_composed_once_and_is_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    counted = []
    load = ConfigLoaderImpl.load_sweep_config

    def count(self, master_config, sweep_overrides):
        counted.append(sweep_overrides)
        return load(self, master_config, sweep_overrides)

    monkeypatch.setattr(ConfigLoaderImpl, "load_sweep_config", count)
    assert main(["-m", "input.samples=10", "architecture.sizes=[3]", "seed=4,5,6"]) == 0
    assert len(counted) == 3
    runs = tmp_path / "outputs" / "default" / "v0001" / "runs"
    seeds = [json.loads((runs / f"00{i}" / "manifest.json").read_text())["seed"] for i in range(3)]
    assert seeds == [4, 5, 6]


def test_jobs_that_choose_other_files_and_values_get_what_each_would_get_alone(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    typed = ["input.samples=10", "input.features=4", "architecture.inputs=4", "dtype=float32"]
    groups = [
        "architecture.activation=tanh,relu",
        "architecture=mlp,uniform",
        "optimizer=sgd,adam",
        "seed=1,2",
    ]
    assert main(["-m", *typed, *groups]) == 0
    runs = tmp_path / "outputs" / "default" / "v0001" / "runs"
    found = [yaml.safe_load((run / "config.yaml").read_text()) for run in sorted(runs.iterdir())]
    lines = [yaml.safe_load((run / "overrides.yaml").read_text()) for run in sorted(runs.iterdir())]
    assert len(found) == 16
    for config, overrides in zip(found, lines, strict=True):
        with initialize_config_dir(str(conf_folder()), version_base=VERSION_BASE):
            alone = plain(compose("config", overrides))
        with make_plan(alone) as plan:
            assert config == store(plan.config)


def test_what_may_set_the_mode_is_never_taken_for_a_single_run():
    for text in ("-m", "--cfg", "hydra.mode=RUN", "+hydra.x=1", "experiment=seeds", "~input"):
        assert not is_single(["seed=1", text])


@pytest.mark.parametrize("typed", [["seed=3"], ["-m", "seed=3,4"]])
def test_everything_works_where_hydra_lacks_what_is_replaced(tmp_path, monkeypatch, typed):
    monkeypatch.chdir(tmp_path)
    there = ["input.samples=5", "input.features=2", "architecture.sizes=[2]", "output.report=false"]
    assert main([*typed, *there, "output.name=with"]) == 0
    without = type("Without", (), {})
    monkeypatch.setattr(composition, "_MODULE", without)
    monkeypatch.setattr(composition, "_HYDRA", without)
    assert main([*typed, *there, "output.name=without"]) == 0
    assert not hasattr(without, "create_defaults_list")
    first, second = (
        [file.read_bytes() for file in sorted((tmp_path / "outputs" / name).rglob("results.h5"))]
        for name in ("with", "without")
    )
    assert first == second
    assert len(first) == len(typed)
