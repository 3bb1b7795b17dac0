"""What an agent's tasks can and cannot see and reach, wherever the agent's folders are."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agent.clusters import skip_without
from tests.support.daemons.agents import Agent, PretendedMaster, remove_cgroups

ID = "agent-1"


@pytest.fixture
def below_opt() -> Iterator[Path]:
    skip_without("linux")
    with tempfile.TemporaryDirectory(prefix="dcos-test-", dir="/opt") as folder:
        yield Path(folder)


def test_an_agent_does_not_start_with_folders_that_containers_see(below_opt: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(below_opt)
    cases = {
        "work_dir": f"--work_dir={tmp_path}/link/agent",
        "runtime_dir": f"--runtime_dir={below_opt}/run",
        "fetcher_cache_dir": f"--fetcher_cache_dir={below_opt}/cache",
        "http_credentials": f"--http_credentials={tmp_path}/link/key",
    }
    (below_opt / "key").write_text('{"credentials": []}')
    for name, flag in cases.items():
        agent = Agent(tmp_path, 1, "linux")
        agent.argv = [one for one in agent.argv if not one.startswith(flag.partition("=")[0] + "=")] + [flag]
        try:
            with pytest.raises(AssertionError) as ended:
                agent.start()
            message = str(ended.value)
            assert (
                "ended with 1" in message and f"--{name} (" in message and "/opt" in message and "elsewhere" in message
            ), message
        finally:
            agent.stop()
            remove_cgroups(agent.cgroups_root)


@pytest.mark.parametrize("launcher", ["posix", "linux"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs tasks as others")
def test_tasks_of_other_users_run_whatever_the_umask_and_the_folders_above(launcher: str, tmp_path: Path) -> None:
    skip_without(launcher)
    tmp_path.chmod(0o700)
    master = PretendedMaster()
    (tmp_path / "really").mkdir()
    (tmp_path / "agents").symlink_to(tmp_path / "really")
    agent = Agent(tmp_path / "agents", master.port, launcher, "--fetcher_local_roots=/usr/share")
    uri = next(str(path) for path in sorted(Path("/usr/share/common-licenses").iterdir()) if path.is_file())
    before = os.umask(0o077)
    try:
        (agent.work_dir / "slaves").mkdir(parents=True)  # of a former one that left it so
        agent.start()
        assert agent.work_dir.joinpath("meta").stat().st_mode & 0o777 == 0o700
        master.run(ID, "plain", "id -un; touch made; stat -c %a made", user="nobody")
        master.run(ID, "fetched", {"value": "ls", "uris": [{"value": uri}]}, user="nobody")
        entries = agent.work_dir / "fetch" / "entries"
        look = f"cat {entries}/* || ls {entries} || echo closed"
        master.run(ID, "cached", {"value": look, "uris": [{"value": uri, "cache": True}]}, user="nobody")
        for name in ("plain", "fetched", "cached"):
            ended = master.status(name)
            assert ended.state.value == "TASK_FINISHED", (name, ended.message)
        assert agent.text("plain") == "nobody\n644\n"
        assert Path(uri).name in agent.text("fetched").split()
        (entry,) = entries.iterdir()
        assert entry.read_bytes() == (agent.sandbox("cached") / Path(uri).name).read_bytes()
        assert agent.text("cached") == "closed\n", "the fetcher's cache is not for tasks"
    finally:
        os.umask(before)
        agent.stop()
        master.close()
        agent.clean()
