"""`dcos-installer copy` on real SSH servers: both directions, whatever the names, whole or not at all."""

from __future__ import annotations

import errno
import io
import json
import os
import pty
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_installer.hosts import carry
from tests.support.installer.sshd import LoopbackHosts, loopback_hosts, needs_sshd, processes

pytestmark = needs_sshd

_DEADLINE = 240
ODD = ["a b", "it's", '"', "$HOME", "*", "ü", "\\n", "-rf", "new\nline", os.fsdecode(b"\xff")]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHosts]:
    """Through sudo: files go where only root may write."""
    folder = tmp_path_factory.mktemp("hosts")
    with loopback_hosts(folder, "[masters]\n{m1}\n[agents]\n{a1}\n{a2}\n", become=True) as made:
        yield made


def tree(place: Path) -> dict[str, tuple[str, object]]:
    """Every path below ``place`` with its kind, its mode and what it holds."""
    found: dict[str, tuple[str, object]] = {}
    for path in sorted(place.rglob("*")):
        info = path.lstat()
        held: object = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        found[str(path.relative_to(place))] = (stat.filemode(info.st_mode), held)
    return found


def a_tree(place: Path) -> Path:
    place.mkdir()
    for number, name in enumerate(ODD):
        (place / name).mkdir()
        (place / name / name).write_bytes(bytes(range(256)) * number)
        (place / name / name).chmod(0o600 + number % 8)
    (place / "run").write_text("#!/bin/sh\n")
    (place / "run").chmod(0o4755)
    (place / "link").symlink_to("/nowhere at all")
    (place / "empty").mkdir(mode=0o711)
    (place / "closed").mkdir()
    (place / "closed" / "in it").write_text("x")
    (place / "closed").chmod(0o500)
    return place


def no_stage_is_left(*places: Path) -> bool:
    return not [path for place in places for path in place.rglob(f"{carry.STAGE}*")]


def test_a_folder_goes_to_a_machine_and_comes_back_as_it_was(hosts: LoopbackHosts, tmp_path: Path) -> None:
    source = a_tree(tmp_path / "the source")
    (tmp_path / "there").mkdir()
    sent = hosts.run("copy", "a1", "--", str(source), f":{tmp_path}/there/")
    assert (sent.returncode, sent.stderr) == (0, b"")
    assert tree(tmp_path / "there" / "the source") == tree(source)
    fetched = hosts.run("copy", "agents", "--", f":{source}", f":{source}/run", str(tmp_path / "here"))
    assert fetched.returncode == 0 and sorted(fetched.stdout.splitlines())[0].startswith(b"a1: ")
    for name in ("a1", "a2"):
        came = tree(tmp_path / "here" / name / "the source")
        # No program of a machine gets its owner's rights here.
        assert came.pop("run") == ("-rwxr-xr-x", b"#!/bin/sh\n")
        assert came == {path: one for path, one in tree(source).items() if path != "run"}
        assert (tmp_path / "here" / name / "run").read_text() == "#!/bin/sh\n"
    assert no_stage_is_left(tmp_path)


def test_names_are_taken_as_they_are(hosts: LoopbackHosts, tmp_path: Path) -> None:
    (tmp_path / "*").write_text("star")
    (tmp_path / "other").write_text("other")
    hosts.run("copy", "a1", "--", f":{tmp_path}/*", str(tmp_path / "got"))
    assert [path.name for path in (tmp_path / "got" / "a1").iterdir()] == ["*"]
    renamed = hosts.run("copy", "a1", "--", str(tmp_path / "*"), f":{tmp_path}/a 'name'")
    assert renamed.returncode == 0 and (tmp_path / "a 'name'").read_text() == "star"


def test_folders_join_and_files_take_the_place_of_files(hosts: LoopbackHosts, tmp_path: Path) -> None:
    there = tmp_path / "there" / "conf"
    there.mkdir(parents=True)
    (there / "mine").write_text("mine")
    (there / "shared").write_text("old")
    os.chown(there / "shared", 1, 1)
    there.chmod(0o750)
    source = tmp_path / "conf"
    source.mkdir()
    (source / "shared").write_text("new")
    (source / "shared").chmod(0o640)
    done = hosts.run("copy", "a1", "--", str(source), f":{tmp_path}/there")
    assert done.returncode == 0
    assert tree(there) == {"mine": ("-rw-r--r--", b"mine"), "shared": ("-rw-r-----", b"new")}
    assert (there / "shared").stat().st_uid == 1 and stat.S_IMODE(there.stat().st_mode) == 0o750


def test_what_cannot_be_is_said_and_changes_nothing(hosts: LoopbackHosts, tmp_path: Path) -> None:
    there = tmp_path / "there"
    (there / "conf" / "x").mkdir(parents=True)
    (there / "file").write_text("old")
    source = tmp_path / "conf"
    source.mkdir()
    (source / "a").write_text("a")
    (source / "x").write_text("no folder")
    (tmp_path / "file").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = tree(there)
    for words, says in (
        ([str(source), f":{there}"], b"conf/x is a folder"),
        ([str(tmp_path / "file"), f":{there}"], b"file is no folder"),
        ([str(source), f":{tmp_path}/no/such"], b"no is no folder"),
        ([str(source), f":{tmp_path}/no/such/"], b"nothing was changed"),
        ([str(tmp_path / "pipe"), f":{there}"], b"is not a file that can be copied"),
        ([str(tmp_path / "nowhere"), f":{there}"], b"cannot be read"),
        ([f":{tmp_path}/nowhere", str(tmp_path / "got")], b"cannot be read"),
        ([str(source), str(tmp_path / "x" / "conf"), f":{there}"], b"cannot be read"),
        ([str(source), f"{tmp_path}/./conf", f":{there}"], b"two of the files have one name"),
    ):
        done = hosts.run("copy", "a1", "--", *words)
        assert done.returncode == 1 and says in done.stderr, (words, done)
    assert tree(there) == before and no_stage_is_left(tmp_path)
    for wrong in ([], ["x"], ["x", "y"], [":/x", ":/y"], ["x", ":y"], ["x", ":/y", "z"]):
        assert hosts.run("copy", "a1", "--", *wrong).returncode == 2


def test_a_file_with_the_name_of_the_stream_s_end_is_a_file(hosts: LoopbackHosts, tmp_path: Path) -> None:
    sources = [tmp_path / carry.END, tmp_path / "zz"]
    for source in sources:
        source.write_text(source.name)
    there = tmp_path / "there"
    there.mkdir()
    done = hosts.run("copy", "m1", "--", *map(str, sources), f":{there}/")
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_text() for path in there.iterdir()} == {path.name: path.name for path in sources}


@pytest.fixture
def for_deep_folders(tmp_path: Path) -> Iterator[Path]:
    """pytest's own cleaning fails in the depth."""
    made = tmp_path / "deep"
    made.mkdir()
    yield made
    subprocess.run(["rm", "-rf", made], check=True)


def test_folders_of_any_depth_are_copied_joined_and_cleared_away(hosts: LoopbackHosts, for_deep_folders: Path) -> None:
    tmp_path = for_deep_folders

    def bottom(top: Path) -> Path:
        return top / ("/".join("d" * 1100))

    deep, joined = tmp_path / "deep", tmp_path / "to" / "deep"
    for folder in (deep, joined):
        folder.mkdir(parents=True)
        for above in reversed([bottom(folder), *bottom(folder).parents][:1100]):
            above.mkdir()
    (bottom(deep) / "file").write_text("down here")
    (bottom(deep) / "folder").mkdir(mode=0o711)
    for target in ("new", "to"):
        done = hosts.run("copy", "m1", "--", str(deep), f":{tmp_path}/{target}/")
        assert done.returncode == 0, done.stderr
        assert (bottom(tmp_path / target / "deep") / "file").read_text() == "down here"
        assert [path.name for path in (tmp_path / target).iterdir()] == ["deep"]
    back = hosts.run("copy", "m1", "--", f":{deep}", str(tmp_path / "back"))
    assert back.returncode == 0, back.stderr
    assert stat.S_IMODE((bottom(tmp_path / "back" / "m1" / "deep") / "folder").stat().st_mode) == 0o711


def test_files_that_say_a_wrong_size_are_read_to_their_end(hosts: LoopbackHosts, tmp_path: Path) -> None:
    for path in ("/sys/class/net/lo/address", "/proc/version", "/proc/kallsyms"):
        done = hosts.run("copy", "m1", "--", f":{path}", str(tmp_path))
        assert done.returncode == 0, done.stderr
        came, there = (tmp_path / "m1" / Path(path).name).read_bytes(), Path(path).read_bytes()
        # What the kernel loads or makes meanwhile (modules, programs of other tests) is named in brackets, at the end.
        assert [line for line in came.splitlines() if b"[" not in line] == [
            line for line in there.splitlines() if b"[" not in line
        ]


def test_a_full_disk_leaves_what_was(hosts: LoopbackHosts, tmp_path: Path) -> None:
    small, source = hosts["a1"].small, tmp_path / "x"
    source.write_text("old")
    assert hosts.run("copy", "a1", "--", str(source), f":{small}").returncode == 0
    source.write_bytes(b"x" * (2 << 20))
    done = hosts.run("copy", "a1", "--", str(source), f":{small}")
    assert done.returncode == 1 and b"No space left on device" in done.stderr and b"make room there" in done.stderr
    look = hosts.run("exec", "a1", "--", f"ls -A {small}; cat {small}/x")
    assert look.stdout == b"a1: x\na1: old\n"
    assert list(small.iterdir()) == []  # it is the machine's disk, not this host's


def test_a_copy_that_is_cut_off_leaves_what_was(hosts: LoopbackHosts, tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(3 << 30)
    there = tmp_path / "there"
    there.mkdir()
    (there / "big").write_text("old")
    running = hosts.popen("copy", "agents", "--", str(big), f":{there}")
    until = time.monotonic() + _DEADLINE
    while not list(there.glob(f"{carry.STAGE}*/big")):
        assert running.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=_DEADLINE)
    assert running.returncode == 130, (out, err)
    while list(there.iterdir()) != [there / "big"] or processes("dcos-copy"):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert (there / "big").read_text() == "old"


def test_an_unreachable_host_stops_no_other_and_json_tells_each(hosts: LoopbackHosts, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x" * 1000)
    hosts["a2"].stop()
    try:
        done = hosts.run("copy", "--json", "--", f":{tmp_path}/x", str(tmp_path / "got"))
    finally:
        hosts["a2"].start("dcos-op ALL=(ALL) NOPASSWD: ALL")
    assert done.returncode == 4
    told = {line["host"]: line["data"] for line in map(json.loads, done.stdout.splitlines()) if "host" in line}
    assert {name: data["state"] for name, data in told.items()} == {"m1": "done", "a1": "done", "a2": "unreachable"}
    assert told["m1"]["files"] == 1 and told["m1"]["bytes"] == 1000


def test_a_terminal_sees_the_progress_of_big_files(hosts: LoopbackHosts, tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(30 << 20)
    pid, terminal = pty.fork()
    if pid == 0:
        argv = hosts.argv("copy", str(hosts.inventory), "a1", "--", str(tmp_path / "big"), f":{tmp_path}/big2")
        os.execvpe(argv[0], argv, {**hosts.environment, "TERM": "xterm", "COLUMNS": "120"})
    said = b""
    try:
        while part := os.read(terminal, 65536):
            said += part
    except OSError:
        pass  # the terminal's other end is closed
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"MB/s" in said and b"/31.5 MB" in said and b"a1: 1 file, 31457280 bytes" in said


def test_a_stream_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    import tarfile

    def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")

    end = member(carry.END, tarfile.FIFOTYPE) + b"\0" * 1024
    (tmp_path / "in").mkdir()
    for stream in (
        member("../out"),
        member(f"{tmp_path}/out"),
        member("a/b"),
        member("link", tarfile.SYMTYPE, str(tmp_path)) + member("link/out"),
        member("hard", tarfile.LNKTYPE, "/etc/passwd"),
        member("device", tarfile.CHRTYPE),
        member("..", tarfile.DIRTYPE),
    ):
        with pytest.raises(carry.CopyRefused):
            carry.laid(io.BytesIO(stream + end), str(tmp_path / "in"), into=True)
    with pytest.raises(carry.CopyRefused, match="did not arrive completely"):
        carry.laid(io.BytesIO(member("x") + b"\0" * 1024), str(tmp_path / "in"), into=True)
    # A link that lies there already is no way out either.
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    stream = member("link", tarfile.DIRTYPE) + member("link/out") + end
    with pytest.raises(carry.CopyRefused, match="is no folder"):
        carry.laid(io.BytesIO(stream), str(tmp_path / "in"), into=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "link"]


def test_a_rename_that_fails_in_the_middle_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    there = tmp_path / "there"
    there.mkdir()
    replace = os.replace

    def failing(new: str, final: str) -> None:
        if final.endswith("/b"):
            raise OSError(errno.EXDEV, "Invalid cross-device link", final)
        replace(new, final)

    monkeypatch.setattr(os, "replace", failing)
    stream = io.BytesIO(b"".join(carry.packed([str(tmp_path / "a"), str(tmp_path / "b")])))
    with pytest.raises(carry.CopyRefused, match="only a part was copied to") as told:
        carry.laid(stream, str(there), into=True)
    assert "cross-device" in told.value.why and [path.name for path in there.iterdir()] == ["a"]
