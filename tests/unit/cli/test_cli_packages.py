"""`dcos package` against a pretended package manager, behind a gateway and beside a master."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli.fake_cluster import Cluster, Result, Server
from tests.support.cli.fake_cosmos import FakeCosmos, definition
from tests.support.cli.fake_gateway import Gateway

Dcos = Callable[..., Result]


@pytest.fixture
def cosmos(cluster: Cluster, gateway: Gateway, lab: Path) -> FakeCosmos:
    cluster.cosmos.packages = [
        definition("hello", "1.0", preInstallNotes="Read this first.", postInstallNotes="Say hello."),
        definition("hello", "1.1", preInstallNotes="Read this first.", postUninstallNotes="It is gone."),
        definition("other", "0.1", description="x" * 200, selected=False),
    ]
    return cluster.cosmos


def test_search_shows_one_line_a_package(cosmos: FakeCosmos, dcos: Dcos) -> None:
    found = dcos("package", "search")
    assert found.code == 0, found.err
    assert [line.split()[:4] for line in found.lines] == [
        ["NAME", "VERSION", "CERTIFIED", "FRAMEWORK"],
        ["hello", "1.1", "true", "false"],
        ["other", "0.1", "false", "false"],
    ]
    assert max(map(len, found.lines)) < 140 and "second line" not in found.out
    assert dcos("package", "search", "hello", "--json").json()["packages"][0]["name"] == "hello"
    nothing = dcos("package", "search", "nothing-like-it")
    assert nothing.code == 1 and "'nothing-like-it'" in nothing.err


def test_describe_shows_the_part_that_is_asked_for(cosmos: FakeCosmos, dcos: Dcos) -> None:
    assert dcos("package", "describe", "hello").json()["package"]["version"] == "1.1"
    assert dcos("package", "describe", "hello", "--package-version=1.0").json()["package"]["version"] == "1.0"
    assert dcos("package", "describe", "hello", "--package-versions").json() == ["1.1", "1.0"]
    assert "greeting" in dcos("package", "describe", "hello", "--config").json()["properties"]
    assert "{{greeting}}" in dcos("package", "describe", "hello", "--app").out
    rendered = dcos("package", "describe", "hello", "--app", "--options=-", stdin='{"greeting": "good day"}')
    assert rendered.json()["cmd"] == "echo good day 1.1"


def test_install_tells_notes_and_waits_until_the_app_runs(cosmos: FakeCosmos, dcos: Dcos, tmp_path: Path) -> None:
    options = tmp_path / "options.json"
    options.write_text('{"greeting": "hi"}')
    done = dcos("package", "install", "hello", "--package-version=1.0", f"--options={options}", "--yes")
    assert done.code == 0, done.err
    assert done.err.index("Read this first.") < done.err.index("Installing Marathon app for package [hello]")
    assert done.err.index("/hello runs") < done.err.index("Say hello.")
    (asked,) = [one for one in cosmos.asked if one.path == "/package/install"]
    assert asked.body == {"packageName": "hello", "packageVersion": "1.0", "options": {"greeting": "hi"}}
    listed = dcos("package", "list")
    assert listed.lines[1].split()[:5] == ["hello", "1.0", "true", "/hello", "-"]
    (one,) = dcos("package", "list", "--json").json()
    assert one["apps"] == ["/hello"] and "marathon" not in one
    assert dcos("package", "list", "nothing", "-q").out == ""


def test_nothing_is_installed_without_a_yes(cosmos: FakeCosmos, dcos: Dcos) -> None:
    for answer in ("n\n", "\n", ""):
        refused = dcos("package", "install", "hello", stdin=answer)
        assert refused.code == 1 and "confirm" in refused.err
    assert not [one for one in cosmos.asked if one.path == "/package/install"]
    assert dcos("package", "install", "hello", "--no-wait", stdin="yes\n").code == 0


def test_a_plan_installs_nothing(cosmos: FakeCosmos, dcos: Dcos) -> None:
    plan = dcos("package", "install", "hello", "--plan", "--app-id=/a/b")
    assert plan.code == 0, plan.err
    assert '+  "cmd": "echo hello 1.1",' in plan.lines and "/a/b" in plan.out
    assert "DCOS_PACKAGE_DEFINITION" not in plan.out
    assert dcos("package", "install", "hello", "--plan", "--json").json()["app"]["id"] == "/hello"
    assert not cosmos.installed


def test_a_plan_is_refused_where_the_installation_would_be(cosmos: FakeCosmos, cluster: Cluster, dcos: Dcos) -> None:
    assert dcos("package", "install", "hello", "--yes").code == 0
    cluster.apps["/hello"]["labels"] = {"DCOS_PACKAGE_NAME": "hello"}
    same = dcos("package", "install", "hello", "--plan")
    assert same.code == 1 and "already installed as /hello" in same.err and "dcos package upgrade" in same.err
    other = dcos("package", "install", "other", "--plan", "--app-id=hello")
    assert other.code == 1 and "the id /hello is that of the package hello" in other.err
    cluster.apps["/hello"]["labels"] = {}
    plain = dcos("package", "install", "hello", "--plan", "--json")
    assert plain.code == 1 and "is that of an app" in plain.err and "dcos package upgrade" not in plain.err
    assert dcos("package", "install", "hello", "--plan", "--app-id=/second").code == 0


def test_what_locks_an_app_is_replaced_with_force_only(cosmos: FakeCosmos, dcos: Dcos) -> None:
    assert dcos("package", "install", "hello", "--package-version=1.0", "--yes").code == 0
    locked = {"type": "AppLocked", "message": "App [/hello] is being changed", "data": {"deployments": ["d-1"]}}
    cosmos.refuse["/service/update"] = (409, locked)
    refused = dcos("package", "upgrade", "hello", "--yes")
    assert refused.code == 1 and "dcos package upgrade --force" in refused.err and "d-1" in refused.err
    cosmos.refuse.clear()
    assert dcos("package", "upgrade", "hello", "--force", "--yes").code == 0
    first, second = [one.body for one in cosmos.asked if one.path == "/service/update"]
    assert "force" not in first and second["force"] is True


def test_an_app_of_a_package_that_does_not_stay_up_is_corrected_and_removed_as_a_package(
    cosmos: FakeCosmos, cluster: Cluster, dcos: Dcos
) -> None:
    assert dcos("package", "install", "hello", "--yes", "--no-wait").code == 0
    install = cosmos._package_install

    def failing(body: dict[str, Any]) -> dict[str, Any]:
        answer = install(body)
        failure = {"state": "TASK_FAILED", "message": "no", "taskId": "x.1"}
        labels = {"DCOS_PACKAGE_NAME": "hello"}
        cosmos.apps[answer["appId"]] |= {"labels": labels, "lastTaskFailure": failure}
        return answer

    cosmos._package_install = failing  # type: ignore[method-assign]  # what the pretended one does at first
    failed = dcos("package", "install", "hello", "--app-id=/x", "--yes")
    assert failed.code == 1 and "dcos marathon app remove" not in failed.err
    assert "dcos package upgrade hello --app-id=/x --options FILE --force" in failed.err
    assert "dcos package uninstall hello --app-id=/x" in failed.err


@pytest.mark.parametrize("deep", ["[" * 5000, '{"a":' * 5000 + "1" + "}" * 5000, '{"a":' * 300 + "1" + "}" * 300])
@pytest.mark.parametrize(
    "words", [("package", "install", "hello", "--yes", "--options=-"), ("marathon", "app", "add", "-")]
)
def test_json_of_thousands_of_levels_is_refused(
    cosmos: FakeCosmos, dcos: Dcos, words: tuple[str, ...], deep: str, tmp_path: Path
) -> None:
    for done in (dcos(*words, stdin=deep), dcos("marathon", "app", "update", "hello", f"env={deep}")):
        assert done.code in (1, 2) and ("deeper than 200" in done.err or "is not JSON" in done.err), done.err
    saved = tmp_path / "repositories.json"
    saved.write_text(deep)
    done = dcos("package", "repo", "import", str(saved))
    assert done.code == 1 and ("deeper than 200" in done.err or "is not JSON" in done.err), done.err


def test_what_the_package_manager_refuses_is_told_in_its_words_with_what_to_do(cosmos: FakeCosmos, dcos: Dcos) -> None:
    unknown = dcos("package", "install", "nothing", "--yes")
    assert unknown.code == 1 and "Package [nothing] not found" in unknown.err and "dcos package search" in unknown.err
    error: dict[str, Any] = {"instance": {"pointer": "/greeting"}, "message": "is no string", "unwanted": ["extra"]}
    cosmos.refuse["/package/install"] = (
        400,
        {"type": "JsonSchemaMismatch", "message": "Options JSON failed validation", "data": {"errors": [error]}},
    )
    wrong = dcos("package", "install", "hello", "--yes")
    assert wrong.code == 1
    assert "/greeting: is no string (extra)" in wrong.err and "--config" in wrong.err
    cosmos.refuse["/package/install"] = (
        409,
        {"type": "PackageAlreadyInstalled", "message": "Package is already installed"},
    )
    twice = dcos("package", "install", "hello", "--yes")
    assert twice.code == 1 and "already installed" in twice.err and "--app-id=ID" in twice.err
    cosmos.refuse["/package/install"] = (400, {"type": "SomethingNew", "message": "No.\x1b[2J", "data": {"why": "so"}})
    new = dcos("package", "install", "hello", "--yes")
    assert "SomethingNew" in new.err and "why: so" in new.err and "\x1b" not in new.err


def test_upgrade_shows_the_difference_and_keeps_what_was_chosen(cosmos: FakeCosmos, dcos: Dcos) -> None:
    assert (
        dcos(
            "package", "install", "hello", "--package-version=1.0", "--options=-", "--yes", stdin='{"greeting": "hi"}'
        ).code
        == 0
    )
    plan = dcos("package", "upgrade", "hello", "--plan")
    assert plan.code == 0, plan.err
    assert plan.lines[0] == "/hello: hello 1.0 -> 1.1"
    assert plan.lines[1:] == ['- /cmd: "echo hi 1.0"', '+ /cmd: "echo hi 1.1"']
    assert cosmos.installed["/hello"][0]["version"] == "1.0"
    done = dcos("package", "upgrade", "--app-id=hello", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json() == {"appId": "/hello", "packageName": "hello", "from": "1.0", "to": "1.1", "deployment": "D7"}
    nothing = dcos("package", "upgrade", "hello", "--yes")
    assert nothing.code == 1 and "no newer version" in nothing.err
    changed = dcos("package", "upgrade", "hello", "--yes", "--options=-", "--json", stdin='{"greeting": "moin"}')
    assert changed.code == 0 and changed.json()["to"] == "1.1"
    assert '+ /cmd: "echo moin 1.1"' in changed.err
    back = dcos("package", "upgrade", "hello", "--package-version=1.0", "--yes")
    assert back.code == 0 and cosmos.installed["/hello"][0]["version"] == "1.0", back.err
    never = dcos("package", "upgrade", "hello", "--package-version=9", "--yes")
    assert never.code == 1 and "cannot become 9" in never.err and "upgrades to: 1.1" in never.err


def test_a_plan_is_of_the_app_as_it_is_and_refuses_what_the_upgrade_would(cosmos: FakeCosmos, dcos: Dcos) -> None:
    assert dcos("package", "install", "hello", "--package-version=1.0", "--yes").code == 0
    cosmos.apps["/hello"]["mem"] = 512  # set at the init, which the template does not
    plan = dcos("package", "upgrade", "hello", "--plan", "--json")
    assert plan.json()["difference"] == ['- /cmd: "echo hello 1.0"', '+ /cmd: "echo hello 1.1"', "- /mem: 512"]
    refusal = {"type": "AppIdChanged", "message": "The app's id would change"}
    cosmos.refuse["/service/plan"] = (400, refusal)
    for how in ("--plan", "--yes"):
        refused = dcos("package", "upgrade", "hello", how)
        assert refused.code == 1 and "would change" in refused.err
    assert not [one for one in cosmos.asked if one.path == "/service/update"]


def test_options_of_a_version_that_no_repository_has_are_changed(cosmos: FakeCosmos, dcos: Dcos) -> None:
    assert dcos("package", "install", "hello", "--package-version=1.1", "--yes").code == 0
    for path in ("/package/render", "/package/describe", "/package/list-versions"):
        cosmos.refuse[path] = (400, {"type": "PackageNotFound", "message": "Package [hello] not found"})
    done = dcos("package", "upgrade", "hello", "--options=-", "--yes", stdin='{"greeting": "moin"}')
    assert done.code == 0, done.err
    (asked,) = [one for one in cosmos.asked if one.path == "/service/update"]
    assert "packageVersion" not in asked.body and asked.body["options"] == {"greeting": "moin"}


def test_several_apps_of_a_package_are_told_apart(cosmos: FakeCosmos, dcos: Dcos) -> None:
    for app_id in ("/a", "/b"):
        assert dcos("package", "install", "hello", f"--app-id={app_id}", "--yes").code == 0
    which = dcos("package", "upgrade", "hello", "--yes")
    assert which.code == 1 and "/a 1.1" in which.err and "--app-id=ID" in which.err
    which = dcos("package", "uninstall", "hello", "--yes")
    assert which.code == 1 and "/a, /b" in which.err and "--all" in which.err
    gone = dcos("package", "uninstall", "hello", "--app-id=/a", stdin="/b\n/a\n")
    assert gone.code == 0, gone.err
    assert "Expected '/a'" in gone.err and list(cosmos.installed) == ["/b"]
    gone = dcos("package", "uninstall", "hello", "--all", "--json", stdin="uninstall all hello\n")
    assert gone.code == 0 and gone.json()["results"][0]["appId"] == "/b" and "It is gone." in gone.err
    assert dcos("package", "uninstall", "hello", "--yes").code == 1


def test_a_service_that_is_taken_down_first_is_not_called_uninstalled(cosmos: FakeCosmos, dcos: Dcos) -> None:
    cosmos.packages.append(definition("served", "1.0", framework=True))
    assert dcos("package", "install", "served", "--yes").code == 0
    gone = dcos("package", "uninstall", "served", "--yes")
    assert gone.code == 0 and "Uninstalling package [served]" in gone.err and "Uninstalled" not in gone.err
    assert "dcos package list" in gone.err


def test_repositories_are_listed_added_and_removed(cosmos: FakeCosmos, dcos: Dcos, tmp_path: Path) -> None:
    assert dcos("package", "repo", "list").out == "Universe: https://universe.example.test/repo\n"
    assert dcos("package", "repo", "add", "--index=0", "ours", "https://ours.example.test/repo").code == 0
    assert dcos("package", "repo", "-q").lines == ["ours", "Universe"]
    saved = tmp_path / "repositories.json"
    saved.write_text(dcos("package", "repo", "list", "--json").out)
    assert dcos("package", "repo", "remove", "ours", "Universe").code == 0
    assert cosmos.repositories == []
    assert dcos("package", "repo", "import", str(saved)).code == 0
    assert [one["name"] for one in cosmos.repositories] == ["ours", "Universe"]
    saved.write_text('{"repositories": [{"name": "x"}]}')
    assert dcos("package", "repo", "import", str(saved)).code == 1


def test_a_repository_that_is_not_fetched_is_told_with_the_reason(cosmos: FakeCosmos, dcos: Dcos) -> None:
    problem = {
        "message": "the repository at https://universe.example.test is refused: frozen: timestamp.json is expired",
        "since": "2026-11-29T20:43:00Z",
        "packagesKept": True,
        "remedy": "ask its publisher",
    }
    cosmos.repositories[0] |= {"problem": problem}
    listed = dcos("package", "repo", "list")
    assert listed.out == "Universe: https://universe.example.test/repo\n"
    assert "Universe cannot be fetched since 2026-11-29T20:43:00Z: its packages are as they were then" in listed.err
    assert "frozen: timestamp.json is expired" in listed.err and "what to do: ask its publisher" in listed.err
    assert dcos("package", "repo", "list", "--json").json()["repositories"][0]["problem"] == problem


def test_entries_of_a_repository_that_are_no_packages_are_told(cosmos: FakeCosmos, dcos: Dcos) -> None:
    entries = ["/packages/3 (far 1.0): /version: it is too long", "/packages/4: it is 7, not an object"]
    cosmos.repositories[0] |= {"refused": {"count": 23, "entries": entries}}
    listed = dcos("package", "repo", "list")
    assert listed.out == "Universe: https://universe.example.test/repo\n"
    assert "Universe has 23 entries that are no valid packages; the others can be used" in listed.err
    assert all(f"  {entry}\n" in listed.err for entry in entries) and "and 21 more" in listed.err
    assert dcos("package", "repo", "list", "--json").json()["repositories"][0]["refused"]["count"] == 23


def test_beside_a_master_the_package_manager_is_asked_without_a_token(
    cluster: Cluster, dcos: Dcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.cosmos.packages = [definition("hello", "1.0")]
    server = Server(cluster.loop, cluster.answer_cosmos)
    try:
        monkeypatch.setenv("DCOS_PACKAGE_COSMOS_URL", server.url)
        assert dcos("package", "search", "-h").code == 0
        found = dcos("package", "search")
        assert found.code == 0 and "hello" in found.out, found.err
        assert server.authorizations == [None]
        done = dcos("package", "install", "hello", "--yes")
        assert done.code == 0, done.err
    finally:
        server.stop()
    unreachable = dcos("package", "search")
    assert unreachable.code == 1 and "DCOS_PACKAGE_COSMOS_URL" in unreachable.err


def test_a_cluster_without_a_package_manager_says_so(cosmos: FakeCosmos, gateway: Gateway, dcos: Dcos) -> None:
    from aiohttp import web

    gateway.override = lambda request: web.Response(status=404) if request.path.startswith("/package") else None
    missing = dcos("package", "search")
    assert missing.code == 1 and "no package manager" in missing.err


def test_settings_are_shown_and_changed_as_plugins_ask_for_them(
    cosmos: FakeCosmos, gateway: Gateway, dcos: Dcos, lab: Path
) -> None:
    assert dcos("config", "show", "core.dcos_url").out == f"{gateway.url}\n"
    token = dcos("config", "show", "core.dcos_acs_token").out.strip()
    assert token in gateway.tokens and token not in dcos("config", "show").out
    assert Path(dcos("config", "show", "core.ssl_verify").out.strip()).is_file()
    assert dcos("config", "set", "hello.world", "moon").code == 0
    assert dcos("config", "show", "hello.world").out == "moon\n"
    assert dcos("config", "unset", "hello.world").code == 0
    assert dcos("config", "show", "hello.world").code == 1
    assert dcos("config", "set", "core.timeout", "soon").code == 2
    assert json.loads(dcos("config", "show", "--json").out)["core.dcos_acs_token"] == "********"
    assert dcos("config", "set", "core.dcos_url", "https://elsewhere.example.test").code == 0
    assert dcos("config", "show", "core.dcos_acs_token").code == 1
