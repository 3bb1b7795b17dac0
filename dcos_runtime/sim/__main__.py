"""The command: see `dcos_runtime.sim.cli`."""

from dcos_runtime.printing import exit_with
from dcos_runtime.sim.cli import main, parser

__all__ = ["main", "parser"]

if __name__ == "__main__":
    exit_with(main)
