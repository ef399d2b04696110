"""Names of one kind of thing: the built-in ones, and those of packages laid out as by pip."""

import os.path
import sys

import pytest

from nnpipe.config.registry import Registry, did_you_mean, unknown
from nnpipe.errors import ConfigError

GROUP = "nnpipe.tests_of_the_registry"
BUILT_IN = {"join": "os.path:join", "split": "os.path:split"}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a package: its module's source and its entry points."""

    def add(package, source, **points):
        folder = tmp_path / package
        info = folder / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{package}.py").write_text(source)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {value}\n" for name, value in points.items()]
        (info / "entry_points.txt").write_text("".join([f"[{GROUP}]\n", *lines]))
        monkeypatch.syspath_prepend(folder)
        return Registry("a way", GROUP, BUILT_IN)

    yield add
    for package in [name for name in sys.modules if name.startswith("way_")]:
        del sys.modules[package]


def test_a_built_in_name_stands_for_what_its_module_holds():
    ways = Registry("a way", GROUP, BUILT_IN)
    assert ways.load("join") is os.path.join
    assert ways.names == tuple(ways) == ("join", "split")
    assert len(ways) == 2
    assert "join" in ways
    assert "jion" not in ways
    assert None not in ways


def test_an_unknown_name_is_refused_with_the_names_and_the_nearest():
    with pytest.raises(ConfigError) as refused:
        Registry("a way", GROUP, BUILT_IN).load("jion")
    assert refused.value.problems == (
        "'jion' is not a way; expected one of join, split. Did you mean 'join'?",
    )


def test_a_package_adds_a_name_that_is_listed_without_importing_it(install):
    ways = install("way_ours", "walk = 'walking'\n", walk="way_ours:walk")
    assert ways.names == ("join", "split", "walk")
    assert "walk" in ways
    assert len(ways) == 3
    assert "way_ours" not in sys.modules
    assert ways.load("walk") == "walking"
    assert ways.load("join") is os.path.join


def test_loading_one_name_imports_no_other_package(install):
    install("way_ours", "walk = 1\n", walk="way_ours:walk")
    ways = install("way_theirs", "swim = 2\n", swim="way_theirs:swim")
    assert ways.load("swim") == 2
    assert "way_ours" not in sys.modules


def test_a_package_cannot_take_a_built_in_name(install):
    ways = install("way_ours", "", join="way_ours:join")
    with pytest.raises(ConfigError) as refused:
        _ = ways.names
    assert refused.value.problems == (
        f"{GROUP}: way_ours:join adds the name 'join', which nnpipe itself already has. "
        "Uninstall one of them.",
    )
    assert ways.load("join") is os.path.join


def test_two_packages_cannot_share_a_name(install):
    install("way_ours", "", walk="way_ours:walk")
    ways = install("way_theirs", "", walk="way_theirs:walk")
    with pytest.raises(ConfigError) as refused:
        ways.load("walk")
    # The package that stands first on sys.path is found first.
    assert refused.value.problems == (
        f"{GROUP}: way_ours:walk adds the name 'walk', which way_theirs:walk already has. "
        "Uninstall one of them.",
    )


def test_a_package_that_is_found_twice_is_no_clash(install, tmp_path, monkeypatch):
    ways = install("way_ours", "walk = 1\n", walk="way_ours:walk")
    monkeypatch.syspath_prepend(tmp_path / "way_ours")
    assert ways.load("walk") == 1


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("walk = 1 / 0", "ZeroDivisionError: division by zero"),
        ("run = 1", "AttributeError: module 'way_broken' has no attribute 'walk'"),
        (
            "raise ImportError('built for\\n  another numpy')",
            "ImportError: built for another numpy",
        ),
    ],
)
def test_a_broken_package_is_named_with_the_reason_on_one_line(install, source, reason):
    ways = install("way_broken", source, walk="way_broken:walk")
    assert ways.names == ("join", "split", "walk")
    with pytest.raises(ConfigError) as refused:
        ways.load("walk")
    assert refused.value.problems == (
        f"{GROUP}: 'walk' (way_broken:walk) cannot be imported: {reason}",
    )
    assert ways.load("split") is os.path.split


def test_a_name_that_is_near_no_other_gets_no_hint():
    assert did_you_mean("zzz", ["join", "split"]) == ""
    assert unknown(3, "a way", ["split", "join"]) == "3 is not a way; expected one of join, split."
