"""A state machine that plays a user's commands in folders that a stranger changes between them."""

import json
import os
import shutil
import stat
import tempfile
from collections import Counter
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import h5py
import yaml
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.hostile.corpus import TRICKS, clear
from tests.hostile.executing import likely_pids
from tests.hostile.limits import Opener
from tests.hostile.place import Process, copy_place, make_runs, problems
from tests.hostile.saying import FORMULAS, TEXTS
from tests.hostile.touching import FROM_RUN, GO_ON

QUICK = (
    "runs list", "runs gc --yes", "runs remove a/2 --yes", "runs remove s/1 --yes",
    "runs verify a/1", "runs verify t/1", "runs verify s/1 o/1 d/1", "runs verify a/latest",
    "runs show a/1", "runs show s/1", "runs show s/1/0", "runs diff a/1 a/2",
    "report a/1", "report s/1", "report t/1", "runs verify a/1 --json", "runs list --json",
)  # fmt: skip
SLOWER = ("runs resume s/1", "runs resume o/1", "runs rerun a/1", "runs rerun t/1", FROM_RUN, GO_ON)
SLOWEST = ("runs resume d/1",)

FOLDERS = (
    "a/v0001", "a/v0002", "t/v0001", "s/v0001", "o/v0001", "d/v0001",
    "s/v0001/runs/000", "s/v0001/runs/001", "o/v0001/runs/001", "a", "s",
)  # fmt: skip
NAMES = (
    "manifest.json", "config.yaml", "overrides.yaml", "parameters.h5", "results.h5", "run.log",
    "report.html", "checkpoint.h5", "history.h5", "history.csv", "best.h5", "last.h5",
    "ro-crate-metadata.json", "sweep.yaml", "sweep.csv", "multirun.yaml", "study.log",
    "study.log.lock", "runs", "runs/000", "runs/001", "runs/007", "results",
    "results/part-00000.h5", "results/part-00000.json", "results/network.h5", ".submitit",
    "latest", "v0001", ".v0001", ".v0002", "v0003",
)  # fmt: skip
DOCUMENTS = (
    "manifest.json",
    "config.yaml",
    "overrides.yaml",
    "sweep.yaml",
    "results/part-00000.json",
)
HDF5 = ("parameters.h5", "results.h5", "checkpoint.h5", "history.h5")


def values(place):
    """Return what a stranger writes into documents."""
    target = {"_target_": "subprocess.Popen", "args": ["/usr/bin/touch", str(place.proof)]}
    address = f"tcp://127.0.0.1:{place.process.port}"
    return [
        *TEXTS.values(), *FORMULAS, None, True, -1, 0, 10**30, 10**4000, 1e308, "", "..",
        "engine=dask", "../../../outside/x", str(place.precious), "/dev/zero",
        "${oc.env:HOME}", "x" * 100_000,
        target, [target], {"x": [target]}, [], {}, [[[[]]]], address, f"engine.cluster={address}",
        "hydra/launcher=submitit_local", "hydra/launcher=joblib", "output.tracking=mlflow",
        f"--config-dir={place.downloaded}", f"output.root={place.precious}", "output.name=../../x",
        f"+hydra.sweeper.x=[{json.dumps(target)}]", f"hydra.sweep.dir={place.precious}",
    ]  # fmt: skip


def _external(file, name, place):
    del file[name]
    file[name] = h5py.ExternalLink(str(place.file), "/x")


def _pipe(file, name, place):
    path = Path(file.filename).with_name("pipe.h5")
    with suppress(FileExistsError):
        os.mkfifo(path)
    del file[name]
    file[name] = h5py.ExternalLink("pipe.h5", "/x")


def _loop(file, name, place):
    del file[name]
    file[name] = h5py.SoftLink(f"/{name}")


def _raw(file, name, place):
    shape, size = file[name].shape, file[name].size
    del file[name]
    file.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, 4 * size)])


def _unstored(file, name, place):
    shape = file[name].shape
    del file[name]
    file.create_dataset(
        name, (1 << 32, *shape[1:]), "f4", chunks=(1 << 12, *shape[1:]), fillvalue=1
    )


def _view(file, name, place):
    shape = (1 << 33, *file[name].shape[1:])
    del file[name]
    file.create_virtual_dataset(name, h5py.VirtualLayout(shape, "f4"))


def _group(file, name, place):
    del file[name]
    file.create_group(name)


def _texts(file, name, place):
    del file[name]
    file.create_dataset(name, data=["\x1b[2J", "x" * 1000])


def _attributes(file, name, place):
    for key in list(file[name].attrs) or ["x"]:
        file[name].attrs[key] = "\x1b[2J" * 100


def _numbers(file, name, place):
    for key in list(file.attrs) or ["x"]:
        file.attrs[key] = [-(2**62)] * 5


ALTERATIONS = {
    "external link": _external, "link to a pipe": _pipe, "loop": _loop, "raw storage": _raw,
    "unstored": _unstored, "view": _view, "group": _group, "texts": _texts,
    "attributes": _attributes, "attributes of the root": _numbers,
    "deleted": lambda file, name, place: file.pop(name),
}  # fmt: skip


class World:
    """What all histories share: the opener, the canary process, the honest runs, the counts."""

    def __init__(self):
        self.opener = Opener()
        self.process = Process()
        self.base = Path(tempfile.mkdtemp(prefix="nnpipe-hostile-"))
        self.honest = make_runs(self.base)
        self.counts = Counter()
        self.found = {}
        self.most = 0.0

    def close(self):
        self.process.end()
        self.opener.__exit__()
        shutil.rmtree(self.base)


class HostileFolders(RuleBasedStateMachine):
    """A history begins with honest runs, and mixes a stranger's edits and a user's commands.

    `world` is set by whoever plays it. Where `stops` is False, what is found is kept in the world
    and the history goes on.
    """

    world: World
    stops = True
    slower = SLOWER

    @initialize()
    def begin(self):
        self.base = Path(tempfile.mkdtemp(prefix="nnpipe-hostile-"))
        self.place = copy_place(self.world.honest, self.base, self.world.process)
        self.place.settle()
        self.edits = []
        self.world.counts["folders"] += len(FOLDERS)

    def teardown(self):
        if hasattr(self, "base"):
            shutil.rmtree(self.base)

    # A user's commands

    @rule(command=st.sampled_from(QUICK))
    def ask(self, command):
        self.play(command)

    @rule(data=st.data())
    def act(self, data):
        self.play(data.draw(st.sampled_from(self.slower)))

    @rule(data=st.data())
    def act_again(self, data):
        self.act(data)

    def play(self, command):
        counts, place = self.world.counts, self.place
        ended = self.world.opener(
            "nnpipe.cli.main:main", {}, command.split(), place.work, place.environment
        )
        counts["actions"] += 1
        counts[{0: "done", 2: "refused"}.get(ended.status, "failed")] += 1
        self.world.most = max(self.world.most, ended.mebibytes)
        found = problems(place, ended)
        if self.stops:
            assert found == [], f"nnpipe {command}: {ended.said[-2000:]}"
        for problem in found:
            kind = problem.partition(":")[0]
            counts[kind if kind in ("executed", "outside") else "other"] += 1
            problem = problem.replace(str(self.base), "")[:150]
            self.world.found.setdefault(f"nnpipe {command}: {problem}", list(self.edits))
        if found:
            place.proof.unlink(missing_ok=True)
            place.settle()

    # A stranger's edits

    def file(self, data, *names):
        """Draw a file or a folder below the runs, one that is there wherever it can be."""
        there = []
        for folder, folders, files in os.walk(self.place.outputs):
            there += [f"{folder}/{name}" for name in (*files, *folders)]
        there = sorted(os.path.relpath(path, self.place.outputs) for path in there)
        fitting = [path for path in there if not names or path.endswith(names)]
        if names or data.draw(st.integers(0, 4)):
            return data.draw(st.sampled_from(fitting)) if fitting else None
        return f"{data.draw(st.sampled_from(FOLDERS))}/{data.draw(st.sampled_from(NAMES))}"

    @rule(data=st.data(), trick=st.sampled_from(TRICKS))
    def replace(self, data, trick):
        name = self.file(data)
        path = self.within(name)
        if path is not None:
            with suppress(OSError):
                trick(path, self.place)
            self.note(f"{trick.__name__} at {name}")

    @rule(data=st.data(), trick=st.sampled_from(TRICKS))
    def replace_another(self, data, trick):
        self.replace(data, trick)

    @rule(data=st.data())
    def exchange(self, data):
        names = self.file(data), self.file(data)
        one, two = map(self.within, names)
        if one is None or two is None or not (os.path.lexists(one) and os.path.lexists(two)):
            return
        if one in (two, *two.parents) or two in one.parents:
            return
        between = self.base / "caches" / "between"
        one.rename(between)
        two.rename(one)
        between.rename(two)
        self.note(f"{' and '.join(names)} exchanged")

    @rule(data=st.data(), hard=st.booleans())
    def plant(self, data, hard):
        name = self.file(data)
        path = self.within(name)
        if path is None:
            return
        for pid in likely_pids()[:60]:
            planted = path.with_name(f".{path.name}.{pid}.part")
            if not os.path.lexists(planted):
                (os.link if hard else os.symlink)(self.place.file, planted)
        self.note(f"temporaries of {name}")

    @rule(data=st.data(), forged=st.booleans())
    def rewrite(self, data, forged):
        name = self.file(data, *DOCUMENTS)
        path = self.within(name)
        content = None if path is None else self.content(path)
        if path is None or content is None:
            return
        try:
            document = json.loads(content) if path.suffix == ".json" else yaml.safe_load(content)
        except (ValueError, yaml.YAMLError, RecursionError):
            return
        if not isinstance(document, dict | list) or not document:
            return
        node, key = data.draw(st.sampled_from(leaves(document)[:200]))
        value = data.draw(st.sampled_from(values(self.place)))
        if isinstance(node, list) and data.draw(st.booleans()):
            node.append(value)
        else:
            node[key] = value
        with suppress(ValueError, yaml.YAMLError):  # what YAML cannot say
            text = json.dumps(document) if path.suffix == ".json" else yaml.safe_dump(document)
            self.write(path, text.encode("utf-8", "surrogatepass"))
            self.note(f"{name}: {key} = {str(value)[:60]!r}")
        if forged and path.name != "manifest.json":
            self.forge(path.parent)

    @rule(data=st.data(), how=st.sampled_from(sorted(ALTERATIONS)))
    def alter(self, data, how):
        name = self.file(data, ".h5")
        path = self.within(name)
        content = None if path is None else self.content(path)
        if path is None or content is None:
            return
        self.write(path, content)  # not through a link
        with suppress(OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError):
            with h5py.File(path, "r+") as file:
                inside = []
                file.visit(inside.append)
                ALTERATIONS[how](file, data.draw(st.sampled_from(inside)), self.place)
            self.note(f"{name}: {how}")
        self.forge(path.parent)

    @rule(data=st.data(), bit=st.integers(0, 1 << 40))
    def flip(self, data, bit):
        name = self.file(data)
        path = self.within(name)
        content = None if path is None else self.content(path)
        if path is not None and content:
            altered = bytearray(content)
            altered[bit // 8 % len(altered)] ^= 1 << bit % 8
            self.write(path, bytes(altered))
            self.forge(path.parent)
            self.note(f"{name} flipped")

    @rule(data=st.data())
    def take_away(self, data):
        name = self.file(data)
        path = self.within(name)
        if path is not None and os.path.lexists(path):
            clear(path)
            self.note(f"{name} taken away")

    @rule(of=st.sampled_from(FOLDERS[:6]))
    def restore(self, of):
        path = self.within(of)
        if path is not None:
            clear(path)
            shutil.copytree(self.world.honest / "outputs" / of, path, symlinks=True)
            self.note(f"{of} restored")

    # How it is done, with no harm to the canaries

    def note(self, edit):
        self.edits.append(edit)
        self.world.counts["edits"] += 1

    def within(self, name):
        """Return the path of a name, or None if it leads through a link or to nothing."""
        if name is None:
            return None
        path = self.place.outputs / name
        parent = path.parent
        try:
            inside = parent.resolve() == parent and parent.is_dir()
        except (OSError, RuntimeError):
            return None
        return path if inside else None

    @staticmethod
    def content(path):
        with suppress(OSError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_size < 4 << 20:
                return path.read_bytes()
        return None

    @staticmethod
    def write(path, content):
        clear(path)
        path.write_bytes(content)

    def forge(self, folder):
        """Bring the checksums of a manifest in order, as far as there is one."""
        path = folder / "manifest.json"
        content = self.content(path)
        if content is None:
            return
        with suppress(ValueError, AttributeError, KeyError, TypeError, RecursionError):
            manifest = json.loads(content)
            for name, artifact in manifest["artifacts"].items():
                inside = self.content(folder / name)
                if inside is not None:
                    artifact |= {"size": len(inside), "sha256": sha256(inside).hexdigest()}
            self.write(path, json.dumps(manifest).encode())


def leaves(document):
    """Return each place in a document, as what holds it and its key there."""
    found, waiting = [], [document]
    while waiting:
        node = waiting.pop()
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            found.append((node, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    return found
