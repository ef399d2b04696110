"""Attacks that would execute something: through Hydra, Dask, submitit, or Python's own path."""

import os
import pickle
from functools import partial
from pathlib import Path

from tests.hostile.corpus import (
    FAILS,
    HARMLESS,
    REFUSED,
    add,
    download,
    edit_config,
    edit_sweep,
    write_module,
)

STARTS = 40
"""Seconds for a command that starts programs for its jobs."""

GLOBAL = "# @package _global_\n"
SPAWN = "{_target_: setuptools._distutils.spawn.spawn, cmd: [/usr/bin/touch, PROOF]}"
PASSFDS = (
    "{_target_: multiprocessing.util.spawnv_passfds, path: /usr/bin/touch, "
    "args: [touch, PROOF], passfds: []}"
)
POPEN = "{_target_: subprocess.Popen, args: [/usr/bin/touch, PROOF]}"
OPTUNA = (
    "defaults:\n  - override /hydra/sweeper: optuna\noutput: {metric: outputs.std}\n"
    "hydra:\n  mode: MULTIRUN\n  sweeper:\n    n_trials: 1\n"
)
HANDLERS = (
    "version: 1\nroot: {level: INFO, handlers: [x]}\n"
    "handlers:\n  x: {'()': subprocess.Popen, args: [/usr/bin/touch, PROOF]}\n"
)
EXPERIMENT = "run --config-dir downloaded experiment=x"


def names_the_file(place, said):
    """Assert that the refusal names a file of the downloaded folder, and is no other error."""
    assert str(place.downloaded) in said, said
    assert "is not a choice" not in said, said


def experiment(name, text, command=EXPERIMENT, check=names_the_file, **more):
    """Add an attack that is an experiment in a downloaded folder, with further files of it."""
    files = {"experiment__x": GLOBAL + text, **more}
    build = partial(download, **files)
    add("executed", name, build, command, statuses=REFUSED, check=check)


# A target where mappings alone were looked at

for number, target in enumerate((SPAWN, PASSFDS, POPEN)):
    experiment(f"target-in-a-list-{number}", f"{OPTUNA}    extra: [{target}]\n")
experiment("target-in-a-list-of-lists", f"{OPTUNA}    extra: [[1, [[{SPAWN}]]]]\n")
experiment("target-in-a-mapping-in-a-list", f"{OPTUNA}    extra: [{{a: {{b: [{SPAWN}]}}}}]\n")
experiment("target-in-params", f"{OPTUNA}    params: {{seed: [{SPAWN}]}}\n")
experiment("target-in-the-sampler", f"{OPTUNA}    sampler: {SPAWN}\n")
experiment("target-in-a-list-of-the-sampler", f"{OPTUNA}    sampler: [{SPAWN}]\n")
experiment("target-of-our-own", f"{OPTUNA}    extra: [{{_target_: nnpipe.cli.commands.runs}}]\n")
experiment("target-in-the-basic-sweeper", f"hydra: {{mode: MULTIRUN, sweeper: {{x: [{SPAWN}]}}}}\n")
experiment("target-in-the-launcher", f"hydra: {{mode: MULTIRUN, launcher: {{x: [{SPAWN}]}}}}\n")
experiment("target-in-the-input", f"input: {{path: [{SPAWN}]}}\n")
experiment("target-in-an-unknown-key", f"evil: [{SPAWN}]\n")
experiment(
    "target-by-interpolation",
    OPTUNA + '    extra: ${oc.create:${evil}}\nevil: "[{_target_: os.system}]"\n',
)

# Hydra's config reached by another way than a key that begins with `hydra`

experiment(
    "merge-key",
    "seed: 1\n'<<': {hydra: {job_logging: {handlers: {x: {'()': subprocess.Popen}}}}}\n",
)
experiment(
    "merge-key-plain",
    "seed: 1\n<<:\n  hydra:\n    job_logging:\n"
    + "".join(f"      {line}\n" for line in HANDLERS.splitlines()),
)
experiment(
    "merge-key-list",
    "seed: 1\n<<: [{hydra: {callbacks: {x: {a: 1}}}}, {hydra: {job: {env_set: {PATH: .}}}}]\n",
)


def packaged(name, header, default, payload, **more):
    """Add an attack through the package of a file in the defaults of another."""
    text = f"# @package {header}\ndefaults: [{default}]\n"
    files = {"experiment__x": text, "stuff__payload": payload, **more}
    build = partial(download, **files)
    add("executed", name, build, EXPERIMENT, statuses=REFUSED, check=names_the_file)


packaged("relative-package-logging", "hydra", "/stuff@job_logging: payload", HANDLERS)
packaged("relative-package-environment", "hydra", "/stuff@job.env_set: payload", "PATH: .\n")
packaged("relative-package-callbacks", "hydra", "/stuff@callbacks: payload", f"x: [{SPAWN}]\n")
packaged("package-here", "hydra.job_logging", "/stuff@_here_: payload", HANDLERS)
packaged("package-global", "hydra", "/stuff@_global_.hydra.job_logging: payload", HANDLERS)
packaged("package-group", "hydra", "/stuff@job_logging: payload", f"# @package _group_\n{HANDLERS}")
packaged("package-optional", "hydra", "optional /stuff@job_logging: payload", HANDLERS)
packaged(
    "package-twice",
    "hydra",
    "/stuff@job_logging: again",
    HANDLERS,
    stuff__again="defaults: [payload]\n",
)
packaged(
    "package-by-relative-group",
    "hydra",
    "../stuff@job_logging: payload",
    HANDLERS,
)
packaged(
    "package-list-of-choices",
    "hydra",
    "/stuff@job_logging: [payload]",
    HANDLERS,
)
packaged("package-name", "hydra._name_", "/stuff@_here_: payload", HANDLERS)

# Choices of Hydra's own groups out of the downloaded folder

for group in ("job_logging", "hydra_logging", "callbacks", "env", "help", "output"):
    payload = HANDLERS if "logging" in group else f"x: [{SPAWN}]\n"
    add(
        "executed",
        f"group-{group}",
        partial(download, **{f"hydra__{group}__x": payload}),
        f"run --config-dir downloaded hydra/{group}=x",
        statuses=REFUSED,
    )
for group in ("launcher", "sweeper"):
    for number, payload in enumerate((f"{SPAWN}\n", f"_target_: {'a.B'}\nx: [{SPAWN}]\n")):
        add(
            "executed",
            f"group-{group}-{number}",
            partial(download, **{f"hydra__{group}__evil": payload}),
            f"run -m --config-dir downloaded seed=1,2 hydra/{group}=evil",
            statuses=REFUSED,
        )
        experiment(
            f"experiment-chooses-{group}-{number}",
            f"defaults: [override /hydra/{group}: evil]\nhydra: {{mode: MULTIRUN}}\n",
            **{f"hydra__{group}__evil": payload},
        )
experiment("search-path", "hydra: {searchpath: ['file://OUTSIDE']}\n")
experiment("search-path-of-a-package", "hydra: {searchpath: ['pkg://antigravity']}\n")
add(
    "executed",
    "own-configs-in-the-folder",
    partial(
        download,
        config=f"hydra: {{callbacks: {{x: [{SPAWN}]}}}}\n",
        hydra__config=f"callbacks: {{x: [{SPAWN}]}}\n",
        hydra__launcher__basic=f"{SPAWN}\n",
        hydra__sweeper__basic=f"{SPAWN}\n",
        schema__config=f"evil: [{SPAWN}]\n",
        input__random=f"x: [{SPAWN}]\n",
    ),
    "run --config-dir downloaded",
    "run -m --config-dir downloaded seed=1,2",
    statuses=HARMLESS,
)
experiment("interpolated-launcher", "hydra: {mode: MULTIRUN, launcher: {x: '${oc.env:HOME}'}}\n")
experiment(
    "resolver-in-a-sweep", "hydra: {mode: MULTIRUN, sweeper: {params: {seed: '${oc.env:HOME}'}}}\n"
)
experiment("job-environment", "hydra: {job: {env_set: {LD_PRELOAD: ./evil.so}}}\n")
experiment("job-folder", "hydra: {mode: MULTIRUN, sweep: {dir: OUTSIDE/precious}}\n")
experiment("job-subfolder", "hydra: {mode: MULTIRUN, sweep: {subdir: OUTSIDE/precious}}\n")
experiment("output-subfolder", "hydra: {output_subdir: OUTSIDE/precious}\n")
experiment("run-folder", "hydra: {run: {dir: OUTSIDE/precious}, job: {chdir: true}}\n")

# Lines and programs for Slurm


def fake_slurm(place):
    """Put an sbatch into the path that leaves a proof of a line that was let in."""
    tools = place.base / "tools"
    tools.mkdir()
    for name in ("sbatch", "srun", "sacct", "squeue"):
        text = f'#!/bin/sh\ngrep -qs "^touch INJECTED" "$@" && touch {place.proof}\nexit 1\n'
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)


SLURM_PATH = {"PATH": "{base}/tools:/usr/bin:/bin"}
INJECT = "x\\ntouch INJECTED"
for key in ("comment", "name", "partition", "qos", "constraint", "account", "gres", "exclude"):
    text = (
        "defaults:\n  - override /hydra/launcher: submitit_slurm\n"
        f'hydra: {{mode: MULTIRUN, launcher: {{{key}: "{INJECT}"}}}}\n'
    )
    add(
        "executed",
        f"slurm-{key}-of-two-lines",
        lambda place, text=text: (fake_slurm(place), download(place, experiment__x=GLOBAL + text)),
        EXPERIMENT,
        statuses=REFUSED,
        environment=SLURM_PATH,
    )
for key in ("setup", "srun_args", "additional_parameters", "python"):
    value = "{x: y}" if key == "additional_parameters" else "[touch INJECTED]"
    experiment(
        f"slurm-{key}",
        "defaults:\n  - override /hydra/launcher: submitit_slurm\n"
        f"hydra: {{mode: MULTIRUN, launcher: {{{key}: {value}}}}}\n",
    )


# What a stored sweep says


def stored(name, *hydra, statuses=REFUSED, task=(), environment=None, before=None, **changes):
    """Add an attack that stands in sweep.yaml and is met by resume."""

    def build(place):
        if before:
            before(place)

        def fill(lines):
            return [
                line.replace("PROOF", str(place.proof))
                .replace("OUTSIDE", str(place.base / "outside"))
                .replace("PORT", str(place.process.port))
                for line in lines
            ]

        given = {
            key: value.replace("WORK", str(place.work)).replace("OUTSIDE", str(place.precious))
            for key, value in changes.items()
        }
        edit_sweep(place.sweep, hydra=fill(hydra), task=fill(task), **given)

    add(
        "executed",
        f"stored-{name}",
        build,
        "runs resume s/1",
        statuses=statuses,
        environment=environment or {},
    )


stored("target", f"+hydra.sweeper.extra=[{SPAWN}]")
stored("target-in-quotes", "+hydra.sweeper.extra=[{'_tar' : 1, '_target\\_': a}]")
stored("search-path", "hydra.searchpath=[file://OUTSIDE]")
stored("config-dir", "--config-dir=OUTSIDE")
stored("flag", task=["--config-path=OUTSIDE"])
stored("launcher-of-nobody", "hydra/launcher=evil")
stored("launcher-by-path", "hydra/launcher=../../../../../../../../OUTSIDE/precious/evil")
stored("callbacks", "+hydra.callbacks.x._target_=os.system")
stored("environment", "+hydra.job.env_set.PATH=.")
stored("logging", "hydra/job_logging=default")
stored(
    "comment-of-two-lines",
    "hydra/launcher=submitit_slurm",
    'hydra.launcher.comment="x\ntouch INJECTED"',
    before=fake_slurm,
    environment=SLURM_PATH,
)
stored("setup", "hydra/launcher=submitit_local", "+hydra.launcher.setup=[touch PROOF]")
stored("sampler-of-optuna", "hydra/sweeper/sampler=evil", statuses=FAILS)
stored("cluster", task=["engine=dask", "engine.cluster=tcp://127.0.0.1:PORT"])
stored("cluster-swept", task=["engine=dask", "engine.cluster=local,tcp://127.0.0.1:PORT"])
stored(
    "cluster-in-the-config",
    task=["engine=dask"],
    statuses=FAILS,
    before=lambda place: edit_sweep(
        place.sweep, params={"engine.cluster": f"tcp://127.0.0.1:{place.process.port}"}
    ),
)
stored("resolver", task=["output.name=${oc.env:HOME}"])
stored("experiment-by-path", task=["experiment=../../../../../../../../OUTSIDE/x"], statuses=FAILS)
stored("deleted-key", task=["~hydra.callbacks"])
stored("flag-after-a-space", task=[" --config-dir=OUTSIDE"])
stored("override-of-two-lines", task=["seed=1\nhydra.launcher.x=1"], statuses=FAILS)
stored(
    "tracking-elsewhere",
    task=["output.tracking=mlflow", "output.root=OUTSIDE"],
    statuses=FAILS,
)


# Pickles where submitit looks for its own


class Payload:
    """What leaves a proof when it is unpickled."""

    def __init__(self, proof):
        self.proof = proof

    def __reduce__(self):
        return Path.touch, (self.proof,)


def likely_pids():
    """Return the numbers that the next processes will have."""
    last = Path("/proc/sys/kernel/ns_last_pid")
    first = int(last.read_text()) if last.exists() else os.getpid()
    most = int(Path("/proc/sys/kernel/pid_max").read_text())
    return [(first + ahead) % most for ahead in range(1, 400)]


def planted(place, *names):
    """Plant pickles under the numbers that submitit's jobs will have."""
    payload = pickle.dumps(("success", Payload(place.proof)))
    submitted = place.sweep / ".submitit"
    for pid in likely_pids():
        (submitted / str(pid)).mkdir(parents=True)
        for name in names:
            (submitted / str(pid) / f"{pid}{name}").write_bytes(payload)
    edit_sweep(place.sweep, hydra=["hydra/launcher=submitit_local"])


def unwritable(place):
    """Plant results that are read because the jobs fail: their logs cannot be written."""
    planted(place, "_0_result.pkl")
    for folder in (place.sweep / ".submitit").iterdir():
        (folder / f"{folder.name}_0_log.out").mkdir()


add(
    "executed", "submitit-results", unwritable, "runs resume s/1", statuses=HARMLESS, seconds=STARTS
)


def linked_logs(place):
    """Plant links where submitit's jobs will write what they print."""
    submitted = place.sweep / ".submitit"
    for pid in likely_pids():
        (submitted / str(pid)).mkdir(parents=True)
        for name in ("_0_log.out", "_0_log.err", "_submitted.pkl", "_0_result.pkl"):
            (submitted / str(pid) / f"{pid}{name}").symlink_to(place.file)
    edit_sweep(place.sweep, hydra=["hydra/launcher=submitit_local"])


for name in ("_0_result.pkl", "_submitted.pkl"):
    add(
        "executed",
        f"submitit{name.removesuffix('.pkl')}",
        partial(lambda place, name: planted(place, name), name=name),
        "runs resume s/1",
        statuses=HARMLESS,
        seconds=STARTS,
    )
add("outside", "submitit-logs", linked_logs, "runs resume s/1", statuses=HARMLESS, seconds=STARTS)


def submitit_elsewhere(place):
    """Have submitit's folder lead elsewhere."""
    (place.sweep / ".submitit").symlink_to(place.precious)
    edit_sweep(place.sweep, hydra=["hydra/launcher=submitit_local"])


add(
    "outside",
    "submitit-folder",
    submitit_elsewhere,
    "runs resume s/1",
    statuses=HARMLESS,
    seconds=STARTS,
)


def slurm_jobs(place):
    """Plant names of jobs that are options, and one that is the canary process."""
    submitted = place.sweep / ".submitit"
    for name in ("--help", "17_0", f"{place.process.process.pid}", "17_0\n--user=root"):
        (submitted / name).mkdir(parents=True)
    fake_slurm(place)


add(
    "executed",
    "names-of-slurm-jobs",
    slurm_jobs,
    "runs resume s/1",
    statuses=HARMLESS,
    environment=SLURM_PATH,
)


# Modules beside what is run: Python puts the working folder on the path of some children

MODULES = (
    "submitit",
    "numpy",
    "hydra",
    "struct",
    "multiprocessing",
    "joblib",
    "nnpipe",
    "cloudpickle",
)


def modules(place, *, launcher):
    """Name as a sweep's working folder one that is full of modules."""
    folder = place.base / "outside" / "modules"
    for name in MODULES:
        write_module(folder / f"{name}.py", place)
    edit_sweep(place.sweep, directory=str(folder), hydra=[f"hydra/launcher={launcher}"])


for launcher in ("submitit_local", "joblib", "basic"):
    add(
        "executed",
        f"modules-in-the-working-folder-{launcher}",
        partial(modules, launcher=launcher),
        "runs resume s/1",
        statuses=HARMLESS,
        seconds=STARTS,
    )


SMALL = "input.samples=5 input.features=3 output.report=false"


def modules_here(place):
    """Fill the folder in which the user types with modules."""
    for name in MODULES:
        write_module(place.work / f"{name}.py", place)
    write_module(place.work / "hydra_plugins" / "evil.py", place)


for launcher in ("submitit_local", "joblib"):
    add(
        "executed",
        f"modules-here-{launcher}",
        modules_here,
        f"run -m seed=1,2 {SMALL} hydra/launcher={launcher}",
        statuses=HARMLESS,
        seconds=STARTS,
    )


def matplotlibrc(place):
    """Put settings of matplotlib, which would import a backend or start LaTeX, where it looks."""
    (place.work / "matplotlibrc").write_text("backend: module://evil\ntext.usetex: True\n")
    write_module(place.work / "evil.py", place)
    tools = place.base / "tools"
    tools.mkdir()
    for name in ("latex", "dvipng", "kpsewhich"):
        (tools / name).write_text(f"#!/bin/sh\ntouch {place.proof}\n")
        (tools / name).chmod(0o755)


add(
    "executed",
    "matplotlibrc",
    matplotlibrc,
    "run input.samples=5 input.features=3 output.plots=png",
    statuses=HARMLESS,
    environment=SLURM_PATH,
)


# Addresses of clusters


def names_the_key(place, said):
    """Assert that the refusal is about the address."""
    assert "engine.cluster: " in said, said


address = partial(experiment, check=names_the_key)


address(
    "cluster",
    "engine: {kind: dask, cluster: 'tcp://127.0.0.1:PORT'}\n",
    command=EXPERIMENT + " engine=dask",
)
address(
    "cluster-chosen",
    "defaults: [override /engine: dask]\nengine: {cluster: 'tcp://127.0.0.1:PORT'}\n",
)
address(
    "cluster-of-a-choice",
    "defaults: [override /engine: evil]\n",
    engine__evil="defaults: [/schema/engine/dask@_here_]\nkind: dask\ncluster: 'tcp://127.0.0.1:PORT'\n",
)
address(
    "cluster-interpolated",
    "defaults: [override /engine: dask]\nseed: PORT\n"
    "engine: {cluster: 'tcp://127.0.0.1:${seed}'}\n",
)
address(
    "cluster-swept",
    "defaults: [override /engine: dask]\n"
    "hydra: {mode: MULTIRUN, sweeper: {params: {engine.cluster: 'local,tcp://127.0.0.1:PORT'}}}\n",
)
for scheme in ("tls", "ws", "ucx"):
    address(
        f"cluster-{scheme}",
        f"defaults: [override /engine: dask]\nengine: {{cluster: '{scheme}://127.0.0.1:PORT'}}\n",
    )


def of_dask(place, **engine):
    """Write a cluster into a stored config."""
    address = f"tcp://127.0.0.1:{place.process.port}"
    edit_config(
        place.run, lambda config: config.update(engine={"kind": "dask", "cluster": address})
    )


add("executed", "cluster-rerun", of_dask, "runs rerun a/1", statuses=REFUSED)


def of_shards(place):
    """Write a cluster into the config of a run in shards."""
    of_dask(place)
    (place.shards / "config.yaml").write_bytes((place.run / "config.yaml").read_bytes())


add("executed", "cluster-resumed", of_shards, "runs resume d/1", statuses=REFUSED)


# What a stored config would call or look up

for name, edit in {
    "target": lambda config: config.update(_target_="os.system"),
    "target-in-a-list": lambda config: config["architecture"].update(
        sizes=[{"_target_": "os.system"}]
    ),
    "resolver": lambda config: config["output"].update(name="${oc.env:HOME}"),
    "plugin": lambda config: config["input"].update(kind="os"),
    "stage": lambda config: config["pipeline"].update(stages=["os.system"]),
    "activation": lambda config: config["architecture"].update(activation="subprocess:run"),
}.items():
    add(
        "executed",
        f"config-{name}",
        partial(lambda place, edit: edit_config(place.run, edit), edit=edit),
        "runs rerun a/1",
        statuses=REFUSED,
    )
