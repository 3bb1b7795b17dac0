"""The bundle: the same inputs give the same bytes, nothing of the builder gets in, it arrives whole or not at all."""

from __future__ import annotations

import ast
import gzip
import hashlib
import importlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import dcos_runtime
from dcos_installer import sockets
from dcos_installer.ansible import payload
from dcos_installer.ansible.connection import Connection
from dcos_installer.ansible.host.errors import HostError
from dcos_installer.ansible.host.facts import altered_package
from dcos_installer.ansible.host.machine import PACKAGE_NAMES, Machine
from dcos_installer.ansible.host.packages import receive
from dcos_installer.ansible.play import Workspace
from dcos_installer.bundle import Built, build, elf, runtime, upload
from dcos_installer.bundle.archive import BundleError, keep, kept, pack
from dcos_installer.bundle.upload import request
from dcos_installer.data import locks_dir
from dcos_installer.errors import InstallerError, ProcessFailed
from dcos_installer.machines import SshTarget
from dcos_installer.plan.facts import Target
from dcos_runtime.build import WORKSHOP
from tests.support.daemons.byhand import wait_for
from tests.support.installer.folder_hosts import Host, a_manifest, shown
from tests.support.installer.targets import this_machine

HERE = this_machine()


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the real lock: one pure package, one with a library."""
    wanted, lines, taken = ("click", "msgspec"), [], False
    for line in (locks_dir() / "runtime.lock").read_text().splitlines():
        if not line.startswith(" "):
            taken = line.partition("==")[0] in wanted
        if taken:
            lines.append(line)
    path = tmp_path_factory.mktemp("lock") / "runtime.lock"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module", autouse=True)
def frozen_code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Our own code as it was when these tests began: somebody may be working on it."""
    place = tmp_path_factory.mktemp("code")
    files = []
    for name, path in runtime.own_files():
        copy = place / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        files.append((name, copy))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "own_files", lambda: iter(files))
        yield


@pytest.fixture(scope="module")
def built(lock: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(HERE, cache=tmp_path_factory.mktemp("one") / "cache", lock=lock)


@pytest.fixture(scope="module")
def unpacked(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("unpacked")
    receive(Machine(str(place)), [described(built)], io.BytesIO(Path(built.archive).read_bytes()))
    return place / "opt/dcos/packages" / built.folder


def described(built: Built, **changes: object) -> dict[str, object]:
    return {
        "folder": built.folder,
        "sha256": built.package.sha256,
        "size": built.size,
        "unpacked": built.unpacked,
    } | changes


def test_built_twice_in_different_places_the_bytes_are_the_same(
    built: Built, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "another" / "tmp"
    elsewhere.mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    monkeypatch.setenv("PYTHONHASHSEED", "4711")
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "not-here"))
    before = os.umask(0o077)
    try:
        again = build(HERE, cache=tmp_path / "cache", lock=lock)
    finally:
        os.umask(before)
    assert again.package == built.package
    assert Path(again.archive).read_bytes() == Path(built.archive).read_bytes()


def test_a_package_is_named_by_the_digest_of_its_tar(built: Built) -> None:
    digest = hashlib.sha256(gzip.decompress(Path(built.archive).read_bytes())).hexdigest()
    assert built.package.sha256 == digest
    assert built.folder.endswith(f"-{digest[:12]}")
    assert Path(built.archive).name == f"{built.folder}.tar.gz"


def test_what_was_built_is_found_again(built: Built, lock: Path) -> None:
    notes: list[str] = []
    assert build(HERE, cache=Path(built.archive).parent, lock=lock, note=notes.append) == built
    assert notes == []


def test_a_damaged_archive_is_built_anew(built: Built, lock: Path, tmp_path: Path) -> None:
    found = build(HERE, cache=tmp_path, lock=lock)
    Path(found.archive).write_bytes(b"damaged")
    again = build(HERE, cache=tmp_path, lock=lock)
    assert again == found
    assert Path(again.archive).read_bytes() == Path(built.archive).read_bytes()


def test_nothing_of_the_builder_is_in_it(built: Built) -> None:
    data = gzip.decompress(Path(built.archive).read_bytes())
    for trace in (str(Path.cwd()), sys.prefix, str(Path(built.archive).parent), str(Path.home()) + "/.cache"):
        assert trace.encode() not in data, trace
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
    assert {(member.uid, member.gid, member.uname, member.gname, member.mtime) for member in members} == {
        (0, 0, "", "", 0)
    }
    assert [member.name for member in members] == sorted(
        (member.name for member in members), key=lambda name: name.split("/")
    )


def test_our_own_code_goes_in_without_what_was_generated_or_hidden(unpacked: Path) -> None:
    ours = {path.relative_to(unpacked / "lib").as_posix() for path in (unpacked / "lib" / "dcos_runtime").rglob("*.py")}
    assert {"dcos_runtime/__init__.py", "dcos_runtime/wire/base.py"} <= ours
    assert not [name for name in ours if "/." in name]


def test_nothing_that_is_for_work_on_a_checkout_goes_in_and_nothing_that_does_imports_it(unpacked: Path) -> None:
    home = unpacked / "lib" / "dcos_runtime"
    elsewhere = [f"dcos_runtime.{folder.replace('/', '.')}." for folder in WORKSHOP]
    for folder in WORKSHOP:
        assert not (home / folder).exists()
        assert (Path(dcos_runtime.__file__).parent / folder).is_dir(), f"{folder} is no folder of the checkout"
    for path in home.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                names += [f"{node.module}.{one.name}" for one in node.names]
            elif isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            assert not [name for name in names if f"{name}.".startswith(tuple(elsewhere))], path


def test_it_holds_no_scripts_of_pip_no_tests_and_no_records(unpacked: Path) -> None:
    names = [path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")]
    assert sorted(path.name for path in (unpacked / "bin").iterdir()) == sorted(runtime.programs())
    assert not [name for name in names if name.endswith(("RECORD", ".pyi", "INSTALLER")) or "/tests" in name]
    assert not [name for name in names if name.startswith("lib/bin")]


def test_the_launchers_run_from_it_with_nothing_but_the_standard_library_beside(unpacked: Path) -> None:
    launcher = (unpacked / "bin" / "dcos").read_text()
    assert launcher.startswith(f"#!/usr/bin/python3.{sys.version_info[1]} -IBS\n")
    code = launcher.split("from dcos")[0].replace("__file__", repr(str(unpacked / "bin" / "dcos")))
    code += "import click, msgspec; print(click.__file__); print(msgspec._core.__file__); print(*sys.path, sep='\\n')"
    done = subprocess.run([sys.executable, "-IBS", "-c", code], capture_output=True, text=True, check=True)
    click, core, *path = done.stdout.splitlines()
    assert click.startswith(str(unpacked / "lib"))
    assert core.startswith(str(unpacked / "lib"))
    assert path[0] == str(unpacked / "lib")
    assert not [entry for entry in path if "site-packages" in entry or "dist-packages" in entry]


def test_its_bytecode_is_never_checked_against_the_source(unpacked: Path, built: Built) -> None:
    assert built.compiled
    compiled = sorted((unpacked / "lib").rglob("*.pyc"))
    assert len(compiled) == len(sorted((unpacked / "lib").rglob("*.py")))
    assert {path.read_bytes()[4:8] for path in compiled} == {b"\x01\0\0\0"}


def test_for_a_python_that_is_not_here_it_ships_no_bytecode_and_says_so(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_interpreter", lambda target: None)
    notes: list[str] = []
    built = build(HERE, cache=tmp_path, lock=lock, note=notes.append)
    assert not built.compiled
    assert "daemons start slower" in notes[-1]


def test_machines_of_one_kind_share_a_package_and_other_kinds_get_their_own(built: Built, lock: Path) -> None:
    inputs = {
        runtime._inputs(target, lock, sys.executable)
        for target in (HERE, Target("cp313", HERE.arch, HERE.libc), Target(HERE.python, "aarch64", HERE.libc))
    }
    assert len(inputs) == 3


def test_wheels_for_older_machines_are_taken_and_for_newer_ones_not() -> None:
    found = runtime.platforms(Target("cp311", "x86_64", "glibc-2.31"))
    assert found[0] == "manylinux_2_31_x86_64"
    assert "manylinux_2_17_x86_64" in found
    assert "manylinux_2_36_x86_64" not in found


@pytest.mark.parametrize("libc", ["musl-1.2", "glibc-2.5", "other", ""])
def test_a_machine_without_wheels_is_refused(libc: str) -> None:
    with pytest.raises(BundleError, match="no packages for machines"):
        runtime.platforms(Target("cp311", "x86_64", libc))


def test_a_dependency_with_another_hash_is_refused(lock: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "runtime.lock"
    name = lock.read_text().splitlines()[0].split()[0]
    wrong.write_text(f"{name} --hash=sha256:{'0' * 64}\n")
    with pytest.raises(ProcessFailed, match="fetch the runtime's dependencies") as refused:
        build(HERE, cache=tmp_path / "cache", lock=wrong)
    assert "do not match the hashes" in refused.value.evidence.lower()


def test_libraries_lose_their_sections_and_still_load(unpacked: Path) -> None:
    libraries = sorted((unpacked / "lib").rglob("*.so"))
    assert libraries
    for library in libraries:
        data = library.read_bytes()
        assert int.from_bytes(data[60:62], "little") == 0
        assert elf.without_sections(data) == data


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF", b"#!/bin/sh\n", b"\x7fELF\x01\x01" + b"\0" * 100, b"\x7fELF\x02\x01"]
)
def test_what_is_no_library_stays_as_it_is(data: bytes) -> None:
    assert elf.without_sections(data) == data


# --- bringing it to machines -----------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Built:
    """A small package in a cache of its own."""
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "lib").mkdir()
    (tree / "empty").mkdir()
    (tree / "bin" / "run").write_text("#!/bin/sh\n")
    (tree / "bin" / "run").chmod(0o700)
    (tree / "lib" / "data").write_bytes(os.urandom(700_000))
    return keep(
        tmp_path / "cache",
        "inputs",
        pack(tree),
        name="small",
        version="1",
        programs=("run",),
        target=HERE,
        compiled=False,
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with sockets.folder() as control_dir:
        workspace = Workspace(tmp_path / "private", control_dir)
        yield workspace


def packages_of(place: Path) -> Path:
    return place / "opt/dcos/packages"


def test_a_package_is_brought_once(small: Built, workspace: Workspace, tmp_path: Path) -> None:
    connections = {name: Connection(root=str(tmp_path / name)) for name in ("h1", "h2")}
    received: list[str] = []
    wanted = {name: [small] for name in connections}
    assert upload(workspace, connections, wanted, lambda host, result: received.append(host)) == {
        "h1": (small.folder,),
        "h2": (small.folder,),
    }
    assert sorted(received) == ["h1", "h2"]
    run = packages_of(tmp_path / "h1") / small.folder / "bin" / "run"
    assert run.stat().st_mode & 0o777 == 0o755
    assert altered_package(Machine(str(tmp_path / "h1")), small.folder) == ""
    assert upload(workspace, connections, wanted) == {"h1": (), "h2": ()}


def test_a_host_that_cannot_take_it_does_not_hold_the_others_up(
    small: Built, workspace: Workspace, tmp_path: Path
) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.touch()
    connections = {
        "h1": Connection(ssh=SshTarget("127.0.0.1", 1, "root", None, known_hosts)),
        "h2": Connection(root=str(tmp_path / "h2")),
    }
    results = upload(workspace, connections, {"h1": [small], "h2": [small]})
    assert isinstance(results["h1"], InstallerError)
    assert "127.0.0.1 port 1" in results["h1"].what
    assert results["h2"] == (small.folder,)


def test_who_reads_no_more_of_what_is_sent_is_told_by_its_own_words(
    small: Built, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much of it is still in a buffer by then."""
    module = importlib.import_module("dcos_installer.bundle.upload")
    closed = tmp_path / "closed"
    script = f"exec 0<&-; echo nobody at home >&2; touch {closed}; exit 3"
    monkeypatch.setattr(module, "_argv", lambda *_: ["/bin/sh", "-c", script])

    def archives(_: object) -> Iterator[bytes]:
        wait_for(closed.exists, what="the end of its reading")
        yield b"x" * (1 << 20)

    monkeypatch.setattr(module, "_archives", archives)
    for head in (b"x" * 1000, b"x" * 70_000):
        closed.unlink(missing_ok=True)
        monkeypatch.setattr(payload, "enveloped", lambda *_, head=head: head)
        (result,) = upload(workspace, {"h1": Connection(root=str(tmp_path))}, {"h1": [small]}).values()
        assert isinstance(result, InstallerError)
        assert "ended with code 3" in result.why and result.evidence == "nobody at home"


def stream(built: Built) -> io.BytesIO:
    return io.BytesIO(Path(built.archive).read_bytes())


def test_a_package_whose_bytes_are_not_what_was_promised_is_refused(small: Built, tmp_path: Path) -> None:
    machine = Machine(str(tmp_path / "h1"))
    with pytest.raises(HostError, match="arrived damaged"):
        receive(machine, [described(small, sha256="0" * 64)], stream(small))
    assert list(packages_of(tmp_path / "h1").iterdir()) == []


def test_a_connection_that_ends_early_leaves_nothing_and_a_rerun_brings_it(small: Built, tmp_path: Path) -> None:
    machine = Machine(str(tmp_path / "h1"))
    data = Path(small.archive).read_bytes()
    for length in (0, 10, len(data) // 2, len(data) - 1):
        with pytest.raises(HostError, match="connection ended"):
            receive(machine, [described(small)], io.BytesIO(data[:length]))
        assert list(packages_of(tmp_path / "h1").iterdir()) == []
    assert receive(machine, [described(small)], stream(small)) == [small.folder]


def test_what_arrived_whole_before_the_connection_ended_stays(small: Built, built: Built, tmp_path: Path) -> None:
    machine = Machine(str(tmp_path / "h1"))
    with pytest.raises(HostError):
        receive(machine, [described(small), described(built)], stream(small))
    assert [path.name for path in packages_of(tmp_path / "h1").iterdir()] == [small.folder]


def test_a_receiver_that_is_killed_leaves_debris_that_the_next_one_removes(small: Built, tmp_path: Path) -> None:
    connection = Connection(root=str(tmp_path / "h1"))
    head = payload.enveloped(payload.code(), request([small], connection.root))
    data = Path(small.archive).read_bytes()
    with subprocess.Popen(["/bin/sh", "-c", payload.COMMAND], stdin=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(head + data[: len(data) // 2])
        process.stdin.flush()
        debris = packages_of(tmp_path / "h1") / f".new-{small.folder}"
        while not (debris / "lib").exists():
            assert process.poll() is None
        process.kill()
    assert debris.exists()
    receive(Machine(connection.root), [described(small)], stream(small))
    assert [path.name for path in packages_of(tmp_path / "h1").iterdir()] == [small.folder]


def test_an_edited_package_is_brought_again_and_what_reads_it_is_restarted(small: Built, tmp_path: Path) -> None:
    host = Host(tmp_path / "h1")
    manifest = a_manifest({}, {"dcos-a.service": ("package:small",)}, [small.package])
    receive(host.machine, [described(small)], stream(small))
    host.apply(manifest)
    file = packages_of(host.root) / small.folder / "lib" / "data"
    file.write_bytes(b"edited")
    assert host.observe(manifest).missing_packages == [small.folder]
    planned = host.check(manifest)
    assert shown(planned) == ["mend package small", "restart unit dcos-a.service"]
    assert receive(host.machine, [described(small)], stream(small)) == [small.folder]
    assert host.apply(manifest).changes == planned
    assert host.check(manifest) == []
    assert file.stat().st_size == 700_000


def rid_of(place: Path, path: str) -> None:
    if (place / path).is_dir():
        shutil.rmtree(place / path)
    else:
        (place / path).unlink()


@pytest.mark.parametrize(
    ("gone", "why"),
    [
        ("", "missing on the host: uploaded again"),
        ("..", "missing on the host: uploaded again"),
        ("lib/data", "altered on the host: lib/data is gone"),
        ("lib", "altered on the host: lib is gone"),
        ("empty", "altered on the host: empty is gone"),
        (PACKAGE_NAMES, f"altered on the host: {PACKAGE_NAMES} is gone"),
    ],
)
def test_what_is_gone_from_a_host_that_needs_it_is_brought_again_and_its_readers_restarted(
    small: Built, tmp_path: Path, gone: str, why: str
) -> None:
    host = Host(tmp_path / "h1")
    manifest = a_manifest({}, {"dcos-a.service": ("package:small",), "dcos-b.service": ()}, [small.package])
    receive(host.machine, [described(small)], stream(small))
    host.apply(manifest)
    assert host.check(manifest) == []
    top = packages_of(host.root) / small.folder
    before = {path.relative_to(top) for path in top.rglob("*")}
    rid_of(packages_of(host.root), os.path.normpath(f"{small.folder}/{gone}"))
    assert host.observe(manifest).missing_packages == [small.folder]
    planned = host.check(manifest)
    assert shown(planned) == ["mend package small", "restart unit dcos-a.service"]
    assert planned[0]["why"] == why
    with pytest.raises(HostError, match="cannot be applied"):
        host.apply(manifest)
    assert receive(host.machine, [described(small)], stream(small)) == [small.folder]
    assert host.check(manifest) == planned
    assert host.apply(manifest).changes == planned
    assert host.check(manifest) == []
    assert host.generation == 1
    assert {path.relative_to(top) for path in top.rglob("*")} == before


def test_a_file_that_was_slipped_in_or_renamed_shows_and_bytecode_of_a_daemon_does_not(
    small: Built, tmp_path: Path
) -> None:
    machine = Machine(str(tmp_path / "h1"))
    receive(machine, [described(small)], stream(small))
    top = packages_of(tmp_path / "h1") / small.folder
    (top / "lib" / "__pycache__").mkdir()
    (top / "lib" / "__pycache__" / "data.pyc").write_text("x")
    assert altered_package(machine, small.folder) == ""
    (top / "lib" / "folder").mkdir()
    assert altered_package(machine, small.folder) == "lib/folder was added"
    (top / "lib" / "folder").rmdir()
    (top / "lib" / "data").rename(top / "lib" / "other")
    assert altered_package(machine, small.folder) == "lib/data is gone"


def test_a_link_in_place_of_a_package_is_replaced(small: Built, tmp_path: Path) -> None:
    machine = Machine(str(tmp_path / "h1"))
    receive(machine, [described(small)], stream(small))
    top = packages_of(tmp_path / "h1") / small.folder
    top.rename(tmp_path / "elsewhere")
    top.symlink_to(tmp_path / "elsewhere")
    assert altered_package(machine, small.folder) == "not a folder"
    assert receive(machine, [described(small)], stream(small)) == [small.folder]
    assert not top.is_symlink()
    assert altered_package(machine, small.folder) == ""


def test_a_package_that_is_new_to_a_host_is_no_mend(small: Built, tmp_path: Path) -> None:
    host = Host(tmp_path / "h1")
    host.apply(a_manifest({}, {"dcos-a.service": ()}))
    receive(host.machine, [described(small)], stream(small))
    manifest = a_manifest({}, {"dcos-a.service": ("package:small",)}, [small.package])
    assert host.observe(manifest).mended_packages == {}
    assert shown(host.apply(manifest).changes)[0] == "add package small"
    assert host.check(manifest) == []


def test_a_package_that_does_not_fit_is_refused_before_it_is_unpacked(
    small: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(str(tmp_path / "h1"))
    monkeypatch.setattr(machine, "free_bytes", lambda path: small.unpacked)
    with pytest.raises(HostError, match="no space left"):
        receive(machine, [described(small)], stream(small))
    assert list(packages_of(tmp_path / "h1").iterdir()) == []


@pytest.mark.parametrize("name", ["../outside", "/outside", "lib/../../outside"])
def test_a_path_that_leads_outside_is_refused(name: str, tmp_path: Path) -> None:
    assert evil(tmp_path, tarfile.TarInfo(name)) == "leads outside"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_anything_but_files_and_folders_is_refused(kind: bytes, tmp_path: Path) -> None:
    member = tarfile.TarInfo("link")
    member.type, member.linkname = kind, "/etc/passwd"
    assert evil(tmp_path, member) == "neither file nor folder"


def evil(tmp_path: Path, member: tarfile.TarInfo) -> str:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(member)
    tar = buffer.getvalue()
    data = gzip.compress(tar)
    package = {
        "folder": "evil--1-0",
        "sha256": hashlib.sha256(tar).hexdigest(),
        "size": len(data),
        "unpacked": len(tar),
    }
    with pytest.raises(HostError) as refused:
        receive(Machine(str(tmp_path / "h1")), [package], io.BytesIO(data))
    assert list(packages_of(tmp_path / "h1").iterdir()) == []
    return next(part for part in ("leads outside", "neither file nor folder") if part in refused.value.what)


def test_an_archive_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    tar = b"\0" * 10_000_000
    data = gzip.compress(tar)
    package = {"folder": "bomb--1-0", "sha256": "0" * 64, "size": len(data), "unpacked": 1000}
    with pytest.raises(HostError, match=r"larger than it says|damaged"):
        receive(Machine(str(tmp_path / "h1")), [package], io.BytesIO(data))
    assert list(packages_of(tmp_path / "h1").iterdir()) == []


def test_a_tree_with_a_link_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(BundleError, match="neither file nor folder"):
        pack(tmp_path)


def test_an_incomplete_cache_entry_is_none(tmp_path: Path) -> None:
    assert kept(tmp_path, "inputs") is None
    (tmp_path / "inputs.json").write_text("{}")
    assert kept(tmp_path, "inputs") is None
