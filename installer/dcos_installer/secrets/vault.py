"""The cluster's secrets for a deploy: the public part, the secrets of each host, and those that must still be created.

`load` only reads, so that a plan needs no secrets; `make` creates what is missing, also after an interrupted run.
Everything is in the operator's state::

    secrets/ca.key ca.crt token-key.pem administrator.json zookeeper.json principals.json operator.pem
    secrets/services.json
    secrets/hosts/<name>/<kind>.pem

The descriptors of a host's services say which secrets it gets (`Service.secrets`).
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

from dcos_installer.plan.values import Trust, zk_url
from dcos_installer.secrets import roots as root_files
from dcos_installer.secrets.authority import CertificateHolder, damaged, moment
from dcos_installer.secrets.roots import Administrator, Roots
from dcos_installer.services import Catalog, installed
from dcos_installer.services.descriptor import Certificate, Principals, Random, Root, Service, Store
from dcos_runtime import durable

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.state import ClusterState

OPERATOR = "operator"


@dataclass(frozen=True)
class Vault:
    """The secrets as they are, or will be: the next deploy creates those whose content is None."""

    trust: Trust | None
    """The public part, which is in the generations. None: there is no CA or token key yet."""
    hosts: Mapping[str, Mapping[str, str | None]] = field(repr=False)
    """Each host's secrets: name in /etc/dcos-secrets to content."""
    roots_missing: tuple[str, ...]
    """The roots that do not exist yet."""
    to_make: tuple[str, ...]
    """All that `make` would create, as named in a plan."""
    forgotten: tuple[str, ...]
    """Principals and secrets of services that `make` would remove for good, because nothing names them any more."""
    reissued: Mapping[str, str]
    """Existing certificates that will be renewed, each with the reason."""
    administrator: Administrator | None = field(repr=False)

    def of(self, host: str) -> Mapping[str, str | None]:
        return self.hosts[host]

    def made(self, host: str) -> dict[str, str]:
        """The host's secrets. Raises ``LookupError`` when one of them does not exist yet."""
        found = {}
        for name, content in self.hosts[host].items():
            if content is None:
                raise LookupError(f"the secret {name} of {host} was not made")
            found[name] = content
        return found


def load(
    state: ClusterState,
    spec: ClusterSpec,
    now: float | None = None,
    hosts: Sequence[HostSpec] | None = None,
    services: Catalog | None = None,
) -> Vault:
    """The cluster's existing secrets; with ``hosts``, only theirs. Writes nothing.

    ``services``: the installer's own when None. Raises `SecretsDamaged`.
    """
    at = moment(time.time() if now is None else now)
    here = _Folder(state.secrets, spec, services or installed())
    return _vault(here, root_files.read(here.path, at), at, spec.hosts if hosts is None else hosts)


def make(state: ClusterState, spec: ClusterSpec, now: float | None = None, services: Catalog | None = None) -> Vault:
    """All secrets of the cluster: missing ones and those that no longer fit are created, unused ones are removed.

    Raises `SecretsDamaged`.
    """
    at = moment(time.time() if now is None else now)
    here = _Folder(state.secrets, spec, services or installed())
    with _exclusive_lock(here.path):
        roots = root_files.make(here.path, spec.cluster_id, spec.settings.principals, here.randoms, at)
        authority = roots.authority
        assert authority is not None
        (here.path / "hosts").mkdir(mode=0o700, exist_ok=True)
        for path in here.forgotten_certificates():
            path.unlink()
        for path, holder in here.holders(spec.hosts):
            text = _certificate(path)
            if text is None or authority.unfit(text, holder, at):
                # A certificate that is lost in a crash is issued again; a thousand of them need not wait for the disk.
                root_files.write(path, authority.issue(holder, at), lasting=False)
        return _vault(here, roots, at, spec.hosts)


def mark_shown(state: ClusterState) -> None:
    """Records that the administrator's password was shown."""
    with _exclusive_lock(state.secrets):
        who = root_files.read(state.secrets, moment(time.time())).administrator
        if who is not None and not who.shown:
            root_files.write_administrator(state.secrets, replace(who, shown=True))


def protect(state: ClusterState) -> None:
    """Makes secrets whose mode was changed readable by their owner only."""
    for path in (state.secrets, *state.secrets.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            found = path.lstat()
            wanted = 0o700 if path.is_dir() else 0o600
            if found.st_uid == os.geteuid() and not path.is_symlink() and found.st_mode & 0o077:
                path.chmod(wanted)


@dataclass(frozen=True)
class _Folder:
    """The folder of a cluster's secrets, and the services that use them."""

    path: Path
    spec: ClusterSpec
    services: Catalog

    @property
    def randoms(self) -> tuple[str, ...]:
        """The names of the services' own secrets."""
        return tuple(
            secret.name for service in self.services for secret in service.secrets if isinstance(secret, Random)
        )

    def kinds(self, host: HostSpec) -> tuple[str, ...]:
        """The kinds of daemon that have a certificate on this host."""
        return tuple(service.tls for service in self.services.on(host) if service.tls)

    def certificate(self, host: HostSpec, kind: str) -> Path:
        return self.path / "hosts" / host.name / f"{kind}.pem"

    def holders(self, hosts: Sequence[HostSpec]) -> Iterator[tuple[Path, CertificateHolder]]:
        cluster = self.spec.cluster_id
        yield self.path / f"{OPERATOR}.pem", CertificateHolder(cluster, OPERATOR, OPERATOR)
        for host in hosts:
            for kind in self.kinds(host):
                yield self.certificate(host, kind), CertificateHolder(cluster, kind, host.name, host.address)

    def forgotten_certificates(self) -> list[Path]:
        """The certificates of kinds that a host of the cluster no longer has."""
        return [
            path
            for host in self.spec.hosts
            for path in sorted((self.path / "hosts" / host.name).glob("*.pem"))
            if path.stem not in self.kinds(host)
        ]


def _vault(here: _Folder, roots: Roots, now: datetime, hosts: Sequence[HostSpec]) -> Vault:
    spec = here.spec
    certificates: dict[Path, str | None] = {}
    reissued: dict[str, str] = {}
    for path, holder in here.holders(hosts):
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
        *(f"the secret {name}" for name in here.randoms if name not in roots.services),
        *([f"{new} certificate{'s' * (new > 1)}"] if new else []),
        *(f"a new certificate of {name} ({why})" for name, why in reissued.items()),
    ]
    trust = Trust(roots.authority.pem, roots.token_public) if roots.authority and roots.token_public else None
    return Vault(
        trust=trust,
        hosts={host.name: _contents(here, host, roots, certificates) for host in hosts},
        roots_missing=roots.missing,
        to_make=tuple(to_make),
        forgotten=(
            *sorted(roots.principals.keys() - set(spec.settings.principals)),
            *sorted(roots.services.keys() - set(here.randoms)),
            *(f"the {path.stem} of {path.parent.name}" for path in here.forgotten_certificates()),
        ),
        reissued=reissued,
        administrator=roots.administrator,
    )


def _contents(
    here: _Folder, host: HostSpec, roots: Roots, certificates: Mapping[Path, str | None]
) -> dict[str, str | None]:
    """The host's secrets by their names there, as its services need them."""

    def content(service: Service, secret: Certificate | Store | Principals | Random | Root) -> str | None:
        match secret:
            case Certificate():
                return certificates[here.certificate(host, service.tls or "")]
            case Store():
                keeper = roots.zookeeper
                url = zk_url(here.spec, here.services, secret.path, keeper.credentials) if keeper else None
                return f"{url}\n" if url else None
            case Principals():
                return _credentials(here.spec, roots)
            case Random():
                return roots.services.get(secret.name)
        return _root(secret, roots)

    return {
        service.secret_name(secret): content(service, secret)
        for service in here.services.on(host)
        for secret in service.secrets
    }


def _root(secret: Root, roots: Roots) -> str | None:
    match secret.kind:
        case "token-key":
            return roots.token_key
        case "store-super-user":
            return f"{roots.zookeeper.super_digest}\n" if roots.zookeeper else None
        case "administrator":
            who = roots.administrator
            return json.dumps({"uid": who.uid, "hash": who.hash}) + "\n" if who else None


def _credentials(spec: ClusterSpec, roots: Roots) -> str | None:
    """The file of principals, in Mesos' form; None as long as one of them has no secret."""
    entries = []
    for name in sorted(spec.settings.principals):
        if name not in roots.principals:
            return None
        entries.append({"principal": name, "secret": roots.principals[name]})
    return json.dumps({"credentials": entries}) + "\n"


def _certificate(path: Path) -> str | None:
    """A key with its certificate, even if damaged: it can be issued again."""
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from None


@contextlib.contextmanager
def _exclusive_lock(folder: Path) -> Iterator[None]:
    """Only one process creates secrets at a time; playbooks run by hand are several processes."""
    durable.private_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
