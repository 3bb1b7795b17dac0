"""Packages with a manager of their own: install, describe, update and uninstall are asked of that, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dcos_runtime.cosmos.core import shown
from tests.support.cosmos.client import Client, media, refused
from tests.support.cosmos.cluster import Packaged, packaged
from tests.support.cosmos.packages import entry
from tests.support.cosmos.schedulers import manager
from tests.support.daemons.byhand import ask, wait_for

MANAGED = entry(
    "managed", "1", packagingVersion="5.0", minDcosReleaseVersion="1.12", manager={"packageName": "the-manager"}
)
"""It is installed by another service, and only that knows where."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packaged]:
    with packaged(tmp_path_factory.mktemp("managers"), entry(), MANAGED) as one:
        wait_for(lambda: one.client.package("describe", {"packageName": "managed"}, 3).status == 200, 60)
        yield one
    text = one.cosmos.log.read_text()
    assert "Traceback" not in text, text


@pytest.fixture(scope="module")
def managing(here: Packaged) -> Client:
    """A manager runs."""
    client = here.client
    options = {"service": {"name": "the-manager", "cmd": manager(), "mem": 64}}
    assert client.install("hello-world", options=options).status == 200
    wait_for(lambda: here.cluster.running("the-manager"), 60)
    wait_for(lambda: client.install("managed").status == 200, 60, "an answer of the manager")
    return client


def _asked(reported: Any, path: str, version: int = 1) -> Any:
    """The body that the manager was asked with."""
    name = path.strip("/").replace("/", ".")
    assert reported["path"] == path
    assert reported["Content-Type"] == media(f"{name}-request")
    assert reported["Accept"] == media(f"{name}-response", version)
    return reported["body"]


def test_what_a_package_with_a_manager_is_asked_its_manager_is_asked(here: Packaged, managing: Client) -> None:
    """By the package that is installed, and by the app that it has become."""
    client = managing
    given = {"packageName": "managed", "options": {"x": 1}, "appId": "/deep/one"}
    assert _asked(client.package("install", given, 2).body, "/package/install", 2) == given
    # The manager has made an app of it.
    labels = shown.labels(MANAGED, "http://repository.test/repo", {})
    app = {"id": "/deep/one", "cmd": "sleep 1000", "cpus": 0.1, "mem": 32, "instances": 0, "labels": labels}
    assert ask(f"{here.cluster.marathon.url}/v2/apps", "POST", app)[0] == 201
    about = {"appId": "/deep/one", "packageName": "managed"}
    assert _asked(client.service("describe", {"appId": "deep/one"}).body, "/service/describe") == {
        **about,
        "appId": "deep/one",
        "packageVersion": "1",
    }
    update = {"appId": "/deep/one", "packageVersion": "2", "options": {"y": 2}, "replace": False}
    assert _asked(client.service("update", update).body, "/service/update") == {
        **update,
        "packageName": "managed",
        "currentPackageVersion": "1",
    }
    (reply,) = client.uninstall("managed").body["results"]
    assert _asked(reply, "/package/uninstall") == {**about, "packageVersion": "1"}
    assert ask(f"{here.cluster.marathon.url}/v2/apps/deep/one")[0] == 200, "it is the manager's to remove"


def test_who_names_the_manager_is_passed_on_whatever_there_is_here(managing: Client) -> None:
    client, known = managing, {"packageName": "unheard-of", "packageVersion": "7", "appId": "/none"}
    by = {"managerId": "the-manager"}
    assert _asked(client.package("install", known | by, 2).body, "/package/install", 2) == known
    (reply,) = client.package("uninstall", known | by).body["results"]
    assert _asked(reply, "/package/uninstall") == known
    assert _asked(client.service("describe", known | by).body, "/service/describe") == known
    update = {**known, "currentPackageVersion": "6", "replace": True}
    assert _asked(client.service("update", update | by).body, "/service/update") == update


def test_what_a_manager_does_not_do_is_told(managing: Client) -> None:
    for answer, status, type in (
        (404, 400, "CustomPackageManagerNotFound"),
        (409, 409, "ServiceAlreadyStarted"),
        (500, 400, "CustomPackageManagerError"),
        ("no JSON", 400, "CustomPackageManagerError"),
        ("nothing", 503, "ServiceUnavailable"),
    ):
        refused(managing.install("managed", options={"answer": answer}), status, type)


def test_without_its_manager_a_package_is_nothing(here: Packaged, managing: Client) -> None:
    client = managing
    body = {"appId": "/x", "managerId": "nobody", "packageName": "managed"}
    refused(client.service("describe", body), 400, "CustomPackageManagerNotFound")
    refused(client.package("uninstall", body), 400, "CustomPackageManagerNotFound")
    assert client.uninstall("hello-world", appId="the-manager").status == 200
    refused(client.install("managed"), 400, "CustomPackageManagerNotFound")
    # There is one, and no task of it runs.
    wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/deployments")[1] == [], 60, "the end of the manager")
    assert client.install("hello-world", options={"service": {"name": "the-manager", "cmd": "exit 1"}}).status == 200
    refused(client.install("managed"), 503, "ServiceUnavailable")
    assert client.uninstall("hello-world", appId="the-manager").status == 200
