"""Run a network on an input: ``python scripts/run.py --help``."""

import sys

from nnpipe.app.main import main

if __name__ == "__main__":
    sys.exit(main())
