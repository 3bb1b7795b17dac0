"""The declaration of a kind of provider: its variables, its defaults, its checks of an inventory, its remains.

Each folder of `dcos_installer.providers` has a module ``declaration`` with one `Declaration`, named ``DECLARATION``;
`registry` finds it there. No code outside of that folder contains the provider's name. A declaration is read by every
command, so its module imports nothing heavy: the provider itself is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_installer.config.variables import Variable
from dcos_installer.providers.base import Provider

if TYPE_CHECKING:
    from dcos_images.images import Image
    from dcos_installer.config.limits import HostLimits
    from dcos_installer.config.model import ClusterSpec, HostSpec, Role

Options = Mapping[str, str]
"""The provider's own variables in an inventory: name to text, each of them valid."""


@dataclass(frozen=True)
class Default:
    """This provider's default of a variable that all providers share."""

    text: str
    """The text in the table of variables."""
    by_role: Mapping[Role, Any] = field(default_factory=dict)
    """The value for a machine of that role; no entry: none."""
    note: str = ""
    """A further sentence for the table."""


@dataclass(frozen=True)
class HostView:
    """A host in the inventory, for a provider's checks."""

    name: str
    role: Role
    address: str
    """Empty: the provider assigns one."""
    cpus: float | None
    mem_mb: int | None
    disk_mb: int | None
    suggest: Callable[[], str]
    """Returns an address that no host in the inventory has, a different one for each host that asks."""


@dataclass(frozen=True)
class Finding:
    """A problem of a host. ``about`` names the variable whose line is shown; empty: the line of the host."""

    about: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Remains:
    """The remains of a cluster whose state is lost: each machine's address, empty if unknown."""

    machines: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    """Whether anything exists that machines shared."""
    options: Options = field(default_factory=dict)
    """The provider's own variables, as far as the remains show them."""

    def __bool__(self) -> bool:
        return bool(self.machines) or self.shared


@dataclass(frozen=True)
class Declaration:
    """One kind of provider. The defaults are: nothing special, and nothing left behind."""

    name: str
    summary: str
    """Where its machines come from, in brackets after the name: ``machines on this host``."""
    makes_machines: bool = True
    is_default: bool = False
    """Whether it is the default of inventories that name no provider. Exactly one provider is."""
    gives_addresses: bool = False
    """Whether a host needs no address in the inventory, because the provider reports it after creation. Only a provider
    that makes machines may say so.
    """
    extra: str = ""
    """The extra of this distribution that contains its libraries."""
    brought_by: str = ""
    """The command that installs them in a checkout; empty: the extra does."""
    variables: tuple[Variable, ...] = ()
    """The variables that only this provider has."""
    defaults: Mapping[str, Default] = field(default_factory=dict)
    """Defaults of variables that every provider has, by name."""
    ansible_variables: tuple[str, ...] = ()
    """Ansible's variables that it uses, besides ``ansible_host``: none if it sets up SSH by itself."""

    takes_images: str = ""
    """The form of the place to which its machines' images can be published, after its name; empty: none."""

    def check_place(self, outputs: Sequence[str], place: str) -> None:
        """Raises `ProviderError` if an image with these outputs surely cannot be published to ``place``: before it is
        built.
        """
        raise NotImplementedError

    def publish(self, image: Image, place: str, note: Callable[[str], None]) -> Mapping[str, str]:
        """Publishes an image to ``place``, completely or not at all, and returns its names there."""
        raise NotImplementedError

    def open(self, spec: ClusterSpec, state_dir: Path) -> Provider:
        """The provider that serves ``spec``. Keys and known hosts are kept in ``state_dir``, the operator's state."""
        raise NotImplementedError

    def value(self, name: str, options: Options) -> Any:
        """The value of one of its own variables: that of the inventory, otherwise the default."""
        (variable,) = (variable for variable in self.variables if variable.name == name)
        return variable.parse(options.get(name, variable.default))

    def operator_networks(self, options: Options) -> tuple[IPv4Network, ...]:
        """The networks from which the operator always reaches the machines; empty: an inventory must name them."""
        return ()

    def suggestions(self, options: Options) -> IPv4Network:
        """The network from which addresses are suggested."""
        return IPv4Network("198.18.0.0/24")

    def host_findings(self, host: HostView, options: Options, limits: HostLimits | None) -> Iterator[Finding]:
        """The problems of a host. ``limits`` are those of the operator's own machine. Pure."""
        yield from ()

    def cluster_findings(self, hosts: int, options: Options) -> Iterator[Finding]:
        """The problems of all hosts together, of which there are ``hosts``; about variables of the cluster. Pure."""
        yield from ()

    def preflight(self, spec: ClusterSpec) -> None:
        """Raises `ProviderError` when it is certain that ``spec`` cannot be provided here. Changes nothing."""

    def remains(self, cluster_id: str, described: ClusterSpec | None) -> Remains:
        """The remains of a cluster. Changes nothing. ``described`` is its inventory's specification, if that can be
        read.

        Raises `ProviderError` if this cannot be found out.
        """
        return Remains()

    def trees_in_use(self) -> Sequence[Path]:
        """The trees of images on this host that machines still need: `image gc` keeps them."""
        return ()

    def recorded_as(self, spec: ClusterSpec, host: HostSpec) -> str:
        """The address of ``host`` in `remains` if it is as in ``spec``; empty: any."""
        return host.address
