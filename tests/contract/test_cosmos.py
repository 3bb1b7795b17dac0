"""The package manager with a real master, agent and init, asked as DC/OS' own command line asks it."""

from __future__ import annotations

import functools
import json
import random
import signal
import threading
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from dcos_runtime.cosmos.core import shown
from dcos_runtime.cosmos.http.routes import endpoints
from dcos_runtime.cosmos.packages import Packages
from tests.support.cosmos.client import Answer, Client, media, refused
from tests.support.cosmos.cluster import Packaged, packaged
from tests.support.cosmos.packages import CONTENT_HASH, TEMPLATE, entry
from tests.support.cosmos.schedulers import taken_down
from tests.support.cosmos.served import Served
from tests.support.daemons.byhand import ask, free_port, wait_for
from tests.support.daemons.guarded import Subscription

RESOURCE = {
    "assets": {"uris": {"file": "http://asset.test/file%2B1.tgz"}, "container": {"docker": {"image": "some/image:1"}}},
    "images": {"icon-small": "http://asset.test/icon.png"},
    "cli": {
        "binaries": {"linux": {"x86-64": {"kind": "zip", "url": "http://asset.test/cli", "contentHash": CONTENT_HASH}}}
    },
}
ONE = entry(version="1.0", release=0, upgradesFrom=[], downgradesTo=[])
TWO = entry(version="2.0", release=1, upgradesFrom=["1.0"], downgradesTo=["1.0"], resource=RESOURCE)
THREE = entry(version="3.0", release=2, upgradesFrom=["2.0"], downgradesTo=[])
OLD = entry("old", packagingVersion="2.0", selected=True)
CLI = entry("cli-only", template=None, config=None, resource={"cli": RESOURCE["cli"]})
for _old in (OLD, CLI):
    _old.pop("upgradesFrom"), _old.pop("downgradesTo")
CLI["packagingVersion"] = "3.0"
COUNTLESS_TEMPLATE = TEMPLATE.replace('"instances": 1,', '"constraints": [],')
COUNTLESS = [entry("countless", str(number), number, template=COUNTLESS_TEMPLATE) for number in (1, 2)]
ALL = (ONE, TWO, THREE, OLD, CLI, *COUNTLESS)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packaged]:
    with packaged(tmp_path_factory.mktemp("cosmos"), *ALL) as one:
        yield one
    text = one.cosmos.log.read_text()
    assert "Traceback" not in text, text


@pytest.fixture
def client(here: Packaged) -> Iterator[Client]:
    yield here.client
    for app in ask(f"{here.cluster.marathon.url}/v2/apps")[1]["apps"]:
        ask(f"{here.cluster.marathon.url}/v2/apps/{app['id'].strip('/')}?force=true", "DELETE")


def _labels(here: Packaged, app: str) -> dict[str, str]:
    _, told = ask(f"{here.cluster.marathon.url}/v2/apps/{app}")
    labels: dict[str, str] = told["app"]["labels"]
    return labels


# --- looking ---------------------------------------------------------------------------------------------------------


def test_every_answer_has_the_type_that_was_accepted(client: Client) -> None:
    asked = [
        ("search", {"query": "hello"}, (1,)),
        ("describe", {"packageName": "old"}, (1, 2, 3)),
        ("list-versions", {"packageName": "old", "includePackageVersions": True}, (1,)),
        ("render", {"packageName": "old"}, (1,)),
        ("list", {}, (1, 2)),
        ("repository/list", {}, (1,)),
    ]
    for path, body, versions in asked:
        for version in versions:
            answer = client.package(path, body, version)
            assert (answer.status, answer.type) == (200, media(f"package.{path.replace('/', '.')}-response", version))


def test_describe_is_tried_as_v3_and_then_as_v2(client: Client) -> None:
    assert client.package("describe", {"packageName": "old"}, 3).body["package"]["name"] == "old"
    v2 = client.package("describe", {"packageName": "old"}, 2).body
    assert (v2["name"], v2["framework"], "releaseVersion" in v2) == ("old", False, False)
    v1 = client.package("describe", {"packageName": "old"}, 1).body
    assert v1["package"]["name"] == "old" and v1["marathonMustache"].startswith("{") and v1["config"]
    refused(
        client.package("describe", {"packageName": "hello-world"}, 2), 400, "ConversionFromPackageToV2DescribeResponse"
    )


def test_artifacts_are_fetched_through_us(client: Client) -> None:
    package = client.package("describe", {"packageName": "hello-world", "packageVersion": "2.0"}, 3).body["package"]
    for url in (
        package["resource"]["assets"]["uris"]["file"],
        package["resource"]["images"]["icon-small"],
        package["resource"]["cli"]["binaries"]["linux"]["x86-64"]["url"],
    ):
        assert url.startswith(f"{client.url}/package/resource?url=http%3A%2F%2Fasset.test%2F")
    assert package["resource"]["assets"]["container"]["docker"]["image"] == "some/image:1"
    rendered = client.package("render", {"packageName": "hello-world", "packageVersion": "2.0"}).body["marathonJson"]
    assert rendered["labels"][shown.NAME] == "hello-world"


def test_what_is_no_request_of_ours(client: Client) -> None:
    body = json.dumps({"query": "x"}).encode()
    request, response = media("package.search-request"), media("package.search-response")
    wrong = [
        ({"Content-Type": "application/json", "Accept": response}, body),
        ({"Content-Type": request, "Accept": "application/json"}, body),
        ({"Content-Type": request, "Accept": response.replace("v1", "v9")}, body),
        ({"Accept": response}, body),
        ({"Content-Type": request, "Accept": response}, b"{"),
        ({"Content-Type": request, "Accept": response}, b"[]"),
        ({"Content-Type": request, "Accept": response}, b""),
        ({"Content-Type": request, "Accept": response}, b'{"query": NaN}'),
        ({"Content-Type": request, "Accept": response}, b'{"query": 5}'),
        ({"Content-Type": request, "Accept": response}, b"[" * 100_000),
    ]
    for headers, sent in wrong:
        answer = client.raw("POST", "/package/search", sent, headers)
        assert answer.status == 400 and answer.type == media("package.error"), (headers, sent[:20], answer)
    assert client.raw("GET", "/package/search", None, {}).status == 405
    assert client.raw("GET", "/nothing", None, {}).body["type"] == "NotFound"
    assert "packageName" in client.package("install", {"invalid": True}, 2).body["message"]
    capabilities = client.raw("GET", "/capabilities", None, {"Accept": media("capabilities")})
    assert capabilities.body == {"capabilities": [{"name": "PACKAGE_MANAGEMENT"}]}
    assert capabilities.type == media("capabilities")


# --- installing ------------------------------------------------------------------------------------------------------


def test_a_package_comes_changes_goes_back_and_goes(here: Packaged, client: Client) -> None:
    options = {"service": {"name": "life", "greeting": 'say "{{{x}}}"\\ \n", "cmd": "evil'}}
    rendered = client.package("render", {"packageName": "hello-world", "packageVersion": "1.0", "options": options})
    assert rendered.body["marathonJson"]["env"]["GREETING"] == options["service"]["greeting"]

    installed = client.install("hello-world", packageVersion="1.0", options=options)
    assert installed.body == {
        "packageName": "hello-world",
        "packageVersion": "1.0",
        "appId": "/life",
        "postInstallNotes": "installed",
    }
    wait_for(lambda: here.cluster.running("life"), 60)
    wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/deployments")[1] == [], 60)
    labels = _labels(here, "life")
    assert (labels[shown.NAME], labels[shown.VERSION], labels["OWN"]) == ("hello-world", "1.0", "label")
    assert labels[shown.SOURCE] == here.served.repo
    assert shown.stored_options({"labels": labels}) == options
    assert shown.stored_entry({"labels": labels}) == ONE
    refused(client.install("hello-world", options=options), 409, "PackageAlreadyInstalled")

    (listed,) = client.package("list", {"appId": "life"}).body["packages"]
    assert listed["appId"] == "/life"
    assert listed["packageInformation"]["packageDefinition"]["version"] == "1.0"

    described = client.service("describe", {"appId": "/life"}).body
    assert (described["upgradesTo"], described["downgradesTo"]) == (["2.0"], [])
    assert described["userProvidedOptions"] == options
    assert described["resolvedOptions"]["service"]["mem"] == 32

    data = refused(
        client.service("update", {"appId": "/life", "packageVersion": "3.0", "replace": False}), 400, "BadVersionUpdate"
    )
    assert data["validVersions"] == ["2.0"]
    change = {"appId": "/life", "packageVersion": "2.0", "options": {"service": {"mem": 33}}, "replace": False}
    plan = client.service("plan", change).body
    assert {"path": "/mem", "from": 32, "to": 33} in plan["changes"]
    assert plan["optionChanges"] == [{"path": "/service/mem", "to": 33}]
    assert _labels(here, "life")[shown.VERSION] == "1.0"
    updated = client.service("update", change)
    assert updated.type == media("service.update-response")
    assert updated.body["package"]["version"] == "2.0"
    assert updated.body["marathonDeploymentId"]
    stored = shown.stored_options({"labels": _labels(here, "life")})
    assert stored == {"service": {**options["service"], "mem": 33}}

    wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/deployments")[1] == [], 60)
    assert client.service("describe", {"appId": "/life"}).body["downgradesTo"] == ["1.0"]
    assert client.service("update", {"appId": "/life", "packageVersion": "1.0", "replace": False}).status == 200
    renamed = {"appId": "/life", "options": {"service": {"name": "other"}}, "replace": False}
    refused(client.service("update", renamed), 400, "AppIdChanged")

    gone = client.uninstall("hello-world", appId="/life")
    result = {"packageName": "hello-world", "appId": "/life", "packageVersion": "1.0", "postUninstallNotes": "gone"}
    assert gone.body == {"results": [result]}
    assert ask(f"{here.cluster.marathon.url}/v2/apps/life")[0] == 404
    refused(client.uninstall("hello-world", appId="/life"), 400, "UninstallNonExistentAppForPackage")


def test_an_app_that_fits_nowhere_is_corrected_with_force(here: Packaged, client: Client) -> None:
    assert client.install("hello-world", options={"service": {"name": "wide", "mem": 9999999}}).status == 200
    change = {"appId": "/wide", "options": {"service": {"mem": 32}}, "replace": False}
    (deployment,) = refused(client.service("update", change), 409, "AppLocked")["deployments"]
    assert deployment in {one["id"] for one in ask(f"{here.cluster.marathon.url}/v2/deployments")[1]}
    forced = client.service("update", {**change, "force": True})
    assert forced.status == 200 and forced.body["marathonDeploymentId"] != deployment
    wait_for(lambda: here.cluster.running("wide"), 60)
    refused(client.service("update", {**change, "force": 1}), 400, "not_valid")
    assert client.uninstall("hello-world", appId="/wide").status == 200


def test_an_id_that_is_of_another_app_is_said_to_be_so(here: Packaged, client: Client) -> None:
    plain = {"id": "/plain", "cmd": "sleep 1000", "cpus": 0.1, "mem": 32, "instances": 0}
    assert ask(f"{here.cluster.marathon.url}/v2/apps", "POST", plain)[0] == 201
    assert refused(client.install("hello-world", appId="/plain"), 409, "AppIdTaken") == {"appId": "/plain"}


def test_what_only_the_former_version_or_somebody_else_set_goes_with_an_update(here: Packaged, client: Client) -> None:
    body = {"packageVersion": "1.0", "options": {"service": {"name": "goes"}}}
    assert client.install("hello-world", **body).status == 200
    wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/deployments")[1] == [], 60)
    other = {"taskKillGracePeriodSeconds": 9, "constraints": [["hostname", "UNIQUE"]], "env": {"OTHER": "x"}}
    status, told = ask(f"{here.cluster.marathon.url}/v2/apps/goes", "PATCH", other)
    assert status == 200, told
    wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/deployments")[1] == [], 60)
    change = {"appId": "/goes", "packageVersion": "2.0", "options": {}, "replace": False}
    gone = {one["path"]: one["from"] for one in client.service("plan", change).body["changes"] if "to" not in one}
    assert gone == {"/taskKillGracePeriodSeconds": 9, "/constraints": [["hostname", "UNIQUE"]], "/env/OTHER": "x"}
    assert client.service("update", change).status == 200
    app = ask(f"{here.cluster.marathon.url}/v2/apps/goes")[1]["app"]
    assert not {"taskKillGracePeriodSeconds", "constraints"} & app.keys() and "OTHER" not in app["env"]
    wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/deployments")[1] == [], 60)
    same = {"appId": "/goes", "options": {}, "replace": False}
    assert client.service("plan", same).body["changes"] == []
    assert client.uninstall("hello-world", appId="/goes").status == 200
    refused(client.service("update", change), 400, "MarathonAppNotFound")
    assert ask(f"{here.cluster.marathon.url}/v2/apps/goes")[0] == 404


def test_an_update_keeps_the_instances_of_a_package_that_leaves_them_to_others(here: Packaged, client: Client) -> None:
    options = {"service": {"name": "countless"}}
    assert client.install("countless", packageVersion="1", options=options).status == 200
    url = f"{here.cluster.marathon.url}/v2/apps/countless"
    for count in (3, 0):
        assert ask(f"{url}?force=true", "PUT", {"instances": count})[0] == 200
        wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/deployments")[1] == [], 60)
        version = "2" if count else "1"
        change = {"appId": "/countless", "packageVersion": version, "options": {}, "replace": False}
        plan = client.service("plan", change).body
        assert [one["path"] for one in plan["changes"]] == [f"/labels/{shown.VERSION}"]
        assert plan["marathonJson"]["instances"] == count
        assert client.service("update", change).status == 200
        wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/deployments")[1] == [], 60)
        assert ask(url)[1]["app"]["instances"] == count


def test_an_app_that_was_called_otherwise_keeps_its_id(here: Packaged, client: Client) -> None:
    assert client.install("hello-world", packageVersion="1.0", appId="/else/where").body["appId"] == "/else/where"
    wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/deployments")[1] == [], 60)
    change = {"appId": "/else/where", "options": {"service": {"greeting": "x"}}, "replace": False}
    assert client.service("update", change).status == 200
    assert client.uninstall("hello-world", appId="else/where").status == 200


def test_of_two_installs_at_once_one_wins(here: Packaged, client: Client) -> None:
    body = {"options": {"service": {"name": "twice"}}}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.install("hello-world", **body), range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7
    assert {answer.body["type"] for answer in answers if answer.status == 409} == {"PackageAlreadyInstalled"}
    assert client.uninstall("hello-world").status == 200
    refused(client.uninstall("hello-world"), 400, "PackageNotInstalled")


def test_several_apps_of_one_package_are_told_apart(client: Client) -> None:
    for name in ("several/a", "several/b"):
        assert client.install("hello-world", appId=name).status == 200
    data = refused(client.uninstall("hello-world"), 400, "AmbiguousAppId")
    assert sorted(data["appIds"]) == ["/several/a", "/several/b"]
    assert len(client.uninstall("hello-world", all=True).body["results"]) == 2


def test_options_that_do_not_match(client: Client) -> None:
    options = {"service": {"cpu": 1, "mem": "much"}}
    for answer in (
        client.install("hello-world", options=options),
        client.package("render", {"packageName": "hello-world", "options": options}),
    ):
        errors = refused(answer, 400, "JsonSchemaMismatch")["errors"]
        assert {error["instance"]["pointer"] for error in errors} == {"/service", "/service/mem"}
        assert ["cpu"] in [error.get("unwanted") for error in errors]
    refused(client.install("none"), 400, "PackageNotFound")
    refused(client.install("hello-world", packageVersion="9"), 400, "VersionNotFound")


def test_a_package_without_an_app_is_only_a_command_line(client: Client) -> None:
    answer = client.install("cli-only")
    assert "appId" not in answer.body
    assert answer.body["cli"]["binaries"]["linux"]["x86-64"]["url"].startswith(client.url)
    refused(client.package("render", {"packageName": "cli-only"}), 400, "ServiceMarathonTemplateNotFound")


# --- uninstalling ----------------------------------------------------------------------------------------------------


def _framework(here: Packaged, name: str, *roles: str, **info: Any) -> Subscription:
    port = urllib.parse.urlsplit(here.cluster.master.url).port
    assert port is not None
    able = [{"type": "MULTI_ROLE"}]
    return Subscription(port, {}, name=name, failover_timeout=3600.0, capabilities=able, roles=list(roles), **info)


def _host_of(here: Packaged, app: str) -> str:
    (task,) = ask(f"{here.cluster.marathon.url}/v2/apps/{app}/tasks")[1]["tasks"]
    return str(task["host"])


def _names(here: Packaged, connected: bool | None = None) -> list[str]:
    known = ask(f"{here.cluster.master.url}/frameworks")[1]["frameworks"]
    return [one["name"] for one in known if connected in (None, one["connected"])]


def test_its_framework_is_torn_down_with_it(here: Packaged, client: Client) -> None:
    body = {"options": {"service": {"name": "scheduler", "framework": "torn"}}}
    assert client.install("hello-world", **body).status == 200
    wait_for(lambda: here.cluster.running("scheduler"), 60)
    _framework(here, "torn", "torn-role", hostname=_host_of(here, "scheduler"))
    wait_for(lambda: "torn" in _names(here), 60)
    assert client.uninstall("hello-world").status == 200
    assert "torn" not in _names(here)


def test_a_framework_that_tells_no_host_is_the_apps_if_it_ends_with_it(here: Packaged, client: Client) -> None:
    body = {"options": {"service": {"name": "scheduler-somewhere", "framework": "nowhere"}}}
    assert client.install("hello-world", **body).status == 200
    wait_for(lambda: here.cluster.running("scheduler-somewhere"), 60)
    held = _framework(here, "nowhere", "nowhere-role", suppressed_roles=["nowhere-role"])
    wait_for(lambda: "nowhere" in _names(here), 60)
    told = client.uninstall("hello-world")
    left = "\n".join(told.body["results"][0]["notFreed"])
    assert f"the framework {held.id} of the name nowhere, which goes on: it does not say where it is" in left
    assert "nowhere" in _names(here)

    assert client.install("hello-world", **body).status == 200
    wait_for(lambda: here.cluster.running("scheduler-somewhere"), 60)
    held.close()  # as the scheduler of an app that ends
    wait_for(lambda: "nowhere" in _names(here, connected=False), 60, "its end, as the master sees it")
    told = client.uninstall("hello-world")
    assert told.status == 200 and "which goes on" not in json.dumps(told.body)
    assert "nowhere" not in _names(here)


def test_a_framework_of_somebody_else_that_has_the_name_goes_on(here: Packaged, client: Client) -> None:
    body = {"options": {"service": {"name": "scheduler-of-a-name", "framework": "shared"}}}
    assert client.install("hello-world", **body).status == 200
    wait_for(lambda: here.cluster.running("scheduler-of-a-name"), 60)
    held = _framework(here, "shared", "shared-role", hostname="another.example")
    wait_for(lambda: "shared" in _names(here), 60)
    told = client.uninstall("hello-world")
    assert told.status == 200
    left = "\n".join(told.body["results"][0]["notFreed"])
    assert f"the framework {held.id} of the name shared, which goes on: it registered from another.example" in left
    assert "shared" in _names(here)
    assert ask(f"{here.cluster.marathon.url}/v2/apps/scheduler-of-a-name")[0] == 404


def test_of_several_frameworks_of_that_name_none_is_torn_down(here: Packaged, client: Client) -> None:
    body = {"options": {"service": {"name": "scheduler-of-several", "framework": "several"}}}
    assert client.install("hello-world", **body).status == 200
    kept = [_framework(here, "several", "several-role") for _ in range(2)]
    wait_for(lambda: _names(here).count("several") == 2, 60)
    data = refused(client.uninstall("hello-world"), 400, "MultipleFrameworkIds")
    assert len(data["ids"]) == 2 == len(kept)
    assert _names(here).count("several") == 2
    assert ask(f"{here.cluster.marathon.url}/v2/apps/scheduler-of-several")[0] == 404


def test_a_scheduler_takes_its_service_down_and_the_leader_waits_for_it(here: Packaged, client: Client) -> None:
    sign = here.cluster.folder / "taken-down"
    service = {"name": "commons", "commons": True, "cmd": taken_down(sign), "mem": 64}
    assert client.install("hello-world", options={"service": service}).status == 200
    wait_for(lambda: here.cluster.running("commons"), 60)
    answer = client.uninstall("hello-world")
    assert answer.status == 200 and answer.body["results"][0]["underWay"] == "wait"
    refused(client.install("hello-world", options={"service": service}), 409, "ConcurrentAccess")
    _, app = ask(f"{here.cluster.marathon.url}/v2/apps/commons")
    assert app["app"]["env"]["SDK_UNINSTALL"] == "true"
    here.cosmos.kill()
    here.cosmos.start()
    time.sleep(2)
    assert ask(f"{here.cluster.marathon.url}/v2/apps/commons")[0] == 200
    sign.touch()
    wait_for(lambda: ask(f"{here.cluster.marathon.url}/v2/apps/commons")[0] == 404, 120)


def test_kills_at_any_moment_leave_nothing_half_done(here: Packaged, client: Client) -> None:
    """Whatever was asked for is there, or is not; an uninstall that was started is carried out."""
    chance = random.Random(11)
    for number in range(3):
        name = f"killed-{number}"
        options = {"service": {"name": name, "framework": f"fw-{name}"}}
        assert client.install("hello-world", options=options).status == 200
        wait_for(functools.partial(here.cluster.running, name), 60)
        _framework(here, f"fw-{name}", "killed-role", hostname=_host_of(here, name))
        assert wait_for(functools.partial(_is_framework, here, name), 60)
        asking = threading.Thread(target=_quietly, args=(client, name))
        asking.start()
        time.sleep(chance.random() * 0.08)
        here.cosmos.kill()
        here.cosmos.start()
        asking.join()

        def settled(name: str = name) -> bool:
            app = ask(f"{here.cluster.marathon.url}/v2/apps/{name}")[0] == 200
            framework = f"fw-{name}" in _names(here)
            return app == framework and not _busy(client)

        wait_for(settled, 120)
        client.uninstall("hello-world", appId=name)
        wait_for(functools.partial(_is_no_framework, here, name), 60)


def _is_framework(here: Packaged, name: str) -> bool:
    return f"fw-{name}" in _names(here)


def _is_no_framework(here: Packaged, name: str) -> bool:
    return not _is_framework(here, name)


def _quietly(client: Client, name: str) -> None:
    try:
        client.uninstall("hello-world", appId=name)
    except OSError:
        pass
    except Exception as error:
        assert type(error).__module__ == "http.client", error


def _busy(client: Client) -> bool:
    told = json.loads(json.dumps(client.raw("GET", "/metrics/snapshot", None, {}).body))
    return bool(told["cosmos/uninstalls"])


def test_its_metrics_tell_how_long_its_loop_stood_still(client: Client) -> None:
    told = client.raw("GET", "/metrics/snapshot", None, {}).body
    assert told["cosmos/elected"] == 1 and told["loop/stalls_ms/count"] >= told["loop/stalls_ms/le_20"] > 0


# --- repositories ----------------------------------------------------------------------------------------------------


def test_repositories_come_in_an_order_and_survive_a_restart(here: Packaged, client: Client) -> None:
    other = Served(entry(version="1.0", description="of the other"), entry("new", "1"))
    try:
        first = {"name": "Other", "uri": other.repo, "index": "0"}
        told = client.package("repository/add", first).body["repositories"]
        assert [one["name"] for one in told] == ["Other", "Tests"]
        assert client.package("describe", {"packageName": "hello-world"}, 3).body["package"]["version"] == "1.0"
        refused(client.package("repository/add", first), 400, "RepositoryAlreadyPresent")
        here.cosmos.kill()
        here.cosmos.start()
        assert client.package("repository/list").body["repositories"] == told
        other.publish(entry("newer", "1"))
        wait_for(lambda: client.package("describe", {"packageName": "newer"}, 3).status == 200, 60)
        other.files.clear()  # it answers no more, and is as it was
        time.sleep(6)
        assert client.package("describe", {"packageName": "newer"}, 3).status == 200
        assert client.package("repository/delete", {"name": "Other"}).body["repositories"] == told[1:]
        refused(client.package("describe", {"packageName": "newer"}, 3), 400, "PackageNotFound")
        refused(client.package("repository/delete", {"name": "Other"}), 400, "RepositoryNotPresent")
    finally:
        other.close()


def test_an_entry_that_is_no_package_is_refused_by_itself_and_told(here: Packaged, client: Client) -> None:
    wrong: list[Any] = [
        entry("far", release=10**40),
        entry("far", release=-1),
        entry("far", version="1" * 100_000),
        entry("far", description="\ud800"),
        entry("far", config={"type": "object", "properties": {"a": {"$ref": "http://169.254.169.254/"}}}),
        entry("far", config={"$ref": "#"}),
        entry("far") | {"marathon": {"v2AppMustacheTemplate": "no base64"}},
        7,
    ]
    other = Served(entry("near"), *wrong)
    try:
        other.files["/repo"] = (*other.files["/repo"][:2], other.files["/repo"][2].replace(b"-1", b"9" * 5000))
        assert client.package("repository/add", {"name": "Mixed", "uri": other.repo}).status == 200
        assert client.package("describe", {"packageName": "near"}, 3).status == 200
        refused(client.package("describe", {"packageName": "far"}, 3), 400, "PackageNotFound")
        listed = client.package("repository/list").body["repositories"]
        (told,) = [one["refused"] for one in listed if one["name"] == "Mixed"]
        assert told["count"] == len(told["entries"]) == len(wrong)
        assert all(one.startswith("/packages/") for one in told["entries"])
        assert "refused" not in next(one for one in listed if one["name"] == "Tests")
        assert "an entry is refused" in here.cosmos.log.read_text()
    finally:
        client.package("repository/delete", {"name": "Mixed"})
        other.close()


def test_every_field_of_every_request_is_of_its_type(client: Client) -> None:
    wrong: dict[str, tuple[Any, ...]] = {
        "all": ("true", 1),
        "force": (1, "true"),
        "replace": ("yes", 0),
        "includePackageVersions": ("x",),
        "options": ("x", []),
    }
    wrong |= {"index": (1.5, "one", True, {})}
    for one in endpoints(Packages(cast(Any, None), cast(Any, None))):
        for field in one.fields:
            for value in wrong.get(field, (5, True, [], {})):
                body = {"packageName": "hello-world", "appId": "/x", "name": "x", "uri": "http://x.test"}
                answer = client.raw(
                    "POST",
                    one.path,
                    json.dumps(body | {field: value}).encode(),
                    {"Content-Type": media(f"{one.name}-request"), "Accept": media(f"{one.name}-response")},
                )
                refused(answer, 400, "not_valid")
                assert f"{field}, which has to be" in answer.body["message"], (one.path, field, value)


def test_a_service_is_not_changed_in_the_name_of_another_package(client: Client) -> None:
    assert client.package("install", {"packageName": "hello-world"}, 2).status == 200
    for path in ("update", "plan", "describe"):
        for body in ({"packageName": "old"}, {"currentPackageVersion": "9"}):
            answer = client.service(path, {"appId": "hello-world", **body})
            refused(answer, 400, "not_valid")
            assert "/hello-world is of" in answer.body["message"]


def test_what_cannot_be_a_repository_is_not_added(here: Packaged, client: Client) -> None:
    def add(uri: str, **more: Any) -> Answer:
        return client.package("repository/add", {"name": "x", "uri": uri, **more})

    refused(add("ftp://example.test/repo"), 400, "UnsupportedRepositoryUri")
    refused(add("http://"), 400, "RepositoryUriSyntax")
    refused(add("http://a:b@example.test/"), 400, "RepositoryUriSyntax")
    refused(add(f"http://127.0.0.1:{free_port()}/repo"), 400, "RepositoryUriConnection")
    here.served.files["/html"] = b"<html>"
    refused(add(f"{here.served.url}/html"), 400, "RepositoryUriConnection")
    here.served.files["/away"] = (302, {"Location": "http://169.254.169.254/latest/meta-data"}, b"")
    answer = add(f"{here.served.url}/away")
    refused(answer, 400, "RepositoryUriConnection")
    assert "link-local" in answer.body["message"]
    assert "link-local" in add("http://169.254.169.254/").body["message"]
    here.served.files["/repo-1.7"] = here.served.files["/repo"]
    refused(add(f"{here.served.url}/repo-1.7", index=9), 400, "RepositoryAddIndexOutOfBounds")


def test_only_what_an_index_names_is_handed_on(here: Packaged, client: Client) -> None:
    named = f"{here.served.url}/cli%2B1"
    resource = {"cli": {"binaries": {"linux": {"x86-64": {"kind": "zip", "url": named, "contentHash": CONTENT_HASH}}}}}
    here.served.files["/cli%2B1"] = (200, {"Content-Type": "application/zip"}, b"PK...")
    here.served.files["/secret"] = b"secret"
    inside = {
        "cli": {
            "binaries": {
                "linux": {"x86-64": {"kind": "zip", "url": "http://169.254.169.254/x", "contentHash": CONTENT_HASH}}
            }
        }
    }
    here.served.publish(*ALL, entry("with-cli", "1", resource=resource), entry("bad", "1", resource=inside))
    wait_for(lambda: client.package("describe", {"packageName": "bad"}, 3).status == 200, 60)
    package = client.package("describe", {"packageName": "with-cli"}, 3).body["package"]
    url = package["resource"]["cli"]["binaries"]["linux"]["x86-64"]["url"]
    answer = client.raw("GET", url.removeprefix(client.url), None, {})
    assert (answer.status, answer.type, answer.body) == (200, "application/zip", b"PK...")
    assert "attachment" in answer.headers["content-disposition"]
    for sent, passed in (({}, "identity"), ({"Accept-Encoding": "gzip"}, "gzip")):
        client.raw("GET", url.removeprefix(client.url), None, sent)
        assert [headers["accept-encoding"] for path, headers in here.served.asked if path == "/cli%2B1"][-1] == passed
    assert client.raw("GET", f"/package/resource?url={named}", None, {}).body == b"PK..."
    for other in (f"{here.served.url}/secret", "http://169.254.169.254/", "file:///etc/passwd", ""):
        quoted = urllib.parse.quote(other, safe="")
        refused(client.raw("GET", f"/package/resource?url={quoted}", None, {}), 403, "Forbidden")
    refused(client.raw("GET", "/package/resource?url=http%3A%2F%2F169.254.169.254%2Fx", None, {}), 403, "Forbidden")
    refused(client.raw("GET", "/package/resource", None, {}), 400, "not_present")
    assert not any(path == "/secret" for path, _ in here.served.asked)
    here.served.publish(*ALL)


def test_a_repository_is_asked_as_cosmos_asks(here: Packaged) -> None:
    _, headers = next(one for one in here.served.asked if one[0] == "/repo")
    assert headers["accept"].startswith("application/vnd.dcos.universe.repo+json;charset=utf-8;version=v5")
    assert headers["user-agent"].startswith("cosmos/") and "dcos/2.0" in headers["user-agent"]


# --- its end ---------------------------------------------------------------------------------------------------------


def test_it_ends_in_an_orderly_way(here: Packaged) -> None:
    here.cosmos.send(signal.SIGTERM)
    assert here.cosmos.process is not None
    assert here.cosmos.process.wait(240) == 0
    here.cosmos.start()
