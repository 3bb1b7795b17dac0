"""Two operators are kept apart: by the kernel on one host, by a record on the first master on two."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import pytest

from dcos_installer.errors import LockHeld, StateError
from dcos_installer.plan import lock
from dcos_installer.plan.lock import LockHolder
from tests.support.installer.pretended import FolderRemote, spec_of


def _holder(run: str, host: str = "here", flock: str = "/nowhere/lock", pid: int = 1) -> LockHolder:
    return LockHolder(run, "ann", host, host and f"id@{host}", pid, 0.0, "c1", "deploy", flock)


@pytest.fixture
def remote(tmp_path: Path) -> FolderRemote:
    return FolderRemote(spec_of(tmp_path).masters[0], tmp_path / "m1")


def test_the_second_process_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from dcos_installer.plan import lock\n"
        "path = Path(sys.argv[1]); holder = lock.this_holder('r1', 'c1', 'deploy', path, 0.0)\n"
        "with lock.hold_here(path, holder): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(LockHeld) as caught, lock.hold_here(path, _holder("r2")):
            pytest.fail("two processes hold one lock")
        assert f"process {other.pid}, dcos-installer deploy) since 1970-01-01 00:00:00 UTC" in caught.value.what
        assert "unlock" in caught.value.hint
        other.kill()
    with lock.hold_here(path, _holder("r2")):
        pass  # Linux released it with the process


def test_the_record_is_taken_once_and_released_by_its_holder_only(remote: FolderRemote) -> None:
    mine = _holder("r1")
    assert lock.take(remote, mine) is None
    assert lock.shown(remote) == mine
    lock.release(remote, _holder("r2"))
    assert lock.shown(remote) == mine
    lock.release(remote, mine)
    assert lock.shown(remote) is None
    assert lock.take(remote, _holder("r2")) is None


def test_the_end_of_a_cluster_leaves_nothing_of_the_lock_but_another_holders(remote: FolderRemote) -> None:
    mine, folder = _holder("r1"), remote.folder / lock.RECORD_PATH[1:]
    lock.take(remote, mine)
    lock.clear(remote, _holder("r2"))
    assert lock.shown(remote) == mine
    lock.clear(remote, mine)
    assert not folder.parent.exists()


def test_an_operator_on_another_host_is_never_taken_over_from(remote: FolderRemote) -> None:
    lock.take(remote, _holder("r1", host="elsewhere"))
    with pytest.raises(LockHeld, match="ann on elsewhere"):
        lock.take(remote, _holder("r2"))
    assert lock.remove(remote) == lock.Removed(_holder("r1", host="elsewhere"))
    assert lock.remove(remote) is None
    assert lock.take(remote, _holder("r2")) is None


def test_a_crashed_run_of_this_host_is_taken_over_from(remote: FolderRemote, tmp_path: Path) -> None:
    flock = str(tmp_path / "lock")
    lock.take(remote, _holder("r1", flock=flock))
    assert lock.take(remote, _holder("r2", flock=flock)) == _holder("r1", flock=flock)
    assert lock.shown(remote) == _holder("r2", flock=flock)


def test_another_users_run_on_this_host_is_judged_by_its_own_flock(remote: FolderRemote, tmp_path: Path) -> None:
    theirs = _holder("r1", flock=str(tmp_path / "theirs"))
    lock.take(remote, theirs)
    with lock.hold_here(tmp_path / "theirs", theirs), pytest.raises(LockHeld):
        lock.take(remote, _holder("r2", flock=str(tmp_path / "mine")))
    assert lock.take(remote, _holder("r2", flock=str(tmp_path / "mine"))) == theirs


def test_of_many_who_take_a_dead_record_at_once_one_gets_it(remote: FolderRemote, tmp_path: Path) -> None:
    lock.take(remote, _holder("dead", flock=str(tmp_path / "gone")))

    def attempt(number: int) -> bool:
        flock = tmp_path / f"lock{number}"
        mine = _holder(f"r{number}", flock=str(flock))
        try:
            # Each holds its own flock, so none of them counts as dead to the others.
            held.append(lock.hold_here(flock, mine))
            held[-1].__enter__()
            lock.take(remote, mine)
        except LockHeld:
            return False
        return True

    held: list[AbstractContextManager[object]] = []
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    for each in held:
        each.__exit__(None, None, None)


def test_a_host_without_an_identity_is_never_judged_dead() -> None:
    nobody = msgspec.structs.replace(_holder("r1"), host_id="")
    assert not lock.is_dead(nobody, msgspec.structs.replace(_holder("r2"), host_id=""))


def test_a_record_that_cannot_be_read_counts_as_held(remote: FolderRemote) -> None:
    path = remote.folder / lock.RECORD_PATH[1:]
    path.parent.mkdir(parents=True)
    path.write_text("}")
    with pytest.raises(LockHeld, match="cannot be read"):
        lock.take(remote, _holder("r2"))


@pytest.mark.parametrize("content", ["", "}"])
def test_removing_a_record_that_cannot_be_read_says_so(remote: FolderRemote, content: str) -> None:
    path = remote.folder / lock.RECORD_PATH[1:]
    path.parent.mkdir(parents=True)
    path.write_text(content)
    removed = lock.remove(remote)
    assert removed is not None
    assert removed.described() == "a lock whose record could not be read"
    assert not path.exists()
    assert lock.remove(remote) is None


def test_a_folder_where_the_lock_belongs_is_told_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with (
        pytest.raises(StateError, match="cannot be opened") as caught,
        lock.hold_here(tmp_path / "lock", _holder("r1")),
    ):
        pytest.fail("a folder was locked")
    assert caught.value.why == "Is a directory"
