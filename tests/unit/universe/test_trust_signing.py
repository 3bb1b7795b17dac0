"""Signing renews what has changed and no more, is the same each time, and survives anything; roots are followed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import pytest
from securesystemslib.signer import CryptoSigner, Signer

from dcos_universe.building.room import room
from dcos_universe.errors import UniverseError
from dcos_universe.index import fetching
from dcos_universe.index.client import Client, RepositoryRefused
from dcos_universe.trust import keys, verifying
from dcos_universe.trust.ceremony import Ceremony, RoleKeys
from dcos_universe.trust.signing import LEDGER
from tests.support.universe.publisher import (
    HOLDERS,
    Publisher,
    await_clock,
    change_unseen,
    names,
    replace,
    write_package,
)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path)
    made.begin()
    return made


def files(tree: Path) -> dict[str, bytes]:
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def test_a_folder_that_is_no_tree_is_not_signed(publisher: Publisher) -> None:
    publisher.out.mkdir()
    with pytest.raises(UniverseError, match=r"is no built repository\nwhy: there is no universe\.json in it"):
        publisher.sign()
    assert not list(publisher.out.iterdir())


def test_one_package_renews_one_bin_the_index_snapshot_and_timestamp(publisher: Publisher) -> None:
    publisher.publish()
    write_package(publisher.source, "gamma")
    publisher.build()
    renewed = publisher.sign().renewed
    assert sum("bin-" in name for name in renewed) == 1
    assert sorted(name for name in renewed if "bin-" not in name) == [
        "2.index.json",
        "2.snapshot.json",
        "timestamp.json",
    ]


def test_nothing_new_renews_nothing_and_touches_nothing(publisher: Publisher) -> None:
    publisher.publish()
    about = publisher.out.stat().st_ino
    assert publisher.sign().renewed == []
    assert publisher.out.stat().st_ino == about


def test_what_ends_soon_is_renewed_and_nothing_else(publisher: Publisher) -> None:
    publisher.publish()
    assert publisher.sign(now=publisher.now + timedelta(days=3)).renewed == []
    assert publisher.sign(now=publisher.now + timedelta(days=4)).renewed == ["timestamp.json"]
    renewed = publisher.sign(now=publisher.now + timedelta(days=16)).renewed
    assert renewed == ["2.snapshot.json", "timestamp.json"]


def test_two_publishers_make_the_same_but_for_keys_signatures_and_expiry(tmp_path: Path) -> None:
    def told(name: str, now: datetime) -> dict[str, object]:
        publisher = Publisher(tmp_path / name, now=now)
        publisher.begin()
        tree = publisher.publish()
        found: dict[str, object] = {}
        for path, content in files(tree).items():
            if path.startswith("metadata/"):
                signed = json.loads(content)["signed"]
                for key in ("expires", "keys", "roles", "delegations"):
                    signed.pop(key, None)
                for meta in signed.get("meta", {}).values():
                    meta.pop("hashes")
                    meta.pop("length")
                found[path] = signed
            else:
                found[path] = content
        return found

    assert told("one", datetime(2031, 1, 1, tzinfo=UTC)) == told("two", datetime(2032, 5, 5, tzinfo=UTC))


def test_readers_of_the_snapshot_before_still_find_its_files(publisher: Publisher) -> None:
    before = publisher.publish()
    write_package(publisher.source, "gamma")
    publisher.build()
    publisher.sign()
    for name in files(before):
        if name.startswith(("metadata/", "targets/")) and name != "metadata/timestamp.json":
            assert (publisher.out / name).is_file(), name
    for number in range(5):
        write_package(publisher.source, f"more{number}")
        publisher.build()
        publisher.sign()
    snapshots = list((publisher.out / "metadata").glob("*.snapshot.json"))
    assert len(snapshots) == 3, "old ones do not pile up"


def test_a_tree_that_was_lost_goes_on_with_the_versions_of_before(publisher: Publisher) -> None:
    client = publisher.client(publisher.out)
    publisher.publish()
    client.refresh()
    shutil.rmtree(publisher.out)
    write_package(publisher.source, "gamma")
    publisher.build()
    publisher.sign()
    assert ("gamma", 0) in names(client.refresh())


def test_a_tree_changed_since_it_was_signed_is_told(publisher: Publisher) -> None:
    publisher.publish()
    write_package(publisher.source, "gamma")
    publisher.build()
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned
    assert names(publisher.client(publisher.out).refresh()) == [("alpha", 0), ("beta", 0)], (
        "the old snapshot still stands"
    )
    publisher.sign()
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned == []


def test_signing_without_the_key_says_which_one_is_wanted(publisher: Publisher) -> None:
    publisher.build()
    before = files(publisher.out)
    with pytest.raises(UniverseError, match="cannot be signed") as caught:
        publisher.sign(by=("alice",))
    assert publisher.signers["online"].public_key.keyid[:12] in str(caught.value)
    assert files(publisher.out) == before


def test_an_unfinished_root_signs_nothing(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    root, online = publisher.keys(*HOLDERS), publisher.keys("online")
    wanted = RoleKeys(
        {"root": root, "targets": root, "packages": online, "snapshot": online, "timestamp": online},
        {"root": 2, "targets": 2, "packages": 1, "snapshot": 1, "timestamp": 1},
    )
    publisher.ceremony.begin(wanted, now=publisher.now)
    waits = publisher.ceremony.sign([publisher.signers["alice"]])
    assert [(one.file, one.count) for one in waits] == [("1.root.json", 1), ("1.targets.json", 1)]
    publisher.build()
    with pytest.raises(UniverseError, match="not enough signatures"):
        publisher.sign()


def test_two_who_sign_at_once_are_kept_apart(publisher: Publisher) -> None:
    publisher.build()
    with room(publisher.out), pytest.raises(UniverseError, match="another process"):
        publisher.sign()
    assert publisher.sign().renewed


# --- the root --------------------------------------------------------------------------------------------------------


def test_a_rotated_root_is_followed_and_its_old_keys_sign_nothing_more(publisher: Publisher) -> None:
    before = publisher.publish()
    client = publisher.client(publisher.folder / "shown")
    shutil.copytree(before, publisher.folder / "shown")
    client.refresh()
    publisher.signers["new"] = CryptoSigner.generate_ed25519()
    publisher.signers["dave"] = CryptoSigner.generate_ed25519()
    new, old = publisher.signers["new"].public_key, publisher.signers["online"].public_key.keyid
    roles = ("packages", "snapshot", "timestamp")
    publisher.ceremony.rotate(
        add=[*((role, new) for role in roles), ("root", publisher.signers["dave"].public_key)],
        drop=[*((role, old) for role in roles), ("root", publisher.signers["carol"].public_key.keyid)],
        now=publisher.now,
    )
    assert publisher.ceremony.sign([publisher.signers["alice"]])
    assert not publisher.ceremony.sign([publisher.signers["bob"]])
    write_package(publisher.source, "gamma")
    publisher.build()
    with pytest.raises(UniverseError, match="cannot be signed"):
        publisher.sign(by=("online",))
    publisher.sign(by=("new",))
    shutil.rmtree(publisher.folder / "shown")
    shutil.copytree(publisher.out, publisher.folder / "shown")
    assert ("gamma", 0) in names(client.refresh())
    assert ("gamma", 0) in names(publisher.client(publisher.out, "fresh").refresh()), "from the first root, too"
    older = (before / "metadata" / "timestamp.json").read_bytes()
    (publisher.folder / "shown" / "metadata" / "timestamp.json").write_bytes(older)
    with pytest.raises(RepositoryRefused):
        publisher.client(publisher.folder / "shown", "another").refresh()


def test_a_root_key_is_never_online(publisher: Publisher, tmp_path: Path) -> None:
    both = publisher.keys("alice")
    wanted = RoleKeys(dict.fromkeys(("root", "targets", "packages", "snapshot", "timestamp"), both), {})
    with pytest.raises(UniverseError, match="both of root and online"):
        Ceremony(tmp_path / "another").begin(wanted, now=publisher.now)


@pytest.mark.parametrize("threshold", [0, 4])
def test_a_threshold_that_nobody_or_anybody_meets_is_refused(publisher: Publisher, threshold: int) -> None:
    with pytest.raises(UniverseError, match="could never sign"):
        publisher.ceremony.rotate(thresholds={"root": threshold}, now=publisher.now)


def test_a_second_change_waits_for_the_first(publisher: Publisher) -> None:
    publisher.ceremony.rotate(now=publisher.now)
    with pytest.raises(UniverseError, match="waits for"):
        publisher.ceremony.rotate(now=publisher.now)


# --- the alarm -------------------------------------------------------------------------------------------------------


def test_verify_rings_before_signatures_end(publisher: Publisher) -> None:
    tree = publisher.publish()
    quiet = verifying.verify(str(tree), publisher.root, now=publisher.now, warn=timedelta(days=6))
    assert quiet.soon == []
    rung = verifying.verify(str(tree), publisher.root, now=publisher.now, warn=timedelta(days=8))
    assert rung.soon == ["timestamp"]
    assert next(iter(rung.json["expires"])) == "timestamp"


# --- keys ------------------------------------------------------------------------------------------------------------


def test_keys_are_encrypted_and_their_owners_alone(tmp_path: Path) -> None:
    made = keys.make(tmp_path / "alice.pem", "correct horse")
    assert (tmp_path / "alice.pem").stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in (tmp_path / "alice.pem").read_bytes()
    assert keys.read_public(tmp_path / "alice.pub").keyid == made.keyid
    assert keys.read_private(tmp_path / "alice.pem", lambda _: "correct horse").public_key.keyid == made.keyid
    with pytest.raises(UniverseError, match="passphrase is another"):
        keys.read_private(tmp_path / "alice.pem", lambda _: "wrong horse!!")
    with pytest.raises(UniverseError, match="there already"):
        keys.make(tmp_path / "alice.pem", "correct horse")
    with pytest.raises(UniverseError, match="too short"):
        keys.make(tmp_path / "bob.pem", "short")
    with pytest.raises(UniverseError, match="private key"):
        keys.read_public(tmp_path / "alice.pem")
    (tmp_path / "alice.pem").chmod(0o640)
    with pytest.raises(UniverseError, match="others may use it"):
        keys.read_private(tmp_path / "alice.pem", lambda _: "correct horse")


# --- kill -9 ---------------------------------------------------------------------------------------------------------

SIGN = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from dcos_universe.trust import keys, signing
from dcos_universe.trust.ceremony import Ceremony
out, trust, key = map(Path, sys.argv[1:])
signers = [keys.read_private(key, lambda _: "correct horse battery")]
print("go", flush=True)
signing.sign(out, Ceremony(trust), signers, now=datetime.now(UTC))
"""


@pytest.mark.parametrize("attempts", [3, pytest.param(40, marks=pytest.mark.soak)])
def test_kill_9_of_a_signing_leaves_the_old_tree_or_the_new_one(publisher: Publisher, attempts: int) -> None:
    publisher.signers["online"] = file_signer(publisher)
    publisher.ceremony.folder.rename(publisher.folder / "trust-before")
    publisher.begin()
    publisher.publish()
    client = publisher.client(publisher.out)
    dice = random.Random(11)
    whole = 0.4
    for attempt in range(attempts):
        write_package(publisher.source, f"more{attempt}")
        publisher.build()
        command = [
            sys.executable,
            "-c",
            SIGN,
            str(publisher.out),
            str(publisher.ceremony.folder),
            str(publisher.folder / "online.pem"),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
            assert process.stdout is not None and process.stdout.readline() == b"go\n"
            began = time.monotonic()
            try:
                process.wait(dice.uniform(0.0, whole))
                whole = max(0.05, time.monotonic() - began)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        # One client sees it all: never a state that does not hold together, never one that looks older than before.
        seen = names(client.refresh())
        assert seen[:2] == [("alpha", 0), ("beta", 0)]
    publisher.sign(now=datetime.now(UTC))
    assert verifying.verify(str(publisher.out), publisher.root, now=datetime.now(UTC)).unsigned == []
    assert len(client.refresh()["packages"]) == 2 + attempts
    assert (publisher.ceremony.folder / LEDGER).is_file()


def file_signer(publisher: Publisher) -> Signer:
    keys.make(publisher.folder / "online.pem", "correct horse battery")
    return keys.read_private(publisher.folder / "online.pem", lambda _: "correct horse battery")


# --- the client over HTTP, and without a root ------------------------------------------------------------------------


def test_a_client_fetches_what_has_changed_and_no_more(publisher: Publisher) -> None:
    asked: list[str] = []

    def fetch(url: str, max_length: int, headers: Mapping[str, str] = MappingProxyType({})) -> fetching.FetchedResponse:
        asked.append(url.rpartition("/out/")[2])
        return fetching.fetch(url, max_length, headers)

    publisher.publish()
    client = publisher.client(publisher.out, fetch=fetch)
    client.refresh()
    assert any(name.endswith(".repo-up-to-2.0.json.zst") for name in asked)
    asked.clear()
    client.refresh()
    assert asked == ["metadata/2.root.json", "metadata/timestamp.json"]
    asked.clear()
    write_package(publisher.source, "gamma")
    publisher.build()
    publisher.sign()
    assert ("gamma", 0) in names(client.refresh())
    kinds = [name.partition("/")[0] + ":" + name.rpartition(".repo")[2] for name in asked]
    assert len(asked) == 6 and kinds[-1].startswith("delta:"), asked
    assert not any(name.endswith("repo-up-to-2.0.json.zst") and "delta" not in name for name in asked)
    assert client.cached() == json.loads((publisher.out / "repo-up-to-2.0.json").read_bytes())


def test_a_damaged_step_costs_the_whole_index_and_nothing_else(publisher: Publisher) -> None:
    publisher.publish()
    client = publisher.client(publisher.out)
    client.refresh()
    write_package(publisher.source, "gamma")
    publisher.build()
    publisher.sign()
    for path in (publisher.out / "delta" / "repo-up-to-2.0").iterdir():
        replace(path, b"garbage")
    assert ("gamma", 0) in names(client.refresh())


def test_without_a_root_a_client_reads_any_repository(publisher: Publisher) -> None:
    publisher.build()
    client = Client(publisher.out, state=publisher.folder / "plain")
    assert names(client.refresh()) == [("alpha", 0), ("beta", 0)]
    write_package(publisher.source, "gamma")
    publisher.build()
    assert ("gamma", 0) in names(client.refresh())
    one = Client((publisher.out / "universe.json").as_uri(), state=publisher.folder / "one")
    assert ("gamma", 0) in names(one.refresh())


def test_a_foreign_server_is_asked_by_etag_and_for_what_it_has(tmp_path: Path) -> None:
    index = json.dumps({"packages": []}).encode()
    asked: list[tuple[str, str, str]] = []

    def fetch(url: str, max_length: int, headers: Mapping[str, str] = MappingProxyType({})) -> fetching.FetchedResponse:
        asked.append((url, headers.get("If-None-Match", ""), headers.get("Accept", "")))
        if url != "http://198.18.0.9/repo":
            return fetching.FetchedResponse(404)
        if headers.get("If-None-Match") == '"1"':
            return fetching.FetchedResponse(304)
        return fetching.FetchedResponse(200, {"etag": '"1"'}, index)

    client = Client("http://198.18.0.9/repo", state=tmp_path / "state", fetch=fetch)
    assert client.refresh() == {"packages": []} == client.refresh()
    assert [url for url, *_ in asked] == [
        "http://198.18.0.9/delta/repo-up-to-2.0.json",
        "http://198.18.0.9/repo",
        "http://198.18.0.9/repo",
    ]
    assert asked[-1][1] == '"1"' and "version=v5" in asked[-1][2] and "version=v3" in asked[-1][2]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"packages": {}}', b"PK\x03\x04", b"[" * 9000])
def test_what_is_no_repository_is_told_and_not_kept(tmp_path: Path, body: bytes) -> None:
    def fetch(url: str, max_length: int, headers: Mapping[str, str] = MappingProxyType({})) -> fetching.FetchedResponse:
        return fetching.FetchedResponse(404 if "delta" in url else 200, {}, body)

    client = Client("http://198.18.0.9/repo", state=tmp_path / "state", fetch=fetch)
    with pytest.raises(UniverseError):
        client.refresh()
    assert client.cached() is None


def test_a_repository_may_lie_at_any_path(tmp_path: Path) -> None:
    def fetch(url: str, max_length: int, headers: Mapping[str, str] = MappingProxyType({})) -> fetching.FetchedResponse:
        if url != "http://198.18.0.9/repo-1.7":
            return fetching.FetchedResponse(404)
        return fetching.FetchedResponse(200, {}, b'{"packages": []}')

    assert Client("http://198.18.0.9/repo-1.7", state=tmp_path / "state", fetch=fetch).refresh() == {"packages": []}


REFRESH = """
import sys
from pathlib import Path
from dcos_universe.index.client import Client
out, root, state = map(Path, sys.argv[1:])
print("go", flush=True)
Client(out, root=root.read_bytes(), state=state).refresh()
"""


@pytest.mark.parametrize("attempts", [3, pytest.param(40, marks=pytest.mark.soak)])
def test_kill_9_of_a_client_forgets_nothing_that_it_has_seen(publisher: Publisher, attempts: int) -> None:
    before = publisher.publish()
    write_package(publisher.source, "gamma")
    publisher.publish()
    (publisher.folder / "root.json").write_bytes(publisher.root)
    dice = random.Random(7)
    for _ in range(attempts):
        arguments = [str(publisher.out), str(publisher.folder / "root.json"), str(publisher.folder / "state")]
        with subprocess.Popen([sys.executable, "-c", REFRESH, *arguments], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline() == b"go\n"
            time.sleep(dice.uniform(0, 0.3))
            process.kill()
        cached = publisher.client(publisher.out).cached()
        assert cached is None or ("gamma", 0) in names(cached)
    assert ("gamma", 0) in names(publisher.client(publisher.out).refresh())
    with pytest.raises(RepositoryRefused, match="rolled-back"):
        publisher.client(before).refresh()


# --- what is read again ----------------------------------------------------------------------------------------------


def _listed(publisher: Publisher) -> dict[str, int]:
    """The files that are signed, with their inodes."""
    signed = json.loads((publisher.out / "contents.json").read_bytes())["files"]
    return {name: (publisher.out / name).stat().st_ino for name in [*signed, "contents.json"]}


def test_only_what_is_new_is_read_again(publisher: Publisher) -> None:
    publisher.publish()
    assert publisher.sign().read == 0
    publisher.build()
    assert publisher.sign().read == 0
    before = _listed(publisher)
    write_package(publisher.source, "gamma")
    publisher.build()
    read = publisher.sign().read
    after = _listed(publisher)
    assert read == sum(before.get(name) != inode for name, inode in after.items()) < len(after)
    assert publisher.sign(again=True).read == len(after)
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned == []


@pytest.mark.parametrize("when", ["before the build", "after the build", "without a build"])
def test_changes_that_hide_their_size_and_their_time_are_seen(publisher: Publisher, when: str) -> None:
    """Whatever lies in the tree is signed as what it is, never as what it was."""
    hidden = ("2.0/package/alpha.json", "repo-up-to-2.0.content_type", "sbom/alpha/0.cdx.json", "artifacts/beta.json")
    publisher.publish()
    write_package(publisher.source, "gamma")
    await_clock()
    if when == "after the build":
        publisher.build()
        await_clock()
    for name in hidden:
        change_unseen(publisher.out / name)
    await_clock()
    if when == "before the build":
        publisher.build()
        await_clock()
    publisher.sign()
    signed = json.loads((publisher.out / "contents.json").read_bytes())["files"]
    for name in hidden:
        content = (publisher.out / name).read_bytes()
        assert signed[name] == [sha256(content).hexdigest(), len(content)], name
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned == []


def test_a_signing_that_was_refused_forgets_nothing_of_what_was_changed(publisher: Publisher) -> None:
    publisher.publish()
    write_package(publisher.source, "gamma")
    publisher.build()
    await_clock()
    change_unseen(publisher.out / "2.0/package/beta.json")
    await_clock()
    with pytest.raises(UniverseError, match="cannot be signed"):
        publisher.sign(by=("alice",))
    await_clock()
    publisher.sign()
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned == []


def test_a_signing_step_by_step_says_what_one_of_everything_says(publisher: Publisher) -> None:
    publisher.publish()
    for number, name in enumerate(("gamma", "delta", "gamma")):
        write_package(publisher.source, name, number)
        publisher.build()
        publisher.sign()
    before = files(publisher.out)
    assert publisher.sign(again=True).renewed == []
    after = files(publisher.out)
    # What readers of earlier snapshots needed goes.
    assert {name: content for name, content in before.items() if name in after} == after


@pytest.mark.parametrize("name", ["digests", "runs"])
def test_what_is_kept_of_digests_may_be_lost(publisher: Publisher, name: str) -> None:
    publisher.publish()
    (kept,) = (publisher.out.parent / f".{publisher.out.name}.build" / "cache").glob(f"{name}*")
    before = files(publisher.out)
    for content in (None, b"", b"\x93\x01" * 50):
        kept.unlink(missing_ok=True)
        if content is not None:
            kept.write_bytes(content)
        read = publisher.sign().read
        # A file that has got no other name since it was read needs no run to explain its time of change.
        assert read == len(_listed(publisher)) if name == "digests" else read > len(_listed(publisher)) // 2
        assert files(publisher.out) == before
