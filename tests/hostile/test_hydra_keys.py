"""What files say to Hydra is judged as it is composed, wherever it stands and whoever put it there.

Each attack would leave a file named proof, set a variable, or load a logging config.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml

GLOBAL = "# @package _global_\n"
SMALL = ("input.samples=4", "input.features=3", "architecture.sizes=[2]")
TOUCH = "{_target_: setuptools._distutils.spawn.spawn, cmd: [touch, proof]}"
SPAWN = (
    "{_target_: multiprocessing.util.spawnv_passfds, path: /bin/touch, "
    "args: [touch, proof], passfds: []}"
)
OPTUNA = "defaults: [override /hydra/sweeper: optuna]\noutput: {metric: outputs.mean}\n"
SLURM = "defaults: [override /hydra/launcher: submitit_slurm]\n"
NOT_SHAPING = "only Hydra's sweeper, launcher and mode"
ONE_LINE = "one line of letters, digits"
PLAIN = "a key of the config, not of Hydra, and plain values on one line."


@pytest.fixture
def told(tmp_path, attempt):
    """Return a function that runs nnpipe beside a stranger's files, and returns what it says."""

    def told(files, *arguments):
        for name, text in files.items():
            path = tmp_path / "downloaded" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        ended = attempt("run", "--config-dir", "downloaded", *arguments, *SMALL)
        assert ended.status == 2, ended.said
        assert ended.said.count("\n") == 1
        assert not [*tmp_path.rglob("proof*")]
        return ended.said.removeprefix(f"{tmp_path}/downloaded/")

    return told


@pytest.mark.parametrize("call", [TOUCH, SPAWN])
@pytest.mark.parametrize("depth", [1, 3])
def test_nothing_in_a_list_is_called(told, call, depth):
    extra = "[" * depth + call + "]" * depth
    key = "extra" + ".0" * depth
    sweeper = f"{{n_trials: 1, params: {{seed: 'range(1,5)'}}, extra: {extra}}}"
    said = told(
        {"experiment/x.yaml": f"{GLOBAL}{OPTUNA}hydra: {{sweeper: {sweeper}}}\n"},
        *("-m", "experiment=x"),
    )
    target = call.partition(" ")[2].partition(",")[0]
    assert said.startswith(f"experiment/x.yaml: hydra.sweeper.{key}._target_: found '{target}'")


@pytest.mark.parametrize(
    ("package", "payload", "key"),
    [
        ("job.env_set", "PATH: .", "job.env_set.PATH"),
        ("callbacks", "x: {y: z}", "callbacks.x.y"),
        (
            "job_logging",
            "handlers: {x: {'()': os.system, command: touch proof}}",
            "job_logging.handlers.x.()",
        ),
        ("help", "template: x", "help.template"),
        ("launcher", "setup: [touch proof]", "launcher.setup"),
        (
            "sweeper.params",
            "+hydra.job.env_set.PATH: 1,2",
            "sweeper.params.+hydra.job.env_set.PATH",
        ),
    ],
)
def test_a_relative_package_is_no_way_around(told, package, payload, key):
    files = {
        "experiment/x.yaml": f"# @package hydra\ndefaults: [/stuff@{package}: payload]\n",
        "stuff/payload.yaml": f"{payload}\n",
    }
    assert told(files, "experiment=x").startswith(f"stuff/payload.yaml: hydra.{key}: found ")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ('comment: "a\\ntouch proof"', ONE_LINE),
        ('name: "a\\rb"', ONE_LINE),
        ("partition: $(touch proof)", ONE_LINE),
        ("account: a;touch proof", ONE_LINE),
        ("qos: --wrap=touch", ONE_LINE),
        ("timeout_min: 1 x", "a whole number"),
        ("mem_gb: ${oc.env:HOME}", "a whole number"),
        ("setup: [touch proof]", NOT_SHAPING),
        ("python: ./evil", NOT_SHAPING),
        ("srun_args: [--prolog=./evil]", NOT_SHAPING),
        ("additional_parameters: {prolog: ./evil}", NOT_SHAPING),
        ("submitit_folder: /tmp/elsewhere", NOT_SHAPING),
        ("_partial_: true", NOT_SHAPING),
        ("_args_: [1]", NOT_SHAPING),
    ],
)
def test_a_launcher_takes_from_a_file_only_what_is_named_and_typed(told, setting, expected):
    pytest.importorskip("submitit", reason="needs nnpipe[slurm]")
    text = f"{GLOBAL}{SLURM}hydra:\n  launcher:\n    {setting}\n"
    said = told({"experiment/x.yaml": text}, "-m", "experiment=x", "seed=1,2")
    assert said.startswith(f"experiment/x.yaml: hydra.launcher.{setting.partition(':')[0]}")
    assert f"; expected {expected}" in said


@pytest.mark.parametrize(
    "setting",
    [
        "run.dir: elsewhere",
        "sweep.dir: elsewhere",
        "sweep.subdir: elsewhere",
        "output_subdir: .hydra",
        "job.chdir: true",
        "job.name: x",
        "job.env_copy: [HOME]",
        "help.template: x",
        "verbose: true",
        "searchpath: ['pkg://this']",
        "callbacks: {}",
        "overrides.hydra: [+hydra.job.env_set.PATH=.]",
        "runtime.cwd: /",
        "launcher: null",
        "sweeper.sampler: {seed: 1}",
    ],
)
def test_no_other_key_of_hydra_is_taken_from_a_file(told, setting):
    key, _, value = setting.partition(": ")
    text = value
    for part in reversed(key.split(".")):
        text = f"{{{part}: {text}}}"
    said = told({"experiment/x.yaml": f"{GLOBAL}hydra: {text}\n"}, "experiment=x")
    assert said.startswith(f"experiment/x.yaml: hydra.{key}")
    assert " in a file; expected " in said


@pytest.mark.parametrize(
    "params",
    [
        "{+hydra.job.env_set.PATH: '1,2'}",
        "{hydra: '{job: {env_set: {PATH: .}}}'}",
        "{hydra/launcher: 'basic,evil'}",
        "{input@hydra.job: random}",
        "{++experiment@hydra: x}",
        "{~seed: '0'}",
        '{seed: "1,2\\n3"}',
        "{engine.cluster: 'tcp://127.0.0.1:1,tcp://127.0.0.1:2'}",
    ],
)
def test_a_sweeper_makes_no_lines_for_hydra(told, params):
    text = f"{GLOBAL}hydra: {{sweeper: {{params: {params}}}}}\n"
    said = told({"experiment/x.yaml": text}, "-m", "experiment=x")
    assert said.startswith("experiment/x.yaml: hydra.sweeper.params.")
    assert said.endswith(f" in a file; expected {PLAIN}\n")


@pytest.mark.parametrize(
    ("group", "text", "key"),
    [
        ("launcher", "_target_: os.system\ncommand: touch proof", "hydra.launcher._target_"),
        (
            "launcher",
            "defaults: [joblib]\npre_dispatch: 1+__import__('os').system('touch proof')",
            "hydra.launcher.pre_dispatch",
        ),
        ("sweeper", f"defaults: [basic]\nx: [{TOUCH}]", "hydra.sweeper.x.0._target_"),
        ("callbacks", "x: {y: z}", "hydra.callbacks.x.y"),
        ("env", f"{GLOBAL}hydra: {{job: {{env_set: {{PATH: .}}}}}}", "hydra.job.env_set.PATH"),
        ("help", "template: x", "hydra.help.template"),
    ],
)
@pytest.mark.parametrize("chosen", ["typed", "in an experiment", "on a search path"])
def test_a_choice_from_a_folder_of_others_is_no_way_around(told, group, text, key, chosen):
    pytest.importorskip("joblib", reason="needs nnpipe[joblib]")
    files = {
        f"hydra/{group}/evil.yaml": f"{text}\n",
        "experiment/x.yaml": f"{GLOBAL}defaults: [override /hydra/{group}: evil]\n",
    }
    arguments = {
        "typed": [f"{'+' if group == 'callbacks' else ''}hydra/{group}=evil"],
        "in an experiment": ["experiment=x"],
        "on a search path": ["experiment=x", "hydra.searchpath=[downloaded]"],
    }[chosen]
    said = told(files, "-m", *arguments, "seed=1,2")
    assert said.startswith(f"hydra/{group}/evil.yaml: {key}: found ")


@pytest.mark.parametrize("group", ["job_logging", "hydra_logging"])
def test_a_logging_config_is_taken_from_no_file(told, group):
    files = {f"hydra/{group}/evil.yaml": "root: {level: 1}\n"}
    said = told(files, f"hydra/{group}=evil")
    assert said.startswith(
        f"hydra/{group}/evil.yaml: hydra.{group}.root.level: found '1' in a file"
    )


def test_an_experiment_that_a_sweep_reaches_later_is_judged_too(told):
    files = {
        "experiment/x.yaml": "# @package hydra\ndefaults: [/stuff@job.env_set: payload]\n",
        "experiment/good.yaml": f"{GLOBAL}seed: 2\n",
        "stuff/payload.yaml": "PATH: .\n",
    }
    said = told(files, "-m", "experiment=good,x")
    assert said.startswith("stuff/payload.yaml: hydra.job.env_set.PATH: found '.'")


def test_a_wrong_key_beside_a_strangers_choice_is_what_is_refused(told):
    said = told({"experiment/good.yaml": f"{GLOBAL}seed: 2\n"}, "experiment=good", "sead=1")
    assert said.startswith("sead: unknown key")


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:{port}", "${{output.name}}", "${{oc.env:HOME}}"]
)
def test_an_address_from_a_file_is_not_even_called(told, address):
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = address.format(port=server.getsockname()[1])
        text = f"{GLOBAL}defaults: [override /engine: dask]\nengine: {{cluster: '{found}'}}\n"
        said = told({"experiment/x.yaml": text}, "experiment=x")
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert said == (
        f"experiment/x.yaml: engine.cluster: found {found!r} in a file; expected local, slurm, "
        "or a typed address, because a scheduler can run code here. "
        "Type engine.cluster=ADDRESS if you trust it.\n"
    )


def test_what_is_typed_is_free(tmp_path, attempt):
    typed = ("+hydra.job.env_set.X=1", "hydra.verbose=false", "hydra.help.header=x")
    ended = attempt("run", *SMALL, *typed, "output.report=false")
    assert (ended.status, ended.said) == (0, "")


def test_a_launcher_of_ones_own_settings_still_works(tmp_path, attempt):
    pytest.importorskip("submitit", reason="needs nnpipe[slurm]")
    path = tmp_path / "mine/hydra/launcher/two.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "defaults: [submitit_slurm]\npartition: short\naccount: a-1\ncomment: my sweep\n"
    )
    arguments = ("--config-dir", "mine", "hydra/launcher=two", "hydra.mode=RUN", *SMALL)
    ended = attempt("run", *arguments, "output.report=false")
    assert (ended.status, ended.said) == (0, "")


@pytest.fixture
def stored(tmp_path, attempt, refused):
    """Return a function that resumes a sweep with lines of a stranger in its sweep.yaml."""

    def stored(*lines, part="hydra"):
        assert attempt("run", "-m", *SMALL, "seed=1,2", "output.report=false").status == 0
        sweep = tmp_path / "outputs/default/v0001"
        (sweep / "manifest.json").unlink()
        (sweep / "runs/001/manifest.json").unlink()
        definition = yaml.safe_load((sweep / "sweep.yaml").read_text())
        definition[part] += lines
        (sweep / "sweep.yaml").write_text(yaml.safe_dump(definition))
        said = refused("runs", "resume", "default/1")
        assert not [*tmp_path.rglob("proof*")]
        return said

    return stored


@pytest.mark.parametrize(
    "line",
    [
        'hydra.launcher.comment="a\ntouch proof"',
        "hydra.launcher.submitit_folder=/tmp/elsewhere",
        "+hydra.launcher.setup=[touch proof]",
        "++hydra={job: {env_set: {PATH: .}}}",
        "hydra.launcher={setup: [touch proof]}",
        "+hydra.sweeper.extra=[{_target_: os.system}]",
        "+hydra.sweeper.params={hydra.job.env_set.PATH: '1,2'}",
        "~hydra.callbacks",
        "+input@hydra.job=random",
        "hydra/launcher=../evil",
        "hydra.searchpath=[/tmp]",
        "hydra.sweep.dir=/tmp/elsewhere",
    ],
)
@pytest.mark.parametrize("part", ["hydra", "task"])
def test_stored_lines_set_of_hydra_no_more_than_a_file_may(stored, line, part):
    path = Path("outputs/default/v0001/sweep.yaml")
    assert stored(line, part=part) == (
        f"{path}: {line!r} must not come from a file. Type it in a new sweep."
    )


def test_a_stored_address_is_typed_again(stored, tmp_path):
    said = stored("engine=dask", "engine.cluster=tcp://127.0.0.1:9", part="task")
    assert said == (
        f"{tmp_path}/outputs/default/v0001/sweep.yaml: engine.cluster: "
        "found 'tcp://127.0.0.1:9' in a file; "
        "expected local, slurm, or a typed address, because a scheduler can run code here. "
        "Type --cluster ADDRESS if you trust it."
    )
