"""Where the leading master is: at a fixed address, or whatever ZooKeeper says at the time."""

from __future__ import annotations

import logging

from dcos_runtime.store import election

log = logging.getLogger(__name__)


class MasterLeader:
    """The leading master's base URL, from what a ``--master`` flag names. Raises ``ValueError`` for other texts."""

    def __init__(self, master: str) -> None:
        self._detector = election.detector(election.parse_master(master))

    async def find(self) -> str:
        """Waits until a leader is known. It may be gone by then: the one asked redirects, or does not answer."""
        leader = self._detector.current
        while True:
            if leader is not None:
                try:
                    return self._url(leader)
                except ValueError as error:
                    log.error("cannot tell the master's address: %s", error)
            leader = await self._detector.changed(leader)

    async def changed(self, url: str) -> None:
        """Returns once another than ``url`` leads (not when nobody seems to: the subscription may well live on)."""
        leader = self._detector.current
        while leader is None or self._is(leader, url):
            leader = await self._detector.changed(leader)

    async def close(self) -> None:
        await self._detector.close()

    def _is(self, leader: election.Leader, url: str) -> bool:
        try:
            return self._url(leader) == url
        except ValueError:
            return True  # what nobody can read tells of no other leader

    def _url(self, leader: election.Leader) -> str:
        host, port = election.master_address(leader)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
