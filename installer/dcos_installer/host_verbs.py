"""`dcos-installer exec`, `copy` and `logs`: parses their arguments, prints, exits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from dcos_installer.frame import FAILED, LEFT_OUT, errors, inventory_argument
from dcos_runtime.counting import counted
from dcos_runtime.finite import FiniteRange

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.hosts.fleet import Fleet, HostResult
    from dcos_installer.phases.kit.base import Context

F = TypeVar("F", bound=Callable[..., Any])

_BEHIND = "dcos_installer.behind"


class BehindDashes(click.Command):
    """A command whose arguments after ``--`` have a meaning of their own: a command to run, files to copy."""

    def __init__(self, *args: Any, behind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.behind = behind

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        before, after = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        ctx.meta[_BEHIND] = tuple(after)
        return super().parse_args(ctx, before)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), f"-- {self.behind}"]


_hosts = click.argument("words", nargs=-1, metavar="[HOST|GROUP]...")


def _connecting(command: F) -> F:
    """The options of all commands that connect to hosts."""
    for option in (
        click.option(
            "-K",
            "--ask-become-password",
            is_flag=True,
            help="Ask for sudo's password; hosts that need none do not get it.",
        ),
        click.option(
            "--connect-timeout",
            type=FiniteRange(0, min_open=True),
            default=10.0,
            show_default=True,
            metavar="SECONDS",
            help="Give up a host that does not answer within this time.",
        ),
        click.option(
            "-f",
            "--forks",
            type=click.IntRange(1),
            default=20,
            show_default=True,
            help="The most hosts at once.",
        ),
    ):
        command = option(command)
    return command


def _behind() -> tuple[str, ...]:
    found: tuple[str, ...] = click.get_current_context().meta[_BEHIND]
    return found


_hosts_in_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object a line: each host as it ends."
)


@click.command("exec", cls=BehindDashes, behind="COMMAND [ARGUMENT]...")
@inventory_argument
@_hosts
@click.option("-i", "--stdin", "with_stdin", is_flag=True, help="Let each command read all of stdin.")
@click.option("--grouped", is_flag=True, help="Show each host's output together and unchanged, when it has ended.")
@_hosts_in_json
@click.option(
    "--timeout",
    type=FiniteRange(0, min_open=True),
    metavar="SECONDS",
    help="End the command on a host after this time.",
)
@_connecting
def exec_(
    inventory: Path,
    words: tuple[str, ...],
    with_stdin: bool,
    grouped: bool,
    as_json: bool,
    timeout: float | None,
    forks: int,
    connect_timeout: float,
    ask_become_password: bool,
) -> None:
    """Run a command as root on many machines at once (on all, if none is named).

    One word behind -- is a line for the machine's shell: exec INVENTORY agents -- 'df -h; uptime'. Several are run as
    they are. Hosts are named by name, by group and by Ansible's patterns. Exits with 1 when a command failed or did
    not end in time, with 4 when none did but a host could not be reached.
    """
    from dcos_installer import commands
    from dcos_installer.hosts import output
    from dcos_installer.hosts.choosing import hosts_of
    from dcos_installer.hosts.remote_command import as_words
    from dcos_installer.hosts.shared_input import SharedInput

    command = _behind()
    if not command:
        raise click.UsageError("there is no command: write it behind --, as in exec INVENTORY agents -- uptime")
    if grouped and as_json:
        raise click.UsageError("--grouped and --json exclude each other")
    with errors(), commands.context(inventory, "exec") as ctx:
        hosts = hosts_of(ctx.spec, words)
        fleet = _fleet(ctx, hosts, connect_timeout, ask_become_password)
        out, err = _writer(sys.stdout.buffer), _writer(sys.stderr.buffer)
        shown: output.HostOutput
        if as_json:
            shown = output.JsonOutput(out)
        else:
            shown = output.GroupedOutput(out, err) if grouped else output.PrefixedOutput(hosts, out, err)
        stdin = SharedInput(sys.stdin.buffer) if with_stdin else None

        def work(host: HostSpec) -> int:
            with fleet.connected(host) as connection:
                return fleet.run(
                    host,
                    connection,
                    as_words(command),
                    stdout=lambda data: shown.said(host, data, stderr=False),
                    stderr=lambda data: shown.said(host, data, stderr=True),
                    stdin=stdin,
                    seconds=timeout,
                )

        results = fleet.everywhere(hosts, forks, work, shown.ended)
        if isinstance(shown, output.JsonOutput):
            shown.all_ended(results)
    _end(results, quiet=as_json)


@click.command(cls=BehindDashes, behind="SOURCE... TARGET")
@inventory_argument
@_hosts
@_hosts_in_json
@click.option(
    "--timeout",
    type=FiniteRange(0, min_open=True),
    metavar="SECONDS",
    help="Give up a host's copy after this time.",
)
@_connecting
def copy(
    inventory: Path,
    words: tuple[str, ...],
    as_json: bool,
    timeout: float | None,
    forks: int,
    connect_timeout: float,
    ask_become_password: bool,
) -> None:
    """Copy files and folders to many machines at once, or from each of them (all, when none is named).

    Paths on the machines have a colon before them: copy INVENTORY agents -- app.conf :/etc/app/ copies to all agents,
    copy INVENTORY agents -- :/var/log/syslog logs copies to logs/HOST/syslog here. Each file comes whole or not at
    all. Exits as exec does.
    """
    from dcos_installer import commands
    from dcos_installer.hosts import copying, output
    from dcos_installer.hosts.choosing import hosts_of

    *sources, target = _behind() or ("",)
    outward = target.startswith(":")
    there = [path[1:] for path in ([target] if outward else sources)]
    if (
        not sources
        or any(path.startswith(":") is outward for path in sources)
        or not all(path.startswith("/") for path in there)
    ):
        raise click.UsageError(
            "the files and the target are missing. After -- write them: FILE... :/FOLDER/ to the machines,"
            " :/FILE... FOLDER from them; paths on machines begin with :/"
        )
    with errors(), commands.context(inventory, "copy") as ctx:
        hosts = hosts_of(ctx.spec, words)
        total = copying.size_of(sources) if outward else None
        fleet = _fleet(ctx, hosts, connect_timeout, ask_become_password)
        out, err = _writer(sys.stdout.buffer), _writer(sys.stderr.buffer)
        copied: dict[str, copying.Copied] = {}
        shown: output.HostOutput = (
            output.JsonOutput(out, lambda name: asdict(copied[name]) if name in copied else {})
            if as_json
            else output.PrefixedOutput(hosts, out, err)
        )
        if not outward:
            Path(target).mkdir(parents=True, exist_ok=True)
        with _progress(total) as progress:

            def work(host: HostSpec) -> int:
                if outward:
                    done = copying.copy_to(fleet, host, sources, there[0], seconds=timeout, progress=progress)
                else:
                    done = copying.copy_from(fleet, host, there, Path(target), seconds=timeout, progress=progress)
                copied[host.name] = done
                return 0

            def tell(result: HostResult) -> None:
                if (done := copied.get(result.host.name)) is not None and not as_json:
                    summary = f"{counted(done.files, 'file')}, {counted(done.bytes, 'byte')}\n"
                    shown.said(result.host, summary.encode(), stderr=False)
                shown.ended(result)

            ended: list[HostResult] = []
            bars = sys.stderr.isatty()  # what is told beside them would be drawn over
            results = fleet.everywhere(hosts, forks, work, ended.append if bars else tell)
        for result in ended:
            tell(result)
        if isinstance(shown, output.JsonOutput):
            shown.all_ended(results)
    _end(results, quiet=as_json)


@click.command()
@inventory_argument
@_hosts
@click.option("-u", "--unit", "units", multiple=True, metavar="SERVICE", help="Only of this service; may be repeated.")
@click.option("--follow", is_flag=True, help="Follow new entries, until Ctrl-C.")
@click.option(
    "--since",
    metavar="TIME",
    help="Only entries from this time on, as for journalctl: '10 min ago', '2026-05-01 12:00'.",
)
@click.option(
    "--lines",
    type=click.IntRange(0),
    help="The most entries of each machine, the last ones.  [default: 100; all with --since]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: each entry, then each host.")
@_connecting
def logs(
    inventory: Path,
    words: tuple[str, ...],
    units: tuple[str, ...],
    follow: bool,
    since: str | None,
    lines: int | None,
    as_json: bool,
    forks: int,
    connect_timeout: float,
    ask_become_password: bool,
) -> None:
    """Show the logs of the cluster's own services on many machines (on all, if none is named), merged by time.

    Times are the machines' own. Exits as exec does.
    """
    from dcos_installer import commands
    from dcos_installer.errors import InstallerError
    from dcos_installer.hosts import journal, output
    from dcos_installer.hosts.choosing import hosts_of

    with errors(), commands.context(inventory, "logs") as ctx:
        named = hosts_of(ctx.spec, words)
        units_by_host = {host.name: journal.units_of(ctx.services, host, units) for host in named}
        hosts = [host for host in named if units_by_host[host.name]]
        if not hosts:
            raise InstallerError(
                f"none of these services runs there: {', '.join(units)}",
                why=f"it is on other hosts than {', '.join(host.name for host in named)}",
                hint="name other hosts, or none for all",
            )
        fleet = _fleet(ctx, hosts, connect_timeout, ask_become_password)
        out, err = _writer(sys.stdout.buffer), _writer(sys.stderr.buffer)
        width = max(len(host.name) for host in hosts)
        shown = output.JsonOutput(out, lambda name: {}) if as_json else output.PrefixedOutput(hosts, out, err)

        def show(entry: journal.LogEntry) -> None:
            out(journal.as_json(entry) if as_json else journal.as_line(entry, width).encode(errors="replace"))

        merged = journal.MergedLogs([host.name for host in hosts], show, follow=follow)
        connecting = threading.BoundedSemaphore(forks)
        last = 100 if lines is None and since is None else lines

        def work(host: HostSpec) -> int:
            mine = units_by_host[host.name]
            asked = journal.command(list(mine), follow=follow, since=since, lines=last)
            try:
                with fleet.connected(host, connecting) as connection:
                    return fleet.run(
                        host,
                        connection,
                        asked,
                        stdout=journal.Lines(host.name, mine, merged.put).take,
                        stderr=lambda data: shown.said(host, data, stderr=True),
                    )
            finally:
                merged.end(host.name)

        # All at once: what is merged by time has to be read side by side.
        ended: list[HostResult] = []
        results = fleet.everywhere(hosts, len(hosts), work, ended.append if as_json else shown.ended)
        merged.finish()
        if isinstance(shown, output.JsonOutput):
            for result in ended:
                shown.ended(result)
            shown.all_ended(results)
    _end(results, quiet=as_json)


VERBS: Sequence[click.Command] = (exec_, copy, logs)


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[str, int], None]]:
    """On a terminal, a line a host: how much of its copy has passed."""
    if not sys.stderr.isatty():
        yield lambda host, passed: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        mutex = threading.Lock()

        def passed(host: str, size: int) -> None:
            with mutex:
                if host not in tasks:
                    tasks[host] = bars.add_task(host, total=total)
                bars.advance(tasks[host], size)

        yield passed


def _fleet(ctx: Context, hosts: Sequence[HostSpec], connect_timeout: float, ask_become_password: bool) -> Fleet:
    from dcos_installer.hosts.fleet import Fleet

    password = None
    if ask_become_password and any(host.ssh.become for host in hosts):
        if not sys.stderr.isatty():
            raise click.UsageError("--ask-become-password needs a terminal")
        password = click.prompt("sudo's password", hide_input=True, err=True)
    return Fleet(ctx.provider.ssh, connect_seconds=connect_timeout, password=password)


def _writer(stream: IO[bytes]) -> Callable[[bytes], None]:
    mutex = threading.Lock()

    def write(data: bytes) -> None:
        with mutex:
            stream.write(data)
            stream.flush()

    return write


def _end(results: Sequence[HostResult], *, quiet: bool) -> None:
    """Says how many hosts were not well, and exits: 1 for a failure, 4 for nothing but hosts out of reach."""
    bad = [result for result in results if result.state != "done"]
    if not bad:
        return
    if not quiet and len(results) > 1:
        names = ", ".join(f"{result.host.name} ({result.state})" for result in bad)
        click.echo(f"{len(bad)} of {counted(len(results), 'host')} not well: {names}", err=True)
    sys.exit(LEFT_OUT if all(result.state == "unreachable" for result in bad) else FAILED)
