"""The RO-Crate of a run, read and validated by the libraries of that standard."""

from __future__ import annotations

import io
import json
from email import message_from_string
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnpipe
from nnpipe.runs.inspect.verification import verify_run
from nnpipe.runs.store.manifest import measure

rocrate = pytest.importorskip("rocrate", reason="pip install rocrate")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over a file, with the parameters of an earlier one."""
    folder = tmp_path_factory.mktemp("crate")
    np.save(folder / "x.npy", np.ones((4, 3)))
    given: dict[str, Any] = {
        "architecture": {"sizes": [2]},
        "input": {"kind": "npy", "path": str(folder / "x.npy")},
        "output": {"root": str(folder), "report": False},
    }
    nnpipe.run(given).close()
    given["architecture"] = {"run": str(folder / "default/v0001")}
    with nnpipe.run(given) as run:
        return run.path


def test_the_library_of_ro_crate_finds_the_files_and_what_made_them(path: Path) -> None:
    from rocrate.rocrate import ROCrate

    crate = ROCrate(path)
    assert crate.name == "nnpipe run default/v0002"
    for file in crate.data_entities:
        artifact = measure(path / file.id)
        assert (file["sha256"], file["contentSize"]) == (artifact.sha256, str(artifact.size))
    action = crate.dereference("#run")
    assert {file.id for file in action["result"]} > {"parameters.h5", "results.h5"}
    assert [thing["name"] for thing in action["object"]][:2] == [
        str(path.parents[1] / "x.npy"),
        str(path.parent / "v0001"),
    ]
    assert (
        action["instrument"]["softwareVersion"] == crate.dereference("#nnpipe")["softwareVersion"]
    )
    manifest = json.loads((path / "manifest.json").read_text())
    mean = crate.dereference("#metric-outputs.mean")
    assert mean["value"] == manifest["metrics"]["outputs"]["mean"]


def test_the_crate_is_an_artifact_and_only_of_complete_runs(path: Path) -> None:
    manifest = json.loads((path / "manifest.json").read_text())
    assert "ro-crate-metadata.json" in manifest["artifacts"]
    assert verify_run(path) == []
    bad = path.parents[1] / "bad.npy"
    np.save(bad, np.full((2, 3), np.nan))
    given = {
        "input": {"kind": "npy", "path": str(bad), "on_nonfinite": "error"},
        "output": {"root": str(path.parents[1]), "name": "bad"},
    }
    with pytest.raises(nnpipe.RunFailed):
        nnpipe.run(given)
    assert not (path.parents[1] / "bad/v0001/ro-crate-metadata.json").exists()


# What the profile recommends and a run cannot know: who made it, and where nnpipe is to be had.
UNKNOWN = {
    "process-run-crate-0.5_3.2",
    "process-run-crate-0.5_5.1",
    "process-run-crate-0.5_8.6",
    "ro-crate-1.1_22.2",
    "ro-crate-1.1_22.3",
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_validator_of_ro_crate_finds_nothing_wrong(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rocrate_validator", reason="pip install roc-validator")
    import requests
    from rdflib import _networking
    from rocrate_validator.models import Severity
    from rocrate_validator.services import ValidationSettings, validate
    from urllib3 import HTTPResponse

    # The only thing the validator fetches is the standard's own context, which rocrate brings.
    context = (Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_bytes()

    class Page(io.BytesIO):
        headers = message_from_string("Content-Type: application/ld+json\n\n")

        def info(self) -> Any:
            return self.headers

        def geturl(self) -> str:
            return "https://w3id.org/ro/crate/1.1/context"

    def send(self: Any, request: Any, **options: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response.headers["Content-Type"] = "application/ld+json"
        response.raw = HTTPResponse(
            io.BytesIO(context), status=200, request_url=request.url, preload_content=False
        )
        return response

    monkeypatch.setattr(_networking, "urlopen", lambda *_, **__: Page(context))
    monkeypatch.setattr(requests.Session, "send", send)
    settings = ValidationSettings(
        rocrate_uri=str(path),
        profile_identifier="process-run-crate",
        requirement_severity=Severity.RECOMMENDED,
    )
    issues = validate(settings).get_issues()
    found = {issue.check.identifier: issue.message for issue in issues}
    assert {name: text for name, text in found.items() if name not in UNKNOWN} == {}
