"""Each attack of the corpus through the command line: none executes, touches or costs anything."""

import threading

import pytest

from tests.hostile import claiming, executing, saying, touching  # noqa: F401
from tests.hostile.corpus import ATTACKS
from tests.hostile.limits import SECONDS
from tests.hostile.place import Process, copy_place, make_runs, problems

MOST_SWAPS = 1_000_000


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    return make_runs(tmp_path_factory.mktemp("honest"))


@pytest.fixture(scope="module")
def process():
    canary = Process()
    yield canary
    canary.end()


@pytest.fixture
def place(honest, tmp_path, process):
    return copy_place(honest, tmp_path, process)


def test_the_names_of_the_attacks_tell_them_apart():
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) > 300


MAIN = "nnpipe.cli.main:main"
SAMPLE = 4
"""One attack of so many of a kind is tried by default."""


def is_slow(number, attack):
    """Tell whether an attack starts programs for its jobs, or is not of the sample."""
    starts = attack.seconds > SECONDS or any("d/1" in command for command in attack.commands)
    return starts or number % SAMPLE != 0


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=attack.name, marks=[pytest.mark.slow] * is_slow(number, attack))
        for number, attack in enumerate(ATTACKS)
    ],
)
def test_an_attack_is_held(attack, place, opener):
    attack.build(place)
    place.settle()
    environment = place.environment | {
        name: value.format(base=place.base) for name, value in attack.environment.items()
    }
    said = ""
    for command in attack.commands:
        with Race(attack.race, place):
            ended = opener(
                "nnpipe.cli.main:main", {}, command, place.work, environment, attack.seconds
            )
        said += ended.said + ended.shown
        found = problems(place, ended)
        if ended.status not in attack.statuses:
            found.append(f"exit status {ended.status}; expected {sorted(attack.statuses)}")
        if ended.status == 2 and ended.said.count("\n") != 1:
            found.append("refused without a line")
        assert not found, f"{'; '.join(found)}: nnpipe {' '.join(command)}: {ended.said[-2000:]}"
    if attack.check:
        attack.check(place, said)


class Race:
    """Does something to a place again and again while a command runs."""

    def __init__(self, act, place):
        self._act, self._place = act, place
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._play)

    def _play(self):
        for _ in range(MOST_SWAPS):
            if self._ended.is_set():
                return
            self._act(self._place)

    def __enter__(self):
        if self._act:
            self._thread.start()

    def __exit__(self, *_):
        if self._act:
            self._ended.set()
            self._thread.join()
