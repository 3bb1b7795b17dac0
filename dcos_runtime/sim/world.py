"""The interface of the simulated cluster for its processes: time, the network, the election, and the observer.
`cluster.Cluster` implements it. Processes use only this protocol, so that imports go one way: world, processes,
cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from dcos_runtime.core.frozen import Now
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.sim.clock import Clock
from dcos_runtime.sim.ensemble import Ensemble, Member
from dcos_runtime.sim.network import Network, Stream
from dcos_runtime.sim.options import Options

Answer = Callable[[tuple[int, str]], None]
"""Takes the status and the text of a response."""


class MasterEnd(Protocol):
    """A master as its clients reach it."""

    def agent_connects(self, body: bytes, stream: Stream, answer: Answer) -> None: ...

    def agent_messages(self, body: bytes, answer: Answer) -> None: ...

    def subscribe(self, body: bytes, stream: Stream, answer: Answer) -> None: ...

    def call(self, body: bytes, stream_id: str, answer: Answer) -> None: ...


class AgentWitness(Protocol):
    """Is told what happens to agents."""

    def wiped(self, agent: Any) -> None: ...


class MasterWitness(Protocol):
    """Is told what masters send."""

    def sent_to_agent(self, master: Any, stream: int, data: bytes) -> None: ...

    def sent_to_framework(self, master: Any, stream: int, data: bytes) -> None: ...


class Witness(Protocol):
    """The observer of all events. ``Any`` stands for processes and their parts, which are in modules above this one."""

    running: dict[tuple[str, str], set[str]]

    @property
    def agents(self) -> AgentWitness: ...

    @property
    def masters(self) -> MasterWitness: ...

    def note(self, text: str) -> None: ...

    def stepped(self, process: Any, now: Now, event: Any, effects: Sequence[Any], error: str) -> None: ...

    def performing(self, process: Any, effect: Any) -> None: ...

    def killed(self, process: Any) -> None: ...

    def durable(self, agent: Any, effect: Any) -> None: ...

    def started(self, agent: Any, container: Any) -> None: ...

    def ended(self, agent: Any, container: Any) -> None: ...

    def executor_ended(self, agent: Any, container: Any) -> None: ...

    def gone(self, agent: Any, container: Any) -> None: ...

    def store_written(self, name: str, member: Member, fence: int, changes: Mapping[str, bytes | None]) -> None: ...

    def launched(self, framework: Any, task_id: str, task: Any) -> None: ...

    def framework_heard(self, framework: Any, status: Any) -> None: ...

    def cut_short(self, app_id: str, really: bool) -> None:
        """A change has cut another change of the app short; or no trace of that is left."""
        ...


class World(Protocol):
    """The simulated cluster as its processes see it."""

    seed: str
    options: Options
    clock: Clock
    network: Network
    ensemble: Ensemble
    init_ensemble: Ensemble | None

    @property
    def watch(self) -> Witness: ...

    def master_at(self, host: str) -> MasterEnd | None:
        """The master there, when it is up."""
        ...

    def is_up(self, host: str) -> bool: ...

    def source(self, process: Any, seed: str) -> SeededSource:
        """The source of randomness of a core of this process, with the misfortune of the options."""
        ...
