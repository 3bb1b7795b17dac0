"""The root that tasks see without an image: the skeleton, and snapshots of /etc."""

from __future__ import annotations

import itertools
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dcos_runtime.agent.isolators.root import RootFilesystem


@pytest.fixture
def host(tmp_path: Path) -> Path:
    host = tmp_path / "host"
    for name in ("usr/bin", "opt", "etc/ssl/certs", "etc/ssl/private", "etc/ssh", "etc/dcos-secrets"):
        (host / name).mkdir(parents=True)
    (host / "bin").symlink_to("usr/bin")
    for name, mode in (
        ("passwd", 0o644),
        ("shadow", 0o640),
        ("hosts", 0o644),
        ("ssl/certs/ca.pem", 0o644),
        ("ssl/certs/secret.key", 0o600),
        ("ssl/private/key", 0o600),
        ("dcos-secrets/token", 0o600),
    ):
        (host / "etc" / name).write_text(name)
        (host / "etc" / name).chmod(mode)
    (host / "etc" / "resolv.conf").symlink_to(host / "stub")
    (host / "stub").write_text("nameserver 198.18.0.1\n")
    return host


def containers(tmp_path: Path, *names: str) -> Path:
    """The folder of containers, with one for each name."""
    folder = tmp_path / "oci"
    for name in ("", *names):
        (folder / name).mkdir()
    return folder


def test_a_task_sees_only_what_the_allowlist_names_of_etc(tmp_path: Path, host: Path) -> None:
    root = RootFilesystem(tmp_path / "root", host)
    root.prepare()
    assert root.bound() == ["/usr", "/opt"] and (root.skeleton / "bin").readlink() == Path("usr/bin")
    etc = root.lend_etc(containers(tmp_path, "a"), "a")
    found = {str(path.relative_to(etc)) for path in etc.rglob("*") if not path.is_dir()}
    assert found == {"passwd", "hosts", "hostname", "ssl/certs/ca.pem", "resolv.conf", "mtab"}
    assert (etc / "resolv.conf").read_text() == "nameserver 198.18.0.1\n" and not (etc / "resolv.conf").is_symlink()


def test_a_changed_host_makes_a_new_snapshot_and_unused_ones_go(tmp_path: Path, host: Path) -> None:
    root = RootFilesystem(tmp_path / "root", host)
    root.prepare()
    folder = containers(tmp_path, "a", "b", "c", "d")
    first = root.lend_etc(folder, "a")
    assert root.lend_etc(folder, "b") == first
    (host / "stub").write_text("nameserver 198.18.0.2\n")
    second = root.lend_etc(folder, "c")
    assert second != first and (first / "passwd").exists()
    for name in ("a", "b"):
        shutil.rmtree(folder / name)
    assert root.lend_etc(folder, "d") == second
    assert not first.exists() and second.exists()


def test_containers_come_and_go_and_etc_changes_and_nobody_loses_a_snapshot(tmp_path: Path, host: Path) -> None:
    root = RootFilesystem(tmp_path / "root", host)
    root.prepare()
    folder = containers(tmp_path)
    ended = threading.Event()

    def changes() -> None:
        for number in itertools.count():
            (host / "stub").write_text("nameserver 198.18.0.1\n" * (1 + number % 3))
            certificate = host / "etc" / "ssl" / "certs" / f"{number % 5}.pem"
            certificate.write_text("as rehashing does")
            certificate.unlink()
            if ended.wait(0.001):
                return

    def lives(worker: int) -> None:
        for number in range(40):
            name = f"{worker}-{number}"
            (folder / name).mkdir()
            etc = root.lend_etc(folder, name)
            assert (etc / "passwd").read_text() == "passwd" and (etc / "mtab").is_symlink()
            shutil.rmtree(folder / name)

    changing = threading.Thread(target=changes)
    changing.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lives, range(8)))
    finally:
        ended.set()
        changing.join()
