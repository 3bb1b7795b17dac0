"""A custom executor on the standard library, run by any Python 3 without our code. Tasks say what to do in their data.

A task's data is ``wait`` (until it is killed), ``end``, ``die`` (the executor exits with 3), ``fork`` (a command that
writes into the shared sandbox, then the end) or ``speak for NAME`` (it sends a MESSAGE, an UPDATE and a SUBSCRIBE as
the executor NAME, and writes the answers into ``spoken``). Data from its framework comes back in upper case. What it
sees of its environment is in the file ``environment``.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import Any

IDS = {
    "framework_id": {"value": os.environ["MESOS_FRAMEWORK_ID"]},
    "executor_id": {"value": os.environ["MESOS_EXECUTOR_ID"]},
}
tasks: dict[str, Any] = {}
updates: dict[str, Any] = {}
lock = threading.RLock()


def post(body: Any) -> http.client.HTTPResponse:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    token = os.environ.get("MESOS_EXECUTOR_AUTHENTICATION_TOKEN")
    if token:
        headers["Authorization"] = "Bearer " + token
    connection = http.client.HTTPConnection(os.environ["MESOS_AGENT_ENDPOINT"])
    connection.request("POST", "/api/v1/executor", json.dumps(dict(IDS, **body)), headers)
    return connection.getresponse()


def say(task_id: str, state: str) -> None:
    status: dict[str, Any] = {
        "task_id": {"value": task_id},
        "state": state,
        "source": "SOURCE_EXECUTOR",
        "uuid": base64.b64encode(uuid.uuid4().bytes).decode(),
        "data": base64.b64encode(state.encode()).decode(),
    }
    body = {"status": status}
    print("said", task_id, state, flush=True)
    with lock:
        updates[status["uuid"]] = body
    with contextlib.suppress(OSError):  # then it is told with the next SUBSCRIBE
        post({"type": "UPDATE", "update": body}).read()


def speak_for(name: str, task_id: str) -> None:
    status = {"task_id": {"value": task_id}, "state": "TASK_FAILED", "source": "SOURCE_EXECUTOR"}
    status["uuid"] = base64.b64encode(uuid.uuid4().bytes).decode()
    answers = []
    for kind, part in (("MESSAGE", {"data": ""}), ("UPDATE", {"status": status}), ("SUBSCRIBE", {})):
        answer = post({"type": kind, kind.lower(): part, "executor_id": {"value": name}})
        answers.append([answer.status, answer.read().decode() if answer.status != 200 else ""])
    Path("spoken").write_text(json.dumps(answers))


def launch(task: Any) -> None:
    task_id, what = task["task_id"]["value"], base64.b64decode(task.get("data", "")).decode()
    with lock:
        tasks[task_id] = task
    say(task_id, "TASK_RUNNING")
    if what == "die":
        os._exit(3)
    if what.startswith("speak for "):
        speak_for(what.removeprefix("speak for "), task_id)
    if what == "fork":
        subprocess.run(["/bin/sh", "-c", "echo $0 >> shared", task_id], check=True)
    if what != "wait":
        say(task_id, "TASK_FINISHED")


def handle(event: Any) -> None:
    kind = event["type"]
    if kind == "LAUNCH":
        launch(event["launch"]["task"])
    elif kind == "KILL":
        say(event["kill"]["task_id"]["value"], "TASK_KILLED")
    elif kind == "ACKNOWLEDGED":
        with lock:
            updates.pop(event["acknowledged"]["uuid"], None)
            tasks.pop(event["acknowledged"]["task_id"]["value"], None)
    elif kind == "MESSAGE":
        data = base64.b64decode(event["message"]["data"]).upper()
        post({"type": "MESSAGE", "message": {"data": base64.b64encode(data).decode()}}).read()
    elif kind == "SHUTDOWN":
        os._exit(0)


def main() -> None:
    Path("environment").write_text(json.dumps(dict(os.environ)))
    while True:
        try:
            with lock:
                known = {"unacknowledged_tasks": list(tasks.values()), "unacknowledged_updates": list(updates.values())}
            answer = post({"type": "SUBSCRIBE", "subscribe": known})
            print("subscribed", answer.status, flush=True)
            while answer.status == 200:
                line = answer.readline()
                if not line:
                    break
                event = json.loads(answer.read(int(line)).decode())
                print(event["type"], flush=True)
                handle(event)
        except (OSError, http.client.HTTPException) as error:
            print(error, flush=True)
        time.sleep(0.2)


main()
