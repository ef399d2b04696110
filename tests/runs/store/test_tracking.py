"""Runs that are logged to a real MLflow store beside them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

import nnpipe
from nnpipe.runs.store.tracking import DATABASE

mlflow = pytest.importorskip("mlflow", reason="pip install 'nnpipe[mlflow]'")
pytest.importorskip("alembic", reason="pip install 'nnpipe[mlflow]'")


@pytest.mark.filterwarnings("ignore")
def test_mlflow_holds_config_metrics_and_artifacts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    given: dict[str, Any] = {
        "architecture": {"sizes": [4, 2]},
        "input": {"samples": 6, "features": 3},
        "output": {"root": str(tmp_path), "name": "small", "tracking": "mlflow", "report": False},
    }
    paths: list[Path] = []
    for seed in (1, 2):
        with nnpipe.run({**given, "seed": seed}) as run:
            paths.append(run.path)
            metrics = run.manifest.metrics
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / DATABASE}")
    experiment = client.get_experiment_by_name("small")
    found = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
    assert [one.info.run_name for one in found] == ["small/v0001", "small/v0002"]
    assert [one.info.status for one in found] == ["FINISHED", "FINISHED"]
    second = found[1]
    assert second.data.params["seed"] == "2"
    assert second.data.params["architecture.sizes"] == "[4, 2]"
    assert second.data.metrics["outputs.mean"] == metrics["outputs"]["mean"]
    assert second.data.metrics["samples"] == 6
    assert second.data.tags["nnpipe.path"] == str(paths[1])
    for name in ("config.yaml", "parameters.h5", "results.h5", "manifest.json"):
        copy = client.download_artifacts(second.info.run_id, name, str(tmp_path))
        assert _digest(Path(copy)) == _digest(paths[1] / name)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
