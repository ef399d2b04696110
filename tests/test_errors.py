"""The errors that are shown to a user: their texts, and their way between processes."""

import pickle
from pathlib import Path

import pytest

import nnpipe
from nnpipe.errors import ConfigError, DataError, NnpipeError, RunError, RunFailed, one_line

ERRORS = [
    ConfigError(["seed: found -1; expected 0 or greater", "dtype: found 3; expected a string"]),
    ConfigError([]),
    DataError("data.h5: empty"),
    RunError("outputs/v0001: no manifest.json"),
    RunFailed(Path("outputs/v0001"), "DataError: data.h5: empty"),
]


def test_a_config_error_shows_one_problem_a_line():
    error = ConfigError(iter(["seed: missing; set it", "dtype: missing; set it"]))
    assert error.problems == ("seed: missing; set it", "dtype: missing; set it")
    assert str(error) == "seed: missing; set it\ndtype: missing; set it"


def test_a_failed_run_names_its_folder_and_the_reason():
    error = RunFailed(Path("outputs/v0001"), "MemoryError: too large")
    assert error.path == Path("outputs/v0001")
    assert str(error) == "outputs/v0001: the run failed: MemoryError: too large"


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_every_error_can_be_caught_as_one_kind(error):
    assert isinstance(error, NnpipeError)
    assert getattr(nnpipe, type(error).__name__) is type(error)


# Launchers of parallel jobs and pools of processes send errors home by pickle.
@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_is_the_same_after_a_way_between_processes(error):
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is type(error)
    assert str(there) == str(error)
    assert vars(there) == vars(error)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DataError("data.h5: cannot be read:\n  broken\tsuperblock "), None),
        (ConfigError(["a: missing; set it", "b: missing; set it"]), None),
        (ValueError("not\n a number"), "ValueError: not a number"),
        (KeyError("x"), "KeyError: 'x'"),
        (MemoryError(), "MemoryError"),
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
    ],
    ids=repr,
)
def test_any_error_fits_on_one_line(error, text):
    assert one_line(error) == (text or " ".join(str(error).split()))


def test_a_name_that_nnpipe_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'nnpipe' has no attribute 'runn'$"):
        _ = nnpipe.runn


@pytest.mark.parametrize("name", nnpipe.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(nnpipe, name).__doc__
