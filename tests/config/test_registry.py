"""Names of one kind of thing: the built-in ones, and those of packages laid out as by pip."""

import sys
from dataclasses import dataclass

import pytest

from nnpipe.config.kind import Choice, Kind, NoOptions
from nnpipe.config.options import option
from nnpipe.config.registry import Registry, did_you_mean, unknown
from nnpipe.errors import ConfigError

GROUP = "nnpipe.tests_of_the_registry"
BUILT_IN = {"join": f"{__name__}:JOIN", "split": f"{__name__}:SPLIT"}


@dataclass(frozen=True)
class JoinOptions:
    between: str = option("/", "what stands between the parts")


JOIN = Kind(JoinOptions, lambda options: options.between.join)
SPLIT = Kind(NoOptions, lambda options: str.split)

# What a package adds.
KIND = "from nnpipe.config.kind import Kind, NoOptions\n"
WALK = f"{KIND}walk = Kind(NoOptions, lambda options: 'walking')\n"


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
    assert ways.load("join") is JOIN
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
    ways = install("way_ours", WALK, walk="way_ours:walk")
    assert ways.names == ("join", "split", "walk")
    assert "walk" in ways
    assert len(ways) == 3
    assert "way_ours" not in sys.modules
    assert ways.load("walk").make(NoOptions()) == "walking"
    assert ways.load("join") is JOIN


def test_loading_one_name_imports_no_other_package(install):
    install("way_ours", WALK, walk="way_ours:walk")
    swim = f"{KIND}swim = Kind(NoOptions, lambda options: 'swimming')\n"
    ways = install("way_theirs", swim, swim="way_theirs:swim")
    assert ways.choice("swim").make() == "swimming"
    assert "way_ours" not in sys.modules


def test_a_package_cannot_take_a_built_in_name(install):
    ways = install("way_ours", "", join="way_ours:join")
    with pytest.raises(ConfigError) as refused:
        _ = ways.names
    assert refused.value.problems == (
        f"{GROUP}: way_ours:join adds the name 'join', which nnpipe itself already has. "
        "Uninstall one of them.",
    )
    assert ways.load("join") is JOIN


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
    ways = install("way_ours", WALK, walk="way_ours:walk")
    monkeypatch.syspath_prepend(tmp_path / "way_ours")
    assert ways.choice("walk").make() == "walking"


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
    assert ways.load("split") is SPLIT


@pytest.mark.parametrize("base", ["", f"{__name__}:JoinOptions"])
@pytest.mark.parametrize(
    ("source", "shown"),
    [("walk = 3\n", "3"), ("def walk(): pass\n", "<function walk at "), (WALK, "Kind(options=")],
)
def test_a_package_that_adds_no_kind_or_one_without_the_common_options_is_refused(
    install, base, source, shown
):
    install("way_ours", source, walk="way_ours:walk")
    ways = Registry("a way", GROUP, BUILT_IN, base)
    if source is WALK and not base:
        assert ways.choice("walk").make() == "walking"
        return
    with pytest.raises(ConfigError) as refused:
        ways.load("walk")
    (problem,) = refused.value.problems
    assert problem.startswith(f"{GROUP}: 'walk' is {shown}")
    expected = "a Kind whose options extend JoinOptions" if base else "a Kind"
    assert problem.endswith(f"; expected {expected}")


def test_a_choice_has_the_options_that_are_given_and_the_defaults_of_the_others():
    ways = Registry("a way", GROUP, BUILT_IN)
    assert ways.choice("join") == Choice("join", JoinOptions("/"), JOIN)
    assert ways.choice("join", between=", ").make()(["a", "b"]) == "a, b"
    assert ways.choice("split").options == NoOptions()


@pytest.mark.parametrize("name", [None, 3, [1], {"kind": "join"}])
def test_what_cannot_be_a_name_is_refused_as_a_name_is(name):
    with pytest.raises(ConfigError) as refused:
        Registry("a way", GROUP, BUILT_IN).load(name)
    found = "null" if name is None else repr(name)
    assert refused.value.problems == (f"{found} is not a way; expected one of join, split.",)


def test_a_name_that_is_near_no_other_gets_no_hint():
    assert did_you_mean("zzz", ["join", "split"]) == ""
    assert unknown(3, "a way", ["split", "join"]) == "3 is not a way; expected one of join, split."
