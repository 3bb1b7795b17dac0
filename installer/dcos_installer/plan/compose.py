"""Composes manifests: the fragment of each service of a host, from its descriptor and its role's templates. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dcos_installer.plan.manifest import (
    ACTIVE,
    File,
    Firewall,
    Fragment,
    Link,
    Manifest,
    Requirement,
    Secret,
    Sysctl,
    Unit,
    User,
    unit_file,
)
from dcos_installer.plan.merge import merge
from dcos_installer.plan.values import CA, TOKEN_KEY, values
from dcos_installer.services.descriptor import FourLetter, Https, Socket
from dcos_installer.services.descriptor import ServiceFile as Text

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.plan.facts import Facts
    from dcos_installer.plan.materials import Materials, RoleMaterials
    from dcos_installer.services import Service

RUNTIME = "dcos-runtime"
"""The package that holds the daemons and the `dcos` command."""

_TRUSTED = {"ca": CA, "tokens": TOKEN_KEY}


def manifest(spec: ClusterSpec, host: HostSpec, facts: Facts, materials: Materials) -> Manifest:
    """The manifest of ``host``. Pure: the same arguments give the same bytes."""
    roles = [service.name for service in materials.services.on(host)]
    return merge(spec, host, [fragment(role, spec, host, facts, materials) for role in roles])


def fragment(role: str, spec: ClusterSpec, host: HostSpec, facts: Facts, materials: Materials) -> Fragment:
    """The fragment of the service ``role`` for ``host``. Pure; raises ``KeyError`` for a role that does not exist."""
    service, known = materials.services[role], materials.role(role)
    context = values(spec, host, facts, service, materials.services, known.trust)
    unit = service.unit_name
    files = [File(file.path, _content(known, file, context)) for file in service.files]
    reads = [file.path for file in service.files if file.restarts]
    reads += [f"package:{RUNTIME}"] if service.program else []
    reads += [_TRUSTED[what] for what in service.trusts]
    reads += [f"secret:{name}" for name in service.secret_names]
    return Fragment(
        role=service.name,
        packages=(known.package(facts.target, RUNTIME),) if service.package else (),
        files=(*files, unit_file(unit, known.render(f"{unit}.j2", **context))),
        units=(Unit(unit, tuple(reads), service.on_change, _probe(service, host)),),
        users=tuple(
            User(one.user_name, one.home, one.user.comment)
            for one in (service, *(materials.services[name] for name in service.joins))
            if one.user
        ),
        sysctls=tuple(Sysctl(item.key, known.render_text(item.value, **context)) for item in service.sysctls),
        links=tuple(Link(path, f"{ACTIVE}/{target}") for path, target in service.links.items()),
        secrets=tuple(_secret(service, name) for name in service.secret_names),
        requires=tuple(
            Requirement(known.render_text(need.path, **context), known.render_text(need.package, **context))
            for need in service.requires
            if not (need.unless and getattr(facts, need.unless))
        ),
        firewall=Firewall(service.firewall.table, service.firewall.rules, unit) if service.firewall else None,
    )


def _content(role: RoleMaterials, file: Text, context: dict[str, Any]) -> str:
    return role.file(file.copy_of) if file.copy_of else role.render(file.source, **context)


def _secret(service: Service, name: str) -> Secret:
    """A secret that only the service's daemon may read."""
    return Secret(name, owner=service.user_name, group=service.user_name, mode=0o400)


def _probe(service: Service, host: HostSpec) -> str:
    """The probe by which a started unit counts as healthy; see `manifest.Unit`."""
    match service.health:
        case Https() as asked:
            place = f"https://{service.tls}@{host.address}:{service.ports[asked.port].number}"
            return place if asked.start == "certificate" else place + asked.path
        case FourLetter() as asked:
            return f"zookeeper://{host.address}:{service.ports[asked.port].number}"
        case Socket() as asked:
            return f"unix://{asked.socket}"
    return ""
