"""The console command `nnpipe`, which starts one of its subcommands."""

from __future__ import annotations

import sys

from nnpipe.config.registry import unknown
from nnpipe.system.text import printable

USAGE = """\
nnpipe: run and train feed-forward networks from YAML, with results in numbered folders.

  nnpipe run [group=choice ...] [key=value ...]    run a network on an input; nnpipe run --help
  nnpipe runs COMMAND ...                          list, compare, verify runs; nnpipe runs -h
  nnpipe report RUN                                make the page of a stored run or sweep
  nnpipe --version
"""


def main() -> int:
    """Run the subcommand that the first argument names, and return its exit status."""
    command, *arguments = sys.argv[1:] or ["--help"]
    if command in {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return 0
    if command == "--version":
        from nnpipe.runs.store.provenance import package_version

        sys.stdout.write(f"nnpipe {package_version()}\n")
        return 0
    if command == "run":
        from nnpipe.app.main import main as run

        return run(arguments)
    if command == "runs":
        from nnpipe.cli.commands import runs

        return runs(arguments)
    if command == "report":
        from nnpipe.report.command import main as report

        return report(arguments)
    problem = unknown(command, "a command", ["run", "runs", "report"])
    sys.stderr.write(f"nnpipe: {printable(problem)}\n")
    return 2
