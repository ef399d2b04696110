"""A small sample of the histories that `attack.py` plays for as long as one likes."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.hostile.folders import HostileFolders, World


@pytest.mark.slow
def test_no_history_in_hostile_folders_executes_or_touches_anything():
    HostileFolders.world = World()
    try:
        run_state_machine_as_test(
            HostileFolders,
            settings=settings(
                max_examples=4,
                stateful_step_count=12,
                # A history that fails is short as it is, and making it shorter takes minutes.
                phases=[Phase.explicit, Phase.reuse, Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
        counts = HostileFolders.world.counts
        assert counts["actions"] > 10
        assert counts["edits"] > 10
    finally:
        HostileFolders.world.close()
