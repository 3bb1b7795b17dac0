"""`dcos-universe serve`, and the daemon `dcos-repository` of clusters: a tree over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import re
import resource
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from dcos_universe.errors import UniverseError
from dcos_universe.layout import tree_in
from dcos_universe.serving.connections import Bounds
from dcos_universe.serving.server import Address, Serving, context
from dcos_universe.serving.tree import NoTree, ServedTree


@click.command()
@click.argument("tree", type=click.Path(path_type=Path))
@click.option(
    "--listen",
    multiple=True,
    metavar="ADDRESS:PORT",
    help="Where to answer HTTP; may be repeated. 127.0.0.1:8000 when nothing is said.",
)
@click.option("--listen-tls", multiple=True, metavar="ADDRESS:PORT", help="Where to answer HTTPS; may be repeated.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    metavar="PEM",
    help="What HTTPS shows: the certificate and its chain, and the key unless --key names it.",
)
@click.option("--key", type=click.Path(path_type=Path), metavar="PEM", help="The key of --certificate.")
@click.option(
    "--connections",
    type=click.IntRange(1, 9000),
    default=Bounds.connections,
    show_default=True,
    help="How many may be open at once.",
)
@click.option("--may-be-empty", is_flag=True, help="Start even if nothing has been published there yet.")
def command(
    tree: Path,
    listen: tuple[str, ...],
    listen_tls: tuple[str, ...],
    certificate: Path | None,
    key: Path | None,
    connections: int,
    may_be_empty: bool,
) -> None:
    """Serve TREE to Universe clients until it is told to end.

    GET /repo answers by the client's release and by what it accepts, /package/NAME with one package; every file of TREE
    has its own path. TREE may be what build, mirror or publish made; it may be switched at any time.
    """
    if bool(listen_tls) != (certificate is not None):
        raise click.UsageError("--listen-tls and --certificate go together")
    if key is not None and certificate is None:
        raise click.UsageError("--key is the key of a --certificate")
    root = served_root(tree)
    if root.is_dir() and not (root / "universe.json").is_file():
        raise UniverseError(
            f"{root} is no tree of a repository",
            why="there is no universe.json in it, and every file in a folder that is served can be read by all",
            hint="name what `dcos-universe build` made, or the place that is published to",
        )
    if not may_be_empty:
        try:
            ServedTree(root).snapshot()
        except NoTree as error:
            raise UniverseError(
                "there is no tree to serve",
                why=str(error),
                hint="name what `dcos-universe build` made, or start with --may-be-empty and publish to it later",
            ) from error
    plain = listen or (() if listen_tls else ("127.0.0.1:8000",))
    addresses = [Address(*_address(one)) for one in plain]
    if certificate is not None:
        tls = context(certificate, key)
        addresses += [Address(*_address(one), tls) for one in listen_tls]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _run(_serve(root, addresses, Bounds(connections=connections)))


def served_root(tree: Path) -> Path:
    """The folder to serve: ``tree`` itself; or, if it is a folder that `publish` writes to, the tree in it that is
    current. Such a folder may still be empty."""
    return tree / "current" if _nothing_in(tree) else tree_in(tree)


def _nothing_in(tree: Path) -> bool:
    try:
        return not any(tree.iterdir())
    except OSError:
        return False


def _address(text: str) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s\[\]]+):(\d{1,5})", text, re.ASCII)
    if not found or int(found[2]) > 65535:
        raise click.UsageError(f"{text!r} is no ADDRESS:PORT, such as 127.0.0.1:8000 or [::1]:8000")
    return found[1].strip("[]"), int(found[2])


async def _serve(root: Path, addresses: list[Address], bounds: Bounds) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    serving = Serving(root, bounds)
    await serving.start(addresses)
    for host, port, tls in serving.addresses:
        name = f"[{host}]" if ":" in host else host
        click.echo(f"serving {root} at {'https' if tls else 'http'}://{name}:{port}/repo")
    await ended.wait()
    await serving.end()


def _run(main: Coroutine[Any, Any, None]) -> None:
    import uvloop

    uvloop.run(main)


def main() -> None:
    """The program ``dcos-repository``. Its exit code is 1 for a failure, 2 for a wrong command line."""
    try:
        sys.exit(command.main(prog_name="dcos-repository", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except UniverseError as error:
        click.echo(f"dcos-repository: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
