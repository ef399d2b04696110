"""The composed config of Hydra is compared with the program's own: what differs must be allowed."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir
from hydra.types import RunMode

from nnpipe.app.compose import VERSION_BASE, conf_folder
from nnpipe.app.hydra_keys import OPTUNA, foreign, plain
from nnpipe.app.loader import Loader
from nnpipe.errors import ConfigError

PROGRAM = {
    "mode": None,
    "launcher": {"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"},
    "sweeper": "???",
    "callbacks": {"sweep": {"_target_": "nnpipe.app.sweep.ClaimSweep"}},
    "job": {"env_set": {}},
}


@pytest.mark.parametrize(
    "allowed",
    [
        {},
        {"mode": RunMode.MULTIRUN},
        {"sweeper": {"_target_": OPTUNA, "n_trials": 3, "params": {"seed": "range(1,9)"}}},
        {"sweeper": {"_target_": OPTUNA, "sampler": "random", "direction": "minimize"}},
    ],
)
def test_what_shapes_a_sweep_is_allowed(allowed):
    assert [*foreign(PROGRAM | allowed, PROGRAM)] == []


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"mode": "MULTIRUN\n"}, ("mode",)),
        ({"mode": True}, ("mode",)),
        ({"sweeper": {"_target_": OPTUNA, "n_trials": True}}, ("sweeper", "n_trials")),
        ({"sweeper": {"_target_": OPTUNA, "n_trials": "3"}}, ("sweeper", "n_trials")),
        ({"sweeper": {"_target_": OPTUNA, "x": [{"_target_": "os.system"}]}}, ("sweeper", "x")),
        ({"sweeper": {"_target_": "os.system"}}, ("sweeper", "_target_")),
        ({"sweeper": {"_target_": [OPTUNA]}}, ("sweeper", "_target_")),
        ({"launcher": {"_target_": OPTUNA}}, ("launcher", "_target_")),
        ({"launcher": {}}, ("launcher", "_target_")),
        ({"callbacks": {}}, ("callbacks", "sweep")),
        ({"callbacks": None}, ("callbacks",)),
        ({"callbacks": "${sweeper}"}, ("callbacks",)),
        ({"job": {"env_set": {"A": {"B": "c"}}}}, ("job", "env_set", "A", "B")),
        ({"new": {}}, ("new",)),
    ],
)
def test_every_other_difference_is_found(said, key):
    assert next(foreign(PROGRAM | said, PROGRAM))[0][: len(key)] == key


def test_the_whole_is_judged_where_no_file_says_it(monkeypatch):
    compose_files = Loader.__base__._compose_config_from_defaults_list

    def compose_more(loader, defaults, repo):
        config = compose_files(loader, defaults, repo)
        if any(default.config_path == "experiment/widths" for default in defaults):
            config.hydra.job.env_set = {"PATH": "."}
        return config

    monkeypatch.setattr(Loader.__base__, "_compose_config_from_defaults_list", compose_more)
    with (
        initialize_config_dir(str(conf_folder()), version_base=VERSION_BASE),
        pytest.raises(
            ConfigError, match=r"widths\.yaml: hydra\.job\.env_set\.PATH: found '\.' in "
        ),
    ):
        compose("config", ["experiment=widths"])


@pytest.mark.parametrize("experiment", ["optimizers", "seeds", "uniform_grid", "widths"])
def test_what_our_own_experiments_say_is_kept(experiment):
    with initialize_config_dir(str(conf_folder()), version_base=VERSION_BASE):
        config = compose("config", [f"experiment={experiment}"], return_hydra_config=True)
    assert plain(config.hydra.sweeper.params)
