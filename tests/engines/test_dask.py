"""The keys of engine=dask: each wrong one is named, before anything is started."""

from __future__ import annotations

import pytest

import nnpipe.distributed.cluster
from nnpipe.distributed.cluster import find_missing
from nnpipe.engines.dask import DaskOptions, refuse_address
from nnpipe.errors import ConfigError
from nnpipe.pipeline.load import find_problems, read_config


def problems(**engine):
    return find_problems({"engine": {"kind": "dask", **engine}})


@pytest.mark.parametrize(
    "engine",
    [
        {},
        {"cluster": "local", "workers": 3, "memory": "1.5 GiB"},
        {"cluster": "slurm", "partition": "short", "walltime": "1-00:30:00", "memory": "4GB"},
        {"cluster": "tcp://10.0.0.1:8786"},
    ],
)
def test_what_a_cluster_takes_is_taken(engine):
    assert problems(**engine) == []
    chosen = read_config({"engine": {"kind": "dask", **engine}}).engine
    assert chosen.options == DaskOptions(**engine)


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        (
            {"cluster": "slrum"},
            "engine.cluster: found 'slrum'; expected local, slurm or a scheduler's address, "
            "such as tcp://host:8786. Did you mean 'slurm'?",
        ),
        ({"workers": 0}, "engine.workers: found 0; expected 1 or greater"),
        ({"memory": "lots"}, "engine.memory: found 'lots'; expected a size, such as 4GiB"),
        (
            {"cluster": "slurm", "walltime": "2h"},
            "engine.walltime: found '2h'; expected a time, such as 01:30:00",
        ),
        (
            {"cluster": "slurm", "partition": "-a b"},
            "engine.partition: '-a b' cannot name a partition",
        ),
        (
            {"cluster": "slurm", "partition": "a\ntouch proof"},
            "engine.partition: 'a\\ntouch proof' cannot name a partition",
        ),
        (
            {"cluster": "slurm", "walltime": "01:00:00\n"},
            "engine.walltime: found '01:00:00\\n'; expected a time, such as 01:30:00",
        ),
        ({"memory": "4GiB\n"}, "engine.memory: found '4GiB\\n'; expected a size, such as 4GiB"),
        (
            {"partition": "short"},
            "engine.partition: only for cluster=slurm; found cluster=local. Leave it null.",
        ),
    ],
)
def test_what_is_wrong_is_one_line(engine, expected):
    assert problems(**engine) == [expected]


def test_other_engines_do_not_take_its_keys():
    assert find_problems({"engine": {"kind": "fast", "workers": 2}}) == [
        "engine.workers: unknown key for the kind 'fast'; expected one of batch_size, "
        "memory_limit, threads, tile."
    ]


@pytest.mark.parametrize(
    ("cluster", "needed"),
    [
        ("local", ["distributed", "cryptography"]),
        ("slurm", ["distributed", "dask_jobqueue", "cryptography"]),
        ("tcp://host:8786", ["distributed"]),
    ],
)
def test_packages_that_are_missing_are_named_with_their_extra(monkeypatch, cluster, needed):
    monkeypatch.setattr(nnpipe.distributed.cluster, "find_spec", lambda _: None)
    assert find_missing(DaskOptions(cluster=cluster)) == [
        f"engine.kind: 'dask' needs {name}, which is not installed. Run pip install 'nnpipe[dask]'."
        for name in needed
    ]


def test_an_address_is_typed_or_stands_in_ones_own_config_of_dask():
    dask = pytest.importorskip("dask", reason="needs nnpipe[dask]")
    refuse_address("tcp://a:1", {"tcp://a:1"}, "x.yaml")
    with dask.config.set({"scheduler-address": "tcp://a:1"}):
        refuse_address("tcp://a:1", (), "x.yaml")
        with pytest.raises(ConfigError, match=r"^x\.yaml: engine\.cluster: found 'tcp://b"):
            refuse_address("tcp://b:1", (), "x.yaml")
