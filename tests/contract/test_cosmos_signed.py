"""A package manager that was given a root takes nothing tampered with, rolled back or frozen, and says why."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.cosmos.cluster import Packaged, packaged
from tests.support.cosmos.packages import entry
from tests.support.cosmos.shell import Shell
from tests.support.daemons.byhand import ask, wait_for
from tests.support.universe.publisher import Publisher, replace, write_package
from tests.support.universe.serving import serving


class Place:
    """Where a repository is served, and what is shown there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "trees").mkdir(parents=True)

    def show(self, tree: Path) -> None:
        beside = self.folder / "next"
        beside.symlink_to(tree)
        beside.replace(self.folder / "current")


class Made:
    def __init__(self, here: Packaged, publisher: Publisher, place: Place, url: str) -> None:
        self.here, self.publisher, self.place, self.url = here, publisher, place, url
        self.shell = Shell(here)

    def has(self, name: str) -> bool:
        return self.here.client.package("describe", {"packageName": name}, 3).status == 200

    def problem(self) -> Any:
        listed = self.here.client.package("repository/list").body["repositories"]
        return next(one for one in listed if one["name"] == "Signed").get("problem")

    def refused(self, reason: str) -> str:
        """Waits until it is, for that reason; what `dcos package repo list` says of it."""
        found = wait_for(
            lambda: (listed := self.problem()) and f": {reason}: " in listed["message"] and listed, 60, reason
        )
        assert found["packagesKept"] is True and found["remedy"]
        listed = self.shell.dcos("package", "repo", "list")
        assert f"Signed: {self.url}" in listed and "warning: Signed cannot be fetched since" in listed
        assert f": {reason}: " in listed and "what to do: " in listed
        return listed


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    publisher = Publisher(tmp_path / "publisher")
    publisher.begin()
    place = Place(tmp_path / "place")
    place.show(publisher.publish())
    root = tmp_path / "root.json"
    root.write_bytes(publisher.root)
    with (
        serving(place.folder) as server,
        packaged(tmp_path / "cosmos", entry("unsigned"), flags=(f"--repository_root={root}",)) as here,
    ):
        url = f"http://127.0.0.1:{server.port}/repo"
        made = Made(here, publisher, place, url)
        made.shell.dcos("package", "repo", "add", "--index=0", "Signed", url)
        wait_for(lambda: made.has("alpha"), 60)
        yield made


def test_a_signed_repository_is_installed_from_and_every_attack_leaves_it_as_it_was(made: Made) -> None:
    publisher, place = made.publisher, made.place
    assert "/web runs" in made.shell.dcos("package", "install", "alpha", "--yes")
    assert made.shell.app("web")["labels"]["DCOS_PACKAGE_SOURCE"] == made.url
    # Without signatures nothing is taken at all.
    assert not made.has("unsigned")
    assert "packages are known" in made.shell.dcos("package", "repo", "list")

    before = (place.folder / "current").resolve()
    tampered = publisher.copy("tampered")
    for index in (tampered / "targets").glob("*repo-up-to-2.0.json*"):
        replace(index, index.read_bytes().replace(b"alpha", b"omega"))
    timestamp = tampered / "metadata" / "timestamp.json"
    result = json.loads(timestamp.read_bytes())
    result["signed"]["version"] += 1
    replace(timestamp, json.dumps(result).encode())
    place.show(tampered)
    made.refused("tampered")
    assert made.has("alpha") and not made.has("omega")

    write_package(publisher.source, "gamma")
    place.show(publisher.publish())
    wait_for(functools.partial(made.has, "gamma"), 60)
    assert made.problem() is None

    place.show(before)
    made.refused("rolled-back")
    assert made.has("gamma")
    # Not even by a process that starts anew: what was seen is on disk.
    made.here.cosmos.kill()
    made.here.cosmos.start()
    made.refused("rolled-back")
    assert made.has("gamma")

    write_package(publisher.source, "delta")
    place.show(publisher.publish(now=publisher.now - timedelta(days=8)))
    made.refused("frozen")
    assert made.has("gamma") and not made.has("delta")
    assert "/web-two runs" in made.shell.dcos("package", "install", "gamma", "--app-id=web-two", "--yes")

    place.show(publisher.publish())
    wait_for(functools.partial(made.has, "delta"), 60)
    assert made.problem() is None
    for name in ("alpha", "gamma"):
        made.shell.dcos("package", "uninstall", name, "--yes")
    assert ask(f"{made.here.cluster.marathon.url}/v2/apps")[1]["apps"] == []


def test_what_was_fetched_without_signatures_is_not_used_once_there_is_a_root(tmp_path: Path) -> None:
    root = tmp_path / "root.json"
    publisher = Publisher(tmp_path / "publisher")
    publisher.begin()
    root.write_bytes(publisher.root)
    with packaged(tmp_path / "cosmos", entry("unsigned")) as here:
        wait_for(lambda: here.client.package("describe", {"packageName": "unsigned"}, 3).status == 200, 60)
        here.cosmos.kill()
        here.cosmos.argv.append(f"--repository_root={root}")
        here.cosmos.start()
        (listed,) = wait_for(
            lambda: [one for one in here.client.package("repository/list").body["repositories"] if one.get("problem")],
            60,
        )
        assert listed["problem"]["packagesKept"] is False
        assert here.client.package("describe", {"packageName": "unsigned"}, 3).status == 400
