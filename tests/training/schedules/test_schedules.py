"""The learning rate from step to step."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.config.training_schema import ScheduleConfig
from nnpipe.training.schedules import schedule


def rates(config: ScheduleConfig, epochs: int = 10, steps: int = 4) -> list[float]:
    factor = schedule(config, epochs, steps)
    return [factor(step) for step in range(epochs * steps)]


def test_constant_stays() -> None:
    assert rates(ScheduleConfig()) == [1.0] * 40


def test_step_falls_by_its_factor_every_few_epochs() -> None:
    found = rates(ScheduleConfig("step", every=5, factor=0.1))
    assert found == [1.0] * 20 + [0.1] * 20


def test_cosine_falls_from_one_to_its_floor_at_the_last_step() -> None:
    found = rates(ScheduleConfig("cosine", floor=0.2))
    assert found[0] == 1
    assert found[-1] == pytest.approx(0.2)
    assert found[19] + found[20] == pytest.approx(1.2)
    assert (np.diff(found) < 0).all()


def test_inverse_time_is_a_half_after_one_epoch_of_decay_one() -> None:
    found = rates(ScheduleConfig("inverse_time", decay=1.0))
    assert found[4] == 0.5
    assert found[36] == pytest.approx(0.1)


def test_a_warm_up_rises_evenly_to_the_whole_rate() -> None:
    found = rates(ScheduleConfig("constant", warmup=2))
    np.testing.assert_allclose(found[:8], np.arange(1, 9) / 8)
    assert found[8:] == [1.0] * 32


@pytest.mark.parametrize("kind", ["constant", "step", "cosine", "inverse_time"])
def test_one_step_in_all_is_no_special_case(kind: str) -> None:
    assert schedule(ScheduleConfig(kind), epochs=1, steps=1)(0) == 1
