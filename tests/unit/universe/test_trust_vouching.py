"""`verify` names each file of ``metadata/`` and ``targets/`` that no signature vouches for, also of those that are kept
for readers under way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Snapshot, Targets

from dcos_universe.commands.publish import command
from dcos_universe.trust import verifying
from dcos_universe.trust.ceremony import COMPACT
from tests.support.universe.publisher import ONLINE, Publisher, replace, write_package


def replace_online_key(made: Publisher) -> None:
    """``next`` signs from now on."""
    made.signers["next"] = CryptoSigner.generate_ed25519()
    ((old, _),), ((_, new),) = made.keys("online").items(), made.keys("next").items()
    made.ceremony.rotate(add=[(role, new) for role in ONLINE], drop=[(role, old) for role in ONLINE], now=made.now)
    assert not made.ceremony.sign([made.signers["alice"], made.signers["carol"]])


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    """Three publications; the root and the online key are replaced before the second."""
    made = Publisher(tmp_path_factory.mktemp("publisher"))
    made.begin()
    made.publish()
    replace_online_key(made)
    for number in (1, 2):
        write_package(made.source, "alpha", number)
        made.build()
        made.sign(by=("next",))
    return made


@pytest.fixture
def tree(publisher: Publisher) -> Path:
    return publisher.copy(f"tree-{len(list(publisher.folder.glob('tree-*')))}")


def unsigned(publisher: Publisher, tree: Path, root: bytes | None = None) -> list[str]:
    return verifying.verify(str(tree), root or publisher.root, now=publisher.now).unsigned


def test_what_was_signed_is_vouched_for_from_each_root(publisher: Publisher, tree: Path) -> None:
    there = {path.name for path in (tree / "metadata").iterdir()}
    assert {"1.root.json", "2.root.json", "1.snapshot.json", "3.snapshot.json", "1.targets.json"} <= there
    assert unsigned(publisher, tree) == []
    (tree / "metadata" / "1.snapshot.json").unlink()
    assert unsigned(publisher, tree) == [], "each role's own signature counts, too"


def spaced(content: bytes) -> bytes:
    return content + b" "


def garbage(content: bytes) -> bytes:
    return b"<h1>garbage</h1>"


def other_expiry(content: bytes) -> bytes:
    found: Metadata[Root] = Metadata.from_bytes(content)
    found.signed.expires += timedelta(days=1)
    return found.to_bytes(COMPACT)


def with_a_field(content: bytes) -> bytes:
    return json.dumps(json.loads(content) | {"more": "evil"}, sort_keys=True, separators=(",", ":")).encode()


def with_a_signature(content: bytes) -> bytes:
    found = json.loads(content)
    found["signatures"].append({"keyid": "evil", "sig": "00"})
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()


CHANGES = (spaced, garbage, other_expiry, with_a_field, with_a_signature)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize(
    "name", ["1.root.json", "1.snapshot.json", "1.index.json", "1.packages.json", "1.targets.json"]
)
def test_a_changed_older_file_is_named(
    publisher: Publisher, tree: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    path = tree / "metadata" / name
    replace(path, change(path.read_bytes()))
    found, *below = unsigned(publisher, tree)
    assert found.startswith(f"metadata/{name} is ")
    assert all(one.startswith("targets/") and name == "1.index.json" for one in below), "files that only it names"


@pytest.mark.parametrize("name", ["99.root.json", "evil.html", "sub/evil.html", "timestamp.json.bak", "7.bin-0.json"])
@pytest.mark.parametrize("like", ["", "1.root.json", "1.index.json", "1.snapshot.json"])
def test_an_added_file_is_named(publisher: Publisher, tree: Path, name: str, like: str) -> None:
    path = tree / "metadata" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((tree / "metadata" / like).read_bytes() if like else b"evil")
    assert unsigned(publisher, tree) == [f"metadata/{name} is vouched for by no signature"]


def test_a_link_is_named(publisher: Publisher, tree: Path) -> None:
    (tree / "metadata" / "evil").symlink_to(tree)
    assert unsigned(publisher, tree) == ["metadata/evil is vouched for by no signature"]


def test_a_key_that_was_replaced_signs_no_later_state(publisher: Publisher, tree: Path) -> None:
    made = Metadata(Snapshot(9, None, publisher.now + timedelta(days=3), {}))
    made.sign(publisher.signers["online"])
    (tree / "metadata" / "9.snapshot.json").write_bytes(made.to_bytes(COMPACT))
    assert unsigned(publisher, tree) == ["metadata/9.snapshot.json is vouched for by no signature"]


def test_a_root_before_the_given_one_is_held_to_it(publisher: Publisher, tree: Path) -> None:
    second = (tree / "metadata" / "2.root.json").read_bytes()
    path = tree / "metadata" / "1.root.json"
    genuine = path.read_bytes()
    assert unsigned(publisher, tree, second) == []
    found = (
        "metadata/1.root.json is not vouched for by the root that was given: give one of its version or an earlier one"
    )
    for change in CHANGES[:-1]:
        replace(path, change(genuine))
        assert found in unsigned(publisher, tree, second), change
    made: Metadata[Root] = Metadata.from_bytes(genuine)
    own = CryptoSigner.generate_ed25519()
    made.signed.add_key(own.public_key, Root.type)
    made.signed.roles[Root.type].threshold = 1
    made.sign(own, append=True)
    replace(path, made.to_bytes(COMPACT))
    assert found in unsigned(publisher, tree, second), "one that says itself which keys sign it"


def test_signed_metadata_that_is_missing_is_named(publisher: Publisher, tree: Path) -> None:
    """Also that of a bin without packages, which no client asks for."""
    metas = json.loads((tree / "metadata" / "3.snapshot.json").read_bytes())["signed"]["meta"]
    bins = {f"{meta['version']}.{file}" for file, meta in metas.items() if file.startswith("bin-")}
    (empty, *_) = sorted(name for name in bins if b'"targets":{}' in (tree / "metadata" / name).read_bytes())
    replace(tree / "metadata" / empty, b"{}")
    assert unsigned(publisher, tree) == [f"metadata/{empty} is not what was signed"]
    (tree / "metadata" / empty).unlink()
    assert unsigned(publisher, tree) == [f"metadata/{empty} is missing"]


def test_files_under_names_with_a_digest_are_named_that_no_role_names(publisher: Publisher, tree: Path) -> None:
    (tree / "targets" / "evil.html").write_text("evil")
    older: Metadata[Targets] = Metadata.from_bytes((tree / "metadata" / "1.index.json").read_bytes())
    (kept,) = older.signed.targets["contents.json"].get_prefixed_paths()
    replace(tree / "targets" / kept, b"evil")
    assert sorted(unsigned(publisher, tree)) == sorted(
        [f"targets/{kept} is not what was signed", "targets/evil.html is vouched for by no signature"]
    )


def test_a_place_that_keeps_earlier_publications_is_vouched_for(tmp_path: Path) -> None:
    made = Publisher(tmp_path)
    made.begin()
    for number in range(1, 6):
        write_package(made.source, "alpha", number)
        if number == 4:
            replace_online_key(made)
        made.build()
        made.sign(by=("online",) if number < 4 else ("next",))
        done = CliRunner().invoke(command, [str(made.out), str(tmp_path / "place"), "--keep", "10"])
        assert done.exit_code == 0, done.output
    current = (tmp_path / "place" / "current").resolve()
    assert {f"{number}.snapshot.json" for number in range(1, 6)} <= {
        path.name for path in (current / "metadata").iterdir()
    }
    assert unsigned(made, current) == []
    (current / "metadata" / "1.snapshot.json").write_bytes(b"{}")
    assert unsigned(made, current) == ["metadata/1.snapshot.json is vouched for by no signature"]
