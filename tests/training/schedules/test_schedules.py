"""The learning rate from step to step."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.config.load import store
from nnpipe.training.schedules import SCHEDULES
from nnpipe.training.schedules.base import factor_at

EPOCHS, STEPS = 10, 4


def rates(kind: str, **options: float) -> list[float]:
    factor = factor_at(SCHEDULES.choice(kind, **options), EPOCHS, STEPS)
    return [factor(step) for step in range(EPOCHS * STEPS)]


def test_constant_stays() -> None:
    assert rates("constant") == [1.0] * 40


def test_step_falls_by_its_factor_every_few_epochs() -> None:
    found = rates("step", every=5, factor=0.1)
    assert found == [1.0] * 20 + [0.1] * 20


def test_cosine_falls_from_one_to_its_floor_at_the_last_step() -> None:
    found = rates("cosine", floor=0.2)
    assert found[0] == 1
    assert found[-1] == pytest.approx(0.2)
    assert found[19] + found[20] == pytest.approx(1.2)
    assert (np.diff(found) < 0).all()


def test_inverse_time_is_a_half_after_one_epoch_of_decay_one() -> None:
    found = rates("inverse_time", decay=1.0)
    assert found[4] == 0.5
    assert found[36] == pytest.approx(0.1)


def test_a_warm_up_rises_evenly_to_the_whole_rate() -> None:
    found = rates("constant", warmup=2)
    np.testing.assert_allclose(found[:8], np.arange(1, 9) / 8)
    assert found[8:] == [1.0] * 32


@pytest.mark.parametrize("kind", SCHEDULES.names)
def test_one_step_in_all_is_no_special_case(kind: str) -> None:
    assert factor_at(SCHEDULES.choice(kind), epochs=1, steps=1)(0) == 1


def test_by_default_a_step_is_a_half_every_ten_epochs_and_nothing_warms_up() -> None:
    found = {name: store(SCHEDULES.choice(name).options) for name in SCHEDULES.names}
    assert found == {
        "constant": {"warmup": 0.0},
        "cosine": {"warmup": 0.0, "floor": 0.0},
        "inverse_time": {"warmup": 0.0, "decay": 1.0},
        "step": {"warmup": 0.0, "every": 10.0, "factor": 0.5},
    }
