"""Fuzz the readers with coverage: ``python tests/fuzz/fuzz.py [--seconds 60] [target ...]``.

Each target runs in a process of its own, for as many seconds, beginning from its seeds. The exit
status is 1 if any of them crashed, hung or raised what is no error of nnpipe; the input that did is
left in the folder that is named. Needs atheris (``pip install atheris``).
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def fuzz(name, seconds, folder):
    """Be the process of one target; does not return."""
    import atheris

    with atheris.instrument_imports(include=["nnpipe", "yaml", "json"]):
        sys.path.insert(0, str(Path(__file__).parent))
        import targets

    corpus, targets.FOLDER = folder / name, folder / f"{name}-files"
    corpus.mkdir()
    targets.FOLDER.mkdir()
    for number, seed in enumerate(targets.seeds(name)):
        (corpus / f"seed{number}").write_bytes(seed)
    limits = ["-timeout=30", "-rss_limit_mb=2048", "-max_len=16384", "-verbosity=1"]
    found = f"-artifact_prefix={folder}/{name}-"
    atheris.Setup([name, f"-max_total_time={seconds}", *limits, found, str(corpus)],
                  targets.TARGETS[name])  # fmt: skip
    atheris.Fuzz()


def main():
    """Fuzz each target in turn."""
    names = ["manifest", "config", "idx", "npy", "hdf5", "parameters", "door"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="target", help=", ".join(names))
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--in-folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    unknown = set(given.targets) - set(names)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if given.in_folder:
        fuzz(given.targets[0], given.seconds, given.in_folder)
    folder = Path(tempfile.mkdtemp(prefix="nnpipe-fuzz-"))
    failed = []
    for name in given.targets or names:
        command = [sys.executable, __file__, name, "--seconds", str(given.seconds)]
        ended = subprocess.run(
            [*command, "--in-folder", str(folder)], cwd=ROOT, capture_output=True, text=True
        )
        said = ended.stderr.strip().splitlines() or ["no output"]
        done = next((line for line in reversed(said) if line.startswith("Done ")), said[-1])
        sys.stdout.write(f"{name:<11} {'ok' if ended.returncode == 0 else 'FAILED'}  {done}\n")
        sys.stdout.flush()
        if ended.returncode:
            failed.append(name)
            sys.stdout.write("\n".join(said[-40:]) + "\n")
    if failed:
        sys.stdout.write(f"The inputs are in {folder}.\n")
    else:
        shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
