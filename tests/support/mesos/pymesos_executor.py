"""An executor on the stock pymesos driver. Each task's data goes to stdout, its id to the framework; then it has
finished. Needs pymesos (Python 3.8).
"""

from __future__ import annotations

from threading import Thread
from typing import Any

from addict import Dict
from pymesos import Executor, MesosExecutorDriver, decode_data, encode_data


class Stock(Executor):  # type: ignore[misc]  # pymesos has no types
    def launchTask(self, driver: Any, task: Any) -> None:
        Thread(target=self.run, args=(driver, task)).start()

    def run(self, driver: Any, task: Any) -> None:
        for state in ("TASK_RUNNING", "TASK_FINISHED"):
            if state == "TASK_FINISHED":
                print(task.task_id.value, decode_data(task.data).decode(), flush=True)
                driver.sendFrameworkMessage(encode_data(task.task_id.value.encode()))
            status = Dict()
            status.task_id = task.task_id
            status.state = state
            driver.sendStatusUpdate(status)


if __name__ == "__main__":
    MesosExecutorDriver(Stock(), use_addict=True).run()
