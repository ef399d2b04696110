"""Single bit flips in a finished run: each is harmless or an error, never another result.

Two layers are tried. With the manifest's checksums in place each flip must be found by them. With
the checksums brought in order behind it, as an attacker would, reading must end well or with an
error of nnpipe, and what was read of an altered file must be no secret change of a float that
the fletcher32 of its chunk covers.
"""

import hashlib
import json
import logging
import os
import random
import shutil
import signal
from collections import Counter

import pytest

import nnpipe
from nnpipe.errors import NnpipeError, RunError

logger = logging.getLogger(__name__)
FLIPS = {"parameters.h5": 800, "results.h5": 800, "manifest.json": 600}


@pytest.fixture(scope="module")
def genuine(tmp_path_factory):
    config = {
        "architecture": {"sizes": [4, 3]},
        "input": {"samples": 20, "features": 5, "normalize": "standardize"},
        "output": {"root": str(tmp_path_factory.mktemp("genuine")), "name": "a"},
    }
    with nnpipe.run(config) as run:
        return run.path


def flipped(content, bit):
    altered = bytearray(content)
    altered[bit // 8] ^= 1 << bit % 8
    return bytes(altered)


def bits_of(content, count):
    return random.Random(6).sample(range(len(content) * 8), min(count, len(content) * 8))


def what_it_holds(folder):
    """Return all that a run says, or the class of the error that says why it cannot be said."""
    try:
        with nnpipe.open_run(folder) as run:
            layers = [(layer.name, layer.activation) for layer in run.network.layers]
            arrays = [layer.parameters for layer in run.network.layers]
            arrays += [run.outputs[:], run.normalization.offset, run.normalization.factor]
            return layers, [array.tobytes() for array in arrays]
    except NnpipeError as error:
        return type(error) if "\n" not in str(error) else None


def in_children(folder, name, contents, ask):
    """Ask in forked children, fifty contents to each, and return the answers, one by one."""
    answers = []
    for start in range(0, len(contents), 50):
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(receive)
            signal.alarm(120)
            with os.fdopen(send, "w") as pipe:
                for content in contents[start : start + 50]:
                    (folder / name).write_bytes(content)
                    pipe.write(json.dumps(ask()) + "\n")
                    pipe.flush()
            os._exit(0)
        os.close(send)
        with os.fdopen(receive) as pipe:
            answers += [json.loads(line) for line in pipe]
        assert os.waitpid(child, 0)[1] == 0, f"{name}: flip {len(answers)} ended the process"
    return answers


@pytest.mark.slow
@pytest.mark.parametrize("name", FLIPS)
def test_no_flip_of_a_bit_is_taken_for_another_result(genuine, tmp_path, name):
    folder = shutil.copytree(genuine, tmp_path / "v0001")
    content = (folder / name).read_bytes()
    expected = what_it_holds(folder)
    assert not isinstance(expected, type)

    def ask():
        found = what_it_holds(folder)
        return "same" if found == expected else getattr(found, "__name__", "another result")

    bits = bits_of(content, FLIPS[name])
    ended = Counter(in_children(folder, name, [flipped(content, bit) for bit in bits], ask))
    logger.info("%s: %s", name, dict(ended))
    assert sum(ended.values()) == len(bits)
    if name == "manifest.json":
        # A figure, a time or a version may have changed; nothing that was computed has.
        assert set(ended) == {"same", RunError.__name__}
    else:
        assert set(ended) == {RunError.__name__}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["parameters.h5", "results.h5"])
def test_a_flip_behind_a_forged_checksum_is_an_error_or_changes_no_protected_number(
    genuine, tmp_path, name
):
    folder = shutil.copytree(genuine, tmp_path / "v0001")
    content = (folder / name).read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text())
    expected = what_it_holds(folder)

    def ask():
        altered = (folder / name).read_bytes()
        sha256 = hashlib.sha256(altered).hexdigest()
        manifest["artifacts"][name] = {"size": len(altered), "sha256": sha256}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        found = what_it_holds(folder)
        if isinstance(found, type):
            return "NnpipeError"
        if found == expected:
            return "same"
        return "numbers" if found[1][:3] != expected[1][:3] else "names or statistics"

    bits = bits_of(content, FLIPS[name] // 5)
    ended = Counter(in_children(folder, name, [flipped(content, bit) for bit in bits], ask))
    logger.info("%s: %s", name, dict(ended))
    assert ended["numbers"] == 0
    assert ended["NnpipeError"] > 0
