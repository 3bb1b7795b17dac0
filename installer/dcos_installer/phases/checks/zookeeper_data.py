"""What a master's ZooKeeper has on its disk: whether it is damaged, and how it is put aside so that it starts empty."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError
from dcos_installer.remote import Unreachable

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.base import Context

UNIT = "dcos-zookeeper.service"
HOME = "/var/lib/dcos/zookeeper"
KEPT_ASIDE = 2
"""How many damaged sets of data a machine keeps: somebody may want to look at them, and a disk has an end."""

_SAID = """\
# Not --lines: with --since, some journalctl show the first lines since then, not the last.
journalctl --no-pager --quiet --output=cat --since=-5min --unit="$1" | tail -n 400
"""

# One that does not get past its own files says this, whatever is wrong with them; then systemd starts it again.
_ENDED = ("exiting abnormally", "Unable to load database on disk", "Unable to run quorum server")
_PREPARE = re.compile(r"^zookeeper prepare: (.*: (?:Permission denied|Not a directory|Is a directory))$", re.MULTILINE)
# Some it cannot use it stumbles over again and again, and does not end.
_STUMBLES = re.compile(r"(\S*Exception: .*/version-2\b.*)$", re.MULTILINE)
_START = re.compile(r"(?=^zookeeper prepare:)|(?=^.*Reading configuration from)", re.MULTILINE)
_FILES = re.compile(r"[^\s'\"=:]*version-2/((?:log|snapshot)\.[0-9a-fA-F]+|\w+Epoch)")
# What other data would not mend.
_OTHERWISE = ("No space left", "BindException", "Address already in use", "OutOfMemory", "Read-only file system")

# The number (myid) and the lists of members (conf) stay: by them the others know it, and it them.
_PUT_ASIDE = """\
home=$1 kept=$2 stamp=$3
unit=dcos-zookeeper.service
# Before it is stopped: can its data be moved away? A file in the way or a full disk would end this in the middle.
mkdir -p "$home/damaged"
probe=$(mktemp "$home/damaged/.probe-XXXXXX")
trap 'rm -f "$probe"' EXIT
echo probe > "$probe"
rm -f "$probe"
# From here on it is started again, however this ends.
trap 'systemctl reset-failed "$unit" 2>/dev/null || true; systemctl start --no-block "$unit"' EXIT
systemctl stop "$unit"
if [ -e "$home/version-2" ] || [ -L "$home/version-2" ]; then mv -T "$home/version-2" "$home/damaged/$stamp"; fi
ls -1 "$home/damaged" | sort -r | tail -n +$((kept + 1)) | while read -r old; do rm -rf "$home/damaged/$old"; done
chown -hR dcos-zookeeper:dcos-zookeeper "$home"
chmod -R u+rwX,go-w "$home"
sync
"""


def damage(ctx: Context, host: HostSpec) -> str:
    """What is wrong with the data of a ZooKeeper that does not serve; empty: nothing that it complains of."""
    try:
        said = ctx.remote(host).script(_SAID, [UNIT], what="read ZooKeeper's log", deadline=30).stdout
    except InstallerError:
        return ""
    return complaint(said)


def repair_line(ctx: Context, name: str) -> str:
    """The command that puts the data of ``name`` right."""
    return shlex.join(["dcos-installer", "repair", str(ctx.spec.inventory_path), name])


def complaint(said: str) -> str:
    """What ZooKeeper's log says of its own data; empty: nothing. Pure."""
    starts = _START.split(said)
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


def put_aside(ctx: Context, host: HostSpec, stamp: str) -> None:
    """Stops the host's ZooKeeper, moves its data away, gives what is left back to its user, and starts it empty."""
    what = "put ZooKeeper's data aside"
    try:
        ctx.remote(host).script(_PUT_ASIDE, [HOME, str(KEPT_ASIDE), stamp], what=what, deadline=120)
    except Unreachable:
        raise
    except InstallerError as error:
        hint = f"make room on {host.name}, and see that {HOME}/damaged is a folder; then repair again"
        raise InstallerError(error.what, why=error.why, hint=hint, evidence=error.evidence) from error


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text.strip())[:160]
