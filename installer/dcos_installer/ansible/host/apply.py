"""Carries `Work` out: secrets, a new generation beside the old one, one rename, units. When a unit fails, it rolls
back. At any moment either the old generation is active or the new one. Each step is recorded before it begins, so that
the next run finishes a run that was cut off.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time

from .errors import HostError
from .machine import ACTIVE, GENERATIONS, HOME, LASTING, PACKAGES, PREVIOUS, SECRETS, STATE, Machine
from .observe import (
    FIREWALL,
    MENDED,
    NOTHING,
    PENDING,
    Observed,
    folder_of,
    generations,
    listing,
    manifest_of,
    observe,
    program_target,
    rules_digest,
    sysctl_path,
)
from .quick import dumps
from .systemd import Systemd
from .work import Work, problems, work_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

KEPT_GENERATIONS = 3
_HEADROOM = 4 << 20
_LOCK_SECONDS = 20.0
_ROLLBACK_SECONDS = 30.0


class RolledBack(HostError):
    """A unit was unhealthy with the new generation. The old one is active again, or ``stuck`` says why not."""

    def __init__(self, cause: HostError, back_to: int, stuck: str) -> None:
        where = f"generation {back_to} is active again" if back_to else "nothing of ours is active, as before"
        if stuck:
            where = f"going back failed as well: {stuck}"
        super().__init__(cause.what, f"{cause.why}; {where}" if cause.why else where, cause.hint, cause.evidence)
        self.unit = cause.unit
        self.stuck = stuck


@contextlib.contextmanager
def locked(machine: Machine) -> Iterator[None]:
    """Prevents two runs on one machine at the same time; the lock ends with its process, however that ends."""
    machine.folder(HOME)
    descriptor = os.open(machine.at(HOME + "/.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise HostError(
                        "another run is at work on this host",
                        f"it has held {HOME}/.lock for {_LOCK_SECONDS:g} s",
                        "wait for it, or find out which other operator deploys here",
                    ) from None
                time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)


def apply(
    machine: Machine,
    systemd: Systemd,
    wanted: dict[str, Any],
    data: bytes,
    digest: str,
    seen: Observed,
    secrets: dict[str, str | None],
    deadline: float,
) -> Work:
    """Applies the manifest ``wanted`` (whose bytes are ``data``). Call it under `locked`. Raises `HostError`: before
    any change when it cannot be applied, `RolledBack` when a unit was unhealthy.
    """
    _refuse(machine, wanted, seen, secrets, len(data))
    work = work_for(wanted, digest, seen)
    if not work.changes:
        return work
    generation = seen.generation
    try:
        machine.folder(STATE)
        _tidy(machine)
        for user in work.users:
            machine.add_user(user["name"], user["home"], user["comment"])
        _note(machine, work.unfinished)
        _take_seeds(machine, seen)
        _put_secrets(machine, work, secrets)
        if work.new_generation:
            generation = _write_generation(machine, wanted, data)
        _lay_links(machine, work.links)
    except OSError as error:
        _tidy_after(machine, work)
        raise _disk_error(machine, error, seen.generation) from error
    try:
        if generation != seen.generation:
            if seen.generation:
                machine.symlink(f"generations/{seen.generation}", PREVIOUS)
            machine.symlink(f"generations/{generation}", ACTIVE)
        _update_units(machine, systemd, work, wanted, deadline)
    except (OSError, HostError) as error:
        cause = error if isinstance(error, HostError) else _disk_error(machine, error, generation)
        if generation == seen.generation:
            raise cause from error  # there is no earlier generation to go back to
        raise RolledBack(cause, seen.generation, _go_back(machine, systemd, seen, generation)) from error
    machine.remove(PENDING)
    machine.remove(MENDED)
    for (
        name
    ) in work.users_gone:  # last, when none of their processes runs; if this run is cut off, the next one does it
        machine.remove_user(name)
    with contextlib.suppress(OSError):  # the next run removes what cannot be removed now
        _forget(machine, generation)
    return work


def remove(machine: Machine, systemd: Systemd, purge: bool) -> Work:
    """Removes everything of ours from the machine; with ``purge`` also the daemons' state and users."""
    seen = observe(machine, systemd, NOTHING)
    if not purge:
        seen.users = {}  # their state stays
    work = work_for(NOTHING, "", seen)
    machine.remove(ACTIVE)
    _update_units(machine, systemd, work, NOTHING, _ROLLBACK_SECONDS * machine.patience)
    firewall = seen.manifest["firewall"]
    if firewall and machine.real and listing(machine, firewall["table"]):
        machine.run(["/usr/sbin/nft", "delete", "table", "inet", firewall["table"]])
    for path in (HOME, SECRETS, *((LASTING,) if purge else ())):
        machine.remove(path)
    for name in work.users_gone:
        machine.remove_user(name)
    return work


def _refuse(
    machine: Machine, wanted: dict[str, Any], seen: Observed, secrets: dict[str, str | None], size: int
) -> None:
    found = problems(machine, wanted, seen, secrets)
    found += [f"the secret {name} was not made" for name, content in sorted(secrets.items()) if content is None]
    for folder in seen.missing_packages:
        altered = seen.altered_packages.get(folder)
        found.append(
            f"the package {folder} " + (f"was altered here ({altered})" if altered else "was not brought here")
        )
    if found:
        raise HostError(
            "the manifest cannot be applied", "; ".join(found), "nothing was changed: correct that, run again"
        )
    free = machine.free_bytes(HOME)
    if free < size * 3 + _HEADROOM:
        raise _no_space(machine, seen.generation)


def _take_seeds(machine: Machine, seen: Observed) -> None:
    if seen.seeded_packages:
        from .packages import take_seed

        for folder in seen.seeded_packages:
            take_seed(machine, folder)


def _note(machine: Machine, units: list[str]) -> None:
    if units:
        machine.replace(PENDING, dumps({"restart": units}).encode(), 0o600)


def _put_secrets(machine: Machine, work: Work, secrets: dict[str, str | None]) -> None:
    if work.secrets:
        machine.folder(SECRETS, 0o711)
    for secret in work.secrets:
        path = f"{SECRETS}/{secret['name']}"
        content = secrets.get(secret["name"])
        data = machine.read(path) if content is None else content.encode()
        machine.replace(path, data or b"", secret["mode"], *_owner(machine, secret))


def _write_generation(machine: Machine, wanted: dict[str, Any], data: bytes) -> int:
    """Writes the next generation under a temporary name, syncs it to the disk, and renames it."""
    number = max(generations(machine), default=0) + 1
    home = f"{GENERATIONS}/.new-{number}"
    machine.folder(GENERATIONS)
    machine.remove(home)
    folders = {home, home + "/bin", home + "/etc", home + "/units"}
    for folder in sorted(folders):
        machine.folder(folder)
    for file in wanted["files"]:
        path = f"{home}/{file['path']}"
        folder = os.path.dirname(path)
        machine.folder(folder)
        folders.add(folder)
        machine.create(path, file["content"].encode(), file["mode"], *_owner(machine, file))
    for package in wanted["packages"]:
        for program in package["programs"]:
            machine.step(f"link bin/{program}")
            os.symlink(program_target(package, program), machine.at(f"{home}/bin/{program}"))
    machine.create(f"{home}/manifest.json", data, 0o644)
    for folder in sorted(folders, reverse=True):
        machine.sync(folder)
    machine.rename(home, f"{GENERATIONS}/{number}")
    return number


def _lay_links(machine: Machine, links: dict[str, str]) -> None:
    # Before the rename: until then the links lead nowhere or to the old text, and nothing reads them.
    for path, target in links.items():
        machine.folder(os.path.dirname(path))
        machine.symlink(target, path)


def _update_units(machine: Machine, systemd: Systemd, work: Work, wanted: dict[str, Any], deadline: float) -> None:
    """Starts, restarts and stops units, so that they run as the active generation says. Each may take ``deadline``
    seconds: on a slow machine that has many, those before it do not take its time away.
    """
    for name in work.stops:
        systemd.act("stop", name)
    for path in work.links_gone:
        machine.remove(path)
    for secret in work.secrets_gone:
        machine.remove(f"{SECRETS}/{secret}")
    for item in work.sysctls:
        _set(machine, item)
    if work.daemon_reload:
        systemd.reload()
    for action, unit in work.acts:
        systemd.act(action, unit["name"])
        systemd.wait(unit["name"], unit["probe"], deadline)
        firewall = wanted["firewall"]
        if firewall and firewall["unit"] == unit["name"] and machine.real:
            noted = {"rules": rules_digest(machine, firewall), "listing": listing(machine, firewall["table"])}
            machine.replace(FIREWALL, dumps(noted).encode(), 0o600)


def _set(machine: Machine, item: dict[str, Any]) -> None:
    path = sysctl_path(item["key"])
    if not machine.real:
        machine.folder(os.path.dirname(path))
        machine.create(path, item["value"].encode() + b"\n", 0o644)
        return
    machine.step("set " + item["key"])
    try:
        with open(machine.at(path), "w") as file:
            file.write(item["value"])
    except OSError as error:
        raise HostError(
            f"cannot set {item['key']} to {item['value']}", str(error), "does this kernel or container allow it?"
        ) from None


def _go_back(machine: Machine, systemd: Systemd, before: Observed, failed: int) -> str:
    """Makes the previous generation active again. Returns why that failed; empty when it did not."""
    try:
        wanted, digest = manifest_of(machine, before.generation) if before.generation else (NOTHING, "")
        seen = observe(machine, systemd, wanted)
        work = work_for(wanted, digest, seen)
        _note(machine, work.unfinished)
        _lay_links(machine, work.links)
        if before.generation:
            machine.symlink(f"generations/{before.generation}", ACTIVE)
        else:
            machine.remove(ACTIVE)
        _update_units(machine, systemd, work, wanted, _ROLLBACK_SECONDS * machine.patience)
        machine.remove(PENDING)
        machine.remove(f"{GENERATIONS}/{failed}")
    except (OSError, HostError, ValueError) as error:
        return error.what + (f" ({error.why})" if error.why else "") if isinstance(error, HostError) else str(error)
    return ""


def _forget(machine: Machine, active: int) -> None:
    """Removes generations and packages that are not in use, except the last few generations."""
    previous = os.path.basename(machine.link(PREVIOUS) or "")
    kept = set(generations(machine)[-KEPT_GENERATIONS:]) | {active} | ({int(previous)} if previous.isdigit() else set())
    for number in generations(machine):
        if number not in kept:
            machine.rename(f"{GENERATIONS}/{number}", f"{GENERATIONS}/.old-{number}")
            machine.remove(f"{GENERATIONS}/.old-{number}")
    used = set()
    for number in kept & set(generations(machine)):
        try:
            used |= {folder_of(package) for package in manifest_of(machine, number)[0]["packages"]}
        except ValueError:
            return  # its packages are not known: keep every package
    for name in machine.names(PACKAGES):
        if name not in used and not name.startswith("."):
            machine.rename(f"{PACKAGES}/{name}", f"{PACKAGES}/.old-{name}")
            machine.remove(f"{PACKAGES}/.old-{name}")


def _tidy(machine: Machine) -> None:
    """Removes what a run that was cut off left behind."""
    for folder in (GENERATIONS, PACKAGES):
        for name in machine.names(folder):
            if name.startswith((".new-", ".old-")):
                machine.remove(f"{folder}/{name}")


def _tidy_after(machine: Machine, work: Work) -> None:
    # The old generation is still the active one. Units need no restart unless a secret of theirs may have changed.
    with contextlib.suppress(OSError):
        _tidy(machine)
        if not work.secrets:
            machine.remove(PENDING)


def _owner(machine: Machine, item: dict[str, Any]) -> tuple[int, int]:
    uid, gid = machine.user(item["owner"]), machine.group(item["group"])
    if uid is None or gid is None:
        missing = item["owner"] if uid is None else item["group"]
        raise HostError(
            f"there is no user or group {missing}", "a file is to be owned by it", "a role must add it before that"
        )
    return uid, gid


def _disk_error(machine: Machine, error: OSError, generation: int) -> HostError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _no_space(machine, generation)
    return HostError(
        f"{error.strerror}: {error.filename}",
        _still(generation),
        "correct that and run again: the run is then finished",
    )


def _no_space(machine: Machine, generation: int) -> HostError:
    return HostError(
        f"no space left on the file system of {HOME}",
        f"{machine.free_bytes(HOME) >> 10} KiB are free; {_still(generation)}",
        "free space there and run again: the run is then finished",
    )


def _still(generation: int) -> str:
    return f"generation {generation} is active" if generation else "nothing of ours is active yet"
