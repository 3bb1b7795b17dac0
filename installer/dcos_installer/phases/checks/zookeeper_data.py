"""The files of a master's ZooKeeper: why it cannot start from them, and how their owner is restored or they are put
aside.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError
from dcos_installer.remote import SshFailed

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.kit.base import Context
    from dcos_installer.services import Service

KEPT_ASIDE = 2
"""How many damaged sets of data a machine keeps for inspection: disk space is limited."""

# Access to its files is checked as its user: so modes, owners and access control lists all count.
_LOOK = """\
home=$1 user=$2 unit=$3 since=$4
cd /
closed() {
    LC_ALL=C setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups find "$@" ! -type l \\
        \\( ! -readable -o ! -writable -o -type d ! -executable \\) -printf 'closed %u %m %p\\n' 2>&1 || true
}
if id -u "$user" >/dev/null 2>&1 && [ -e "$home" ]; then
    closed "$home" -maxdepth 0
    for part in myid conf version-2; do
        if [ -e "$home/$part" ]; then closed "$home/$part"; fi
    done | head -n 200
fi
# What it said before its data was last repaired is of other data.
repaired=$(date -r "$home/repaired" +%s.%N 2>/dev/null) || repaired=0
since=$(printf '%s\\n' "$(date -d "$since" +%s.%N)" "$repaired" | LC_ALL=C sort -n | tail -n 1)
echo said:
# Not --lines: with --since, some journalctl show the first lines since then, not the last.
journalctl --no-pager --quiet --output=cat --since="@$since" --unit="$unit" | tail -n 400
"""
_LATELY = "-5min"
"""A time for ``date``: how far back a log is read, unless the data was repaired since."""

# ZooKeeper logs this when it cannot load its files, whatever is wrong with them; then systemd starts it again.
_ENDED = ("exiting abnormally", "Unable to load database on disk", "Unable to run quorum server")
_DENIED = r"Permission denied|Operation not permitted"
_PREPARE = re.compile(rf"^zookeeper prepare: (.*: (?:{_DENIED}|Not a directory|Is a directory))\b.*$", re.MULTILINE)
# Some files that it cannot use make it fail again and again, without an end.
_STUMBLES = re.compile(r"(\S*Exception: .*/version-2\b.*)$", re.MULTILINE)
_START = re.compile(r"(?=^zookeeper prepare:)|(?=^.*Reading configuration from)", re.MULTILINE)
# It has loaded all of its data, and serves: earlier messages no longer apply.
_SERVED = re.compile(r"Peer state changed: \w+ - broadcast\b|PrepRequestProcessor \(sid:\d+\) started")
_FILES = re.compile(r"[^\s'\"=:]*version-2/((?:log|snapshot)\.[0-9a-fA-F]+|\w+Epoch)")
# Failures that other data would not repair.
_OTHERWISE = ("No space left", "BindException", "Address already in use", "OutOfMemory", "Read-only file system")
# Failures that the right owner and mode would repair.
_ACCESS = re.compile(rf"{_DENIED}|AccessDenied|Cannot write to (?:data|snap) directory|Unable to create \w+ directory")
_CLOSED = re.compile(r"^closed (\S+) ([0-7]+) (.*)$|^find: (.*: Permission denied)$", re.MULTILINE)

# Stops the unit, and starts it again whatever happens in between.
_STOPPED = """\
trap 'systemctl reset-failed "$unit" 2>/dev/null || true; systemctl start --no-block "$unit"' EXIT
systemctl stop "$unit"
"""
_GIVE_BACK = """\
touch "$home/repaired"
chown -hR "$user:$user" "$home"
chmod -R u+rwX,go-w "$home"
sync
"""
# The number (myid) and the lists of members (conf) stay: by them the members know each other.
_PUT_ASIDE = f"""\
home=$1 user=$2 unit=$3 kept=$4 stamp=$5
# Before it is stopped: can its data be moved away? A file in the way or a full disk would end this in the middle.
mkdir -p "$home/damaged"
probe=$(mktemp "$home/damaged/.probe-XXXXXX")
trap 'rm -f "$probe"' EXIT
echo probe > "$probe"
rm -f "$probe"
{_STOPPED}\
if [ -e "$home/version-2" ] || [ -L "$home/version-2" ]; then mv -T "$home/version-2" "$home/damaged/$stamp"; fi
ls -1 "$home/damaged" | sort -r | tail -n +$((kept + 1)) | while read -r old; do rm -rf "$home/damaged/$old"; done
{_GIVE_BACK}"""
_REOWN = f"""\
home=$1 user=$2 unit=$3
{_STOPPED}\
{_GIVE_BACK}\
date +@%s.%N
"""


def zookeeper(ctx: Context) -> Service:
    return ctx.services["zookeeper"]


def _own(ctx: Context) -> list[str]:
    """The first arguments of the scripts: its folder, its user, its unit."""
    service = zookeeper(ctx)
    return [service.home, service.user_name, service.unit_name]


@dataclass(frozen=True)
class Fault:
    """Why a ZooKeeper cannot start from its files. ``closed``: its user may not read or write them; the data may be
    intact.
    """

    why: str
    closed: bool = False

    @property
    def text(self) -> str:
        if self.closed:
            return f"ZooKeeper may not use its own files ({self.why}); there is no sign that its data is damaged"
        return f"ZooKeeper's data is damaged ({self.why})"


def fault(ctx: Context, host: HostSpec, since: str = _LATELY) -> Fault | None:
    """What is wrong with the files of a ZooKeeper that does not serve; None: nothing is seen or logged.

    Messages from before ``since`` (a time for ``date``), or from before the last repair, do not count.
    """
    try:
        seen = ctx.remote(host).script(_LOOK, [*_own(ctx), since], what="read ZooKeeper's log", deadline=30).stdout
    except InstallerError:
        return None
    return judged(seen)


def judged(seen: str) -> Fault | None:
    """The fault in ``seen``, the output of the script that looks at a ZooKeeper's files and log. Pure."""
    listed, _, said = seen.partition("said:\n")
    complains = complaint(said)
    if found := _CLOSED.search(listed):
        owner, mode, path, denied = found.groups()
        closed = _clean(denied or f"{path} belongs to {owner}, with mode {mode}")
        if complains and not _ACCESS.search(complains):
            return Fault(f"{closed}; it complains: {complains}", closed=True)
        return Fault(closed, closed=True)
    return Fault(complains, closed=bool(_ACCESS.search(complains))) if complains else None


def repair_line(ctx: Context, name: str) -> str:
    """The command that repairs the data of ``name``."""
    return shlex.join(["dcos-installer", "repair", str(ctx.spec.inventory_path), name])


def complaint(said: str) -> str:
    """ZooKeeper's log message about its own data since it served last; empty if there is none. Pure."""
    starts = _START.split(_SERVED.split(said)[-1])
    # The last complete start counts: one under way has logged nothing yet, and earlier ones had other reasons.
    over = [start for start in starts if _PREPARE.search(start) or any(mark in start for mark in _ENDED)]
    if not over:
        stumbles = _STUMBLES.findall(starts[-1])
        return _clean(stumbles[-1]) if stumbles and not _otherwise(starts[-1]) else ""
    text = over[-1]
    if found := _PREPARE.search(text):
        return _clean(found[1])
    if _otherwise(text):
        return ""
    causes = re.findall(r"^\s*Caused by: (.*)$", text, re.MULTILINE)
    causes = causes or re.findall(r"^\s*((?:[a-z]+\.)+[A-Z]\w*(?:Exception|Error).*)$", text, re.MULTILINE)
    cause = causes[-1] if causes else "it ends while it reads its data"
    files = _FILES.findall(text)
    return _clean(cause if "/version-2" in cause or not files else f"{cause.strip()[:90]} (last read: {files[-1]})")


def _otherwise(text: str) -> bool:
    return any(mark in text for mark in _OTHERWISE)


def give_back(ctx: Context, host: HostSpec) -> str:
    """Stops the host's ZooKeeper, makes its user the owner of its files again, and starts it. The content is not
    changed.

    Returns the time of its start, as text for ``date``.
    """
    return (
        ctx.remote(host)
        .script(_REOWN, _own(ctx), what="make ZooKeeper's user the owner of its files", deadline=120)
        .stdout.strip()
    )


def put_aside(ctx: Context, host: HostSpec, stamp: str) -> None:
    """Stops the host's ZooKeeper, moves its data away, makes its user the owner of the rest, and starts it empty."""
    what = "move ZooKeeper's data aside"
    try:
        ctx.remote(host).script(_PUT_ASIDE, [*_own(ctx), str(KEPT_ASIDE), stamp], what=what, deadline=120)
    except SshFailed:
        raise
    except InstallerError as error:
        hint = f"make room on {host.name}, and see that {zookeeper(ctx).home}/damaged is a folder; then repair again"
        raise InstallerError(error.what, why=error.why, hint=hint, evidence=error.evidence) from error


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text.strip())[:160]
