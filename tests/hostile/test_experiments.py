"""A downloaded experiment is data: what it would run is refused, what it may set is let through."""

import pytest

EXPERIMENT = "# @package _global_\n"


@pytest.fixture
def experiment(tmp_path, attempt):
    """Return a function that runs an experiment of another folder: its status, what it says."""

    def run(text, group="experiment"):
        folder = tmp_path / "downloaded" / group
        folder.mkdir(parents=True)
        (folder / "x.yaml").write_text(text)
        ended = attempt("run", "--config-dir", "downloaded", f"{group}=x")
        return ended.status, ended.said

    return run


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (
            "hydra:\n  callbacks:\n    x: {_target_: os.system, command: touch proof}\n",
            "hydra.callbacks.x.command",
        ),
        ("hydra: {launcher: {_target_: os.system}}\n", "hydra.launcher._target_"),
        ("hydra: {job: {env_set: {LD_PRELOAD: ./evil.so}}}\n", "hydra.job.env_set.LD_PRELOAD"),
        ("hydra: {launcher: {setup: [touch proof]}}\n", "hydra.launcher.setup"),
        ("hydra: {searchpath: ['file:///tmp']}\n", "hydra.searchpath"),
        ("hydra: ${architecture}\n", "hydra"),
        ("hydra: {sweeper: '${architecture}'}\n", "hydra.sweeper"),
        ("defaults:\n  - /input@hydra.job: random\nseed: 1\n", "hydra.job"),
        ("defaults: [{/input@_global_.hydra.job: random}]\nseed: 1\n", "hydra.job"),
        ("input: {_target_: numpy.load, file: x.npy}\n", "input._target_"),
        ("hydra.job.env_set: {PATH: .}\n", "hydra.job.env_set.PATH"),
    ],
)
def test_what_an_experiment_would_run_is_refused(experiment, tmp_path, text, key):
    status, said = experiment(EXPERIMENT + text)
    path = tmp_path / "downloaded" / "experiment" / "x.yaml"
    assert (status, said.count("\n")) == (2, 1)
    assert said.startswith(f"{path}: {key}: found ")
    assert said.endswith(
        " in a file; expected only Hydra's sweeper, launcher and mode. "
        "If you want this setting, type it on the command line.\n"
    )
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize("package", ["hydra.job", "_global_.hydra.job"])
def test_a_package_in_the_first_line_is_no_way_around(experiment, package):
    status, said = experiment(f"# @package {package}\nenv_set: {{PATH: .}}\n")
    assert status == 2
    assert "x.yaml: hydra.job.env_set.PATH: found '.' in a file" in said


def test_a_group_of_hydra_is_no_way_around(experiment):
    logging = "handlers:\n  x: {'()': os.system, command: touch proof}\n"
    status, said = experiment(logging, group="hydra/job_logging")
    assert status == 2
    assert "x.yaml: hydra.job_logging.handlers.x." in said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &a [x]\nb: [*a, *a]\n", "it has an anchor or an alias"),
        (
            "a: !!python/name:os.system\n",
            "it has the tag 'tag:yaml.org,2002:python/name:os.system'",
        ),
        ("[" * 10_000, "it is more than 32 levels deep"),
        ("seed: 1\nseed: 2\n", "a key occurs twice"),
    ],
)
def test_a_bomb_is_refused_before_it_is_composed(experiment, tmp_path, text, problem):
    path = tmp_path / "downloaded" / "experiment" / "x.yaml"
    assert experiment(EXPERIMENT + text) == (2, f"{path}: cannot be read: {problem}\n")


def test_an_experiment_may_choose_and_sweep(experiment, tmp_path):
    text = (
        "defaults:\n  - override /architecture: uniform\n"
        "hydra:\n  mode: MULTIRUN\n  sweeper:\n    params: {architecture.width: '2,3'}\n"
        "input: {samples: 5, features: 3}\n"
    )
    assert experiment(EXPERIMENT + text) == (0, "")
    assert (tmp_path / "outputs" / "default" / "v0001" / "runs" / "001").is_dir()
