"""The variables of all roles' templates: the cluster, the host, the services and their paths. See docs/services.md."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_installer.plan.manifest import ACTIVE
from dcos_runtime.flags.programs import PROGRAMS

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.plan.facts import Facts
    from dcos_installer.services import Catalog, Service

SECRETS = "/etc/dcos-secrets"
"""The folder of secrets on a machine."""

CA = "etc/tls/ca.crt"
TOKEN_KEY = "etc/auth/token.pub"
"""Files of every generation: the keys that the machine trusts."""


@dataclass(frozen=True)
class Trust:
    """The public part of the cluster's secrets, as PEM: the CA's certificate, and the key that verifies tokens."""

    ca: str
    token_key: str


NO_TRUST = Trust(ca="# made by the first deploy\n", token_key="# made by the first deploy\n")
"""The placeholder in the plan of a cluster whose secrets do not exist yet."""


def values(
    spec: ClusterSpec, host: HostSpec, facts: Facts, service: Service, services: Catalog, trust: Trust
) -> dict[str, Any]:
    """The variables of a template of ``service``'s role, besides its ``options``. Pure."""
    masters = [master.address for master in spec.masters]
    names = [master.name for master in spec.masters]
    return {
        "spec": spec,
        "settings": spec.settings,
        "host": host,
        "address": host.address,
        "python": dotted(facts.python),
        "attributes": attributes(host),
        "masters": masters,
        "members": list(enumerate(masters, start=1)),
        "number": names.index(host.name) + 1 if host.name in names else 0,
        "addresses": [member.address for member in spec.hosts],
        "operators": operators(spec),
        "service": service,
        "services": services,
        "ports": services.numbers[service.name],
        "ports_of": services.numbers,
        "all_ports": services.all_ports,
        "store": lambda path: zk_url(spec, services, path),
        "flag": functools.partial(flag_line, service.name),
        "active": ACTIVE,
        "ca": f"{ACTIVE}/{CA}",
        "token_key": f"{ACTIVE}/{TOKEN_KEY}",
        "secrets": SECRETS,
        "trust": trust,
    }


def operators(spec: ClusterSpec) -> tuple[str, ...]:
    """The networks of operators, for the firewall."""
    return tuple(sorted({str(network).removesuffix("/32") for network in spec.settings.operator_networks}))


def zk_url(spec: ClusterSpec, services: Catalog, path: str, credentials: str = "") -> str:
    """``zk://a:2181,b:2181/path`` over all masters; with ``credentials`` (``user:password``) before them."""
    port = services.store_port
    before = f"{credentials}@" if credentials else ""
    return f"zk://{before}{','.join(f'{master.address}:{port}' for master in spec.masters)}/{path}"


def attributes(host: HostSpec) -> str:
    """The agent's attributes, in the form of Mesos' ``--attributes``; a public agent is marked as in DC/OS."""
    known = dict(host.attributes)
    if "public_agent" in host.roles:
        known.setdefault("public_ip", "true")
    return ";".join(f"{name}:{value}" for name, value in sorted(known.items()))


def dotted(tag: str) -> str:
    """``cp311`` → ``3.11``."""
    return f"{tag[2:3]}.{tag[3:]}" if tag else "3"


def flag_line(service: str, name: str, value: object) -> str:
    """A flag of the service's daemon as a line of an ``EnvironmentFile=`` of systemd, by the daemon's own declaration:
    ``MESOS_ZK_SESSION_TIMEOUT="5secs"``. Raises ``KeyError`` and ``ValueError``.
    """
    flags = PROGRAMS[f"dcos-{service}"]
    return f"{flags.variable(name)}={env_quoted(flags.written(name, value))}"


# --- filters of templates ---


def env_quoted(value: object) -> str:
    """A value for an ``EnvironmentFile=`` of systemd. Raises ``ValueError`` on line ends."""
    text = str(value)
    if "\n" in text or "\x00" in text:
        raise ValueError(f"an environment variable holds no line ends: {text!r}")
    for special in ("\\", '"', "$", "`"):
        text = text.replace(special, "\\" + special)
    return f'"{text}"'


def port_list(text: str, more: Iterable[int] = ()) -> str:
    """The ports in ``text`` (``31000-32000,40000``) and ``more`` in the kernel's form: sorted and merged."""
    parts = [tuple(int(number) for number in part.split("-")) for part in text.split(",") if part.strip()]
    merged: list[list[int]] = []
    for low, high in sorted([*((part[0], part[-1]) for part in parts), *((port, port) for port in more)]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1][1] = max(high, merged[-1][1])
        else:
            merged.append([low, high])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in merged)


def numeric(addresses: Iterable[str]) -> list[str]:
    """IPv4 addresses in numeric order, each once."""
    return sorted(set(addresses), key=lambda address: tuple(int(part) for part in address.split(".")))


FILTERS = {"env": env_quoted, "port_list": port_list, "numeric": numeric}
