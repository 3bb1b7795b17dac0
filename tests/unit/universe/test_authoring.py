"""Packages made and converted, and what becomes of their revisions: each change whole, each refusal in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dcos_universe import reading, render, states
from dcos_universe.authoring import conversion, retention, scaffold, sources
from dcos_universe.authoring.sources import Key
from dcos_universe.cli import cli
from dcos_universe.errors import UniverseError
from dcos_universe.model import Revision
from dcos_universe.states import RevisionState, States


def run(*words: str, source: Path, fails: bool = False) -> Result:
    result = CliRunner().invoke(cli, [*words, "--source", str(source)])
    assert (result.exception is not None) == fails, result.output
    return result


def made(source: Path, name: str, revision: int = 0) -> Revision:
    return reading.read(source / "packages" / name[0].upper() / name / str(revision))


def test_a_new_package_is_whole_and_renders(tmp_path: Path) -> None:
    run("new", "my-service", "--version", "1.2", source=tmp_path)
    revision = made(tmp_path, "my-service")
    assert (revision.name, revision.version, revision.packaging_version) == ("my-service", "1.2", "4.0")
    app = render.render(revision, {"service": {"name": 'a"b', "instances": 3}}).app
    assert (app["id"], app["instances"]) == ('a"b', 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["packages"]


@pytest.mark.parametrize("name", ["X", "x", "x-", "-x", "x_y", "x\n", "../x", "", "x" * 80, "x y"])
def test_a_name_that_is_none_makes_nothing(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["new", "--source", str(tmp_path), "--", name])
    assert isinstance(result.exception, UniverseError)
    assert not list(tmp_path.rglob("package.json"))


def test_a_package_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    run("new", "my-service", source=tmp_path)
    result = run("new", "my-service", source=tmp_path, fails=True)
    assert "already" in str(result.exception)


APPS: dict[str, dict[str, Any]] = {
    "the least": {"id": "/a1", "cmd": "true"},
    "resources": {"id": "/a1", "cpus": 2, "mem": 64.5, "disk": 10, "gpus": 1, "instances": 0},
    "a container of docker": {
        "id": "/shop/web",
        "container": {
            "type": "DOCKER",
            "docker": {
                "image": "registry.example/a/nginx@sha256:" + "0" * 64,
                "parameters": [{"key": "x", "value": "y"}],
                "portMappings": [{"containerPort": 80, "hostPort": 0}],
            },
            "volumes": [{"containerPath": "data", "mode": "RW", "persistent": {"size": 10}}],
        },
    },
    "a container of the agent's own": {"id": "/a1", "container": {"type": "MESOS", "docker": {"image": "alpine:3"}}},
    "environment": {
        "id": "/a1",
        "env": {"A": "1", "QUOTE": 'a "b" \\ \n\t c', "TAG": "{{x}} {{{y}}}", "1ODD-NAME": "z", "S": {"secret": "s"}},
        "secrets": {"s": {"source": "/a"}},
    },
    "texts that look like tags": {
        "id": "/a1",
        "cmd": "echo '{{#a}}{{b}}{{/a}}' {{=<% %>=}} }}",
        "args": ["{{!comment}}"],
        "labels": {"HAPROXY_0_BACKEND": "{{>partial}}"},
    },
    "what is fetched": {
        "id": "/a1",
        "fetch": [
            {"uri": "https://h.example/x/data.tar.gz?a=1", "extract": True, "cache": False},
            {"uri": "https://h.example/y/data.tar.gz"},
            {"uri": "https://h.example/y/data.tar.gz"},
            {"uri": "http://h.example/"},
        ],
    },
    "other texts": {
        "id": "/a1",
        "cmd": "x\u00e9\u2028\u0001",
        "constraints": [["hostname", "UNIQUE"]],
        "user": "nobody",
    },
    "a placeholder of ours": {"id": "/a1", "cmd": "\0000\000 \\u00000\\u0000", "args": ["\0000\0"]},
    "deep": {"id": "/a1", "healthChecks": [{"protocol": "COMMAND", "command": {"value": "test $A = {{a}}"}}]},
}


@pytest.mark.parametrize("app", APPS.values(), ids=APPS)
@pytest.mark.parametrize("wrapped", [False, True], ids=["as it is sent", "as it is answered"])
def test_a_converted_app_renders_to_itself(app: dict[str, Any], wrapped: bool, tmp_path: Path) -> None:
    said = {"app": {**app, "version": "2020-01-01T00:00:00Z", "tasksRunning": 1, "tasks": []}} if wrapped else app
    path = tmp_path / "app.json"
    path.write_text(json.dumps(said))
    run("convert", str(path), "--name", "converted", source=tmp_path)
    rendered = render.render(made(tmp_path, "converted"), {}).app
    wanted = {"cpus": 0.1, "mem": 128, "instances": 1, **app, "id": app["id"].strip("/")}
    assert rendered == wanted


def test_what_is_fetched_and_run_are_resources_and_options_choose(tmp_path: Path) -> None:
    app = {**APPS["a container of docker"], **APPS["environment"], **APPS["what is fetched"], "id": "/shop/web"}
    path = tmp_path / "app.json"
    path.write_text(json.dumps(app))
    run("convert", str(path), source=tmp_path)
    revision = made(tmp_path, "shop-web")
    assert revision.resource is not None
    assets = revision.resource["assets"]
    assert set(assets["uris"].values()) == {entry["uri"] for entry in app["fetch"]}
    assert list(assets["container"]["docker"].values()) == [app["container"]["docker"]["image"]]
    injected = '"}, "cmd": "rm -rf /'
    other = render.render(revision, {"env": {"A": injected}, "service": {"cpus": 3}}).app
    assert (other["env"]["A"], other["cpus"]) == (injected, 3)
    assert "cmd" not in other


def test_labels_of_the_package_manager_are_left_out_and_it_says_so() -> None:
    done = conversion.convert(
        {"id": "/a1", "labels": {"DCOS_PACKAGE_NAME": "x", "k": "v"}},
        "a1",
        version="1",
        maintainer="m",
        description="d",
    )
    assert b"DCOS_PACKAGE_NAME" not in done.files["marathon.json.mustache"]
    assert "DCOS_PACKAGE_NAME" in done.notes[0]


NO_APPS = {
    "no JSON": "{",
    "an array": "[]",
    "a group": '{"id": "/", "apps": []}',
    "a pod": '{"id": "/p", "containers": []}',
    "no id": '{"cmd": "x"}',
    "an empty id": '{"id": "/"}',
    "an id that is a number": '{"id": 1}',
    "not a number": '{"id": "/a1", "cpus": NaN}',
    "a word for a number": '{"id": "/a1", "cpus": "many"}',
    "a key like a tag": '{"id": "/a1", "labels": {"{{x}}": "y"}}',
    "no end": '{"id": "/a1", "x": ' + "[" * 5000,
    "too deep": '{"id": "/a1", "x": ' + "[" * 90 + "]" * 90 + "}",
    "a number beyond all": '{"id": "/a1", "mem": 1e400}',
    "a whole number beyond 64 bits": '{"id": "/a1", "instances": 99999999999999999999}',
    "half a character": '{"id": "/a1", "cmd": "\\ud800"}',
    "a key that could be a tag's place": '{"id": "/a1", "\\u00000\\u0000": "x"}',
    "a label that could be a tag's place": '{"id": "/a1", "labels": {"\\u00000\\u0000": "x"}}',
    "a variable that could be a tag's place": '{"id": "/a1", "env": {"\\u00000\\u0000": "x"}}',
    "a variable like a tag": '{"id": "/a1", "env": {"{{x}}": "y"}}',
    "more than a package's file may have": '{"id": "/a1", "cmd": "' + "x" * (1 << 20) + '"}',
}


@pytest.mark.parametrize("text", NO_APPS.values(), ids=NO_APPS)
def test_what_is_no_app_is_refused_and_makes_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "app.json"
    path.write_text(text)
    result = run("convert", str(path), source=tmp_path, fails=True)
    assert isinstance(result.exception, UniverseError), result.output
    assert not list(tmp_path.rglob("package.json"))


def test_a_second_conversion_is_the_next_revision(tmp_path: Path) -> None:
    path = tmp_path / "app.json"
    path.write_text('{"id": "/web"}')
    run("convert", str(path), source=tmp_path)
    run("convert", str(path), "--version", "0.2.0", source=tmp_path)
    second = made(tmp_path, "web", 1)
    assert second.version == "0.2.0"
    assert second.entry["upgradesFrom"] == second.entry["downgradesTo"] == ["*"], "the first one can become it"


def test_states_are_told_and_kept(tmp_path: Path) -> None:
    run("new", "web", source=tmp_path)

    def told(*words: str) -> Any:
        return json.loads(run(*words, "--json", source=tmp_path).output)

    assert told("yank", "web", "0", "--reason", " loses data ")["yanked"] == "loses data"
    assert told("deprecate", "web", "0", "--reason", "take web2") == {
        "name": "web",
        "revision": 0,
        "yanked": "loses data",
        "deprecated": "take web2",
        "channel": "stable",
    }
    assert told("promote", "web", "0", "--to", "candidate", "--back")["channel"] == "candidate"
    assert told("promote", "web", "0")["channel"] == "stable"
    assert told("unyank", "web", "0")["yanked"] is None
    assert told("deprecate", "web", "0", "--undo")["deprecated"] is None
    assert not list(states.read(tmp_path))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("yank", "web", "7", "--reason", "x"), "its revisions are 0"),
        (("yank", "nothing", "0", "--reason", "x"), "there is no package nothing"),
        (("yank", "web", "0", "--reason", "a\nb"), "one line"),
        (("yank", "web", "0", "--reason", " "), "a reason has"),
        (("promote", "web", "0", "--to", "gold"), "no channel 'gold'"),
        (("promote", "web", "0", "--to", "candidate"), "--back"),
    ],
)
def test_what_cannot_be_said_of_a_revision_is_refused(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    run("new", "web", source=tmp_path)
    result = run(*words, source=tmp_path, fails=True)
    assert says in str(result.exception)
    assert not (tmp_path / "state.json").exists()


def revision(name: str, number: int, *, minimum: str = "1.8", upgrades: tuple[str, ...] = ()) -> tuple[Key, Revision]:
    entry = {
        "packagingVersion": "4.0",
        "name": name,
        "version": f"v{number}",
        "releaseVersion": number,
        "minDcosReleaseVersion": minimum,
        "upgradesFrom": list(upgrades),
    }
    return Key(name, number), Revision.of(entry)


def test_old_revisions_go_but_for_those_that_a_release_or_an_upgrade_needs() -> None:
    known = dict(
        [
            revision("a", 0),
            revision("a", 1),
            revision("a", 2, minimum="1.10"),
            revision("a", 3, minimum="1.10"),
            revision("a", 4, minimum="1.13", upgrades=("v2",)),
            revision("a", 5, minimum="999"),
            revision("a", 6, minimum="999"),
        ]
    )
    made = retention.plan(known, States(), 1)
    assert {key.revision for key in made.gone} == {0, 5}
    assert {key.revision for key in made.kept} == {2}
    said = States({("a", 4): RevisionState(yanked="bad"), ("a", 3): RevisionState(channel="candidate")})
    made = retention.plan(known, said, 1)
    # Nobody is offered 4 any more, so 2 is what stable has from 1.10 on; 3 is what candidate has.
    assert {key.revision for key in made.gone} == {0, 4, 5}
    assert made.gone[Key("a", 4)] == "yanked: bad"


@pytest.mark.parametrize(
    "words",
    [("new", "Bad_Name"), ("new", "web", "--version", "1 0"), ("convert", "{app}", "--name", "B")],
    ids=" ".join,
)
def test_what_cannot_be_made_begins_no_repository(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "app.json").write_text('{"id": "/web", "cmd": "sleep 1"}')
    (tmp_path / "source").mkdir()
    given = [word.format(app=tmp_path / "app.json") for word in words]
    run(*given, source=tmp_path / "source", fails=True)
    assert not list((tmp_path / "source").iterdir())


def test_a_plan_is_done_as_it_was_shown(tmp_path: Path) -> None:
    files = scaffold.files("web", "1", "m", "d")
    for _ in range(4):
        with sources.begun(tmp_path) as root:
            sources.add(root, "web", files)
    run("deprecate", "web", "0", "--reason", "old", source=tmp_path)
    run("deprecate", "web", "3", "--reason", "soon", source=tmp_path)
    plan = json.loads(run("retain", "--revisions", "2", "--json", source=tmp_path).output)
    assert [(one["name"], one["revision"]) for one in plan["gone"]] == [("web", 1), ("web", 0)]
    assert len(sources.keys(tmp_path)) == 4
    refused = run("retain", "--revisions", "2", "--do", "0" * 12, source=tmp_path, fails=True)
    assert "have changed" in str(refused.exception)
    run("retain", "--revisions", "2", "--do", plan["plan"], source=tmp_path)
    assert [key.revision for key in sources.keys(tmp_path)] == [2, 3]
    assert [number for _, number, _ in states.read(tmp_path)] == [3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["packages", "state.json"]


def test_licences_are_told_and_their_lack_as_well(tmp_path: Path) -> None:
    run("new", "web", source=tmp_path)
    (tmp_path / "app.json").write_text('{"id": "/bare"}')
    run("convert", str(tmp_path / "app.json"), source=tmp_path)
    result = json.loads(run("licences", "--json", source=tmp_path).output)
    assert [(one["name"], bool(one["licences"])) for one in result] == [("bare", False), ("web", True)]
    assert "without a licence: 1" in run("licences", source=tmp_path).output
