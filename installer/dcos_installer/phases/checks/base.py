"""What a check of the cluster is, and what it sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.base import Context


@dataclass(frozen=True)
class Seen:
    """What `status` tells of one check."""

    told: dict[str, Any] = field(default_factory=dict)
    """Keys and values of ``status --json``."""
    lines: tuple[tuple[str, str], ...] = ()
    """What stands there for people: label and text; an empty text: nobody."""
    problems: tuple[str, ...] = ()
    """What is wrong, as sentences."""
    is_cause: bool = False
    """Other checks' problems follow from these: they are told first."""
    known: frozenset[str] = frozenset()
    """Hosts whose own daemons need not be asked any more: a problem says already what is wrong there."""


class Check(Protocol):
    """One check. Each method may raise `CannotAsk` when nobody can be asked from here."""

    def unseen(self, ctx: Context) -> Seen:
        """The status when the check could not ask."""

    def look(self, ctx: Context) -> Seen:
        """The state now."""

    def wait(self, ctx: Context) -> str:
        """Returns once all is well, with what to tell of it. Raises `DeadlinePassed`."""

    def prove(self, ctx: Context) -> None:
        """Tries the service for real, after a run that changed something. Raises `InstallerError`."""

    def repairs(self, ctx: Context, hosts: Iterable[HostSpec]) -> list[str]:
        """What to do about these hosts, whose change failed; sentences, none when it knows nothing."""
