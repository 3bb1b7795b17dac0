"""The entries whose keys begin with a prefix, kept up to date: a `StoreWatch` reports changes of all writers.

It reports *states*, not events. A value that lasts is never missed; two changes of a key may be reported as one, and a
value that lasted only for a moment may be missed. A write of several keys is reported at once only if the store reads
it at once, which ZooKeeper does not promise. **While the store is out of reach** nothing is reported or removed:
`entries` stay as they were, and get old (`as_of`). When it is back everything is read again, and every difference is
reported as a change, including removals. The same happens after a lost connection and after a lost session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

Changes = Mapping[str, bytes | None]


class StoreWatch:
    """``listener`` is called with each change at once, in the event loop. Without one, `changed` waits for changes."""

    def __init__(self, prefixes: tuple[str, ...], listener: Callable[[Changes], None] | None = None) -> None:
        self.prefixes = prefixes
        self.entries: dict[str, bytes] = {}
        """As they were at `as_of`, or later."""
        self._listener = listener
        self._untold: dict[str, bytes | None] = {}
        self._news = asyncio.Event()
        self._failure: BaseException | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def as_of(self) -> float | None:
        """`entries` hold all changes before this time (of the clock `lease.boottime`). None: nothing was read yet."""
        raise NotImplementedError

    def matches(self, key: str) -> bool:
        return key.startswith(self.prefixes)

    async def changed(self) -> dict[str, bytes | None]:
        """Waits for differences from the last report, and returns them: each key with its value, or None if it was
        removed. Raises ``StoreError`` when the watch has ended.
        """
        while not self._untold:
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        changed, self._untold = self._untold, {}
        return changed

    async def seen(self) -> None:
        """Waits until `entries` hold all changes before this call."""
        raise NotImplementedError

    async def run(self) -> None:
        """Keeps `entries` up to date until it is cancelled. Raises ``StoreError`` when that is no longer possible."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts `run` beside the caller. What `run` raises, `changed` raises."""
        self._reader = asyncio.create_task(self.run(), name=f"watch {', '.join(self.prefixes)}")
        self._reader.add_done_callback(self._ended)

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def __aenter__(self) -> StoreWatch:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _ended(self, reader: asyncio.Task[None]) -> None:
        if not reader.cancelled():
            self._failure = reader.exception()
            self._news.set()

    def take(self, changes: Changes) -> None:
        """Applies the changes that differ from `entries`, and reports them."""
        different = {key: value for key, value in changes.items() if self.entries.get(key) != value}
        if not different:
            return
        for key, value in different.items():
            if value is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = value
        if self._listener is not None:
            self._listener(different)
        else:
            self._untold.update(different)
            self._news.set()


class LocalWatch(StoreWatch):
    """The watch of a store that only this process writes: the store passes each write to it."""

    def __init__(self, prefix: str, clock: Callable[[], float], forget: Callable[[Any], None]) -> None:
        super().__init__((prefix,))
        self._clock = clock
        self._forget = forget

    @property
    def as_of(self) -> float | None:
        return self._clock()

    async def seen(self) -> None:
        return

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        self._forget(self)
        await super().close()

    def wrote(self, changes: Changes) -> None:
        self.take({key: value for key, value in changes.items() if self.matches(key)})

    def failed(self, error: BaseException) -> None:
        self._failure = error
        self._news.set()
