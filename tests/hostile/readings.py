"""What children under limits read beside what the command line reads; see opener.py."""

import hashlib
import json
import signal
import sys
from pathlib import Path

import nnpipe
from nnpipe.errors import NnpipeError
from nnpipe.system.documents import read_json, read_yaml

SECONDS, PATIENCE = 10, 60


def read_document(path):
    """Read a YAML or a JSON file; where it is refused, say why, and return an exit status."""
    read = {".yaml": read_yaml, ".json": read_json}[Path(path).suffix]
    try:
        read(Path(path))
    except NnpipeError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def try_flips(folder, name, bits, forged):
    """Flip each of some bits of a run's file, open the run each time, and tell what came of it.

    The answers are `same` for a run that says what it said before, the class of the error, or the
    first thing that was taken for another one. Each flip has 10 s of the processor.
    """
    folder = Path(folder)
    content = (folder / name).read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text())
    before = what_it_holds(folder)
    answers = []
    for bit in bits:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.alarm(PATIENCE)
        altered = bytearray(content)
        altered[bit // 8] ^= 1 << bit % 8
        (folder / name).write_bytes(altered)
        if forged:
            sha256 = hashlib.sha256(altered).hexdigest()
            manifest["artifacts"][name] = {"size": len(altered), "sha256": sha256}
            (folder / "manifest.json").write_text(json.dumps(manifest))
        try:
            found = what_it_holds(folder)
        except NnpipeError as error:
            answers.append(type(error).__name__ if "\n" not in str(error) else "several lines")
        else:
            other = (what for what in before if found[what] != before[what])
            answers.append(next(other, "same"))
    return answers


def what_it_holds(folder):
    """Return all that a run says of what was computed."""
    with nnpipe.open_run(folder) as run:
        layers = run.network.layers
        scaling = run.normalization
        return {
            "names": [(layer.name, layer.activation) for layer in layers],
            "parameters": [layer.parameters.tobytes() for layer in layers],
            "outputs": run.outputs[:].tobytes(),
            "kind of normalization": scaling.kind,
            "statistics": [scaling.offset.tobytes(), scaling.factor.tobytes()],
        }
