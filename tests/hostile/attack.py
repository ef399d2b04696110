"""Attack nnpipe for a while: ``python tests/hostile/attack.py [--minutes 30]``.

Plays histories of hostile edits and commands, see `folders.py`, and prints what was counted: the
folders that were made, the commands that were played and how they ended, what was executed, what
was touched outside of the runs, and the most memory. The exit status is 1 if anything was found;
each thing that was found is printed once, with the edits before it.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.hostile.folders import SLOWER, SLOWEST, HostileFolders, World

HISTORIES, STEPS = 10, 30
COUNTED = ("folders", "edits", "actions", "done", "refused", "failed")
FAULTS = ("executed", "outside", "other")


def attack(world, minutes):
    """Play histories until the time is over."""
    HostileFolders.world, HostileFolders.stops = world, False
    HostileFolders.slower = SLOWER + SLOWEST
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        run_state_machine_as_test(
            HostileFolders,
            settings=settings(
                max_examples=HISTORIES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )


def main():
    """Attack for as long as is asked, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30, help="how long (30)")
    minutes = parser.parse_args().minutes
    world = World()
    try:
        attack(world, minutes)
    finally:
        for name in (*COUNTED, *FAULTS):
            sys.stdout.write(f"{name:<9} {world.counts[name]:,}\n")
        sys.stdout.write(f"memory    {world.most:.0f} MiB at most\n")
        for problem, edits in sorted(world.found.items()):
            sys.stdout.write(f"\n{problem!r}\n  after {'; '.join(edits[-8:])!r}\n")
        world.close()
    return 1 if world.found else 0


if __name__ == "__main__":
    sys.exit(main())
