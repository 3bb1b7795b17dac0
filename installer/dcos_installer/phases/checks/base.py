"""The interface of a check, and its result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.kit.base import Context


@dataclass(frozen=True)
class Seen:
    """One check's part of the status."""

    data: dict[str, Any] = field(default_factory=dict)
    """Keys and values of ``status --json``."""
    lines: tuple[tuple[str, str], ...] = ()
    """The same for display: label and text; an empty text: nobody."""
    problems: tuple[str, ...] = ()
    """The problems, as sentences."""
    is_cause: bool = False
    """Other checks' problems follow from these, so these are shown first."""
    known: frozenset[str] = frozenset()
    """Hosts whose own daemons need no request any more: a problem already describes them."""


class Check(Protocol):
    """One check. Each method may raise `CannotAsk` when no daemon can be asked from here."""

    def unseen(self, ctx: Context) -> Seen:
        """The status when the check could not ask."""

    def look(self, ctx: Context) -> Seen:
        """The status now."""

    def wait(self, ctx: Context) -> str:
        """Returns once all is well, with a sentence for the report. Raises `DeadlinePassed`."""

    def prove(self, ctx: Context) -> None:
        """Uses the service as a user would, after a run that changed something. Raises `InstallerError`."""

    def repairs(self, ctx: Context, hosts: Iterable[HostSpec]) -> list[str]:
        """What to do about these hosts, whose change failed, as sentences; empty if the check knows nothing."""
