"""What a kind of provider says of itself: its variables, its defaults, what it asks of an inventory, what it left.

Each folder of `dcos_installer.providers` has a module ``declaration`` with one `Declaration`, named ``DECLARATION``;
`registry` finds it there. Nothing outside of that folder knows the provider's name. A declaration is read by every
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
"""The provider's own variables as an inventory has them: name to text, each of them valid."""


@dataclass(frozen=True)
class Default:
    """This provider's default of a variable that all providers share."""

    told: str
    """For the table of variables."""
    by_role: Mapping[Role, Any] = field(default_factory=dict)
    """The value for a machine of that role; no entry: none."""
    note: str = ""
    """A sentence more for the table."""


@dataclass(frozen=True)
class HostView:
    """A host as the reader of inventories has it, for a provider to look at."""

    name: str
    role: Role
    address: str
    """Empty: the provider gives it one."""
    cpus: float | None
    mem_mb: int | None
    suggest: Callable[[], str]
    """Gives an address that nobody in the inventory has; another one for each host that asks."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a host. ``about`` names the variable whose line is told; empty: the host's own."""

    about: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Remains:
    """The remains of a cluster, when its state is lost: by machine its address, empty if unknown."""

    machines: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    """Whether something is there that machines shared."""
    options: Options = field(default_factory=dict)
    """The provider's own variables, as far as what is there tells them."""

    def __bool__(self) -> bool:
        return bool(self.machines) or self.shared


@dataclass(frozen=True)
class Declaration:
    """One kind of provider. The defaults are: nothing special, and nothing left behind."""

    name: str
    summary: str
    """Where its machines come from, to follow the name in brackets: ``machines on this host``."""
    makes_machines: bool = True
    is_default: bool = False
    """Whether it is the default where an inventory names no provider. Exactly one provider is."""
    gives_addresses: bool = False
    """Whether a host needs no address in the inventory: the provider tells it after creation."""
    extra: str = ""
    """The extra of this distribution that holds its libraries."""
    brought_by: str = ""
    """The command that brings them to a checkout; empty: that extra does."""
    variables: tuple[Variable, ...] = ()
    """Those that it alone knows."""
    defaults: Mapping[str, Default] = field(default_factory=dict)
    """Of variables that every provider knows, by name."""
    ansible_variables: tuple[str, ...] = ()
    """Those of Ansible's that it heeds, besides ``ansible_host``: none where it makes its own access by SSH."""

    takes_images: str = ""
    """Where its machines' images may be brought beforehand, as it is written behind its name; empty: nowhere."""

    def publish(self, image: Image, place: str, note: Callable[[str], None]) -> Mapping[str, str]:
        """Brings an image to ``place``, whole or not at all, and tells what it is called there."""
        raise NotImplementedError

    def open(self, spec: ClusterSpec, state_dir: Path) -> Provider:
        """The provider that serves ``spec``. Keys and known hosts are kept in ``state_dir``, the operator's state."""
        raise NotImplementedError

    def value(self, name: str, options: Options) -> Any:
        """What one of its own variables is worth: as the inventory has it, else by default."""
        (variable,) = (variable for variable in self.variables if variable.name == name)
        return variable.parse(options.get(name, variable.default))

    def operator_networks(self, options: Options) -> tuple[IPv4Network, ...]:
        """From where the operator reaches the machines in any case; empty: an inventory has to say it."""
        return ()

    def suggestions(self, options: Options) -> IPv4Network:
        """Where addresses that are suggested come from."""
        return IPv4Network("198.18.0.0/24")

    def host_findings(self, host: HostView, options: Options, limits: HostLimits | None) -> Iterator[Finding]:
        """What is wrong with a host. ``limits`` is what the operator's own machine has. Pure."""
        yield from ()

    def preflight(self, spec: ClusterSpec) -> None:
        """Raises `ProviderError` when it is certain that ``spec`` cannot be provided here. Touches nothing."""

    def remains(self, cluster_id: str, described: ClusterSpec | None) -> Remains:
        """What is there of a cluster; touches nothing. ``described`` is what its inventory says, if it can be read.

        Raises `ProviderError` where nobody can tell.
        """
        return Remains()

    def trees_in_use(self) -> Sequence[Path]:
        """Of what was made from images on this host, where machines still need it: `image gc` leaves it alone."""
        return ()

    def recorded_as(self, spec: ClusterSpec, host: HostSpec) -> str:
        """What `remains` tells of ``host`` when it is as ``spec`` says; empty: whatever it tells."""
        return host.address
