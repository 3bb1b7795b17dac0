"""The `dcos-universe` command: finds its verbs in `dcos_universe.commands`, prints errors, exits. Nothing else does."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import click

from dcos_universe import commands
from dcos_universe.errors import UniverseError, refusal

FAILED, USAGE, INTERRUPTED = 1, 2, 130


class _Verbs(click.Group):
    """Each verb is a module of `dcos_universe.commands` with a click command ``command``, imported when it is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        names = (found.name for found in pkgutil.iter_modules(commands.__path__))
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        module = importlib.import_module(f"{commands.__name__}.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dcos", prog_name="dcos-universe")
def cli() -> None:
    """Make, check, sign and publish package repositories in the Universe format."""


def main() -> None:
    """The console script: exit code 1 for a failure, 2 for a wrong command line, 130 when interrupted, else that of
    the verb.
    """
    try:
        # Without its standalone mode, click returns the code that a command gives to `click.Context.exit`.
        sys.exit(cli.main(prog_name="dcos-universe", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("dcos-universe: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except UniverseError as error:
        click.echo(f"dcos-universe: {error}", err=True)
        sys.exit(FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except OSError as fault:
        # Errors that no verb handles, of a temporary file or standard output for example.
        failure = UniverseError(
            "the system refused what was asked of it",
            why=refusal(fault),
            hint="look at the disk and at rights, then run this again",
        )
        click.echo(f"dcos-universe: {failure}", err=True)
        sys.exit(FAILED)
