"""A call that was admitted and checked, and the form of its handlers. Each area of calls is a module with a table of
them, ``CALLS``; `table` joins these.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from dcos_runtime.master.core.events import Event
from dcos_runtime.master.core.state import State
from dcos_runtime.master.operator_api.large import LargeMessage
from dcos_runtime.master.position import MasterPosition
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire.master import Call, Response

T = TypeVar("T")


@dataclass(frozen=True)
class OperatorCall:
    """A call with all that its handler needs. ``principal``: who sends it, if that is known; ``address``: from where.
    ``part`` is the field of the call that belongs to its type; None for the types of `table.BARE`.
    """

    call: Call
    part: object
    position: MasterPosition
    principal: str | None
    address: str

    @property
    def shell(self) -> MasterShell:
        """Raises `LeaseOver`."""
        return self.position.leading_shell

    @property
    def state(self) -> State:
        """To be read within one step of the event loop."""
        return self.shell.state

    @property
    def by(self) -> str:
        """The sender, for logs."""
        return f"{self.principal or 'somebody'} at {self.address}"

    def wants(self, kind: type[T]) -> T:
        """The part, which is of this kind."""
        assert isinstance(self.part, kind)
        return self.part

    async def change(self, event: Callable[[int], Event]) -> int:
        """Asks the core for a change, and returns the status of its answer, which comes once the change is durable.

        Raises `operating.NotPossible` when the core refuses it.
        """
        reply = await self.shell.ask(event)
        if reply.status >= 400:
            raise NotPossible(reply.status, reply.body.decode())
        return reply.status


Answer = Response | LargeMessage | int
"""A message, small or large; or the status of an answer without a body."""

Handler = Callable[[OperatorCall], Awaitable[Answer]]
"""Raises `operating.NotPossible`."""

Calls = Mapping[Call.Type, Handler]
