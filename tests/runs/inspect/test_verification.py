"""A sound run agrees with its manifest, and its digest identifies it."""

from __future__ import annotations

import hashlib
import json

import h5py
import numpy as np

from nnpipe.runs.inspect.verification import digest, verify_run
from nnpipe.runs.store.manifest import measure


def test_a_complete_run_is_sound_and_its_digest_is_that_of_its_manifest(make):
    run = make()
    assert verify_run(run.path) == []
    manifest = (run.path / "manifest.json").read_bytes()
    assert digest(run.path) == hashlib.sha256(manifest).hexdigest()


def test_a_number_that_is_not_finite_is_found_behind_a_valid_checksum(make):
    run = make()
    results = run.path / "results.h5"
    with h5py.File(results, "a") as file:
        file["outputs"][7] = np.nan
    manifest = json.loads((run.path / "manifest.json").read_text())
    new = measure(results)
    manifest["artifacts"]["results.h5"] = {"size": new.size, "sha256": new.sha256}
    (run.path / "manifest.json").write_text(json.dumps(manifest))
    [problem] = verify_run(run.path)
    assert problem.endswith("/outputs has 1 rows that are not finite, the first is row 7")
