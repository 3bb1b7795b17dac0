"""The slots of a machine's disk, over SSH: what they hold, and an image written into the one that does not run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_images.errors import ImageError
from dcos_images.machine.hidden import Hidden
from dcos_images.machine.loader import Entry
from dcos_images.updates import program
from dcos_installer.errors import InstallerError
from dcos_installer.hosts.sent_program import Said, SentProgram, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dcos_images.updates import ImageUpdate
    from dcos_installer.config.model import HostSpec
    from dcos_installer.hosts.fleet import Fleet

LOOK_SECONDS = 60.0
WRITE_SECONDS = 1800.0
_TASK = "its part of the update"


@dataclass(frozen=True)
class SlotState:
    """``running``: the slot; ``boot``: an identity of this start of the machine."""

    running: str
    entries: tuple[Entry, ...]
    boot: str

    def of(self, slot: str) -> Entry | None:
        return next((one for one in self.entries if one.slot == slot), None)

    @property
    def image(self) -> str:
        """The SHA-256 of the root that runs; empty: its entry does not tell, or is gone."""
        found = self.of(self.running)
        return found.image if found else ""

    @property
    def on_trial(self) -> bool:
        """Whether the slot that runs has not been found good yet."""
        found = self.of(self.running)
        return found is not None and not found.good


def look(fleet: Fleet, host: HostSpec, update: ImageUpdate) -> SlotState:
    """How the slots are. Raises `InstallerError`: also when the machine has none."""
    answer = _ask(fleet, host, update.order("look"), (), LOOK_SECONDS)
    return SlotState(answer["running"], tuple(Entry(**one) for one in answer["entries"]), answer["boot"])


def write(
    fleet: Fleet, host: HostSpec, update: ImageUpdate, passed: Callable[[int], None] = lambda size: None
) -> tuple[str, list[Hidden]]:
    """Writes the slot that does not run; which one that is, and what the machine's own files in /etc hide of it.

    ``passed`` takes how many bytes more have been sent. Raises `InstallerError`.
    """

    def parts() -> Iterable[bytes]:
        try:
            for part in update.stream():
                yield part
                passed(len(part))
        except ImageError as error:
            raise InstallerError(error.what, why=error.why, hint=error.hint) from error

    answer = _ask(fleet, host, update.order("write"), parts(), WRITE_SECONDS)
    return answer["slot"], [Hidden(**one) for one in answer["hidden"]]


def _ask(
    fleet: Fleet, host: HostSpec, order: dict[str, Any], stream: Iterable[bytes], seconds: float
) -> dict[str, Any]:
    said = Said(_TASK)
    with fleet.connected(host) as connection:
        code = fleet.run(
            host,
            connection,
            words(host),
            stdout=said.take_stdout,
            stderr=said.take_stderr,
            stdin=SentProgram(program(), order, stream),
            seconds=seconds,
        )
    said.check(code)
    return said.answer()
