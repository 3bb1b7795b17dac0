"""The cluster's secrets as a deploy needs them: what is public, what each host gets, and what is yet to be made.

`load` looks and makes nothing, so that a plan needs no secrets; `make` makes what is missing, whatever a run that was
cut off has left. All of it lies in the operator's state::

    secrets/ca.key ca.crt token-key.pem administrator.json zookeeper.json principals.json operator.pem
    secrets/hosts/<name>/<kind>.pem
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_installer.plan.fragments import zk_url
from dcos_installer.plan.materials import Trust
from dcos_installer.secrets import roots as root_files
from dcos_installer.secrets.authority import Holder, damaged, moment
from dcos_installer.secrets.roots import Administrator, Roots

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.state import ClusterState

MASTER_KINDS = ("master", "marathon", "auth", "gateway")
AGENT_KINDS = ("agent",)
OPERATOR = "operator"
_FILES_OF_MASTERS = ("master", "marathon")
"""Whose credentials files a master gets."""


@dataclass(frozen=True)
class Vault:
    """The secrets as they are, or will be: a content of None is made by the next deploy."""

    trust: Trust | None
    """What is public: it lies in the generations. None: there is no CA or token key yet."""
    hosts: Mapping[str, Mapping[str, str | None]] = field(repr=False)
    """Host name to its secrets: name in /etc/dcos-secrets to content."""
    roots_missing: tuple[str, ...]
    """Of what everything hangs on, what is not there."""
    to_make: tuple[str, ...]
    """All that `make` would make, as a plan names it."""
    forgotten: tuple[str, ...]
    """Principals that `make` would forget: the inventory names them no more, their secrets are lost for good."""
    reissued: Mapping[str, str]
    """Certificates that are there and will be issued anew, each with why."""
    administrator: Administrator | None = field(repr=False)

    def of(self, host: str) -> Mapping[str, str | None]:
        return self.hosts[host]

    def made(self, host: str) -> dict[str, str]:
        """The host's secrets. Raises ``LookupError`` when one of them has yet to be made."""
        found = {}
        for name, content in self.hosts[host].items():
            if content is None:
                raise LookupError(f"the secret {name} of {host} was not made")
            found[name] = content
        return found


def load(
    state: ClusterState, spec: ClusterSpec, now: float | None = None, hosts: Sequence[HostSpec] | None = None
) -> Vault:
    """The cluster's secrets as far as they are there; with ``hosts``, only theirs. Writes nothing.

    Raises `SecretsDamaged`.
    """
    at = moment(time.time() if now is None else now)
    folder = state.secrets
    return _vault(folder, spec, root_files.read(folder, at), at, spec.hosts if hosts is None else hosts)


def make(state: ClusterState, spec: ClusterSpec, now: float | None = None) -> Vault:
    """The cluster's secrets, whole: whatever is missing, or no longer fits, is made. Raises `SecretsDamaged`."""
    at = moment(time.time() if now is None else now)
    folder = state.secrets
    with _alone(folder):
        roots = root_files.make(folder, spec.cluster_id, spec.settings.principals, at)
        authority = roots.authority
        assert authority is not None
        (folder / "hosts").mkdir(mode=0o700, exist_ok=True)
        for path, holder in _holders(folder, spec, spec.hosts):
            text = _certificate(path)
            if text is None or authority.unfit(text, holder, at):
                # One that a crash of this machine loses is issued anew; a thousand of them need not wait for the disk.
                root_files.write(path, authority.issue(holder, at), lasting=False)
        return _vault(folder, spec, roots, at, spec.hosts)


def mark_told(state: ClusterState) -> None:
    """Notes that the administrator's password was shown."""
    with _alone(state.secrets):
        who = root_files.read(state.secrets, moment(time.time())).administrator
        if who is not None and not who.told:
            root_files.write_administrator(state.secrets, replace(who, told=True))


def protect(state: ClusterState) -> None:
    """Secrets that somebody opened up are for their owner alone again."""
    for path in (state.secrets, *state.secrets.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            found = path.lstat()
            wanted = 0o700 if path.is_dir() else 0o600
            if found.st_uid == os.geteuid() and not path.is_symlink() and found.st_mode & 0o077:
                path.chmod(wanted)


def _vault(folder: Path, spec: ClusterSpec, roots: Roots, now: datetime, hosts: Sequence[HostSpec]) -> Vault:
    certificates: dict[Path, str | None] = {}
    reissued: dict[str, str] = {}
    for path, holder in _holders(folder, spec, hosts):
        text = _certificate(path) if roots.authority is not None else None
        why = roots.authority.unfit(text, holder, now) if roots.authority is not None and text is not None else ""
        certificates[path] = None if why else text
        if why:
            reissued[f"{holder.kind} of {holder.host}"] = why
    new = sum(text is None for text in certificates.values()) - len(reissued)
    unknown = [name for name in spec.settings.principals if name not in roots.principals]
    to_make = [
        *roots.missing,
        *(f"the secret of {name}" for name in unknown),
        *([f"{new} certificate{'s' * (new > 1)}"] if new else []),
        *(f"the certificate of {name} anew ({why})" for name, why in reissued.items()),
    ]
    trust = Trust(roots.authority.pem, roots.token_public) if roots.authority and roots.token_public else None
    return Vault(
        trust=trust,
        hosts={host.name: _contents(folder, spec, host, roots, certificates) for host in hosts},
        roots_missing=roots.missing,
        to_make=tuple(to_make),
        forgotten=tuple(sorted(roots.principals.keys() - set(spec.settings.principals))),
        reissued=reissued,
        administrator=roots.administrator,
    )


def _contents(
    folder: Path, spec: ClusterSpec, host: HostSpec, roots: Roots, certificates: Mapping[Path, str | None]
) -> dict[str, str | None]:
    found: dict[str, str | None] = {
        f"tls-{kind}.pem": certificates[_path(folder, host, kind)] for kind in kinds_of(host)
    }
    files = _FILES_OF_MASTERS if host.is_master else ("agent",)
    credentials = _credentials(spec, roots)
    found.update({f"credentials-{daemon}.json": credentials for daemon in files})
    if host.is_master:
        keeper, administrator = roots.zookeeper, roots.administrator
        for daemon, path in (("master", "mesos"), ("marathon", "marathon"), ("auth", "dcos/auth")):
            found[f"zk-{daemon}"] = zk_url(spec, path, keeper.credentials) + "\n" if keeper else None
        found["zookeeper-super"] = keeper.super_digest + "\n" if keeper else None
        found["token-key.pem"] = roots.token_key
        known = {"uid": administrator.uid, "hash": administrator.hash} if administrator else None
        found["administrator.json"] = json.dumps(known) + "\n" if known else None
    return found


def _credentials(spec: ClusterSpec, roots: Roots) -> str | None:
    """The file of principals, in the original's form; None as long as one of them has no secret."""
    entries = []
    for name in sorted(spec.settings.principals):
        if name not in roots.principals:
            return None
        entries.append({"principal": name, "secret": roots.principals[name]})
    return json.dumps({"credentials": entries}) + "\n"


def kinds_of(host: HostSpec) -> tuple[str, ...]:
    """The kinds of daemon that have a certificate on this host."""
    return (MASTER_KINDS if host.is_master else ()) + (AGENT_KINDS if host.is_agent else ())


def _holders(folder: Path, spec: ClusterSpec, hosts: Sequence[HostSpec]) -> Iterator[tuple[Path, Holder]]:
    yield folder / "operator.pem", Holder(spec.cluster_id, OPERATOR, OPERATOR)
    for host in hosts:
        for kind in kinds_of(host):
            yield _path(folder, host, kind), Holder(spec.cluster_id, kind, host.name, host.address)


def _certificate(path: Path) -> str | None:
    """A key with its certificate, however damaged: it can be issued anew."""
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from None


def _path(folder: Path, host: HostSpec, kind: str) -> Path:
    return folder / "hosts" / host.name / f"{kind}.pem"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One maker at a time; playbooks by hand are several processes."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
