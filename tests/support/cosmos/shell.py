"""The `dcos` command of a user, with a package manager by hand."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from tests.support.cosmos.cluster import Packaged
from tests.support.daemons.byhand import PATIENCE, PROGRAMS, ask, wait_for


class Shell:
    """`dcos` as its user has it, with the repository of our own packages."""

    def __init__(self, here: Packaged) -> None:
        self.here = here
        self.environment = {
            **os.environ,
            "DCOS_URL": here.cluster.master.url,
            "DCOS_PACKAGE_COSMOS_URL": here.cosmos.url,
            "DCOS_DIR": str(here.cluster.folder / "client"),
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        }

    def dcos(self, *words: str, options: Any = None) -> str:
        """The output. Fails the test when the command fails."""
        given = ["--options=-"] if options is not None else []
        done = subprocess.run(
            [str(PROGRAMS / "dcos"), *words, *given],
            input=None if options is None else json.dumps(options),
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=300 * PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def script(self, text: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-exu", "-c", text],
            env=self.environment,
            cwd=self.here.cluster.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300 * PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def app(self, app_id: str) -> dict[str, Any]:
        status, body = ask(f"{self.here.cluster.marathon.url}/v2/apps/{app_id}")
        assert status == 200, body
        found: dict[str, Any] = body["app"]
        return found

    def port(self, app_id: str) -> int:
        (task,) = self.app(app_id)["tasks"]
        return int(task["ports"][0])

    def gone(self, app_id: str) -> None:
        wait_for(
            lambda: ask(f"{self.here.cluster.marathon.url}/v2/apps/{app_id}")[0] == 404, 60, f"the end of {app_id}"
        )
        assert app_id not in self.dcos("package", "list")
