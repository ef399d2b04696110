"""The Hydra sweeper `optuna`. Hydra finds plugins only in this namespace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class OptunaSweeper(Sweeper):
    """Chooses jobs with Optuna; see `nnpipe.app.study`.

    Parameters
    ----------
    params : mapping
        Swept keys in addition to those on the command line.
    **settings
        The keys of conf/hydra/sweeper/optuna.yaml.
    """

    def __init__(self, params: DictConfig | None = None, **settings: Any) -> None:
        self.params = params
        self.settings = settings

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what Hydra passes before the sweep."""
        self.config = config
        self.hydra_context = hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run the jobs."""
        from nnpipe.app.composed import output_of, plain
        from nnpipe.app.study import search
        from nnpipe.app.sweep import ClaimSweep
        from nnpipe.stages.metrics.ranking import direction_of

        lines = [*(f"{key}={value}" for key, value in (self.params or {}).items()), *arguments]
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        assert ClaimSweep.claimed is not None
        settings = dict(self.settings)
        if settings["direction"] == "auto":
            settings["direction"] = direction_of(output_of(plain(self.config)).metric or "")
        search(ClaimSweep.claimed, parser.parse_overrides(lines), self._launch, settings)

    def _launch(self, jobs: Sequence[Sequence[str]], first: int) -> list[Any]:
        self.validate_batch_is_legal(jobs)
        returns = self.launcher.launch(jobs, initial_job_idx=first)
        return [job.return_value for job in returns]
