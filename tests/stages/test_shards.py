"""Shards cover the samples in whole batches, and their metrics add up to the whole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import nnpipe
from nnpipe.pipeline.load import read_config
from nnpipe.stages.base import batch_rows, shards
from nnpipe.stages.output_metrics import Metrics


@given(st.integers(1, 10**9), st.integers(1, 5000), st.none() | st.integers(1, 10**6))
def test_shards_are_whole_batches_that_cover_every_sample_once(samples, features, size):
    options = read_config({"engine": {"batch_size": size}}).engine.options
    network = nnpipe.build({"inputs": features, "sizes": [3]})
    cut = shards(options, samples, network)
    assert [rows.start for rows in cut] == [0, *(rows.stop for rows in cut[:-1])]
    assert cut[-1].stop == samples
    assert all(rows.start % batch_rows(options, network) == 0 for rows in cut)
    assert len(cut) <= 1001


def test_metrics_merged_in_order_are_the_metrics_of_all_samples():
    rng = np.random.default_rng(0)
    network = nnpipe.build({"inputs": 2, "sizes": [3], "activation": "softmax"})
    outputs, labels = rng.dirichlet([1, 1, 1], 100), rng.integers(0, 3, 100)
    whole, total = Metrics(network, True), Metrics(network, True)
    whole.add(outputs, labels)
    for part in np.split(np.arange(100), [30, 60]):
        metrics = Metrics(network, True)
        metrics.add(outputs[part], labels[part])
        metrics.nonfinite, metrics.first_nonfinite_row = 1, int(part[0]) + 5
        total.merge(metrics)
    expected, found = whole.values(), total.values()
    assert found["confusion_matrix"] == expected["confusion_matrix"]
    assert found["accuracy"] == expected["accuracy"]
    np.testing.assert_allclose(found["cross_entropy"], expected["cross_entropy"], rtol=1e-12)
    np.testing.assert_allclose(found["outputs"]["std"], expected["outputs"]["std"], rtol=1e-12)
    assert (found["nonfinite_inputs"], found["first_nonfinite_row"]) == (3, 5)
