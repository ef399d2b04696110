"""Training curves from history.csv."""

from __future__ import annotations

import pytest

from nnpipe.report.history import history_figures

HEAD = "epoch,loss,accuracy,validation_loss,validation_accuracy,seconds\n"


def test_the_curves_of_a_training_are_read_from_its_table(tmp_path):
    (tmp_path / "history.csv").write_text(HEAD + "1,2.5,0.1,nan,nan,1\n2,1.5,0.5,1.75,nan,1\n")
    loss, accuracy = history_figures(tmp_path)
    assert loss.lines == [("training", [1, 2], [2.5, 1.5]), ("validation", [2], [1.75])]
    assert accuracy.lines == [("training", [1, 2], [0.1, 0.5])]


@pytest.mark.parametrize(
    "text", ["", HEAD, HEAD + "1,x\n", HEAD + "1,2,3,4,5,6,7,8\n", "a\n\x00\n"]
)
def test_a_table_that_is_no_history_has_no_curves(tmp_path, text):
    (tmp_path / "history.csv").write_text(text)
    assert history_figures(tmp_path) == []


def test_a_run_without_a_training_has_no_curves(tmp_path):
    assert history_figures(tmp_path) == []
    (tmp_path / "history.csv").symlink_to("/etc/passwd")
    assert history_figures(tmp_path) == []
