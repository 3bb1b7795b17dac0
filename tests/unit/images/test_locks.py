"""Locks and the store of packages: what is locked comes to the byte or not at all, and errors say what is missing."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import threading
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dcos_images import lock as lock_module
from dcos_images.definition import ImageDefinition
from dcos_images.errors import CommandFailedError, ImageError
from dcos_images.host import BuildHost
from dcos_images.images import ImageBuilder
from dcos_images.including import load_definition
from dcos_images.keeping import LockKeeper, refuse_other_names
from dcos_images.lock import Apt, Lock, asked_of, check_lock, read_lock
from dcos_images.reading import check_package
from dcos_images.sources import read_sources
from dcos_images.store import DebStore, LockedPackage
from tests.support.images.workshop import lock_for, locked_packages, no_trees

PRINTED = f"""\
Reading package lists...
'http://u:p@mirror.example/pool/r/runc/runc_1.1.5%2bds1-1_amd64.deb' runc_1.1.5+ds1-1_amd64.deb 10 SHA256:{"a" * 64}
'http://mirror.example/pool/j/jre/default-jre-headless_1.17-74_amd64.deb' default-jre-headless_2%3a1.17-74_amd64.deb \
20 SHA256:{"b" * 64}
"""


def package(content: bytes, name: str = "one") -> LockedPackage:
    return LockedPackage(name, "1:2.0", "all", hashlib.sha256(content).hexdigest(), len(content))


def apt(folder: Path, host: BuildHost, monkeypatch: pytest.MonkeyPatch, says: str = "", fails: str = "") -> Apt:
    """apt that says this, or fails with that in its log."""
    monkeypatch.setattr(lock_module, "apt_settings", lambda host: "")

    def run(argv: list[str], *, what: str, log_file: Path, **rest: object) -> str:
        if fails and "update" not in argv:
            failed = CommandFailedError(f"could not {what}", evidence=fails)
            failed.said = fails
            raise failed
        return says

    monkeypatch.setattr(lock_module, "run", run)
    return Apt(folder, host, read_sources(host.codename, host.apt_dir), folder / "log")


def test_a_lock_is_what_apt_names_and_no_address_is_in_it(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = apt(tmp_path, host, monkeypatch, PRINTED).resolve(load_definition("vm"))
    assert lock.packages == (
        LockedPackage("default-jre-headless", "2:1.17-74", "amd64", "b" * 64, 20),
        LockedPackage("runc", "1.1.5+ds1-1", "amd64", "a" * 64, 10),
    )
    assert "mirror" not in lock.text()
    assert lock.packages[0].file == "default-jre-headless_2%3a1.17-74_amd64.deb"
    (tmp_path / "lock").write_text(lock.text())
    assert read_lock(tmp_path / "lock") == lock


def test_credentials_of_package_sources_are_in_no_file_even_while_apt_runs(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a kill cannot leave them there. apt itself reads them here: it prints what it would fetch."""
    secret = "a-sites-own-word"
    for path in host.apt_dir.rglob("*"):
        if path.is_file() and "://" in path.read_text():
            path.write_text(path.read_text().replace("://", f"://user:{secret}@"))
    proxy = f'Acquire::http::Proxy "http://u:{secret}@198.18.0.1";\n'
    monkeypatch.setattr(lock_module, "apt_settings", lambda host: proxy)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "apt.conf").write_text(secret)  # a former version's, which was killed
    told: list[str] = []

    def run(argv: list[str], **rest: Any) -> str:
        held = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
        assert not [path for path in held if secret in path.read_text(errors="replace")]
        assert secret not in " ".join(argv)
        env = {"PATH": "/usr/bin:/bin"}
        for words in (["apt-get", "update", "--print-uris"], ["apt-config", "dump", "Acquire"]):
            again = [*argv[: argv.index("apt-get")], *words]
            told.append(subprocess.check_output(again, text=True, pass_fds=rest["pass_fds"], env=env))
        return PRINTED

    monkeypatch.setattr(lock_module, "run", run)
    Apt(folder, host, read_sources(host.codename, host.apt_dir), folder / "log").update()
    assert f"user:{secret}@" in told[0] and f"u:{secret}@198.18.0.1" in told[1]
    assert not [path for path in folder.rglob("*") if path.is_symlink() or path.name == "apt.conf"]


@pytest.mark.parametrize(
    ("said", "what", "hint"),
    [
        ("E: Unable to locate package nginx-heavy", "there is no package nginx-heavy for the image 'vm'", "image.toml"),
        ("E: Package 'x11' has no installation candidate", "there is no package x11 for the image 'vm'", "image.toml"),
        (
            "Err:1 http://m InRelease\n  Could not resolve 'm'\nE: Failed to fetch",
            "sources do not answer",
            "same command",
        ),
    ],
)
def test_what_apt_cannot_find_is_told_in_plain_words(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, what: str, hint: str
) -> None:
    with pytest.raises(ImageError, match=what) as caught:
        apt(tmp_path, host, monkeypatch, fails=said).resolve(load_definition("vm"))
    assert hint in caught.value.hint
    assert caught.value.evidence


def test_a_name_that_apt_took_for_other_packages_is_refused(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pattern of names, a name with a sign at its end, and one that a package provides: in a new lock, and in one
    that is kept or named.
    """
    lock = apt(tmp_path, host, monkeypatch, PRINTED).resolve(load_definition("vm"))
    definition = load_definition("vm")
    for asked in ("run.c", "runc+", "java-runtime-headless"):
        other = replace(definition, packages=("runc", asked))
        with pytest.raises(ImageError, match="none of that very name") as caught:
            refuse_other_names(lock, other)
        assert f"there is no package {asked} for" in caught.value.what
        with pytest.raises(ImageError, match=f"asks for {re.escape(asked)}, and it has no package of that very name"):
            check_lock(replace(lock, asked=asked_of(other)), other, host, tmp_path / "lock")
    same = replace(definition, packages=("runc", "default-jre-headless"))
    refuse_other_names(lock, same)
    check_lock(replace(lock, asked=asked_of(same)), same, host, tmp_path / "lock")


@pytest.mark.parametrize(
    "name",
    [
        *("runc-", "runc+-", "runc=1.1", "runc/stable", "runc:amd64", "runc*", "r?nc", "run[c]", "^runc$", "standard^"),
        *("?essential", "~nrunc", "./runc.deb", "/tmp/runc.deb", "runc,gcc", "runc gcc", "-o", "Runc", "r", ""),
        *("runc\n", "runc\x00", "rünc"),
    ],
)
def test_a_word_that_is_more_than_a_name_to_apt_is_in_no_definition(name: str) -> None:
    assert "is not the name of a Debian package" in check_package(name)


def test_a_component_that_the_host_lacks_is_named(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImageError, match="'rack' wants the component non-free-firmware of Debian") as caught:
        apt(tmp_path, host, monkeypatch, PRINTED).resolve(load_definition("rack"))
    assert "hold only main" in caught.value.why
    (host.apt_dir / "sources.list").write_text("deb http://mirror.example/debian bookworm main non-free-firmware\n")
    assert apt(tmp_path, host, monkeypatch, PRINTED).resolve(load_definition("rack")).packages


def test_a_locked_package_that_mirrors_dropped_is_told_as_such(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = "E: Version '1' for 'systemd' was not found"
    with pytest.raises(ImageError, match="neither in the store nor in the host's package sources") as caught:
        apt(tmp_path, host, monkeypatch, fails=fails).fetch([package(b"x")], DebStore(tmp_path / "debs"), tmp_path)
    assert "image lock" in caught.value.hint
    assert list(tmp_path.glob("fetch-*")) == []


BROKEN_LOCKS = {
    "no JSON": lambda plain: "{",
    "null": lambda plain: "null",
    "a number": lambda plain: "7",
    "a text": lambda plain: '"lock"',
    "no text at all": lambda plain: "",
    "packages that are null": lambda plain: json.dumps({**plain, "packages": None}),
    "a package that is null": lambda plain: json.dumps({**plain, "packages": [None]}),
    "a size that is true": lambda plain: json.dumps({**plain, "packages": [{**plain["packages"][0], "size": True}]}),
    "an image that is null": lambda plain: json.dumps({**plain, "image": None}),
    "a list": lambda plain: "[]",
    "another version": lambda plain: json.dumps({**plain, "schema": 9}),
    "a key more": lambda plain: json.dumps({**plain, "more": 1}),
    "a package without digest": lambda plain: json.dumps({**plain, "packages": [{"name": "x"}]}),
    "a digest that is a path": lambda plain: json.dumps(
        {**plain, "packages": [{**plain["packages"][0], "sha256": "../../etc/passwd"}]}
    ),
    "a name that is a path": lambda plain: json.dumps(
        {**plain, "packages": [{**plain["packages"][0], "name": "../../x"}]}
    ),
}


@pytest.mark.parametrize("broken", BROKEN_LOCKS.values(), ids=list(BROKEN_LOCKS))
def test_a_broken_lock_is_refused(host: BuildHost, tmp_path: Path, broken: object) -> None:
    lock = Lock("vm", "bookworm", "amd64", "", (package(b"x"),))
    assert callable(broken)
    (tmp_path / "lock.json").write_text(broken(json.loads(lock.text())))
    with pytest.raises(ImageError, match=r"lock\.json is not a lock"):
        read_lock(tmp_path / "lock.json")


@pytest.mark.parametrize(
    ("lock", "what"),
    [
        (Lock("ec2", "bookworm", "amd64", "", ()), "it is of 'ec2', not of 'vm'"),
        (Lock("vm", "trixie", "amd64", "", ()), "of another release"),
        (Lock("vm", "bookworm", "arm64", "", ()), "of another architecture"),
        (Lock("vm", "bookworm", "amd64", "other packages", ()), "is out of date"),
    ],
)
def test_a_lock_that_does_not_fit_is_refused(host: BuildHost, tmp_path: Path, lock: Lock, what: str) -> None:
    with pytest.raises(ImageError, match=what):
        check_lock(lock, load_definition("vm"), host, tmp_path / "lock")
    vm = load_definition("vm")
    check_lock(Lock("vm", "bookworm", "amd64", asked_of(vm), locked_packages(vm)), vm, host, tmp_path)


def test_the_kept_lock_is_made_anew_only_when_it_does_not_fit(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    builder = ImageBuilder(trees_in_use=no_trees, host=host, cache=tmp_path / "cache", note=said.append)
    definition = builder.definition("machine")
    kept = lock_for(builder, "machine")
    assert builder.locked(definition) == kept
    lines = [f"'u' {one.file} 1 SHA256:{one.sha256}" for one in locked_packages(definition, "2")]
    apt(tmp_path, host, monkeypatch, "\n".join(lines))
    builder.locks.path("machine").write_text(kept.text().replace(kept.asked, "other"))
    assert {one.version for one in builder.locked(definition).packages} == {"1", "2"}
    assert any("locking them again" in text for text in said)
    builder.locks.path("machine").write_text("null")
    with pytest.raises(ImageError, match="is not a lock"):  # nobody knows what it was: the newest is not put for it
        builder.locked(definition)
    assert builder.locks.path("machine").read_text() == "null"
    (tmp_path / "mine").write_text("{")
    with pytest.raises(ImageError, match="is not a lock"):  # one that was named is never replaced
        builder.locked(definition, tmp_path / "mine")


def test_the_store_takes_only_what_is_locked(tmp_path: Path) -> None:
    store, good = DebStore(tmp_path / "debs"), package(b"good")
    (tmp_path / "got").write_bytes(b"evil")
    with pytest.raises(ImageError, match="is not the one that was locked"):
        store.add(tmp_path / "got", good)
    assert store.missing([good]) == [good]
    (tmp_path / "got").write_bytes(b"good")
    store.add(tmp_path / "got", good)
    assert store.missing([good]) == []
    store.verify([good])


def test_what_was_altered_in_the_store_is_removed_and_named(tmp_path: Path) -> None:
    store, good = DebStore(tmp_path / "debs"), package(b"good")
    (tmp_path / "got").write_bytes(b"good")
    store.add(tmp_path / "got", good)
    store.path(good.sha256).write_bytes(b"evil")
    with pytest.raises(ImageError, match=r"were altered: one 1:2\.0"):
        store.verify([good])
    assert store.missing([good]) == [good]
    store.path(good.sha256).write_bytes(b"goo")  # cut by a full disk
    assert store.missing([good]) == [good]


def test_the_store_sweeps_what_no_lock_names(tmp_path: Path) -> None:
    store = DebStore(tmp_path / "debs")
    for content in (b"one", b"two"):
        (tmp_path / "got").write_bytes(content)
        store.add(tmp_path / "got", package(content))
    keep = package(b"one")
    assert store.sweep([keep.sha256], dry_run=True) == 3
    assert store.missing([package(b"two")]) == []
    assert store.sweep([keep.sha256], dry_run=False) == 3
    assert store.missing([keep, package(b"two")]) == [package(b"two")]


def test_two_who_want_the_same_lock_make_one(host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, resolved = threading.Event(), []

    def resolve(self: Apt, definition: ImageDefinition) -> Lock:
        assert waits.wait(240)
        resolved.append(definition.name)
        return Lock(definition.name, "bookworm", "amd64", asked_of(definition), locked_packages(definition))

    def heard(text: str) -> None:
        if "another process asks the host's package sources" in text:
            waits.set()

    monkeypatch.setattr(Apt, "resolve", resolve)
    found: list[Lock] = []

    def lock() -> None:
        builder = ImageBuilder(trees_in_use=no_trees, host=host, cache=tmp_path / "cache", note=heard)
        found.append(builder.locked(builder.definition("machine")))

    both = [threading.Thread(target=lock) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(240)
    assert resolved == ["machine"] and len(found) == 2 and found[0] == found[1]


def test_packages_are_fetched_some_at_a_time_and_others_may_ask_in_between(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = LockKeeper(tmp_path / "cache", host, DebStore(tmp_path / "debs"), lambda text: None)
    contents = [f"package {number}".encode() for number in range(90)]
    lock = Lock("vm", "bookworm", "amd64", "", tuple(package(one, f"p{n}") for n, one in enumerate(contents)))
    turns: list[str] = []

    def fetch(self: Apt, packages: list[LockedPackage], store: DebStore, work: Path) -> None:
        turns.append(f"fetch {len(packages)}")
        for one in packages:
            (work / "got").write_bytes(contents[int(one.name[1:])])
            store.add(work / "got", one)

    monkeypatch.setattr(Apt, "fetch", fetch)
    monkeypatch.setattr(Apt, "update", lambda self: turns.append("update"))
    locked = keeper._locks.locked

    def watched(key: str, busy: str) -> AbstractContextManager[None]:
        turns.append("lock")
        return locked(key, busy)

    monkeypatch.setattr(keeper._locks, "locked", watched)
    killed = tmp_path / "cache" / "fetch-killed"
    killed.mkdir(parents=True)
    keeper.fetch(lock)
    assert not killed.exists()
    # What apt knew of the sources may be of another day: it asks first, once.
    assert turns == ["lock", "update", "fetch 40", "lock", "fetch 40", "lock", "fetch 10"]
    keeper.fetch(lock)
    assert len(turns) == 7


def test_no_password_of_a_package_source_is_in_an_error(host: BuildHost, tmp_path: Path) -> None:
    line = "'http://user:pa@ss@mirror.example/one_1_amd64.deb' one_1_amd64.deb 10 MD5Sum:00"
    with pytest.raises(ImageError, match="in an unknown way") as caught:
        list(lock_module._printed(line))
    assert "mirror.example" in caught.value.why and "pa@ss" not in str(caught.value)
    (host.apt_dir / "sources.list.d").mkdir()
    (host.apt_dir / "sources.list.d" / "x.sources").write_text("deb [x] //user;secret@mirror.example x\n")
    with pytest.raises(ImageError, match="is not a field") as caught:
        read_sources("bookworm", host.apt_dir)
    assert "secret" not in str(caught.value)
