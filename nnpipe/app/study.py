"""Let Optuna choose the jobs of a sweep from the metrics of earlier jobs.

The sweep's folder holds the study as a journal of JSON lines, so that the sweep can be resumed. An
interrupted job runs again with the values that Optuna chose for it.

References
----------
Akiba et al.: Optuna, a next-generation hyperparameter optimization framework (KDD 2019).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, cast

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep

from nnpipe.app.journal import Journal
from nnpipe.config.registry import unknown
from nnpipe.errors import RunError, one_line
from nnpipe.runs.store.definition import STUDY
from nnpipe.runs.store.folder import Folder
from nnpipe.system.text import printable

TARGET = "hydra_plugins.nnpipe_optuna.OptunaSweeper"
SAMPLERS = ("random", "tpe")
DIRECTIONS = ("auto", "maximize", "minimize")

Launch = Callable[[Sequence[Sequence[str]], int], Sequence[Any]]
"""``launch(jobs, first)`` runs jobs, each a list of overrides, and returns their metrics."""


def search(
    folder: Folder, overrides: Sequence[Override], launch: Launch, settings: Mapping[str, Any]
) -> None:
    """Run the missing jobs of a study.

    Parameters
    ----------
    folder : Folder
        The sweep's folder, locked by this process.
    overrides : sequence of Override
        The typed overrides. Optuna chooses the values of the swept ones.
    launch : callable
        Runs jobs.
    settings : mapping
        sampler, direction, n_trials, n_jobs and seed, as in conf/hydra/sweeper/optuna.yaml.
    """
    with closing(Journal(folder)) as journal:
        _search(journal, folder.path / STUDY, overrides, launch, settings)


def _search(
    journal: Journal,
    where: Path,
    overrides: Sequence[Override],
    launch: Launch,
    settings: Mapping[str, Any],
) -> None:
    import optuna
    from optuna.trial import TrialState

    space = {o.get_key_element(): distribution(o) for o in overrides if o.is_sweep_override()}
    fixed = [str(o.input_line) for o in overrides if not o.is_sweep_override()]
    study = _open_study(journal, where, space, settings)
    begun = study.trials

    def typed(values: Mapping[str, Any]) -> list[str]:
        return [*fixed, *(f"{key}={values[key]}" for key in space)]

    def tell(trial: Any, metric: Any) -> None:
        if metric is None:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, float(metric))

    done = {t.user_attrs["job"] for t in begun if t.state == TrialState.COMPLETE}
    latest = {t.user_attrs["job"]: t for t in begun if "job" in t.user_attrs}
    for job, trial in latest.items():
        if job in done:
            continue
        (metric,) = launch([typed(trial.params)], job)
        if trial.state == TrialState.RUNNING:
            tell(trial.number, metric)
        elif metric is not None:
            study.add_trial(
                optuna.create_trial(
                    params=trial.params,
                    distributions=trial.distributions,
                    value=float(metric),
                    user_attrs={"job": job},
                )
            )
    for numbers in _batches(range(len(latest), settings["n_trials"]), settings["n_jobs"]):
        trials = [study.ask(space) for _ in numbers]
        for job, trial in zip(numbers, trials, strict=True):
            trial.set_user_attr("job", job)
        metrics = launch([typed(trial.params) for trial in trials], numbers[0])
        for trial, metric in zip(trials, metrics, strict=True):
            tell(trial, metric)
    if any(trial.state == TrialState.COMPLETE for trial in study.trials):
        best = study.best_trial
        values = " ".join(f"{key}={value}" for key, value in best.params.items())
        line = f"\nbest   {best.user_attrs['job']:03d}  {best.value:.6g}  {values}\n"
        sys.stdout.write(printable(line))


def _open_study(
    journal: Journal, where: Path, space: Mapping[str, Any], settings: Mapping[str, Any]
) -> Any:
    """Return a new study, or the stored one if the sweep could have made it."""
    import optuna
    from optuna.storages import JournalStorage

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(
            study_name="nnpipe",
            storage=JournalStorage(cast("Any", journal)),
            sampler=None,
            direction=settings["direction"],
            load_if_exists=True,
        )
        begun = study.trials
        refuse_other_trials(begun, space, settings["n_trials"])
    except Exception as error:  # Optuna does not check what it reads
        problem = f"{where}: {one_line(error)}. The file was altered."
        raise RunError(problem) from error
    # With the same seed, a resumed study would draw its first values again.
    study.sampler = _sampler(settings["sampler"], settings["seed"] + len(begun))
    return study


def refuse_other_trials(trials: Sequence[Any], space: Mapping[str, Any], jobs: int) -> None:
    """Refuse stored trials that the sweep itself could not have chosen.

    Parameters
    ----------
    trials : sequence of FrozenTrial
        The stored trials. A trial without a job was never launched.
    space : mapping
        The distribution of each swept key.
    jobs : int
        The number of jobs of the sweep.

    Raises
    ------
    ValueError
        If a job's number or a key's value cannot belong to the sweep.
    """
    for trial in trials:
        job = trial.user_attrs.get("job")
        if job is None:
            continue
        if type(job) is not int or not 0 <= job < jobs:
            problem = f"trial {trial.number} has the job number {job!r}"
            raise ValueError(problem)
        for key, choices in space.items():
            if not choices._contains(choices.to_internal_repr(trial.params[key])):
                problem = f"trial {trial.number} has another value of {key}"
                raise ValueError(problem)


def distribution(override: Override) -> Any:
    """Return the Optuna distribution of a swept override.

    ``a,b,c`` is a choice, ``range(1,9)`` a range of integers, ``interval(0,1)`` an interval,
    ``int(interval(1,9))`` its integers, and ``tag(log,interval(1e-4,1))`` has a logarithmic scale.
    """
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    sweep = override.value()
    log = isinstance(sweep, IntervalSweep | RangeSweep) and "log" in sweep.tags
    if isinstance(sweep, IntervalSweep) and sweep.start is not None and sweep.end is not None:
        if isinstance(sweep.start, int) and isinstance(sweep.end, int):
            return IntDistribution(sweep.start, sweep.end, log=log)
        return FloatDistribution(sweep.start, sweep.end, log=log)
    if isinstance(sweep, RangeSweep) and isinstance(numbers := sweep.range(), range):
        return IntDistribution(numbers[0], numbers[-1], log=log, step=numbers.step)
    return CategoricalDistribution(list(override.sweep_string_iterator()))


def problems(settings: Mapping[str, Any], metric: str | None) -> list[str]:
    """Return the problems of the settings of a search, one line each."""
    found: list[str] = []
    if metric is None:
        found.append("output.metric: missing; expected the metric to optimise, such as accuracy")
    for name, choices in (("sampler", SAMPLERS), ("direction", DIRECTIONS)):
        if settings[name] not in choices:
            found.append(f"hydra.sweeper.{name}: {unknown(settings[name], f'a {name}', choices)}")
    for name, least in (("n_trials", 1), ("n_jobs", 1), ("seed", 0)):
        if settings[name] < least:
            found.append(
                f"hydra.sweeper.{name}: found {settings[name]}; expected {least} or greater"
            )
    if find_spec("optuna") is None:
        found.append("hydra/sweeper: optuna is not installed. pip install 'nnpipe[optuna]'")
    return found


def _sampler(name: str, seed: int) -> Any:
    from optuna.samplers import RandomSampler, TPESampler

    return RandomSampler(seed=seed) if name == "random" else TPESampler(seed=seed)


def _batches(numbers: range, size: int) -> Iterator[Sequence[int]]:
    waiting = iter(numbers)
    while batch := list(islice(waiting, size)):
        yield batch
