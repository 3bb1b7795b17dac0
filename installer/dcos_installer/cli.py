"""The `dcos-installer` command: parses arguments, shows events, prints, exits. Nothing else does."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dcos_installer.errors import InstallerError
from dcos_installer.frame import FAILED, LEFT_OUT, definitions_option, discard_output, errors, inventory_argument
from dcos_installer.golden.cli import image
from dcos_installer.host_verbs import VERBS
from dcos_installer.lifeline import hold, unmarked
from dcos_installer.surroundings import prepare
from dcos_runtime import printing
from dcos_runtime.counting import counted
from dcos_runtime.finite import FiniteRange

if TYPE_CHECKING:
    from dcos_installer.commands import Job
    from dcos_installer.events import Event
    from dcos_installer.report import Report
    from dcos_installer.status import ClusterStatus

_WELL_SECONDS = 2700.0
"""The time for three trials of a slot, and for the return to the old one."""

F = TypeVar("F", bound=Callable[..., Any])


_host = click.argument("hosts", nargs=-1, metavar="[HOST]...")


_ignore_lock = click.option(
    "--ignore-lock", is_flag=True, help="In an emergency: continue although another operator works on the cluster."
)


def _as_json(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print events as JSON, one object a line.")(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dcos", prog_name="dcos-installer")
def cli() -> None:
    """Make one computer out of the machines that an inventory lists."""


@cli.command()
@inventory_argument
def validate(inventory: Path) -> None:
    """Check the inventory; touch nothing."""
    from dcos_installer.config.limits import host_limits
    from dcos_installer.spec import load_spec

    with errors():
        spec = load_spec(inventory, limits=host_limits())
    click.echo(
        f"{inventory} is valid: cluster {spec.name}, {counted(len(spec.masters), 'master')}, "
        f"{counted(len(spec.agents), 'agent')}, provider {spec.provider}"
    )


@cli.command()
@inventory_argument
@click.option("--diff", is_flag=True, help="Show what changes in each file.")
@_as_json
def plan(inventory: Path, diff: bool, as_json: bool) -> None:
    """Show what deploy would change, host by host; change nothing."""
    from dcos_installer import commands

    with errors(as_json), _reporting(as_json) as report:
        job = _job("plan", inventory, report, dry_run=True)
        ctx = commands.run(job, commands.plan_phases())
    if diff and not as_json:
        for host in ctx.plan.hosts.values():
            if host.diff:
                click.echo(f"--- {host.host}\n{host.diff.rstrip()}")
    if ctx.left_out:
        sys.exit(LEFT_OUT)


@cli.command()
@inventory_argument
@_as_json
def deploy(inventory: Path, as_json: bool) -> None:
    """Make the cluster as the inventory describes it. After a failure, run it again: it resumes."""
    from dcos_installer import commands

    with errors(as_json), _reporting(as_json) as report:
        job = _job("deploy", inventory, report)
        with _with_resume_hint(job):
            ctx = commands.run(job, commands.deploy_phases())
    with errors(as_json):
        _tell_administrator(job, as_json)
    if not as_json:
        click.echo(f"next: dcos node list; {commands.resume_line('status', inventory)}")
    if ctx.left_out:
        sys.exit(LEFT_OUT)


@cli.command()
@inventory_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--purge", is_flag=True, help="On existing hosts, remove /var/lib/dcos, too.")
@_as_json
def destroy(inventory: Path, yes: bool, purge: bool, as_json: bool) -> None:
    """Remove the cluster: its machines, or everything deployed on existing hosts. Also removes a broken one."""
    from dcos_installer import commands

    with errors(as_json):
        shown: list[Report] = []
        job = commands.open_destroy(inventory, lambda event: shown[0].event(event))
        if job is None:
            text = "nothing to destroy"
            click.echo(json.dumps({"kind": "run-finished", "time": time.time(), "text": text}) if as_json else text)
            return
        if not yes:
            names = ", ".join(host.name for host in job.spec.hosts) or "(none is left, but their network is)"
            what = "the machines" if commands.makes_machines(job) else "what was deployed on"
            click.confirm(f"Destroy the cluster {job.spec.name}: {what} {names}?", abort=True)
        with _reporting(as_json) as report, _with_resume_hint(job):
            shown.append(report)
            commands.run(job, commands.destroy_phases(purge))


@cli.command()
@inventory_argument
@_as_json
def status(inventory: Path, as_json: bool) -> None:
    """Show machines, daemons and the leader. Exits with 1 when something is not well."""
    from dcos_installer import commands, status

    with errors(as_json), commands.context(inventory, "status", seconds=status.ANSWER_SECONDS) as ctx:
        found = status.read(ctx)
    if as_json:
        click.echo(json.dumps({"kind": "status", "time": time.time(), "data": found.as_json()}))
    else:
        _print_status(found)
    if found.problems:
        sys.exit(FAILED)


@cli.command()
@inventory_argument
@click.argument("host")
@_as_json
def repair(inventory: Path, host: str, as_json: bool) -> None:
    """Let a master whose ZooKeeper has damaged data copy it from the other masters. The damaged data is put aside.

    If ZooKeeper's user may not use its files, only their owner is corrected.
    """
    from dcos_installer import commands

    with errors(as_json), _reporting(as_json) as report:
        job = commands.open_repair(inventory, host, report.event)
        with _with_resume_hint(job):
            commands.run(job, commands.repair_phases(host))


@cli.command()
@inventory_argument
@click.argument("words", nargs=-1, metavar="[HOST|GROUP]...")
@click.option("--image", "named", required=True, metavar="NAME", help="The image, or a folder NAME.update (with a /).")
@definitions_option
@click.option(
    "--seconds",
    type=FiniteRange(0, min_open=True),
    default=_WELL_SECONDS,
    show_default=True,
    help="How long a machine may take until it is healthy with its new slot, or has returned to the old one.",
)
@_as_json
def upgrade(
    inventory: Path, words: tuple[str, ...], named: str, definitions: Path | None, seconds: float, as_json: bool
) -> None:
    """Update machines (all, if none is named) that run from an image's disk to another image.

    It is written into the slot that does not run; then the machines start from that slot, one after another.

    A machine that is not well with it returns to its old slot by itself; that ends the run.
    """
    from dcos_installer import commands
    from dcos_installer.golden.updates import image_update
    from dcos_installer.hosts.choosing import hosts_of
    from dcos_installer.phases.update_slots import Upgrade

    with errors(as_json), _reporting(as_json) as report:
        again = (*words, "--image", named, *(("--definitions", str(definitions)) if definitions else ()))
        again += () if seconds == _WELL_SECONDS else ("--seconds", f"{seconds:g}")
        job = commands.open_upgrade(inventory, report.event, again)
        wanted = Upgrade(hosts_of(job.spec, words), lambda note: image_update(named, definitions, note), seconds)
        with _with_resume_hint(job):
            commands.run(job, commands.upgrade_phases(wanted))


@cli.command()
@inventory_argument
def unlock(inventory: Path) -> None:
    """Remove the lock of a run that has died on another machine."""
    from dcos_installer import commands

    with errors(), commands.context(inventory, "unlock") as ctx:
        removed = commands.remove_lock(ctx)
    click.echo("\n".join(f"removed {one.described()}" for one in removed) or "there was no lock")


@cli.command()
@inventory_argument
@_host
@_ignore_lock
def start(inventory: Path, hosts: tuple[str, ...], ignore_lock: bool) -> None:
    """Switch machines on (all, if none is named), and wait until SSH answers."""
    _switch(inventory, hosts, "start", ignore_lock)


@cli.command("power-off")
@inventory_argument
@_host
@click.option("--yes", is_flag=True, help="Do not ask, even if no machine is named.")
@_ignore_lock
def power_off(inventory: Path, hosts: tuple[str, ...], yes: bool, ignore_lock: bool) -> None:
    """Cut the power of machines (all, if none is named), without a shutdown."""
    if not yes and not hosts:
        click.confirm("Cut the power of every machine?", abort=True)
    _switch(inventory, hosts, "power-off", ignore_lock)


@cli.command()
@inventory_argument
@_host
@_ignore_lock
def reboot(inventory: Path, hosts: tuple[str, ...], ignore_lock: bool) -> None:
    """Restart machines (all, if none is named), and wait until SSH answers."""
    _switch(inventory, hosts, "reboot", ignore_lock)


@cli.command(context_settings={"ignore_unknown_options": True})
@inventory_argument
@click.argument("host")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def ssh(inventory: Path, host: str, command: tuple[str, ...]) -> None:
    """Open a shell on a machine as root, or run a command there.

    One word is a line for the machine's shell: ssh INVENTORY HOST -- 'df -h; uptime'. Several are run as they are.
    """
    from dcos_installer import commands
    from dcos_installer.remote import Remote

    with errors(), commands.context(inventory, "ssh") as ctx:
        known = commands.host_of(ctx.spec, host)
        remote = Remote(known, ctx.provider.ssh(known))
        line = ("/bin/sh", "-c", command[0]) if len(command) == 1 else command
        argv = remote.argv(line, terminal=sys.stdin.isatty() and sys.stdout.isatty())
    os.execvpe(argv[0], argv, unmarked())


@cli.command("ssh-config")
@inventory_argument
def ssh_config(inventory: Path) -> None:
    """Print how ssh reaches the machines, for its option -F: by name and by address.

    dcos-installer ssh-config INVENTORY >FILE; ssh -F FILE HOST. The keys themselves stay where they are.
    """
    from dcos_installer import commands, ssh_config

    with errors(), commands.context(inventory, "ssh-config") as ctx:
        click.echo(ssh_config.ssh_config((host, ctx.provider.ssh(host)) for host in ctx.spec.hosts), nl=False)


for _verb in VERBS:
    cli.add_command(_verb)
cli.add_command(image)


def _switch(inventory: Path, names: tuple[str, ...], command: str, ignore_lock: bool) -> None:
    from dcos_installer import commands
    from dcos_installer.phases.kit.base import HostsFailed
    from dcos_installer.providers.base import failed

    def tell(event: Event) -> None:
        if event.kind == "note":
            click.echo(f"{event.host}: {event.text}" if event.host else event.text, err=True)

    done = {"start": "runs", "power-off": "is off", "reboot": "was restarted"}[command]
    with errors(), commands.context(inventory, command, tell) as ctx:
        hosts = [commands.host_of(ctx.spec, name) for name in dict.fromkeys(names)] or list(ctx.spec.hosts)
        results = commands.switch(ctx, command, hosts, ignore_lock=ignore_lock)
        failures = failed(results)
        for name in results:
            if name not in failures:
                click.echo(f"{name} {done}")
        if failures:
            raise HostsFailed(f"could not {command.replace('-', ' ')} every machine", failures)


def _tell_administrator(job: Job, as_json: bool) -> None:
    """Shows the administrator's password once, on the terminal and nowhere else; JSON tends to end up in logs."""
    from dcos_installer import commands
    from dcos_installer.secrets import vault

    who = commands.unshown_administrator(job)
    if who is None:
        return
    if not as_json:
        click.echo(f"administrator: {who.uid}, password: {who.password}")
        click.echo(f"  shown this once; it is kept in {commands.administrator_file(job)}")
        if fingerprint := commands.ca_fingerprint(job):
            click.echo(f"CA's SHA256 fingerprint: {fingerprint}")
    vault.mark_shown(job.state)


def _print_status(found: ClusterStatus) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = printing.console()
    console.print(f"{found.name} ({found.provider}, {found.cluster_id})")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("host", "address", "role", "machine", "generation", "units", "versions"):
        table.add_column(column, overflow="fold")
    for host in found.hosts:
        active = sum(state == "active" for state in host.units.values())
        units = f"{active}/{len(host.units)} active" if host.units else host.problem or "-"
        table.add_row(
            host.name,
            host.address,
            host.role,
            host.condition,
            host.generation or "-",
            units,
            ", ".join(host.versions) or "-",
        )
    console.print(table)
    nobody = "unknown" if found.unasked else "none"
    for label, text in found.lines:
        console.print(f"{label} {text or nobody}")
    if found.ca_fingerprint:
        console.print(f"CA's SHA256 fingerprint: {found.ca_fingerprint}")
    if found.locked_by:
        console.print(f"locked: {found.locked_by}")
    for problem in found.problems:
        console.print(f"problem: {problem}", style="red")
    if not found.problems:
        console.print("all is well")


def _job(command: str, inventory: Path, report: Report, *, dry_run: bool = False) -> Job:
    from dcos_installer import commands
    from dcos_installer.state import open_state

    commands.check_inventory(inventory)  # before any state exists
    return commands.open_job(command, inventory, open_state(inventory), report.event, dry_run=dry_run)


@contextmanager
def _reporting(as_json: bool) -> Iterator[Report]:
    from dcos_installer import report

    shown: Report
    if as_json:
        shown = report.JsonReport(_echo)
    elif sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        from rich.console import Console

        shown = report.LiveReport(Console(), time.monotonic)
    else:
        shown = report.PlainReport(_echo)
    try:
        yield shown
    finally:
        shown.close()


def _echo(line: str) -> None:
    """Prints a line of a run's progress. If its reader goes away (``| head -1``), the run goes on to its end."""
    try:
        click.echo(line)
    except BrokenPipeError:
        discard_output()


@contextmanager
def _with_resume_hint(job: Job) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        error.add_note(f"full log: {job.log}")
        if not (isinstance(error, InstallerError) and error.final):
            error.add_note(f"to resume: {job.resume}")
        raise


def main() -> None:
    """Entry point of `dcos-installer`."""
    prepare()
    hold()
    cli()


if __name__ == "__main__":
    main()
