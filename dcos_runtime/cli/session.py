"""What the commands of one `dcos` call share: the global options, and clients for the cluster they name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dcos_runtime.cli.kernel import Agents, Master
    from dcos_runtime.cli.marathon import Marathon

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass
class Session:
    """The state of one command line. Clients import their modules late: `dcos --help` needs none of them."""

    address: str | None = None
    _master: Master | None = field(default=None, repr=False)

    @property
    def master(self) -> Master:
        """The kernel's master. Raises `CliError` when no cluster is named."""
        if self._master is None:
            from dcos_runtime.cli.http import Http
            from dcos_runtime.cli.kernel import Master
            from dcos_runtime.cli.target import environment, find_target

            self._master = Master(Http(), find_target(self.address, environment()))
        return self._master

    @property
    def agents(self) -> Agents:
        """The agents' own doors, for sandboxes."""
        from dcos_runtime.cli.http import Http
        from dcos_runtime.cli.kernel import Agents

        return Agents(Http())

    @property
    def marathon(self) -> Marathon:
        """The init, where the master says it is. Raises `CliError`."""
        from dcos_runtime.cli.http import Http
        from dcos_runtime.cli.marathon import Marathon, find_marathon

        return Marathon(Http(), find_marathon(self.master))


pass_session = click.make_pass_decorator(Session, ensure=True)


def global_options(*, hidden: bool) -> list[click.Option]:
    """The options every level takes, shown in the help of `dcos` itself and accepted after any subcommand as well."""
    return [
        click.Option(
            ["--master", "--url", "master_address"],
            metavar="ADDRESS",
            help="The master: HOST:PORT or a URL. Wins over DCOS_URL and the attached cluster.",
            expose_value=False,
            hidden=hidden,
            callback=_set_address,
        ),
        click.Option(
            ["--log-level"],
            type=click.Choice(LOG_LEVELS, case_sensitive=False),
            help="Tell on stderr what is done; debug shows every request.",
            expose_value=False,
            hidden=hidden,
            callback=_set_log_level,
        ),
    ]


def _set_address(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Session).address = value


def _set_log_level(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        import logging

        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger = logging.getLogger("dcos")
        logger.handlers = [handler]
        logger.setLevel(value.upper())
