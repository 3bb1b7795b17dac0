"""Runs several calls at once, and returns all results after a limited time, even if some calls take longer."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import TypeVar

from dcos_installer.errors import InstallerError
from dcos_installer.process import end_all

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MOST = 32
"""The most calls that run at the same time."""


_GOODBYE_SECONDS = 10.0
"""Seconds to wait for calls that were asked to stop: a library's call may never end."""


class TooLate(InstallerError):
    """A call did not end within the time for all."""


def at_once(
    work: Mapping[K, Callable[[], T]],
    seconds: float | None = None,
    enough: Callable[[T], bool] = lambda result: False,
    stop: Callable[[], None] = end_all,
) -> dict[K, T | BaseException]:
    """What each call returned or raised, in the order of ``work``. A call that has not ended after ``seconds``, or when
    a result is ``enough``, gets `TooLate` and is abandoned: its thread is a daemon thread. An interrupt also calls
    ``stop``, which by default ends all commands under way.
    """
    waiting = deque(work.items())
    results_queue: queue.SimpleQueue[tuple[K, T | BaseException]] = queue.SimpleQueue()

    def carry_out() -> None:
        while waiting:
            try:
                key, part = waiting.popleft()
            except IndexError:
                return  # another thread took the last
            try:
                results_queue.put((key, part()))
            except BaseException as error:
                results_queue.put((key, error))

    threads = [threading.Thread(target=carry_out, daemon=True) for _ in range(min(MOST, len(work)))]
    for thread in threads:
        thread.start()
    found: dict[K, T | BaseException] = {}
    end = None if seconds is None else time.monotonic() + seconds
    try:
        while len(found) < len(work):
            key, result = results_queue.get(timeout=None if end is None else max(0.0, end - time.monotonic()))
            found[key] = result
            if not isinstance(result, BaseException) and enough(result):
                waiting.clear()
                break
    except queue.Empty:
        waiting.clear()
    except BaseException:
        waiting.clear()
        stop()
        until = time.monotonic() + _GOODBYE_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        raise
    late = "the answers of others were enough" if seconds is None else f"no answer within {seconds:.0f} s"
    return {key: found[key] if key in found else _too_late(late) for key in work}


@contextlib.contextmanager
def beside(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Runs ``work`` in a thread while the caller's block runs. The given function waits for the result of ``work``, or
    raises its error.

    When the caller fails or is interrupted, the commands under way are ended.
    """
    results: list[T | BaseException] = []

    def carry_out() -> None:
        try:
            results.append(work())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=carry_out, daemon=True)
    thread.start()

    def result() -> T:
        thread.join()
        if isinstance(results[0], BaseException):
            raise results[0]
        return results[0]

    try:
        yield result
    except BaseException:
        if thread.is_alive():
            end_all()
            thread.join(_GOODBYE_SECONDS)
        raise


def _too_late(what: str) -> TooLate:
    return TooLate(what, why="it was not waited for any longer", hint="look at what did answer, and ask again")
