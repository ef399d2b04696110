"""Any history of runs and damage: what is damaged is refused by name, the rest is as it was.

The model of a run is the bytes of its files when it ended. A folder that holds just these opens,
and reruns, to the bits that they tell; any other is an error that names what is wrong in it.
"""

import hashlib
import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

import nnpipe
from nnpipe.errors import RunError
from nnpipe.pipeline.rerun import rerun
from nnpipe.runs.inspect.verification import verify_run
from tests.changes import hear

FILES = ["config.yaml", "overrides.yaml", "parameters.h5", "results.h5"]
FILES += ["ro-crate-metadata.json", "manifest.json"]

configs = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 3),
        "dtype": st.sampled_from(["float32", "float64"]),
        "architecture": st.fixed_dictionaries(
            {
                "sizes": st.lists(st.integers(1, 4), min_size=1, max_size=3),
                "activation": st.sampled_from(["sigmoid", "relu", "linear", "softmax"]),
            }
        ),
        "input": st.fixed_dictionaries(
            {
                "samples": st.integers(1, 9),
                "features": st.integers(1, 4),
                "normalize": st.sampled_from(["none", "standardize", "minmax"]),
            }
        ),
    }
)

# An edit of a manifest, and what the error names: a file of the run, or "." for its folder.
EDITS = {
    "status": (lambda manifest: manifest.update(status="failed"), "."),
    "kind": (lambda manifest: manifest.update(kind="sweep"), "."),
    "schema": (lambda manifest: manifest.update(schema_version=2), "manifest.json"),
    "seconds": (lambda manifest: manifest.update(seconds=[]), "manifest.json"),
    "network": (lambda manifest: manifest.update(network=[{"name": 1}]), "manifest.json"),
    "no metrics": (lambda manifest: manifest.pop("metrics"), "manifest.json"),
    "no artifacts": (lambda manifest: manifest.update(artifacts={}), "config.yaml"),
    "unlisted": (lambda manifest: manifest["artifacts"].pop("parameters.h5"), "parameters.h5"),
    "unread": (lambda manifest: manifest["artifacts"].pop("results.h5"), "results.h5"),
    "size": (lambda manifest: manifest["artifacts"]["results.h5"].update(size=7), "results.h5"),
    "sum": (
        lambda manifest: manifest["artifacts"]["config.yaml"].update(sha256="0" * 64),
        "config.yaml",
    ),
    "path": (
        lambda manifest: manifest["artifacts"].update({"../x": {"size": 0, "sha256": "0" * 64}}),
        "manifest.json",
    ),
}


class Watch:
    """Hears of each change that the process makes to files, outside the folder that it may change.

    Python has no way to take an audit hook back: there is one, which is deaf between the blocks.
    """

    def __init__(self):
        self.root = None
        self.outside = []
        hear(self._hear)

    @contextmanager
    def over(self, root):
        self.root, self.outside = str(root), []
        try:
            yield
        finally:
            self.root = None
        assert self.outside == []

    def _hear(self, event, place, flags):
        if self.root is None or (event == "open" and not flags & 0o3):  # for reading alone
            return
        if not place.startswith((self.root, "/dev/null")):
            self.outside.append((event, place))


watch = Watch()


class Histories(RuleBasedStateMachine):
    folders = Bundle("folders")

    def __init__(self):
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="histories-"))
        self.root = self.base / "outputs"
        (self.base / "x").write_bytes(b"outside")
        self.ended = {}  # by its bytes: what a run said when it ended
        self.there = {}  # by its folder: the bytes of the files that a run has now
        self.touched = set()
        self.wrong = {}  # by its folder: the name in the error, where one is known

    def teardown(self):
        shutil.rmtree(self.base)

    # What is done

    @initialize(target=folders, config=configs)
    def begin(self, config):
        return self.make(config)

    @rule(target=folders, config=configs)
    def make(self, config):
        if len(self.there) >= 4:
            return multiple()
        output = {"root": str(self.root), "name": "a", "report": False}
        with watch.over(self.root), nnpipe.run({**config, "output": output}) as run:
            return self.keep(run)

    def keep(self, run):
        files = self.bytes_of(run.path)
        self.ended[self.key(files)] = self.said(run), files
        self.there[run.path] = dict(files)
        return run.path

    @rule(folder=folders, name=st.sampled_from(FILES[:-1]), place=st.floats(0, 1, exclude_max=True))
    def flip(self, folder, name, place):
        content = bytearray(self.there[folder].get(name, b""))
        if content:
            bit = int(place * len(content) * 8)
            content[bit // 8] ^= 1 << bit % 8
            self.put(folder, name, bytes(content))

    @rule(folder=folders, name=st.sampled_from(FILES), place=st.floats(0, 1, exclude_max=True))
    def cut(self, folder, name, place):
        content = self.there[folder].get(name, b"")
        # The last byte of a text is a newline, which it can lose.
        self.put(folder, name, content[: int(place * (len(content) - 1))])

    @rule(folder=folders, name=st.sampled_from(FILES))
    def remove(self, folder, name):
        self.put(folder, name, None)

    @rule(one=folders, other=folders, name=st.sampled_from(FILES))
    def swap(self, one, other, name):
        files = self.there[one].get(name), self.there[other].get(name)
        self.put(one, name, files[1])
        self.put(other, name, files[0])

    @rule(folder=folders, edit=st.sampled_from(sorted(EDITS)))
    def edit_manifest(self, folder, edit):
        if self.is_whole(folder):
            manifest = json.loads(self.there[folder]["manifest.json"])
            alter, named = EDITS[edit]
            alter(manifest)
            self.put(folder, "manifest.json", json.dumps(manifest).encode())
            self.wrong[folder] = named

    @rule(folder=folders, line=st.sampled_from([b"seed: 9\n", b"_target_: os.system\n", b"\n"]))
    def edit_config(self, folder, line):
        content = self.there[folder].get("config.yaml", b"")
        self.put(folder, "config.yaml", content + line)

    @rule(folder=folders, key=st.integers(0, 99))
    def restore(self, folder, key):
        runs = [files for _, files in self.ended.values()]
        for name, content in runs[key % len(runs)].items():
            self.put(folder, name, content)

    # What comes of it

    @invariant()
    def what_was_touched_opens_or_is_refused(self):
        while self.touched:
            folder = self.touched.pop()
            self.expect(folder, lambda folder=folder: self.opened(folder))

    @rule(folder=folders)
    def open(self, folder):
        self.touched.add(folder)

    @rule(folder=folders)
    def verify(self, folder):
        with watch.over(self.root):
            problems = verify_run(folder)
        assert (problems == []) == self.is_whole(folder), problems
        assert all(str(folder) in line and "\n" not in line for line in problems)

    @rule(target=folders, folder=folders)
    def run_again(self, folder):
        if len(self.there) >= 6:
            return multiple()

        def again():
            run, difference = rerun(folder)
            with run:
                assert difference.identical
                self.keep(run)
                return self.said(run)

        before = set(self.there)
        self.expect(folder, again)
        return multiple(*set(self.there) - before)

    def expect(self, folder, act):
        with watch.over(self.root):
            if self.is_whole(folder):
                assert act() == self.ended[self.key(self.there[folder])][0]
                return
            with pytest.raises(RunError) as refused:
                act()
        said = str(refused.value)
        assert "\n" not in said
        assert said.startswith(str(folder / self.what_is_wrong_in(folder))), said

    def what_is_wrong_in(self, folder):
        """Return the file that an error must name, or the folder where it may name several."""
        if folder in self.wrong:
            return self.wrong[folder]
        for _, files in self.ended.values():
            there = self.there[folder]
            differing = [name for name in FILES if there.get(name) != files.get(name)]
            # A manifest may be another run's, and what is wrong then is every other file.
            if len(differing) == 1 and differing != ["manifest.json"]:
                return differing[0]
        return "."

    @invariant()
    def each_folder_is_as_it_was_left(self):
        for folder, files in self.there.items():
            assert self.bytes_of(folder) == files

    @invariant()
    def nothing_else_has_come(self):
        assert {path.name for path in self.base.iterdir()} <= {"outputs", "x"}
        assert (self.base / "x").read_bytes() == b"outside"
        names = {path.name for path in self.root.glob("a/*")} - {"latest"}
        assert names == {folder.name for folder in self.there}

    # How it is told

    def put(self, folder, name, content):
        self.there[folder].pop(name, None)
        if content is None:
            (folder / name).unlink(missing_ok=True)
        else:
            (folder / name).write_bytes(content)
            self.there[folder][name] = content
        self.wrong.pop(folder, None)
        self.touched.add(folder)

    def is_whole(self, folder):
        return self.key(self.there[folder]) in self.ended

    @staticmethod
    def bytes_of(folder):
        return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}

    @staticmethod
    def key(files):
        return tuple(sorted((name, hashlib.sha256(data).digest()) for name, data in files.items()))

    def opened(self, folder):
        with nnpipe.open_run(folder) as run:
            return self.said(run)

    @staticmethod
    def said(run):
        arrays = [layer.parameters for layer in run.network.layers]
        arrays += [run.outputs[:], run.normalization.offset, run.normalization.factor]
        return [(array.dtype, array.shape, array.tobytes()) for array in arrays]


@pytest.mark.slow
class TestHistories(Histories.TestCase):
    # A history that fails is short as it is, and making it shorter takes minutes.
    settings = settings(
        max_examples=20,
        stateful_step_count=15,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        report_multiple_bugs=False,
    )
