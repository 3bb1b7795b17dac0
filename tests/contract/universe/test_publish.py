"""Publishing to directories, here and through ssh: what readers see meanwhile, after a kill, and of two at once."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from dcos_universe.errors import UniverseError
from dcos_universe.publishing import publication
from dcos_universe.publishing.destination import destination
from tests.support.universe.publisher import Publisher
from tests.support.universe.serving import small_tree

FAKE_SSH = r"""#!/bin/sh
# As ssh does: options, a host, and words that are joined and given to the shell of the other side.
while [ $# -gt 0 ]; do
    case $1 in
        -o | -F | -p | -l) shift 2 ;;
        --) shift; break ;;
        -*) shift ;;
        *) break ;;
    esac
done
shift
[ -z "${FAKE_SSH_LOG:-}" ] || echo x >>"$FAKE_SSH_LOG"
exec sh -c "$*"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With an ssh whose every host is this machine: its words go through a shell as with the real one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ssh").write_text(FAKE_SSH)
    (folder / "ssh").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "FAKE_SSH_LOG": str(tmp_path / "ssh.log")}


def argv(tree: Path, place: str, *options: str) -> list[str]:
    return [sys.executable, "-c", "from dcos_universe.cli import main; main()", "publish", str(tree), place, *options]


def publish(tree: Path, place: str, env: Mapping[str, str], *options: str) -> dict[str, object]:
    done = subprocess.run(
        [*argv(tree, place, *options), "--json"], capture_output=True, text=True, env=env, timeout=300
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def content(root: Path) -> dict[str, str]:
    """All files, with digests of what they hold."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def signed(publisher: Publisher, mark: str) -> Path:
    """A signed tree with a step of an index. Its metadata is one version after that of the one before."""
    step = f"delta/universe/{hashlib.sha256(mark.encode()).hexdigest()}.json"
    return publisher.sign_other(small_tree(publisher.folder / mark, mark, {step: mark.encode()}))


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "publisher")
    made.begin()
    return made


@pytest.fixture(params=["directory", "ssh"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    folder = tmp_path / "a place with 'odd' $signs"
    if request.param == "directory":
        return str(folder), folder
    return f"ssh://somebody@host.example:2222{str(folder).replace(' ', '%20')}", folder


def test_a_tree_is_published_whole_and_the_next_one_takes_its_place(
    place: tuple[str, Path], tmp_path: Path, environment: dict[str, str]
) -> None:
    where, folder = place
    first, second = small_tree(tmp_path / "1", "one"), small_tree(tmp_path / "2", "two")
    assert publish(first, where, environment)["changed"] is True
    assert content(folder / "current") == content(first)
    assert (folder / "current").readlink().parts[0] == "trees"
    again = publish(first, where, environment)
    assert (again["changed"], again["bytes"]) == (False, 0)
    before = (folder / "current").resolve()
    told = publish(second, where, environment)
    assert content(folder / "current") == content(second)
    assert content(before) == content(first)
    assert told["unchanged"] != 0
    for path in (folder / "current").resolve().rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) in (0o644, 0o755)
    assert not list((folder / "incoming").iterdir())


def test_names_that_never_change_stay_for_readers_of_older_trees(
    publisher: Publisher, tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "place"
    trees = [signed(publisher, f"mark{number}") for number in range(1, 6)]
    for tree in trees[:3]:
        publish(tree, str(folder), environment, "--keep", "2")
    current = content(folder / "current")
    for number in (1, 2, 3):
        own = content(trees[number - 1])
        target = next(name for name in own if re.fullmatch(r"targets/[0-9a-f]{64}\.universe\.json", name))
        for name in (f"metadata/{number}.snapshot.json", target):
            assert current[name] == own[name]
    assert current["metadata/timestamp.json"] == content(trees[2])["metadata/timestamp.json"]
    for tree in trees[3:]:
        publish(tree, str(folder), environment, "--keep", "2")
    kept = {name for name in content(folder / "current") if name.endswith(".snapshot.json")}
    assert kept == {f"metadata/{number}.snapshot.json" for number in (3, 4, 5)}
    trees_left = {path.name for path in (folder / "trees").iterdir()}
    assert len(trees_left) == 3
    assert {path.stem for path in (folder / "records").iterdir()} == trees_left


def test_signatures_do_not_go_back(publisher: Publisher, tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "place"
    first, second = signed(publisher, "one"), signed(publisher, "two")
    publish(second, str(folder), environment)
    for older, says in ((first, "older"), (small_tree(tmp_path / "0", "x"), "is not")):
        done = subprocess.run(argv(older, str(folder)), capture_output=True, text=True, env=environment, timeout=300)
        assert done.returncode == 1 and says in done.stderr and "dcos-universe sign" in done.stderr
    assert content(folder / "current") == content(second)


def test_a_kill_at_any_moment_leaves_one_whole_tree_and_the_next_run_goes_on(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "place"
    where = f"ssh://host.example{folder}"
    source = random.Random(5)
    trees = [
        small_tree(tmp_path / f"tree{number}", f"mark{number}", {"blobs/x/large.bin": source.randbytes(8 << 20)})
        for number in range(2)
    ]
    contents = [content(tree) for tree in trees]
    publish(trees[0], where, environment)
    began = time.monotonic()
    publish(trees[1], where, environment)
    usual = time.monotonic() - began
    killed = 0
    for turn in range(7):
        began = time.monotonic()
        process = subprocess.Popen(argv(trees[turn % 2], where), env=environment, stderr=subprocess.DEVNULL)
        try:
            process.wait(source.uniform(min(0.1, usual / 2), usual))
            usual = time.monotonic() - began  # the host was busier before
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        assert content((folder / "current").resolve()) in contents
    assert killed
    assert publish(trees[0], where, environment)
    assert content(folder / "current") == contents[0]
    publish(trees[1], where, environment)
    assert content(folder / "current") == contents[1]
    assert not list((folder / "incoming").iterdir())


KILLING_MV = r"""#!/bin/sh
# The real one; the shell that calls it for the move that $KILLED_AT names is killed before or after that.
case "$KILLED_WHEN $*" in "before $KILLED_AT"*) kill -9 "$PPID"; exit 1 ;; esac
/bin/mv "$@" || exit
case "$KILLED_WHEN $*" in "after $KILLED_AT"*) kill -9 "$PPID" ;; esac
"""


@pytest.mark.parametrize(
    ("moment", "when", "switched"),
    [
        ("-T -- incoming/", "before", False),
        ("-T -- incoming/", "after", False),
        ("-T -- current.new", "before", False),
        ("-T -- current.new", "after", True),
    ],
)
def test_a_switch_that_is_killed_leaves_no_tree_among_those_one_goes_back_to(
    place: tuple[str, Path], tmp_path: Path, environment: dict[str, str], moment: str, when: str, switched: bool
) -> None:
    where, folder = place
    trees = [small_tree(tmp_path / f"tree{number}", f"mark{number}") for number in range(4)]
    publish(trees[0], where, environment)
    publish(trees[1], where, environment)
    known = {path.name for path in (folder / "trees").iterdir()}
    (tmp_path / "bin" / "mv").write_text(KILLING_MV)
    (tmp_path / "bin" / "mv").chmod(0o755)
    told = {**environment, "KILLED_AT": moment, "KILLED_WHEN": when}
    done = subprocess.run(argv(trees[2], where), capture_output=True, env=told, timeout=300)
    (tmp_path / "bin" / "mv").unlink()
    assert done.returncode == 1
    assert content((folder / "current").resolve()) == content(trees[2 if switched else 1])
    # Another tree is published next: what never was the current one has gone, with its record.
    publish(trees[3], where, environment)
    left = {path.name for path in (folder / "trees").iterdir()}
    assert left == {path.stem for path in (folder / "records").iterdir()} and len(left) == 3
    assert len(known & left) == (1 if switched else 2), "a tree that nobody has read took the place of another"
    assert not list((folder / "incoming").iterdir()) and not (folder / "switching").is_symlink()
    assert publish(trees[2], where, environment)["changed"] is True
    assert content((folder / "current").resolve()) == content(trees[2])


def test_what_a_killed_switch_had_moved_is_not_brought_again(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "place"
    trees = [small_tree(tmp_path / f"tree{number}", f"mark{number}") for number in range(2)]
    publish(trees[0], str(folder), environment)
    (tmp_path / "bin" / "mv").write_text(KILLING_MV)
    (tmp_path / "bin" / "mv").chmod(0o755)
    told = {**environment, "KILLED_AT": "-T -- incoming/", "KILLED_WHEN": "after"}
    assert subprocess.run(argv(trees[1], str(folder)), capture_output=True, env=told, timeout=300).returncode == 1
    (tmp_path / "bin" / "mv").unlink()
    again = publish(trees[1], str(folder), environment)
    assert (again["changed"], again["bytes"]) == (True, 0)
    assert content(folder / "current") == content(trees[1])


def test_a_half_brought_file_is_gone_on_with_and_a_false_one_is_not(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "place"
    large = random.Random(6).randbytes(6 << 20)
    tree = small_tree(tmp_path / "tree", "a", {"blobs/x/large.bin": large, "blobs/x/other.bin": large[::-1]})
    incoming = folder / "incoming" / publication.read(tree).digest[:32] / "blobs" / "x"
    incoming.mkdir(parents=True)
    (incoming / "large.bin").write_bytes(large[: 4 << 20])
    (incoming / "other.bin").write_bytes(large[: 4 << 20])
    told = publish(tree, str(folder), environment)
    assert content(folder / "current") == content(tree)
    assert int(str(told["bytes"])) < sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) - (3 << 20)


WAITING_MV = r"""#!/bin/sh
# The real one, once the test says so.
while [ -n "${HELD:-}" ] && ! [ -e "$HELD" ]; do sleep 0.05; done
exec /bin/mv "$@"
"""


def test_of_two_publishers_the_second_is_told_who_publishes(
    place: tuple[str, Path], tmp_path: Path, environment: dict[str, str]
) -> None:
    where, folder = place
    tree = small_tree(tmp_path / "1", "one")
    (tmp_path / "bin" / "mv").write_text(WAITING_MV)
    (tmp_path / "bin" / "mv").chmod(0o755)
    held = {**environment, "HELD": str(tmp_path / "go on")}  # it surely publishes as long as the second one is there
    first = subprocess.Popen(argv(tree, where), env=held, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 240
    try:
        while not (folder / "lock").exists() or not (folder / "lock").read_text():
            assert time.monotonic() < deadline and first.poll() is None
            time.sleep(0.005)
        second = subprocess.run(argv(tree, where), capture_output=True, text=True, env=environment, timeout=300)
    finally:
        (tmp_path / "go on").touch()
    assert first.wait(300) == 0, first.stderr.read() if first.stderr else ""
    if first.stderr:
        first.stderr.close()
    assert second.returncode == 1, second.stdout
    assert "another publisher publishes" in second.stderr and f"(process {first.pid})" in second.stderr
    assert content(folder / "current") == content(tree)


def test_readers_never_miss_a_file_while_trees_take_turns(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "place"
    trees = [small_tree(tmp_path / str(number), f"mark{number}") for number in range(2)]
    publish(trees[0], str(folder), environment)
    ended, faults, reads = threading.Event(), [], [0]
    whole = {(tree / "universe.json").read_bytes() for tree in trees}

    def read() -> None:
        while not ended.is_set():
            try:
                if (folder / "current" / "universe.json").read_bytes() not in whole:
                    faults.append("half a file")
            except OSError as error:
                faults.append(str(error))
            reads[0] += 1

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 5):
            publish(trees[number % 2], str(folder), environment)
    finally:
        ended.set()
        reader.join()
    assert reads[0] > 10 and not faults


def test_trouble_at_the_other_side_is_told_and_changes_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    tree = small_tree(tmp_path / "tree", "a")
    (tmp_path / "bin" / "ssh").write_text("#!/bin/sh\necho 'ssh: connect to host h: refused' >&2\nexit 255\n")
    done = subprocess.run(argv(tree, "ssh://h/srv/x"), capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 1 and "connect to host h: refused" in done.stderr and "continues from here" in done.stderr


@pytest.mark.parametrize(
    "where",
    [
        *("", "ftp://x/y", "ssh://-oProxyCommand=x/y", "ssh://host", "ssh://u:secret@host/x", "s3://B_/x"),
        *("ssh://u:se/secret@host/x", "ssh://u:secret/2@host:1/x", "s3://u:secret:1@b/x", "ftp://u:se/secret@h/x"),
        *("s3://bucket/../x", "ssh://host:99999/x", "ssh://ho st/x", "ssh://host/x?y", "ssh://-l@host/x"),
    ],
)
def test_what_is_no_destination_is_refused(where: str) -> None:
    with pytest.raises(UniverseError) as refused:
        destination(where)
    assert "what to do" in str(refused.value) and "secret" not in str(refused.value)


def test_what_is_no_tree_is_refused(tmp_path: Path, environment: dict[str, str]) -> None:
    tree = small_tree(tmp_path / "tree", "a")
    (tree / "link").symlink_to("/etc/passwd")
    (tmp_path / "empty").mkdir()
    for one in (tree, tmp_path / "empty"):
        done = subprocess.run(
            argv(one, str(tmp_path / "x")), capture_output=True, text=True, env=environment, timeout=300
        )
        assert done.returncode == 1 and "what to do" in done.stderr
    assert not (tmp_path / "x" / "current").exists()
