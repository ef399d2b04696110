"""The cores of a process are the minimum from the system, the cluster and the launcher."""

import os

import pytest

from nnpipe.system.cores import SHARES, cores


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch):
    for name in SHARES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(8)}, raising=False)


@pytest.mark.parametrize(
    ("slurm", "launcher", "expected"),
    [(None, None, 8), ("4", None, 4), ("4", "2", 2), (None, "16", 8), ("x", "0", 1)],
)
def test_the_least_of_all_counts(monkeypatch, slurm, launcher, expected):
    for name, value in zip(SHARES, (slurm, launcher), strict=True):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert cores() == expected


def test_without_an_affinity_it_is_the_machines_count(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cores() == 6
