"""The best end of each metric: the greatest accuracy, the least error."""

from __future__ import annotations

import pytest

from nnpipe.stages.metrics import METRICS
from nnpipe.stages.metrics.ranking import direction_of


@pytest.mark.parametrize("kind", METRICS.names)
def test_a_kind_of_metric_knows_its_best_end(kind: str) -> None:
    assert direction_of(f"evaluation.{kind}") == METRICS.load(kind).direction  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("column", "direction"),
    [
        ("accuracy", "maximize"),
        ("cross_entropy", "minimize"),
        ("training.validation_loss", "minimize"),
        ("evaluation.top_3", "maximize"),
        ("outputs.std", "maximize"),
        ("seconds", "minimize"),
    ],
)
def test_a_column_is_best_at_one_end(column: str, direction: str) -> None:
    assert direction_of(column) == direction
