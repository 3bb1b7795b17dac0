"""`dcos-universe root`: the keys of a repository and what each may sign, changed by a threshold of their holders."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from securesystemslib.signer import Key

from dcos_runtime.counting import counted
from dcos_universe.commands._keys import passphrase_option, pick_keys, private_keys
from dcos_universe.commands._source import for_programs
from dcos_universe.trust import keys
from dcos_universe.trust.ceremony import (
    BITS,
    ONLINE,
    PACKAGES,
    ROLES,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Ceremony,
    Missing,
    RoleKeys,
    no_root,
)

FOLDER = click.Path(file_okay=False, path_type=Path)
PUBLIC = f"ROLE=FILE.pub, ROLE one of {', '.join(ROLES)}, {ONLINE} ({PACKAGES}, {SNAPSHOT} and {TIMESTAMP})"


_days = click.option(
    "--days", default=365, show_default=True, type=click.IntRange(1, 3650), help="How long the root holds."
)


@click.group()
def command() -> None:
    """Look after the root of trust: keys, who may sign what, and how many have to."""


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@passphrase_option
def key(file: Path, passphrase_file: Path | None) -> None:
    """Make a key: FILE is the private one, encrypted and for its owner alone; FILE with .pub is the public one."""
    made = keys.make(file, pick_keys(passphrase_file, new=True)(file))
    click.echo(f"key {made.keyid}")
    click.echo(f"  private: {file}  (stays with its holder; only an online key belongs on the machine that publishes)")
    click.echo(f"  public:  {keys.public_path(file)}  (give it to the person who makes the root)")


@command.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--key", "pairs", multiple=True, required=True, metavar="ROLE=FILE.pub", help=f"A key of a role: {PUBLIC}."
)
@click.option(
    "--threshold", "thresholds", multiple=True, metavar="ROLE=N", help="How many keys of the role have to sign; 1."
)
@_days
@click.option(
    "--bins",
    default=2**BITS,
    show_default=True,
    type=click.Choice(["2", "4", "8", "16", "32", "64", "128", "256"]),
    help="Over how many files the digests of packages are spread.",
)
def init(folder: Path, pairs: tuple[str, ...], thresholds: tuple[str, ...], days: int, bins: str) -> None:
    """Make the first root in FOLDER; its holders sign it then. The role targets has the keys of root unless it is
    given its own."""
    given: dict[str, dict[str, Key]] = {role: {} for role in ROLES}
    for role, one in _pairs(pairs):
        given[role][one.keyid] = one
    wanted_thresholds = _thresholds(thresholds)
    if not given[TARGETS]:
        given[TARGETS] = dict(given[ROOT])
        wanted_thresholds.setdefault(TARGETS, wanted_thresholds.get(ROOT, 1))
    ceremony = Ceremony(folder)
    wanted = RoleKeys(given, {**dict.fromkeys(ROLES, 1), **wanted_thresholds})
    ceremony.begin(wanted, now=_now(), validity=timedelta(days=days), bits=int(bins).bit_length() - 1)
    click.echo(f"{folder}: version 1 of the root is made")
    _tell(ceremony.missing())


@command.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--key",
    "files",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A private key; several may sign at once.",
)
@passphrase_option
def sign(folder: Path, files: tuple[Path, ...], passphrase_file: Path | None) -> None:
    """Sign the last version of the root in FOLDER, and tell how many signatures it still wants."""
    waits = Ceremony(folder).sign(private_keys(files, passphrase_file))
    click.echo(f"{folder}: signed")
    _tell(waits)


@command.command()
@click.argument("folder", type=FOLDER)
@click.option("--add", multiple=True, metavar="ROLE=FILE.pub", help=f"A key that comes: {PUBLIC}.")
@click.option(
    "--drop", multiple=True, metavar="ROLE=KEY", help="A key that goes: its file, or its id or the id's beginning."
)
@click.option(
    "--threshold", "thresholds", multiple=True, metavar="ROLE=N", help="How many keys of the role have to sign."
)
@_days
def rotate(folder: Path, add: tuple[str, ...], drop: tuple[str, ...], thresholds: tuple[str, ...], days: int) -> None:
    """Make the next root in FOLDER: with other keys, or with nothing else a later expiry. It wants signatures of
    the root before and of its own."""
    ceremony = Ceremony(folder)
    roots = ceremony.roots()
    before = ceremony.wanted(roots[-1].signed) if roots else None
    number = ceremony.rotate(
        add=list(_pairs(add)),
        drop=[] if before is None else list(_dropped(drop, before)),
        thresholds=_thresholds(thresholds),
        now=_now(),
        validity=timedelta(days=days),
    )
    click.echo(f"{folder}: version {number} of the root is made")
    after = ceremony.wanted(ceremony.roots()[-1].signed)
    for keyid in sorted({keyid for role in ROLES if before for keyid in before.keys[role].keys() - after.keys[role]}):
        if left := [role for role in ROLES if keyid in after.keys[role]]:
            click.echo(f"  note: the key {keyid[:12]} still signs {', '.join(left)}: --drop {left[0]}=… takes it away")
    _tell(ceremony.missing())


@command.command()
@click.argument("folder", type=FOLDER)
@for_programs
def show(folder: Path, as_json: bool) -> None:
    """Tell the versions of the root in FOLDER, which keys each role has, and what the last one still wants."""
    ceremony = Ceremony(folder)
    roots = ceremony.roots()
    if not roots:
        raise no_root(folder)
    waits = ceremony.missing(roots)
    last = roots[-1].signed
    wanted = ceremony.wanted(last)
    if as_json:
        result = {
            "version": last.version,
            "complete": not waits,
            "expires": f"{last.expires:%Y-%m-%dT%H:%M:%SZ}",
            "roles": {
                role: {"keys": sorted(wanted.keys[role]), "threshold": wanted.thresholds[role]} for role in ROLES
            },
            "wants": [{"file": one.file, "signatures": one.count, "of": list(one.keys)} for one in waits],
        }
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(f"version {last.version}, until {last.expires:%Y-%m-%d %H:%M} UTC")
    for role in ROLES:
        click.echo(f"  {role}: {wanted.thresholds[role]} of {len(wanted.keys[role])}")
        for keyid in sorted(wanted.keys[role]):
            click.echo(f"    {keyid}")
    _tell(waits)


def _tell(waits: list[Missing]) -> None:
    for one in waits:
        click.echo(f"  {one.file} needs {one.count} more of {', '.join(keyid[:12] for keyid in one.keys)}")
    if not waits:
        click.echo("  complete: clients may follow it")


def _now() -> datetime:
    return datetime.now(UTC)


def _split(pair: str) -> tuple[tuple[str, ...], str]:
    role, equals, value = pair.partition("=")
    if not equals or not value or role not in (*ROLES, ONLINE):
        raise click.BadParameter(f"{pair!r} is no ROLE=…: roles are {', '.join((*ROLES, ONLINE))}")
    return ((PACKAGES, SNAPSHOT, TIMESTAMP) if role == ONLINE else (role,)), value


def _pairs(pairs: tuple[str, ...]) -> list[tuple[str, Key]]:
    return [
        (role, public)
        for pair in pairs
        for roles, file in [_split(pair)]
        for public in [keys.read_public(Path(file))]
        for role in roles
    ]


def _thresholds(pairs: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for pair in pairs:
        roles, number = _split(pair)
        if not re.fullmatch("[0-9]{1,9}", number):
            raise click.BadParameter(f"{pair[:80]!r}: {number[:40]!r} is no number of keys")
        found |= dict.fromkeys(roles, int(number))
    return found


def _dropped(pairs: tuple[str, ...], before: RoleKeys) -> list[tuple[str, str]]:
    found = []
    for pair in pairs:
        roles, named = _split(pair)
        for role in roles:
            known = before.keys[role]
            fit = (
                [keys.read_public(Path(named)).keyid]
                if Path(named).is_file()
                else [one for one in known if one.startswith(named)]
            )
            if len(fit) != 1 or fit[0] not in known:
                raise click.BadParameter(
                    f"{pair!r}: it means {counted(len(fit), 'key')} of {role}; dcos-universe root show names them"
                )
            found.append((role, fit[0]))
    return found
