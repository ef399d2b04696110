"""The confusion matrix as a figure."""

from __future__ import annotations

import numpy as np

from nnpipe.report.confusion import confusion_figure
from nnpipe.report.svg import draw


def test_a_confusion_matrix_shows_its_counts_and_the_share_that_is_correct():
    figure = confusion_figure(np.array([[30, 10, 0], [0, 5, 5], [0, 0, 0]]))
    svg = draw(figure)
    assert figure.margin == ["75.0 %", "50.0 %", "–"]
    assert "label 0, predicted 1: 10 of 40 (25.0 %)" in svg
    # Cells without a sample are empty.
    assert svg.count("<rect") == 4
