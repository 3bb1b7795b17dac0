"""The files of a master's ZooKeeper: why it cannot start from them, and how they are given back or put aside."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError
from dcos_installer.remote import SshFailed

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.base import Context
    from dcos_installer.services import Service

KEPT_ASIDE = 2
"""How many damaged sets of data a machine keeps: somebody may want to look at them, and a disk has an end."""

# What the user may not use of its files is asked as that user: modes, owners and lists of access all count then.
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
"""As date takes it: how far back a log is read, unless its data was repaired since."""

# One that does not get past its own files says this, whatever is wrong with them; then systemd starts it again.
_ENDED = ("exiting abnormally", "Unable to load database on disk", "Unable to run quorum server")
_DENIED = r"Permission denied|Operation not permitted"
_PREPARE = re.compile(rf"^zookeeper prepare: (.*: (?:{_DENIED}|Not a directory|Is a directory))\b.*$", re.MULTILINE)
# Some it cannot use it stumbles over again and again, and does not end.
_STUMBLES = re.compile(r"(\S*Exception: .*/version-2\b.*)$", re.MULTILINE)
_START = re.compile(r"(?=^zookeeper prepare:)|(?=^.*Reading configuration from)", re.MULTILINE)
# It has all of its data, and serves: what it said before that is over.
_SERVED = re.compile(r"Peer state changed: \w+ - broadcast\b|PrepRequestProcessor \(sid:\d+\) started")
_FILES = re.compile(r"[^\s'\"=:]*version-2/((?:log|snapshot)\.[0-9a-fA-F]+|\w+Epoch)")
# Failures that other data would not repair.
_OTHERWISE = ("No space left", "BindException", "Address already in use", "OutOfMemory", "Read-only file system")
# Failures that the right owner and mode would repair.
_ACCESS = re.compile(rf"{_DENIED}|AccessDenied|Cannot write to (?:data|snap) directory|Unable to create \w+ directory")
_CLOSED = re.compile(r"^closed (\S+) ([0-7]+) (.*)$|^find: (.*: Permission denied)$", re.MULTILINE)

# Stops the unit and starts it again, whatever happens in between.
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
# The number (myid) and the lists of members (conf) stay: by them the others know it, and it them.
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
    """What the scripts begin with: its folder, its user, its unit."""
    service = zookeeper(ctx)
    return [service.home, service.user_name, service.unit_name]


@dataclass(frozen=True)
class Fault:
    """Why a ZooKeeper cannot start from its files. ``closed``: its user may not read or write them; the data may be
    whole.
    """

    why: str
    closed: bool = False

    @property
    def text(self) -> str:
        if self.closed:
            return f"ZooKeeper may not use its own files ({self.why}); nothing tells that its data is damaged"
        return f"ZooKeeper's data is damaged ({self.why})"


def fault(ctx: Context, host: HostSpec, since: str = _LATELY) -> Fault | None:
    """What is wrong with the files of a ZooKeeper that does not serve; None: nothing that is seen, or it complains of.

    What it said before ``since`` (as date takes it), or before the last repair, does not count.
    """
    try:
        seen = ctx.remote(host).script(_LOOK, [*_own(ctx), since], what="read ZooKeeper's log", deadline=30).stdout
    except InstallerError:
        return None
    return judged(seen)


def judged(seen: str) -> Fault | None:
    """What that look at a ZooKeeper's files and log tells. Pure."""
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
    """The command that puts the data of ``name`` right."""
    return shlex.join(["dcos-installer", "repair", str(ctx.spec.inventory_path), name])


def complaint(said: str) -> str:
    """What ZooKeeper's log says of its own data since it served last; empty: nothing. Pure."""
    starts = _START.split(_SERVED.split(said)[-1])
    # The last start that came to an end: one that is under way has said nothing yet, earlier ones had other reasons.
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
    cause = causes[-1] if causes else "it ends while it reads it"
    files = _FILES.findall(text)
    return _clean(cause if "/version-2" in cause or not files else f"{cause.strip()[:90]} (last read: {files[-1]})")


def _otherwise(text: str) -> bool:
    return any(mark in text for mark in _OTHERWISE)


def give_back(ctx: Context, host: HostSpec) -> str:
    """Stops the host's ZooKeeper, makes its files its user's again, and starts it; nothing in them is changed.

    Returns since when it was started, as date takes it.
    """
    return ctx.remote(host).script(_REOWN, _own(ctx), what="give ZooKeeper its files back", deadline=120).stdout.strip()


def put_aside(ctx: Context, host: HostSpec, stamp: str) -> None:
    """Stops the host's ZooKeeper, moves its data away, gives what is left back to its user, and starts it empty."""
    what = "put ZooKeeper's data aside"
    try:
        ctx.remote(host).script(_PUT_ASIDE, [*_own(ctx), str(KEPT_ASIDE), stamp], what=what, deadline=120)
    except SshFailed:
        raise
    except InstallerError as error:
        hint = f"make room on {host.name}, and see that {zookeeper(ctx).home}/damaged is a folder; then repair again"
        raise InstallerError(error.what, why=error.why, hint=hint, evidence=error.evidence) from error


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text.strip())[:160]
