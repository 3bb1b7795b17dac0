"""A real master and a real agent under it, by hand."""

from __future__ import annotations

from pathlib import Path

from tests.support.daemons.byhand import Daemon, free_port
from tests.support.mesos.rawclient import Master, until


class Pair:
    def __init__(self, folder: Path, resources: str = "cpus:4;mem:4096;disk:1024;ports:[31000-31999]") -> None:
        self.folder = folder
        self.master = Master(folder / "master", "--allocation_interval=100ms").start().leads()
        work = folder / "agent"
        work.mkdir()
        argv = [
            "dcos-agent",
            f"--master=127.0.0.1:{self.master.port}",
            f"--work_dir={work}",
            f"--port={free_port()}",
            "--launcher=posix",
            f"--resources={resources}",
        ]
        self.port = int(argv[3].partition("=")[2])
        self.agent = Daemon("agent", argv, folder / "agent.log").start()

    def restart_master(self) -> None:
        self.master.kill()
        self.master.start().leads()

    def pid(self, task_id: str) -> int:
        """The pid that the process wrote as the first line of stdout."""

        def first_line() -> str:
            for path in (self.folder / "agent").glob(f"slaves/*/frameworks/*/executors/{task_id}/runs/latest/stdout"):
                return path.read_text().partition("\n")[0]
            return ""

        return int(until(first_line, f"{task_id} tells its pid"))
