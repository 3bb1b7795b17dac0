"""Which election node a process removes at its start: that of the process before it in its folder, on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from kazoo.exceptions import NoNodeError

from dcos_runtime.store import previous
from dcos_runtime.store.previous import PreviousProcess

PATH = "/mesos"
NODE = f"{PATH}/json.info_0000000001"


class Nodes:
    """ZooKeeper's nodes, as far as a successor looks at them: content and the session each belongs to."""

    def __init__(self) -> None:
        self.nodes = {NODE: (b"host:1", 7)}

    def get_children(self, path: str) -> list[str]:
        return [node.removeprefix(f"{path}/") for node in self.nodes]

    def get(self, node: str) -> tuple[bytes, SimpleNamespace]:
        if node not in self.nodes:
            raise NoNodeError
        content, session = self.nodes[node]
        return content, SimpleNamespace(ephemeralOwner=session)

    def delete(self, node: str) -> None:
        del self.nodes[node]


def killed(folder: Path) -> None:
    """One that stood with session 7 and was killed: the kernel gave its lock back."""
    process = PreviousProcess(folder, lambda _: True)
    process.remember(PATH, 7)
    process.close()


def removes(folder: Path) -> bool:
    nodes = Nodes()
    successor = PreviousProcess(folder, lambda content: content == b"host:1")
    successor.remove(nodes, PATH, 8)
    successor.close()
    return not nodes.nodes


def elsewhere(name: str) -> Callable[[Path, pytest.MonkeyPatch], Path]:
    def change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        file = folder.parent / name
        file.write_text("another\n")
        monkeypatch.setattr(previous, name, file)
        return folder

    return change


def copied(folder: Path, _: pytest.MonkeyPatch) -> Path:
    return shutil.copytree(folder, folder.parent / "copy")


def other_lock(folder: Path, _: pytest.MonkeyPatch) -> Path:
    (folder / "election.lock").rename(folder / "kept")  # so that its number is not given again
    return folder


def of_a_former_release(folder: Path, _: pytest.MonkeyPatch) -> Path:
    record = msgspec.json.decode((folder / "election.json").read_bytes())
    (folder / "election.json").write_bytes(msgspec.json.encode({k: v for k, v in record.items() if k != "lock"}))
    return folder


def test_the_successor_in_the_same_folder_removes_the_node(tmp_path: Path) -> None:
    killed(tmp_path / "a")
    assert removes(tmp_path / "a")


@pytest.mark.parametrize("change", [copied, other_lock, of_a_former_release, elsewhere("_MACHINE"), elsewhere("_BOOT")])
def test_whoever_cannot_know_that_the_former_ended_removes_nothing_though_the_address_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path, pytest.MonkeyPatch], Path]
) -> None:
    killed(tmp_path / "a")
    assert not removes(change(tmp_path / "a", monkeypatch))


@pytest.mark.parametrize("kind", ["fifo", "folder", "device", "endless"])
def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "election.json"
    match kind:
        case "fifo":
            os.mkfifo(place)
        case "folder":
            (place / "in it").mkdir(parents=True)
        case "device":
            place.symlink_to("/dev/zero")
        case _:
            with place.open("wb") as file:
                file.truncate(1 << 40)
    assert not removes(tmp_path)
    process = PreviousProcess(tmp_path, lambda _: True)
    process.remember(PATH, 7)  # a folder stays, and costs the next one the wait
    process.close()
    assert removes(tmp_path) == (kind != "folder")


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_a_lock_that_is_no_regular_file_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    if kind == "fifo":
        os.mkfifo(tmp_path / "election.lock")
    else:
        (tmp_path / "election.lock").symlink_to("/dev/null")
    with pytest.raises(OSError, match=r"election\.lock cannot be used: it is no regular file; remove it"):
        PreviousProcess(tmp_path, lambda _: True)
