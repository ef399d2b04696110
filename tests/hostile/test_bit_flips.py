"""Single bit flips in a finished run: each is harmless or an error, never another result.

Two layers are tried. With the manifest's checksums in place each flip must be found by them. With
the checksums brought in order behind it, as an attacker would, reading must end well or with an
error of nnpipe, and no number may be another: the fletcher32 of its chunk covers it.
"""

import logging
import random
import shutil
from collections import Counter

import pytest

import nnpipe

logger = logging.getLogger(__name__)
FLIPS = {"parameters.h5": 800, "results.h5": 800, "manifest.json": 600}
BATCH = 100


@pytest.fixture(scope="module")
def genuine(tmp_path_factory):
    config = {
        "architecture": {"sizes": [4, 3]},
        "input": {"samples": 20, "features": 5, "normalize": "standardize"},
        "output": {"root": str(tmp_path_factory.mktemp("genuine")), "name": "a"},
    }
    with nnpipe.run(config) as run:
        return run.path


def flips(reading, folder, name, count, forged):
    """Return how often each thing came of flipping single bits, a batch to each child."""
    length = (folder / name).stat().st_size * 8
    bits = random.Random(6).sample(range(length), min(count, length))
    ended, peak = Counter(), 0.0
    for start in range(0, len(bits), BATCH):
        batch = shutil.copytree(folder, folder.with_name(f"{name}-{start}"))
        tried = bits[start : start + BATCH]
        child = reading("try_flips", folder=str(batch), name=name, bits=tried, forged=forged)
        assert child.status == 0, child.said
        ended.update(child.answer)
        peak = max(peak, child.mebibytes)
    assert sum(ended.values()) == len(bits)
    logger.info("%s: %s, %.0f MiB", name, dict(ended), peak)
    return ended


@pytest.fixture
def folder(genuine, tmp_path):
    return shutil.copytree(genuine, tmp_path / "v0001")


@pytest.mark.slow
@pytest.mark.parametrize("name", FLIPS)
def test_no_flip_of_a_bit_is_taken_for_another_result(folder, reading, name):
    ended = flips(reading, folder, name, FLIPS[name], forged=False)
    if name == "manifest.json":
        # A metric, a time or a version may have changed; nothing that was computed has.
        assert set(ended) == {"same", "RunError"}
    else:
        assert set(ended) == {"RunError"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["parameters.h5", "results.h5"])
def test_a_flip_behind_a_forged_checksum_is_an_error_or_changes_no_number(folder, reading, name):
    ended = flips(reading, folder, name, FLIPS[name] // 5, forged=True)
    assert set(ended) <= {"RunError", "DataError", "same", "names", "kind of normalization"}
    assert ended["RunError"] + ended["DataError"] > 0
