"""The root that a repository is verified with: a wrong file is told as that, and not as an attack on the repository."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from dcos_runtime.cosmos.main import Cosmos
from dcos_runtime.flags.cosmos import CosmosFlags
from dcos_runtime.leading.main import Unusable
from dcos_universe.commands.verify import command
from dcos_universe.errors import UniverseError
from dcos_universe.index.trusted import read_root
from dcos_universe.trust import verifying
from tests.support.universe.publisher import Publisher


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "publisher")
    made.begin()
    return made


def wrong_files(publisher: Publisher, tree: Path, folder: Path) -> dict[Path, str]:
    """Files that are no root, and what is told of each."""
    changed = json.loads(publisher.root)
    changed["signed"]["expires"] = "2099-01-01T00:00:00Z"
    contents = {
        "alice.pub": (b"-----BEGIN PUBLIC KEY-----\n", "not metadata of TUF"),
        "empty.json": (b"", "not metadata of TUF"),
        "list.json": (b"[]", "not metadata of TUF"),
        "text.json": (b'{"signed": "x", "signatures": []}', "not metadata of TUF"),
        "deep.json": (b"[" * 5000 + b"]" * 5000, "not metadata of TUF"),
        "timestamp.json": ((tree / "metadata" / "timestamp.json").read_bytes(), "the role timestamp"),
        "changed.json": (json.dumps(changed).encode(), "own keys have not signed it"),
    }
    found = {folder / "none.json": "No such file"}
    for name, (content, why) in contents.items():
        (folder / name).write_bytes(content)
        found[folder / name] = why
    return found


def test_a_wrong_root_is_refused_with_the_reason(publisher: Publisher, tmp_path: Path) -> None:
    tree = publisher.publish()
    for path, why in wrong_files(publisher, tree, tmp_path).items():
        with pytest.raises(UniverseError) as refused:
            read_root(path)
        assert why in str(refused.value.why) and str(path) in refused.value.what and refused.value.hint, path
        done = CliRunner().invoke(command, [str(tree), f"--root={path}"])
        assert isinstance(done.exception, UniverseError) and "tampered" not in f"{done.exception}", path
        flags = CosmosFlags(work_dir=str(tmp_path / "cosmos"), repository_root=str(path))
        with pytest.raises(Unusable, match="--repository_root"):
            Cosmos().prepare(flags)


def test_a_root_is_taken_by_the_package_manager(publisher: Publisher, tmp_path: Path) -> None:
    root = tmp_path / "root.json"
    root.write_bytes(publisher.root)
    assert read_root(root) == publisher.root
    Cosmos().prepare(CosmosFlags(work_dir=str(tmp_path / "cosmos"), repository_root=str(root)))


def test_a_published_place_is_verified_as_the_tree_that_is_current_in_it(publisher: Publisher, tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "trees").mkdir(parents=True)
    tree = publisher.publish()
    tree.rename(place / "trees" / "one")
    (place / "current").symlink_to("trees/one")
    assert not verifying.verify(str(place), publisher.root, now=datetime.now(UTC)).unsigned
    (place / "current").unlink()
    with pytest.raises(UniverseError, match="no tree"):
        verifying.verify(str(place), publisher.root, now=datetime.now(UTC))
