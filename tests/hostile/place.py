"""A folder full of honest runs, and around it what no command may change: canaries.

Everything in `Place.base` except `outputs` in its working folder is a canary: a folder and a file
beside the runs, the home folder, the files that were "downloaded". A payload that runs makes the
file `proof`. A process and a listening port are canaries too.
"""

import hashlib
import os
import re
import shutil
import socket
import stat
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

import yaml

import nnpipe
from nnpipe.app.main import main

SMALL = ["input.samples=12", "input.features=3", "architecture.sizes=[2]", "output.report=false"]


def make_runs(base):
    """Make one honest run of each kind in a folder: what every attack begins from."""
    work = base / "work"
    work.mkdir()
    before = Path.cwd()
    os.chdir(work)
    try:
        common = {"architecture": {"sizes": [4, 3]}, "input": {"samples": 20, "features": 5}}
        alone = {"root": "outputs", "report": False}
        for name in ("a", "a"):
            nnpipe.run({**common, "output": {**alone, "name": name}}).close()
        learned = {
            "architecture": {"sizes": [3, 1]},
            "input": {"samples": 20, "features": 4},
            "pipeline": {"stages": ["train", "infer"]},
            "training": {"epochs": 2, "loss": "mean_squared_error", "checkpoint_every": 1},
        }
        _labelled(work / "xy.h5")
        learned["input"] = {"kind": "hdf5", "path": str(work / "xy.h5"), "dataset": "/x"}
        learned["input"]["labels"] = "/y"
        learned["architecture"] = {"sizes": [3, 2], "output_activation": "softmax"}
        learned["training"]["loss"] = "cross_entropy"
        nnpipe.run({**learned, "output": {**alone, "name": "t"}}).close()
        assert main(["-m", *SMALL, "output.name=s", "seed=1,2,3"]) == 0
        study = ["hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "output.metric=outputs.std"]
        assert main(["-m", *SMALL, *study, "output.name=o", "seed=range(1,99)"]) == 0
    finally:
        os.chdir(before)
    outputs = work / "outputs"
    for path in ("s/v0001", "s/v0001/runs/001", "o/v0001"):
        (outputs / path / "manifest.json").unlink()
    asked = outputs / "o" / "v0001" / "sweep.yaml"
    asked.write_text(asked.read_text().replace("n_trials=2", "n_trials=3"))
    shard(outputs / "a" / "v0001", outputs / "d" / "v0001")
    return work


def _labelled(path):
    import h5py
    import numpy as np

    with h5py.File(path, "w") as file:
        file["x"] = np.random.default_rng(0).random((20, 4))
        file["y"] = np.arange(20) % 2


def shard(run, folder):
    """Make a folder that looks like a run in shards which was killed."""
    folder.mkdir(parents=True)
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["engine"] = {"kind": "dask", "workers": 1}
    config["output"]["name"] = "d"
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    shutil.copy(run / "overrides.yaml", folder)
    shutil.copy(run / "run.log", folder)
    (folder / "results").mkdir()
    shutil.copy(run / "results.h5", folder / "results" / "part-00000.h5")


class Process:
    """A process and a port that must be let alone; what connects to the port is counted."""

    def __init__(self):
        self.process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)  # ends with this one
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    @property
    def is_untouched(self):
        return self.process.poll() is None and self.connections == 0

    def end(self):
        self.process.communicate()
        self.listener.close()


@dataclass
class Place:
    """A copy of the honest runs with the canaries around it.

    Attributes
    ----------
    base : Path
        All of it.
    process : Process
        The canary process.
    """

    base: Path
    process: Process
    before: dict[str, tuple[object, ...]] = field(default_factory=dict)

    @property
    def work(self):
        return self.base / "work"

    @property
    def outputs(self):
        return self.work / "outputs"

    @property
    def run(self):
        return self.outputs / "a" / "v0001"

    @property
    def trained(self):
        return self.outputs / "t" / "v0001"

    @property
    def sweep(self):
        return self.outputs / "s" / "v0001"

    @property
    def study(self):
        return self.outputs / "o" / "v0001"

    @property
    def shards(self):
        return self.outputs / "d" / "v0001"

    @property
    def precious(self):
        return self.base / "outside" / "precious"

    @property
    def file(self):
        return self.base / "outside" / "file"

    @property
    def home(self):
        return self.base / "home"

    @property
    def proof(self):
        return self.base / "outside" / "proof"

    @property
    def downloaded(self):
        return self.work / "downloaded"

    @property
    def environment(self):
        """What a child is started with, so that all that it may write by itself is known."""
        caches = self.base / "caches"
        return {
            "HOME": str(self.home),
            "MPLCONFIGDIR": str(caches),
            "DASK_CONFIG": str(caches),
            "TMPDIR": str(caches),
        }

    def settle(self):
        """Remember how the canaries are; what is done to them from now on shows."""
        self.before = self._canaries()

    def touched(self):
        """Return what has become of the canaries: the first thing that differs, or None."""
        now = self._canaries()
        for name in sorted({*now, *self.before}, key=lambda name: (name.endswith("."), name)):
            if now.get(name) != self.before.get(name):
                what = "changed" if name in now and name in self.before else "made"
                return f"{name}: {what if name in now else 'gone'}"
        return None

    def executed(self):
        """Tell whether a payload ran."""
        return self.proof.exists()

    def _canaries(self):
        found = {}
        for folder, names, files in os.walk(self.base):
            own = {self.base: ("caches", "races"), self.work: ("outputs",)}.get(Path(folder), ())
            names[:] = [name for name in names if name not in own]
            for name in (".", *files, *(n for n in names if os.path.islink(f"{folder}/{n}"))):
                path = os.path.join(folder, name)
                found[os.path.relpath(path, self.base)] = _state(path)
        return found


def _state(path):
    status = os.lstat(path)
    known = (status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns, status.st_ino)
    if stat.S_ISREG(status.st_mode) and status.st_size < 1 << 24:
        return (*known, hashlib.sha256(Path(path).read_bytes()).digest())
    return known


def copy_place(made, base, process):
    """Copy the honest runs into a folder and put the canaries around them."""
    place = Place(base, process)
    shutil.copytree(made, place.work, symlinks=True)
    for sweep in (place.sweep, place.study):
        path = sweep / "sweep.yaml"
        path.write_text(path.read_text().replace(f"directory: {made}", f"directory: {place.work}"))
    for folder in (place.precious / "sub", place.home, base / "caches"):
        folder.mkdir(parents=True)
    (place.precious / "sub" / "letter").write_text("keep me\n")
    (place.precious / "photograph").write_text("keep me too\n")
    (place.precious / "part-00007.h5").write_bytes(b"not yours")
    place.file.write_text("# a file that nobody asked nnpipe to write\n")
    (place.home / ".bashrc").write_text("# the user's own\n")
    return place


MLFLOW = re.compile(r"\S+ \S+ INFO (mlflow|alembic)")
"""What MLflow says of itself where it makes a database."""

CONTROL = re.compile(
    r"[^\S\n\t ]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def problems(place, ended):
    """Return what an attack achieved, one line each; [] if it was held."""
    found = []
    if place.executed():
        found.append("executed: a payload ran")
    elif touched := place.touched():
        found.append(f"outside: {touched}")
    if not place.process.is_untouched:
        place.process.connections = 0
        found.append("executed: the canary process was connected to or ended")
    both = ended.said + ended.shown
    if "Traceback" in both:
        found.append(f"traceback: {ended.said.splitlines()[-1:]}")
    if ended.status < 0:
        found.append(f"ended by signal {-ended.status}, {ended.seconds:.1f} s of work")
    elif ended.status not in (0, 1, 2):
        found.append(f"exit status {ended.status}")
    if ended.mebibytes >= 300:
        found.append(f"memory: {ended.mebibytes:.0f} MiB")
    lines = [line for line in ended.said.splitlines() if not MLFLOW.match(line)]
    if len(lines) > 1 and "Traceback" not in both:
        found.append(f"{len(lines)} lines of error: {ended.said[:300]!r}")
    if control := CONTROL.search(both):
        found.append(f"text: {control[0]!r} reaches the terminal")
    return found
