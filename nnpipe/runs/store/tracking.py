"""Log a complete run to MLflow: its config, metrics and artifacts.

MLFLOW_TRACKING_URI names the server. Without it, a database beside the runs stores everything:
``mlflow ui --backend-store-uri sqlite:///outputs/mlflow.db``.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from nnpipe.config.keys import dotted
from nnpipe.errors import NnpipeError, RunError, one_line
from nnpipe.runs.store.crate import numbers
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.open import Run

DATABASE, COPIES = "mlflow.db", "mlflow-artifacts"
_AT_ONCE = 100
_LONGEST = 6000


def track(root: Path, run: Run) -> str:
    """Log a run to MLflow and return MLflow's identifier of it.

    Parameters
    ----------
    root : Path
        The folder of all runs. MLflow's experiment has the run's name.
    run : Run
        The complete run.

    Raises
    ------
    RunError
        If MLflow refuses the run. The run stays complete.
    """
    # By default MLflow sends usage data to its developers.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        return _track(root, run)
    except (OSError, NnpipeError):
        raise
    except Exception as error:
        problem = f"output.tracking: MLflow refuses {run.path}; it says: {one_line(error)}."
        raise RunError(problem) from error


def _track(root: Path, run: Run) -> str:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    # Importing MLflow sets its log levels. `track` alone reports errors.
    for logger, level in (("mlflow", logging.CRITICAL), ("alembic", logging.WARNING)):
        logging.getLogger(logger).setLevel(level)
    root, manifest = root.resolve(), run.manifest
    name = str(run.config["output"]["name"])
    server = os.environ.get("MLFLOW_TRACKING_URI")
    if not server:
        with Folder.open(root, follow=True) as runs:
            runs.check(DATABASE)
            with runs.inside(COPIES, make=True) as copies:
                copies.inside(name, make=True).close()
    client: Any = MlflowClient(tracking_uri=server or f"sqlite:///{root / DATABASE}")
    place = None if server else (root / COPIES / name).as_uri()
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        identifier = client.create_experiment(name, artifact_location=place)
    elif place is not None and experiment.artifact_location != place:
        problem = (
            f"{root / DATABASE}: the experiment {name!r} keeps its files in "
            f"{experiment.artifact_location}; expected {place}. Move the database away."
        )
        raise RunError(problem)
    else:
        identifier = experiment.experiment_id
    started, ended = _milliseconds(manifest.started), _milliseconds(manifest.ended)
    tags = {"nnpipe.path": str(run.path), "mlflow.source.git.commit": manifest.git_commit or ""}
    short = str(run.path.relative_to(root)) if run.path.is_relative_to(root) else run.path.name
    tracked: str = client.create_run(
        identifier, start_time=started, tags=tags, run_name=short
    ).info.run_id
    parameters = [Param(key, str(value)[:_LONGEST]) for key, value in dotted(run.config).items()]
    for start in range(0, len(parameters), _AT_ONCE):
        client.log_batch(tracked, params=parameters[start : start + _AT_ONCE])
    measured = numbers(manifest.metrics) | {
        f"seconds.{phase}": seconds for phase, seconds in manifest.seconds.items()
    }
    metrics = [Metric(key, float(value), ended, 0) for key, value in measured.items()]
    client.log_batch(tracked, metrics=metrics)
    for file in (*manifest.artifacts, "manifest.json"):
        client.log_artifact(tracked, str(run.path / file))
    client.set_terminated(tracked, "FINISHED", ended)
    return tracked


def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)
