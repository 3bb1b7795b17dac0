"""The shell of a Cosmos that leads: feeds its core, carries out steps of uninstalls, looks after the repositories."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Any

from dcos_runtime.cosmos.core import errors, recorded
from dcos_runtime.cosmos.core.core import CosmosCore
from dcos_runtime.cosmos.core.effects import Carry, Refresh
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.core.events import Event, Recovered, StepDone, StepFailed
from dcos_runtime.cosmos.core.uninstalls import decode, encode
from dcos_runtime.cosmos.repositories import Repositories
from dcos_runtime.cosmos.uninstaller import NotYet, Uninstaller
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.leading.shell import Shell
from dcos_runtime.recording import recorder
from dcos_runtime.store import StoreError

log = logging.getLogger(__name__)


class CosmosShell(Shell[Event]):
    """One term as leader. `load` makes one."""

    def __init__(
        self,
        leadership: Leadership,
        repositories: Repositories,
        uninstaller: Uninstaller,
        close: Callable[[], Awaitable[None]],
        record: str | None = None,
    ) -> None:
        """``close`` is called when this term ends; ``record``: the folder for the recording. Raises ``OSError``."""
        self.core: CosmosCore = CosmosCore()
        super().__init__(self.core, leadership, recorder(record, self.core, recorded.NAME, b"", recorded.Veil))
        self.repositories = repositories
        self.uninstaller = uninstaller
        self._close = close
        self._carrying: set[asyncio.Task[None]] = set()
        self._changing: Counter[str] = Counter()
        self._ending: set[str] = set()

    @classmethod
    async def load(
        cls,
        leadership: Leadership,
        repositories: Repositories,
        uninstaller: Uninstaller,
        first: tuple[tuple[str, str], ...],
        close: Callable[[], Awaitable[None]],
        record: str | None = None,
    ) -> CosmosShell:
        """Recovers from the store; ``first``: the repositories of a new cluster. Raises `StoreError` and
        ``OSError``.
        """
        values = await leadership.store.load()
        shell = cls(leadership, repositories, uninstaller, close, record)
        try:
            shell.start(Recovered(tuple(values.items()), first))
        except ValueError as fault:
            raise StoreError(str(fault)) from fault
        return shell

    @contextlib.contextmanager
    def changing(self, app: str) -> Iterator[None]:
        """Open while the init is asked to make or change this app. Raises `CosmosError` while the app is being
        uninstalled: what is about to be torn down may belong to the new app.
        """
        if (uninstall := self.core.uninstalls.get(app)) is not None:
            raise errors.busy(app, f"being uninstalled, at: {uninstall.step.value}")
        if app in self._ending:
            raise errors.busy(app, "being uninstalled")
        self._changing[app] += 1
        try:
            yield
        finally:
            self._changing[app] -= 1
            if not self._changing[app]:
                del self._changing[app]

    @contextlib.contextmanager
    def ending(self, apps: Collection[str]) -> Iterator[None]:
        """Open while the core uninstalls these apps. Raises `CosmosError` while one of them is `changing`."""
        for app in apps:
            if app in self._changing:
                raise errors.busy(app, "being installed or changed")
        mine = set(apps) - self._ending
        self._ending |= mine
        try:
            yield
        finally:
            self._ending -= mine

    def others(self) -> list[Awaitable[None]]:
        return [self.repositories.run()]

    def perform(self, effect: Any) -> None:
        match effect:
            case Carry():
                task = asyncio.create_task(self._carry(effect), name=f"uninstall {effect.app}")
                self._carrying.add(task)
                task.add_done_callback(self._carrying.discard)
            case Refresh():
                self.repositories.set(self.core.repositories)
            case _:
                super().perform(effect)

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            for task in self._carrying:
                task.cancel()
            await asyncio.gather(*self._carrying, return_exceptions=True)
            await self._close()

    async def _carry(self, effect: Carry) -> None:
        try:
            await self.lease.hold(None)
            done = await self.uninstaller.carry(decode(effect.uninstall))
            self.feed(StepDone(effect.app, encode(done)))
        except NotYet as error:
            self.feed(StepFailed(effect.app, str(error)))
        except CosmosError as error:
            if error.status >= 500:
                self.feed(StepFailed(effect.app, error.message))
                return
            body = json.dumps(error.body()).encode()
            self.feed(StepFailed(effect.app, error.message, body, error.status))
        except StoreError as error:
            self.feed(StepFailed(effect.app, str(error)))
        except Exception as error:
            log.exception("a step of the uninstall of %s failed", effect.app)
            self.feed(StepFailed(effect.app, str(error) or type(error).__name__))
