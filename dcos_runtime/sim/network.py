"""The network: calls and streams between named ends. They may be late, lost, doubled, cut, or held by a partition.

As with TCP, the messages of a connection arrive in order or not at all. While a direction is blocked, messages wait,
like packets that are retransmitted; they arrive when the block ends, if the receiver is still there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from dcos_runtime.sim.clock import Action, Clock

Direction = tuple[str, str]

REPLAY_SECONDS = 20.0
STALL_SECONDS = 30.0
"""How long a record may wait for its reader before the server drops the stream, as `master.streams` does."""


class Network:
    """``lag``: the longest delay of a message, seconds. Each direction has a source of randomness of its own."""

    def __init__(self, clock: Clock, seed: bytes, lag: tuple[float, float] = (0.0003, 0.003)) -> None:
        self.clock = clock
        self._seed = seed
        self._low, self._spread = lag[0], lag[1] - lag[0]
        self._sources: dict[Direction, Random] = {}
        self._held: dict[Direction, list[Action]] = {}
        self._slow: dict[Direction, float] = {}
        self._marks: dict[Direction, deque[str]] = {}
        self.streams: dict[Direction, Stream] = {}
        """The newest stream of each (server, client)."""

    # --- faults ---

    def block(self, source: str, target: str) -> None:
        self._held.setdefault((source, target), [])

    def unblock(self, source: str, target: str) -> None:
        for action in self._held.pop((source, target), ()):
            self.clock.after(self._lag((source, target)), action)

    def slow(self, source: str, target: str, seconds: float) -> None:
        """Every message takes up to ``lag`` seconds longer; 0 ends that."""
        self._slow[source, target] = seconds

    def mark(self, client: str, server: str, what: str, count: int = 1) -> None:
        """Disturbs the next calls: ``lose`` drops the request, ``mute`` the response, ``double`` delivers the request
        twice, ``replay`` a second time up to 20 s later. ``swallow``: an intermediary answers with success, and the
        server never gets the request.
        """
        self._marks.setdefault((client, server), deque()).extend([what] * count)

    def heal(self) -> None:
        """Ends all faults."""
        for source, target in list(self._held):
            self.unblock(source, target)
        self._slow.clear()
        self._marks.clear()

    def blocked(self, source: str, target: str) -> bool:
        return (source, target) in self._held

    # --- messages ---

    def _lag(self, direction: Direction) -> float:
        source = self._sources.get(direction)
        if source is None:
            source = self._sources[direction] = Random(self._seed + "→".join(direction).encode())
        extra = self._slow.get(direction)
        return self._low + self._spread * source.random() + (extra * source.random() if extra else 0.0)

    def deliver(self, source: str, target: str, action: Action, not_before: float = 0.0) -> float:
        """Does ``action`` at the target when the message arrives, and returns that time (0: it is held)."""
        direction = (source, target)
        held = self._held.get(direction)
        if held is not None:
            held.append(action)
            return 0.0
        when = max(self.clock.now + self._lag(direction), not_before)
        self.clock.at(when, action)
        return when

    def call(
        self,
        client: str,
        server: str,
        request: Callable[[Callable[[Any], None]], None],
        answered: Callable[[Any], None],
        failed: Callable[[str], None],
        timeout: float,
        swallowed: Any = None,
    ) -> None:
        """One call: ``request`` runs at the server and gets the function for its response; then ``answered`` or
        ``failed`` is called, once. ``swallowed``: the response of an intermediary instead of the server; None: there is
        none.
        """
        marks = self._marks.get((client, server))
        mark = marks.popleft() if marks else ""
        over = False

        def end(ending: Callable[[Any], None], with_what: Any) -> None:
            nonlocal over
            if not over:
                over = True
                ending(with_what)

        def answer(value: Any) -> None:
            if mark == "mute":
                self.deliver(server, client, lambda: end(failed, "the connection was lost before the answer"))
            else:
                self.deliver(server, client, lambda: end(answered, value))

        self.clock.after(timeout, lambda: end(failed, f"no answer within {timeout:g} s"))

        def lost() -> None:
            self.deliver(server, client, lambda: end(failed, "connection reset"))

        if mark == "lose":
            self.deliver(client, server, lost)
            return
        if mark == "swallow" and swallowed is not None:
            self.clock.after(self._lag((client, server)), lambda: end(answered, swallowed))
            return
        arrived = self.deliver(client, server, lambda: request(answer))
        if mark == "double":
            self.deliver(client, server, lambda: request(lambda value: None), arrived)
        elif mark == "replay":
            wait = self._sources[client, server].uniform(0.0, REPLAY_SECONDS) if arrived else 0.0
            self.deliver(client, server, lambda: request(lambda value: None), arrived + wait)


class Stream:
    """A streaming response: records from a server to a client, in order, until an end gives up. Either end may be gone
    without the other's knowledge: `cut` names the ends that notice.
    """

    __slots__ = (
        "_after",
        "_network",
        "_undelivered",
        "at_client",
        "at_server",
        "client",
        "dead",
        "ended",
        "gone",
        "on_record",
        "server",
    )

    def __init__(self, network: Network, server: str, client: str) -> None:
        self._network = network
        self.server, self.client = server, client
        self.at_server = self.at_client = True
        self.dead = False
        self._after = 0.0
        self._undelivered = 0
        self.on_record: Callable[[bytes], None] = lambda record: None
        self.ended: Callable[[str], None] = lambda why: None
        """Called at the client: the stream is over."""
        self.gone: Action = lambda: None
        """Called at the server: the client is gone."""
        network.streams[server, client] = self

    @classmethod
    def unheard(cls, other: Stream, noticed: float | None = None) -> Stream:
        """Another stream to the same client without a reader: the server notices after so many seconds, or never."""
        network, key = other._network, (other.server, other.client)
        newest = network.streams[key]
        made = cls(network, *key)
        made.deaden()
        if noticed is not None:
            network.clock.after(noticed, lambda: made.cut(server=True, client=False))
        network.streams[key] = newest
        return made

    def put(self, record: bytes) -> None:
        if not self.at_server or self.dead:
            return
        blocked = self._network.blocked(self.server, self.client)
        self._undelivered += 1
        self._after = self._network.deliver(self.server, self.client, lambda: self._arrives(record), self._after)
        if blocked and self._undelivered == 1:
            self._network.clock.after(STALL_SECONDS, self._stalled)

    def _arrives(self, record: bytes) -> None:
        self._undelivered = 0
        if self.at_client and not self.dead:
            self.on_record(record)

    def _stalled(self) -> None:
        if self.at_server and self._undelivered:
            self.cut(server=True, client=False)

    def close(self) -> None:
        """Closed by the server; earlier records are delivered."""
        if self.at_server:
            self.at_server = False
            if not self.dead:
                ending = "the master ended the stream"
                self._network.deliver(self.server, self.client, lambda: self._end(ending), self._after)

    def _end(self, why: str) -> None:
        if self.at_client:
            self.at_client = False
            self.ended(why)

    def abandon(self) -> None:
        """Given up by the client: it gets nothing more, and the server learns of it later."""
        if self.at_client:
            self.at_client = False
            if not self.dead:
                self._network.deliver(self.client, self.server, lambda: self.cut(server=True, client=False))

    def cut(self, server: bool, client: bool) -> None:
        """The connection is dead for these ends, which notice; for the others it stays open and silent."""
        if server and self.at_server:
            self.at_server = False
            self.gone()
        if client and self.at_client:
            self.at_client = False
            self.ended("connection reset")

    def deaden(self) -> None:
        """Nothing gets through any more, and both ends keep the dead connection."""
        self.dead = True
