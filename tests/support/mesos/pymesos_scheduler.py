"""Runs N tasks with the stock pymesos scheduler driver and prints how each ended. Needs pymesos (Python 3.8).

Usage: pymesos_scheduler.py MASTER COUNT COMMAND [EXECUTOR]
With the command of a custom executor, COMMAND is the data of its tasks, and data that it sends is printed.
The last line is JSON: {"finished": N, "states": {task id: [states in order]}, "agents": [...]}.
Exit 0 when all finished.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from addict import Dict
from pymesos import MesosSchedulerDriver, Scheduler, decode_data, encode_data

TERMINAL = ("TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST", "TASK_ERROR", "TASK_DROPPED", "TASK_GONE")


class Runner(Scheduler):  # type: ignore[misc]  # pymesos has no types
    def __init__(self, count: int, command: str, executor: str = "") -> None:
        self.executor = executor
        self.messages: list[str] = []
        self.waiting = ["py-%d" % i for i in range(count)]
        self.left = set(self.waiting)
        self.command = command
        self.states: dict[str, list[str]] = {}
        self.agents: set[str] = set()
        self.done = threading.Event()

    def resourceOffers(self, driver: Any, offers: Any) -> None:
        for offer in offers:
            free = {r.name: r.scalar.value for r in offer.resources if r.type == "SCALAR"}
            room = int(min(free.get("cpus", 0) / 0.1, free.get("mem", 0) / 32))
            tasks: list[Any] = []
            while self.waiting and len(tasks) < room:
                task = Dict()
                task.name = task.task_id.value = self.waiting.pop()
                task.agent_id.value = offer.agent_id.value
                if self.executor:
                    task.executor = self.executor_info(offer)
                    task.data = encode_data(self.command.encode())
                else:
                    task.command.value = self.command
                task.resources = [
                    {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                    {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}},
                ]
                tasks.append(task)
            if tasks:
                self.agents.add(offer.agent_id.value)
                driver.launchTasks(offer.id, tasks)
            else:
                driver.declineOffer(offer.id, {"refuse_seconds": 1})

    def executor_info(self, offer: Any) -> Any:
        info = Dict()
        info.executor_id.value = "stock"
        info.command.value = self.executor
        return info

    def frameworkMessage(self, driver: Any, executor_id: Any, agent_id: Any, message: Any) -> None:
        self.messages.append(decode_data(message).decode())

    def statusUpdate(self, driver: Any, update: Any) -> None:
        name = update.task_id.value
        self.states.setdefault(name, []).append(update.state)
        if update.state in TERMINAL:
            self.left.discard(name)
            if not self.left:
                self.done.set()

    def error(self, driver: Any, message: str) -> None:
        print("error: %s" % message, file=sys.stderr)
        self.done.set()


def main() -> int:
    master, count, command = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    runner = Runner(count, command, *sys.argv[4:])
    framework = Dict(user="root", name="pymesos-proof", checkpoint=True)
    driver = MesosSchedulerDriver(runner, framework, master, use_addict=True)
    driver.start()
    runner.done.wait(150)
    driver.stop()
    driver.join()
    finished = sum(1 for states in runner.states.values() if states[-1] == "TASK_FINISHED")
    print(
        json.dumps(
            {
                "finished": finished,
                "states": runner.states,
                "agents": sorted(runner.agents),
                "messages": runner.messages,
            }
        )
    )
    return 0 if finished == count else 1


if __name__ == "__main__":
    sys.exit(main())
