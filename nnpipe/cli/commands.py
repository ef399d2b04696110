"""The ``nnpipe runs`` commands: parse the arguments, call `nnpipe.runs`, print the result."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nnpipe.errors import NnpipeError, RunError, RunFailed, one_line
from nnpipe.runs.inspect.address import find, label
from nnpipe.runs.inspect.columns import age_text, align, size_text
from nnpipe.runs.inspect.command_result import CommandResult
from nnpipe.runs.inspect.state import STATES, State
from nnpipe.system.text import printable, to_json

FAILED, BAD_REQUEST = 1, 2

Command = Callable[[argparse.Namespace], CommandResult]

_ADDRESS = "default/3, default/latest, default/2/007 (a job of a sweep), or a path"
_CLUSTER = "of the run's Dask scheduler, such as tcp://host:8786; a stored address is not trusted"


def runs(arguments: Sequence[str]) -> int:
    """Run one ``nnpipe runs`` command, print its result and return the exit status."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        result = command(options)
    except NnpipeError as error:
        sys.stderr.write(f"{printable(str(error))}\n")
        return FAILED if isinstance(error, RunFailed) else BAD_REQUEST
    except OSError as error:
        sys.stderr.write(f"{printable(one_line(error))}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    if options.json:
        sys.stdout.write(f"{to_json(result.data)}\n")
    elif result.text:
        sys.stdout.write(f"{printable(result.text)}\n")
    return result.status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nnpipe runs", description="List, inspect, compare, verify and remove runs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--root", type=Path, default=Path("outputs"), help="folder of the runs")
    shared.add_argument("--json", action="store_true", help="print JSON")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=f"{text}.", parents=[shared])
        added.set_defaults(command=command)
        return added

    one = add("list", _list, "List runs and sweeps")
    one.add_argument("name", nargs="*", help="only these names, such as 'mnist*'")
    one.add_argument("--status", action="append", choices=STATES, help="only this; repeatable")
    one.add_argument("--kind", choices=("run", "sweep"), help="only runs, or only sweeps")

    one = add("show", _show, "Show a run's config, stack, metrics and files; a sweep's table")
    one.add_argument("run", help=_ADDRESS)
    one.add_argument("--by", metavar="METRIC", help="rank a sweep's jobs, the best first")
    order = one.add_mutually_exclusive_group()
    order.add_argument("--lowest", action="store_true", help="rank the lowest first")
    order.add_argument("--highest", action="store_true", help="rank the highest first")

    one = add("diff", _diff, "Compare two runs; exit status 1 if they differ")
    one.add_argument("a", help=_ADDRESS)
    one.add_argument("b", help="another run")

    one = add("verify", _verify, "Check checksums, structures and numbers; exit status 1 on error")
    one.add_argument("run", nargs="+", help=_ADDRESS)
    text = "the digest that the run must have, from a trusted source; otherwise exit status 1"
    one.add_argument("--expect", metavar="SHA256", help=text)

    one = add("rerun", _rerun, "Repeat a run and compare; exit status 1 if the result differs")
    one.add_argument("run", help=_ADDRESS)
    one.add_argument("--cluster", metavar="ADDRESS", help=_CLUSTER)

    one = add("resume", _resume, "Run the missing jobs of a sweep, or the missing shards of a run")
    one.add_argument("run", help="the sweep or the run, such as default/2")
    one.add_argument("--cluster", metavar="ADDRESS", help=_CLUSTER)

    one = add("remove", _remove, "Remove runs, unless another run depends on them")
    one.add_argument("run", nargs="+", help=_ADDRESS)
    one.add_argument("--yes", action="store_true", help="do not ask for confirmation")

    one = add("gc", _gc, "Remove runs that failed, were interrupted or were killed")
    one.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    return parser


def _list(options: argparse.Namespace) -> CommandResult:
    from nnpipe.runs.inspect.listing import list_runs

    return list_runs(options.root, options.name, options.status or (), options.kind)


def _show(options: argparse.Namespace) -> CommandResult:
    from nnpipe.runs.inspect.details import show

    lowest = options.lowest
    if options.by is not None and not (options.lowest or options.highest):
        from nnpipe.stages.metrics.ranking import direction_of

        lowest = direction_of(options.by) == "minimize"
    return show(find(options.run, options.root), options.root, options.by, lowest)


def _diff(options: argparse.Namespace) -> CommandResult:
    from nnpipe.runs.inspect.difference import compare, report
    from nnpipe.runs.store.open import open_run

    folders = [find(options.a, options.root), find(options.b, options.root)]
    names = [label(folder, options.root) for folder in folders]
    with open_run(folders[0]) as a, open_run(folders[1]) as b:
        difference = compare(a, b)
    data = {"a": names[0], "b": names[1], "identical": difference.identical, **asdict(difference)}
    return CommandResult(report(difference, *names), data, 0 if difference.nothing else FAILED)


def _verify(options: argparse.Namespace) -> CommandResult:
    from nnpipe.runs.inspect.verification import digest, verify_run

    expected = _expected(options)
    data: list[dict[str, Any]] = []
    lines: list[str] = []
    for folder in (find(address, options.root) for address in options.run):
        name, before, problems = label(folder, options.root), digest(folder), verify_run(folder)
        found = digest(folder)
        if found != before:
            problems.append(f"{name}: the manifest changed while the run was read")
        elif expected is not None and found != expected:
            problem = f"{name}: the digest is {found}; expected {expected}. This is another run."
            problems.append(problem)
        lines += problems or [f"{name}: sound; digest {found}"]
        data.append({"run": name, "problems": problems, "digest": found})
    status = FAILED if any(row["problems"] for row in data) else 0
    return CommandResult("\n".join(lines), data, status)


def _expected(options: argparse.Namespace) -> str | None:
    if options.expect is None:
        return None
    if len(options.run) > 1:
        problem = f"--expect: found {len(options.run)} runs; expected one. Verify them one by one."
        raise RunError(problem)
    expected = options.expect.strip().lower()
    if re.fullmatch("[0-9a-f]{64}", expected) is None:
        problem = (
            f"--expect: found {options.expect!r}; expected 64 hexadecimal digits, as nnpipe runs "
            "verify prints them."
        )
        raise RunError(problem)
    return expected


def _rerun(options: argparse.Namespace) -> CommandResult:
    from nnpipe.pipeline.rerun import causes, rerun
    from nnpipe.runs.inspect.difference import report

    folder = find(options.run, options.root)
    again, difference = rerun(folder, cluster=options.cluster)
    names = [label(folder, options.root), label(again.path, options.root)]
    data = {
        "run": names[0],
        "rerun": names[1],
        "identical": difference.identical,
        "causes": causes(difference),
        **asdict(difference),
    }
    if difference.identical:
        return CommandResult(f"{names[1]}: identical to {names[0]}, to the bit", data)
    why = ", ".join(causes(difference)) or "unknown"
    text = f"{report(difference, *names)}\n{names[1]}: not identical; causes: {why}"
    return CommandResult(text, data, FAILED)


def _resume(options: argparse.Namespace) -> CommandResult:
    from nnpipe.app.resume import resume as resume_sweep
    from nnpipe.pipeline.rerun import resume as resume_run
    from nnpipe.runs.inspect.state import look
    from nnpipe.runs.inspect.sweep import read_jobs

    folder = find(options.run, options.root)
    name = label(folder, options.root)
    if look(folder).kind == "run":
        with resume_run(folder, cluster=options.cluster) as run:
            return CommandResult(f"{name}: {run.manifest.status}", {"run": name})
    with redirect_stdout(sys.stderr if options.json else sys.stdout):
        status = resume_sweep(folder, options.cluster)
    return CommandResult("", {"run": name, "jobs": read_jobs(folder)}, status)


def _remove(options: argparse.Namespace) -> CommandResult:
    from nnpipe.runs.inspect.removal import removable

    folders = list(dict.fromkeys(find(address, options.root) for address in options.run))
    return _remove_all(removable(folders, options.root), options)


def _gc(options: argparse.Namespace) -> CommandResult:
    from nnpipe.runs.inspect.removal import garbage, removable, tidy

    tidy(options.root)
    states = garbage(options.root)
    return _remove_all(removable([state.folder for state in states], options.root), options)


def _remove_all(states: Sequence[State], options: argparse.Namespace) -> CommandResult:
    from nnpipe.runs.inspect.removal import remove

    data: list[dict[str, Any]] = [
        {"run": label(state.folder, options.root), "status": state.status, "size": state.size}
        for state in states
    ]
    if not states:
        return CommandResult("nothing to remove", [])
    if not options.yes:
        rows = [
            (row["run"], row["status"], age_text(state.age), size_text(row["size"]))
            for row, state in zip(data, states, strict=True)
        ]
        sys.stderr.write(f"{printable(align(rows, right=(2, 3)))}\nRemove? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return CommandResult("nothing removed", [], FAILED)
    for state in states:
        remove(state.folder)
    total = size_text(sum(row["size"] for row in data))
    return CommandResult(f"removed {', '.join(row['run'] for row in data)} ({total})", data)
