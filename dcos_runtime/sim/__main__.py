"""The command: see `dcos_runtime.sim.cli`."""

import sys

from dcos_runtime.sim.cli import main, parser

__all__ = ["main", "parser"]

if __name__ == "__main__":
    sys.exit(main())
