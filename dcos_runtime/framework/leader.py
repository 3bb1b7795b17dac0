"""The address of the leading master: a fixed one, or the current one in ZooKeeper."""

from __future__ import annotations

import logging

from dcos_runtime.store import election

log = logging.getLogger(__name__)


class MasterLeader:
    """The leading master's base URL, from what a ``--master`` flag names. Raises ``ValueError`` for other texts.

    A master's record names its plain port. With ``tls_port`` the URL names this port of the same host, with mutual TLS,
    where a standby passes calls on to the leader.
    """

    def __init__(self, master: str, tls_port: int | None = None) -> None:
        self._detector = election.detector(election.parse_master(master))
        self._tls_port = tls_port

    async def find(self) -> str:
        """Waits until a leader is known. It may no longer lead when it is asked: then it redirects, or does not
        answer.
        """
        leader = self._detector.current
        while True:
            if leader is not None:
                try:
                    return self._url(leader)
                except ValueError as error:
                    log.error("cannot find out the master's address: %s", error)
            leader = await self._detector.changed(leader)

    async def changed(self, url: str) -> None:
        """Returns once another master than ``url`` leads. While no leader is known it waits: the subscription may be
        intact.
        """
        leader = self._detector.current
        while leader is None or self._is(leader, url):
            leader = await self._detector.changed(leader)

    def page(self) -> str | None:
        """The URL of the leader's plain port, for people; ``None`` while nobody leads."""
        leader = self._detector.current
        try:
            return None if leader is None else _url("http", *election.master_address(leader))
        except ValueError:
            return None

    async def close(self) -> None:
        await self._detector.close()

    def _is(self, leader: election.Leader, url: str) -> bool:
        try:
            return self._url(leader) == url
        except ValueError:
            return True  # an unreadable record names no other leader

    def _url(self, leader: election.Leader) -> str:
        host, port = election.master_address(leader)
        return _url("http", host, port) if self._tls_port is None else _url("https", host, self._tls_port)


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
