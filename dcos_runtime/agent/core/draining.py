"""An agent that is drained: it kills all its tasks by itself and runs none until they are over. It goes on with that
after a restart. What is killed meanwhile, by whomever, is told with REASON_AGENT_DRAINING (`Book.queue`).
"""

from __future__ import annotations

import logging

from dcos_runtime.agent.core.nested_life import NestedLife
from dcos_runtime.agent.core.records import KillReason
from dcos_runtime.core.frozen import Log, Now
from dcos_runtime.wire.operators import DrainConfig


class DrainLife(NestedLife):
    """The rules of draining; `core.AgentCore` says when they apply."""

    def drain(self, config: DrainConfig, now: Now) -> None:
        """The master wants this agent drained; it says so again each time that this agent connects."""
        if self._empty():
            self.emit(Log(logging.INFO, "this agent is to be drained; nothing runs here"))
            return
        changed = self.agent.drain != config
        if changed:
            self.agent.drain, self.agent.drain_since = config, now.wall
            self._persist_agent()
            self.emit(Log(logging.WARNING, f"this agent is drained; ending {len(self.tasks)} tasks"))
        self.kill_for_drain(now, again=changed)

    def kill_for_drain(self, now: Now, again: bool = False) -> None:
        """Kills every task that is not being killed yet, or not as fast. ``again``: executors are told once more."""
        for task in list(self.tasks.values()):
            policy = self.drain_policy(task)
            if not task.custom:
                self._kill(task, KillReason.FRAMEWORK, self._grace(task, policy), now)
            elif again or task.record.kill is None:
                self.kill_assigned(task, policy, now)

    def drained(self) -> None:
        """Nothing is left to be told of any task or operation: from here on tasks are run again."""
        if self.agent.drain is not None and self._empty():
            self.agent.drain = self.agent.drain_since = None
            self._persist_agent()
            self.emit(Log(logging.INFO, "this agent is drained"))

    def _empty(self) -> bool:
        return not self.tasks and not self.operations and self.under_way is None
