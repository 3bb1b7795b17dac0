"""The common part of every shell around a core: feeds events in order, carries out effects in order, answers calls."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from dcos_runtime.core.frozen import Frozen, Log, Now, Reply
from dcos_runtime.core.where import where

E = TypeVar("E", bound=Frozen)
E_contra = TypeVar("E_contra", bound=Frozen, contravariant=True)

FAILED = b"The call could not be carried out because of an error in this daemon; its log says more"


class Core(Protocol[E_contra]):
    """A pure core. It changes in `receive` only; views may read its state between two events."""

    def receive(self, event: E_contra, now: Now) -> list[Any]:
        """Returns the effects, in order. When it raises, `take_effects` returns the effects up to then."""

    def take_effects(self) -> list[Any]: ...

    def next_deadline(self) -> float | None:
        """The latest monotonic time for the next `Tick`. Takes constant time."""

    def snapshot(self) -> bytes:
        """All of its state, from which another core can continue."""


class Keeper(Protocol):
    """Records events and effects; see `recorder.Recorder`."""

    def keep(self, now: Now, event: Frozen, effects: Sequence[Frozen], error: str) -> None: ...

    def flush(self) -> None: ...


class Runner(Generic[E]):
    """One core at work. ``perform`` begins an effect and returns at once; its results come back as events. An event
    that is fed while another is handled waits for its turn. A `Reply` goes only to the call with its number.
    """

    def __init__(
        self,
        core: Core[E],
        clock: Callable[[], Now],
        perform: Callable[[Any], None],
        recorder: Keeper | None = None,
        fed: Callable[[], None] = lambda: None,
    ) -> None:
        """``fed`` is called whenever events were handled, because the core's next deadline may have changed."""
        self._core = core
        self._clock = clock
        self._perform = perform
        self._recorder = recorder
        self.fed = fed
        self._events: deque[tuple[E, int | None]] = deque()
        self._busy = False
        self._requests = 0
        self._asked: dict[int, Callable[[Reply], None]] = {}

    def feed(self, event: E) -> None:
        """Handles the event, and all that come meanwhile. Raises the core's error after its effects were carried
        out.
        """
        self._events.append((event, None))
        self._work()

    def ask(self, call: Callable[[int], E], answer: Callable[[Reply], None]) -> int:
        """Handles the event that ``call`` makes of a new request number; ``answer`` gets its `Reply`, now or later.

        An error of the core is logged, and the reply is a 500.
        """
        self._requests += 1
        request = self._requests
        self._asked[request] = answer
        self._events.append((call(request), request))
        self._work()
        return request

    def forget(self, request: int) -> None:
        """The client has gone: its reply is dropped."""
        self._asked.pop(request, None)

    def _work(self) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            while self._events:
                event, request = self._events.popleft()
                self._handle(event, request)
        finally:
            self._busy = False
            self.fed()

    def _handle(self, event: E, request: int | None) -> None:
        now = self._clock()
        try:
            effects = self._core.receive(event, now)
        except Exception as error:
            effects = self._core.take_effects()
            if self._recorder is not None:
                self._recorder.keep(now, event, effects, type(error).__name__)
                self._recorder.flush()
            self._carry_out(effects)
            if request is None:
                raise
            self._carry_out([Log(logging.ERROR, f"a call failed in {where(error)}: {type(error).__name__}: {error}")])
            if request in self._asked:
                self._asked.pop(request)(Reply(request, 500, FAILED))
            return
        if self._recorder is not None:
            self._recorder.keep(now, event, effects, "")
        self._carry_out(effects)

    def _carry_out(self, effects: Sequence[Any]) -> None:
        for effect in effects:
            if type(effect) is Reply:
                answer = self._asked.pop(effect.request, None)
                if answer is not None:
                    answer(effect)
            else:
                self._perform(effect)
