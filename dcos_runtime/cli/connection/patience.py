"""Waits during a short outage of the cluster, such as a failover of the master."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from dcos_runtime.cli.errors import Unavailable
from dcos_runtime.cli.output import print_note

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 60.0


class Patience:
    """For repeated requests: an outage is noted once, and is an error only when it lasts."""

    def __init__(self) -> None:
        self._silent_since: float | None = None

    def ask(self, question: Callable[[], Answer]) -> Answer | None:
        """The response; None while retrying makes sense. Raises `Unavailable` after that."""
        try:
            answer = question()
        except Unavailable as error:
            now = time.monotonic()
            if self._silent_since is None:
                self._silent_since = now
                print_note(f"{error}; waiting for it")
            elif now - self._silent_since > PATIENCE_SECONDS:
                raise
            return None
        self._silent_since = None
        return answer
