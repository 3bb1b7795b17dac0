"""Makes the files that ZooKeeper starts with. Usage: prepare.py GENERATION STATE SECRET

GENERATION holds zoo.cfg (the part that never changes), members and self; STATE is ZooKeeper's own folder; SECRET may be
missing.

ZooKeeper itself writes a new list of members whenever the ensemble is reconfigured (STATE/conf/zoo.cfg.dynamic.VERSION)
and its name into STATE/conf/zoo.cfg. So STATE/conf/zoo.cfg is made anew at each start, with the newest list
that can be read; the list of the inventory (members) is used only where there is none. Runs may be cut off anywhere:
each file is put in place whole, and the next run comes to the same end.

Before it uses the inventory's list it asks the other members for theirs. One that joins an ensemble takes the list of
those who are in it, and itself: two that join can so never make an ensemble of their own. (Without anybody to ask, the
first start founds the ensemble, unless the inventory's list ends with the word "joining".)
"""

from __future__ import annotations

import os
import re
import socket
import struct
import sys
from pathlib import Path

SERVER = re.compile(
    r"server\.(\d+)=(\[[0-9a-fA-F:]+\]|[^:;\s]+):(\d+):(\d+)(?::(participant|observer))?;(?:(\S+):)?(\d+)"
)
ASK_SECONDS = 2.0
CONFIG_NODE = b"/zookeeper/config"


class Problem(Exception):
    """Why ZooKeeper cannot be started, and what to do about it."""


def prepare(generation: Path, state: Path, secret: Path) -> None:
    number, address = own(generation / "self")
    conf = state / "conf"
    conf.mkdir(mode=0o700, exist_ok=True)
    drop_damaged_proposal(conf)
    members = newest(conf)
    if members is None:
        members = conf / "zoo.cfg.dynamic.seed"
        put(members, seed(generation / "members", number, address))
    identify(state / "myid", number, address, servers(members.read_text()))
    parts = [(generation / "zoo.cfg").read_text().rstrip("\n"), f"dataDir={state}"]
    if secret.exists():
        parts.append(secret.read_text().strip())
    else:
        say(f"{secret} is not there: nobody can reconfigure this ensemble")
    put(conf / "zoo.cfg", "\n".join((*parts, f"dynamicConfigFile={members}", "")))


def own(path: Path) -> tuple[int, str]:
    number, address = path.read_text().split()
    return int(number), address


# --- lists of members ------------------------------------------------------------------------------------------------


def servers(text: str) -> dict[int, str]:
    """The address of each member by its number. Empty if a line of the text is incomplete or is no member."""
    found = {}
    for line in text.splitlines():
        if line.startswith("version=") or not line.strip():
            continue
        match = SERVER.fullmatch(line.strip())
        if match is None:
            return {}
        found[int(match[1])] = match[2]
    return found


def newest(conf: Path) -> Path | None:
    """The list with the highest version that can be read; else the one this machine began with."""
    versions = {}
    for path in conf.glob("zoo.cfg.dynamic.*"):
        suffix = path.name.rpartition(".")[2]
        if re.fullmatch(r"[0-9a-f]+", suffix):
            versions[int(suffix, 16)] = path
    candidates = [versions[version] for version in sorted(versions, reverse=True)]
    for path in (*candidates, conf / "zoo.cfg.dynamic.seed"):
        if path.exists():
            if readable(path):
                return path
            say(f"{path} is damaged; going on with an older list of members")
    return None


def readable(path: Path) -> bool:
    try:
        return bool(servers(path.read_text()))
    except (OSError, UnicodeDecodeError):
        return False


def drop_damaged_proposal(conf: Path) -> None:
    """A list that was proposed and not yet agreed on when the machine went down; the others tell it again."""
    proposal = conf / "zoo.cfg.dynamic.next"
    if proposal.exists() and not (readable(proposal) and "version=" in proposal.read_text()):
        say(f"{proposal} is damaged; it is removed")
        proposal.unlink()


def seed(path: Path, number: int, address: str) -> str:
    lines = path.read_text().splitlines()
    joining = "joining" in lines
    listed = [line for line in lines if line.startswith("server.")]
    mine = next((line for line in listed if line.startswith(f"server.{number}=")), None)
    if mine is None:
        raise Problem(f"{path} does not list server {number}, which this machine is to be; deploy again")
    for line in listed:
        match = SERVER.fullmatch(line)
        if match is None:
            raise Problem(f"{path} is damaged at {line!r}; deploy again")
        if line == mine:
            continue
        living = ask(match[6] or match[2], int(match[7]))
        known = servers(living)
        if not known:
            continue
        say(f"{match[2]} is in an ensemble already, with the members {', '.join(sorted(set(known.values())))}")
        if known.get(number, address) != address:
            raise Problem(
                f"server {number} of that ensemble is {known[number]}, not {address}; "
                f"add new masters at the end of the inventory"
            )
        kept = [found for found in living.splitlines() if found.startswith("server.")]
        return "\n".join((*kept, *(() if number in known else (mine,)), ""))
    if joining:
        raise Problem("no member of the ensemble that this machine is to join answers; they have to run first")
    return "\n".join((*listed, ""))


def identify(path: Path, number: int, address: str, members: dict[int, str]) -> None:
    """Writes this machine's number. Once it has taken part under a number, it keeps it."""
    try:
        known = int(path.read_text())
    except (OSError, ValueError):
        known = next((member for member, where in members.items() if where == address), number)
    if known != number:
        raise Problem(
            f"this machine is server {known} of its ensemble, and the inventory makes it {number}; "
            f"keep the order of the masters in the inventory, and add new ones at its end"
        )
    put(path, f"{number}\n")


# --- asking another member -------------------------------------------------------------------------------------------


def ask(host: str, port: int) -> str:
    """The list of members that the ensemble at this member has agreed on; empty when it serves nobody.

    ZooKeeper's own protocol: one session, one read of a node that everybody may read, and the end of the session.
    """
    try:
        with socket.create_connection((host.strip("[]"), port), timeout=ASK_SECONDS) as connection:
            connection.settimeout(ASK_SECONDS)
            send(connection, struct.pack(">iqiqi16s?", 0, 0, 4000, 0, 16, b"", False))
            receive(connection)
            send(connection, struct.pack(">iii", 1, 4, len(CONFIG_NODE)) + CONFIG_NODE + b"\0")
            answer = receive(connection)
            send(connection, struct.pack(">ii", 2, -11))
    except OSError:
        return ""
    if len(answer) < 20 or struct.unpack_from(">i", answer, 12)[0] != 0:
        return ""
    (length,) = struct.unpack_from(">i", answer, 16)
    return answer[20 : 20 + length].decode("utf-8", "replace")


def send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(struct.pack(">i", len(message)) + message)


def receive(connection: socket.socket) -> bytes:
    (length,) = struct.unpack(">i", exactly(connection, 4))
    if not 0 <= length <= 1 << 20:
        raise OSError("that is not ZooKeeper")
    return exactly(connection, length)


def exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise OSError("it closed the connection")
        data += more
    return data


# --- files -----------------------------------------------------------------------------------------------------------


def put(path: Path, text: str) -> None:
    """The whole file or the former one, whatever happens. A file that is right already is not touched."""
    if not path.is_symlink() and path.exists() and path.read_bytes() == text.encode():
        return
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise Problem(f"{path} could not be written: {error.strerror}; what was there is untouched") from error
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def say(text: str) -> None:
    print(f"zookeeper prepare: {text}", file=sys.stderr)


def main(arguments: list[str]) -> int:
    generation, state, secret = map(Path, arguments)
    try:
        prepare(generation, state, secret)
    except Problem as problem:
        say(str(problem))
        return 1
    except OSError as error:
        say(f"{error.filename}: {error.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
