"""Command-line plugins of packages: brought, checked, kept with their cluster, and run."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.plugins.archives import unpack
from dcos_runtime.cli.plugins.installed import Plugins
from dcos_runtime.cli.plugins.sources import PluginSource, sources
from dcos_runtime.cli.plugins.wheels import Wheel, build
from tests.support.cli.asked import Asked
from tests.support.cli.fake_cluster import Cluster, Result, Server
from tests.support.cli.fake_cosmos import FakeCosmos, definition
from tests.support.cli.fake_gateway import Gateway
from tests.support.cli.plugin_files import PROGRAM, binary, wheel, zipped

Dcos = Callable[..., Result]


@pytest.fixture
def elsewhere(cluster: Cluster) -> Iterator[Server]:
    """A server of files outside the cluster; ``files`` by path."""
    files: dict[str, bytes] = {}

    def answer(asked: Asked) -> web.Response:
        if asked.path.startswith("/moved/"):
            return web.Response(status=302, headers={"Location": asked.path.removeprefix("/moved")})
        content = files.get(asked.path)
        return web.Response(status=404) if content is None else web.Response(body=content)

    server = Server(cluster.loop, answer)
    server.files = files  # type: ignore[attr-defined]  # for its handler
    yield server
    server.stop()


@pytest.fixture
def publish(cluster: Cluster, elsewhere: Server, lab: Path) -> Callable[..., FakeCosmos]:
    """Serves the file, and names it as the plugin of the package hello."""

    def run(content: bytes, *, name: str = "hello", path: str = "/dcos-hello", **more: Any) -> FakeCosmos:
        elsewhere.files[path] = content  # type: ignore[attr-defined]  # what its handler gives
        resource = binary(elsewhere.url + path, content, **more)
        cluster.cosmos.packages.append(definition(name, "1.0", resource=resource))
        return cluster.cosmos

    return run


def called(*words: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """`dcos` in a process of its own: a plugin takes its place."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        [str(Path(sys.executable).parent / "dcos"), *words],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment,
        timeout=240,
    )


def test_a_program_is_installed_and_run_as_dcos_own_command_runs_it(
    publish: Callable[..., FakeCosmos], gateway: Gateway, dcos: Dcos, lab: Path
) -> None:
    publish(PROGRAM.encode())
    done = dcos("package", "install", "hello", "--cli", "--yes")
    assert done.code == 0, done.err
    assert "New commands available: hello" in done.err
    assert (lab / "subcommands/hello/env/bin/dcos-hello").stat().st_mode & 0o777 == 0o755
    assert json.loads((lab / "subcommands/hello/package.json").read_text())["version"] == "1.0"
    assert dcos("config", "set", "hello.colour", "red").code == 0

    told = called("hello", "pods", "--help", "--json", "-x")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert lines[0] == "called: hello pods --help --json -x"
    variables = dict(line.partition("=")[::2] for line in lines[1:])
    assert variables["DCOS_URL"] == gateway.url
    assert variables["DCOS_ACS_TOKEN"] in gateway.tokens
    assert Path(variables["DCOS_TLS_CA_PATH"]).is_file()
    assert variables["DCOS_HELLO_COLOUR"] == "red"
    assert variables["DCOS_CLUSTER"] == lab.name
    assert variables["DCOS_CLI_VERSION"] and "DCOS_VERBOSITY" not in variables
    back = subprocess.run(
        [variables["DCOS_CLI_EXECUTABLE_PATH"], "config", "show", "core.dcos_url"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    assert back.stdout.strip() == gateway.url, back.stderr
    assert "DCOS_VERBOSITY=2" in called("--log-level=debug", "hello").stdout
    assert called("hello", "fail").returncode == 17
    assert called("hello", "read", stdin="typed").stdout.endswith("typed")
    assert "Says what it is told" in called("--help").stdout

    listed = dcos("package", "list", "--cli")
    assert listed.lines[1].split()[:5] == ["hello", "1.0", "true", "-", "hello"]
    assert dcos("package", "uninstall", "hello", "--cli", "--json").json() == {"results": [], "plugin": "hello"}
    assert called("hello").returncode == 2
    assert not list((lab / "tmp").iterdir())


def test_an_upgrade_brings_the_plugin_that_is_installed_here_to_the_same_version(
    publish: Callable[..., FakeCosmos], elsewhere: Server, dcos: Dcos, lab: Path
) -> None:
    def plugin() -> str:
        return str(json.loads((lab / "subcommands/hello/package.json").read_text())["version"])

    cosmos = publish(PROGRAM.encode())
    assert dcos("package", "install", "hello", "--yes").code == 0
    newer = PROGRAM.encode() + b"# newer\n"
    elsewhere.files["/newer"] = newer  # type: ignore[attr-defined]  # what its handler gives
    cosmos.packages.append(definition("hello", "1.1", resource=binary(f"{elsewhere.url}/newer", newer)))
    cosmos.packages.append(definition("hello", "1.2"))
    plan = dcos("package", "upgrade", "hello", "--package-version=1.1", "--plan")
    assert plan.code == 0 and f"plugin comes from {elsewhere.url}/newer" in plan.out and plugin() == "1.0"
    done = dcos("package", "upgrade", "hello", "--package-version=1.1", "--yes", "--json")
    assert done.code == 0 and done.json()["commands"] == ["hello"], done.err
    assert plugin() == "1.1" and (lab / "subcommands/hello/env/bin/dcos-hello").read_bytes() == newer
    without = dcos("package", "upgrade", "hello", "--yes")
    assert without.code == 0 and "plugin of hello stays at 1.1: 1.2 has none" in without.err and plugin() == "1.1"
    assert dcos("package", "uninstall", "hello", "--cli").code == 0
    back = dcos("package", "upgrade", "hello", "--package-version=1.1", "--yes")
    assert back.code == 0 and not (lab / "subcommands/hello").exists(), back.err


def test_options_of_an_app_are_refused_where_a_package_has_none(
    publish: Callable[..., FakeCosmos], dcos: Dcos, lab: Path
) -> None:
    cosmos = publish(PROGRAM.encode())
    cosmos.packages[-1].pop("marathon")
    app = dcos("package", "install", "hello", "--app", "--yes")
    assert app.code == 1 and "hello 1.0 has no app" in app.err and "--cli" in app.err
    options = dcos("package", "install", "hello", "--options=-", "--yes", stdin='{"a": 1}')
    assert options.code == 2 and "--options would change nothing" in options.err
    both = dcos("package", "install", "hello", "--options=-", "--app-id=/a", "--yes", stdin="{}")
    assert both.code == 2 and "--options and --app-id would" in both.err
    assert not (lab / "subcommands/hello").exists()
    assert dcos("package", "install", "hello", "--yes").code == 0


def test_a_plugin_is_on_no_other_clusters_command_line(
    publish: Callable[..., FakeCosmos], dcos: Dcos, lab: Path
) -> None:
    publish(PROGRAM.encode())
    assert dcos("package", "install", "hello", "--cli", "--yes").code == 0
    other = lab.parent / "22222222-2222-4333-8444-555555555555"
    other.mkdir(mode=0o700)
    (other / "dcos.toml").write_text('[core]\ndcos_url = "https://127.0.0.9"\n[cluster]\nname = "other"\n')
    (other / "dcos.toml").chmod(0o600)
    assert called("hello").returncode == 0
    assert called("hello", DCOS_CLUSTER="other").returncode == 2
    assert called("hello", DCOS_CLUSTER=lab.name).returncode == 0
    assert called("--url=https://127.0.0.9", "hello").returncode == 2
    assert called("--url=http://127.0.0.1:5050", "hello").returncode == 2
    assert dcos("cluster", "attach", "other").code == 0
    assert called("hello").returncode == 2
    assert dcos("cluster", "remove", lab.name).code == 0 and not lab.exists()


def test_a_zip_brings_several_commands_and_what_it_says_of_them(
    publish: Callable[..., FakeCosmos], dcos: Dcos, lab: Path
) -> None:
    toml = 'name = "hello"\n[[commands]]\nname = "greet"\npath = "tools/greeter"\ndescription = "Greets"\n'
    publish(zipped({"plugin.toml": toml, "tools/greeter": PROGRAM}, mode=stat.S_IFREG | 0o755), kind="zip")
    done = dcos("package", "install", "hello", "--cli", "--yes")
    assert done.code == 0 and "greet" in done.err, done.err
    assert called("greet", "me").stdout.startswith("called: greet me")
    assert "Greets" in called("--help").stdout


def test_a_command_that_cannot_be_called_is_said_to_be_so(
    publish: Callable[..., FakeCosmos], dcos: Dcos, lab: Path
) -> None:
    """One that `dcos` has itself, and one that two packages bring; that of the package with its name goes first."""
    program = {"bin/dcos-marathon": PROGRAM, "bin/dcos-hello": PROGRAM, "bin/dcos-own": PROGRAM}
    publish(zipped(program), name="another", path="/another.zip", kind="zip")
    done = dcos("package", "install", "another", "--cli", "--yes")
    assert done.code == 0 and "New commands available: hello, own\n" in done.err, done.err
    assert "the package's command marathon cannot be called: dcos marathon is a command of dcos itself" in done.err
    publish(PROGRAM.encode())
    done = dcos("package", "install", "hello", "--cli", "--yes", "--json")
    assert done.json()["commands"] == ["hello"]
    assert "dcos hello is the command of hello now, and no more that of another" in done.err
    publish(zipped({"bin/dcos-own": PROGRAM}), name="yet-another", path="/yet.zip", kind="zip")
    done = dcos("package", "install", "yet-another", "--cli", "--yes", "--json")
    assert done.json()["commands"] == [] and "New commands" not in done.err
    assert "own cannot be called: dcos own is the command of the package another" in done.err

    rows = {line.split()[0]: " ".join(line.split()) for line in dcos("package", "list", "--cli").lines[1:]}
    assert "own,hello (hidden by hello),marathon (hidden by dcos)" in rows["another"]
    assert "own (hidden by another)" in rows["yet-another"]
    listed = {one["name"]: one for one in dcos("package", "list", "--cli", "--json").json()}
    assert listed["another"]["hiddenCommands"] == {"hello": "hello", "marathon": "dcos"}
    assert listed["hello"]["commands"] == ["hello"] and "hiddenCommands" not in listed["hello"]
    page = called("--help").stdout
    assert page.count("\n  hello ") == page.count("\n  own ") == page.count("\n  marathon ") == 1
    for name, package, other in (("hello", "hello", "another"), ("own", "another", "yet-another")):
        ran = called(name)
        assert ran.stdout.startswith(f"called: {name}")
        assert [one.name for one, _ in Plugins(lab).having(name)] == [package, other]
        assert f"dcos {name} is the command of {package}; of that name is one of {other}, too" in ran.stderr


def test_an_app_and_its_plugin_come_and_go_together(publish: Callable[..., FakeCosmos], dcos: Dcos, lab: Path) -> None:
    cosmos = publish(PROGRAM.encode())
    assert dcos("package", "install", "hello", "--yes", "--json").json()["commands"] == ["hello"]
    assert list(cosmos.installed) == ["/hello"]
    assert dcos("package", "list").lines[1].split()[3:5] == ["/hello", "hello"]
    gone = dcos("package", "uninstall", "hello", "--yes", "--json").json()
    assert gone["plugin"] == "hello" and [one["appId"] for one in gone["results"]] == ["/hello"]
    assert not (lab / "subcommands/hello").exists() and not cosmos.installed
    assert dcos("package", "install", "hello", "--app", "--yes").code == 0
    assert not (lab / "subcommands/hello").exists()


def test_another_file_than_the_package_means_is_not_kept(
    publish: Callable[..., FakeCosmos], elsewhere: Server, dcos: Dcos, lab: Path
) -> None:
    publish(PROGRAM.encode())
    elsewhere.files["/dcos-hello"] += b"rm -rf /\n"  # type: ignore[attr-defined]  # what its handler gives
    done = dcos("package", "install", "hello", "--cli", "--yes")
    assert done.code == 1 and "is not the file that the package means" in done.err
    assert hashlib.sha256(PROGRAM.encode()).hexdigest() in done.err
    assert not (lab / "subcommands/hello").exists()


def test_a_failed_change_leaves_the_plugin_as_it_was(
    publish: Callable[..., FakeCosmos], elsewhere: Server, cluster: Cluster, dcos: Dcos
) -> None:
    publish(PROGRAM.encode())
    assert dcos("package", "install", "hello", "--cli", "--yes").code == 0
    bad = zipped({"README": "no program in here"})
    elsewhere.files["/new"] = bad  # type: ignore[attr-defined]  # what its handler gives
    cluster.cosmos.packages.append(definition("hello", "2.0", resource=binary(elsewhere.url + "/new", bad)))
    done = dcos("package", "install", "hello", "--cli", "--yes")
    assert done.code == 1 and "no commands" in done.err
    assert called("hello").returncode == 0


def test_what_a_killed_installation_left_goes_with_the_next_change(
    publish: Callable[..., FakeCosmos], dcos: Dcos, lab: Path
) -> None:
    publish(PROGRAM.encode())
    left = lab / "tmp/plugin-killed/env"
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    assert dcos("package", "install", "hello", "--cli", "--yes").code == 0
    assert not list((lab / "tmp").iterdir())
    assert (lab / "subcommands/hello/env/plugin.toml").is_file()


KILLED = """
import os, pathlib, signal, sys
from dcos_runtime.cli.plugins.installed import Plugins
left, rename = [int(sys.argv[2])], pathlib.Path.rename
def dying(self, target):
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return rename(self, target)
pathlib.Path.rename = dying
def build(environment):
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "dcos-hello").write_text("new")
Plugins(pathlib.Path(sys.argv[1])).put("hello", {"version": "2.0"}, build)
"""


@pytest.mark.parametrize("renames", range(4))
@pytest.mark.parametrize("reader", ["all", "put"])
def test_a_plugin_is_there_whole_wherever_its_replacement_is_killed(tmp_path: Path, renames: int, reader: str) -> None:
    plugins = Plugins(tmp_path)

    def build(environment: Path) -> None:
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "dcos-hello").write_text("old")

    plugins.put("hello", {"version": "1.0"}, build)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(renames)], timeout=240)
    assert done.returncode == (-signal.SIGKILL if renames < 3 else 0), "three renames: aside, into place, and away"
    if reader == "put":
        plugins.put("other", {}, build)
    (found,) = [one for one in plugins.all() if one.name == "hello"]
    content = found.commands[0].path.read_text()
    assert (content, found.package["version"]) == (("old", "1.0") if renames < 2 else ("new", "2.0"))
    if reader == "put" or renames in (1, 2):
        assert sorted(one.name for one in (tmp_path / "subcommands").iterdir() if one.name.endswith("former")) == []


@pytest.mark.parametrize("target", ["http://[x/", "http://x:99999/", "ftp://x/"])
def test_a_redirect_to_nowhere_is_told(cluster: Cluster, gateway: Gateway, dcos: Dcos, lab: Path, target: str) -> None:
    moved = Server(cluster.loop, lambda _: web.Response(status=302, headers={"Location": target}))
    try:
        resource = binary(moved.url + "/x", b"")
        cluster.cosmos.packages.append(definition("hello", "1.0", resource=resource))
        done = dcos("package", "install", "hello", "--cli", "--yes")
        assert done.code == 1 and "not an address" in done.err and "fault in dcos" not in done.err
    finally:
        moved.stop()


def test_a_file_of_the_cluster_is_asked_for_with_the_token_and_others_without(
    cluster: Cluster, gateway: Gateway, elsewhere: Server, dcos: Dcos, lab: Path
) -> None:
    content = PROGRAM.encode()
    path = "/package/resource"

    def serve(request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization", "").removeprefix("token=")
        return web.Response(body=content) if request.path == path and given in gateway.tokens else None

    gateway.override = serve
    # The scheme is what a proxy in front made of it.
    url = f"http://127.0.0.1:{gateway.port}{path}?url=x"
    cluster.cosmos.packages.append(definition("hello", "1.0", resource=binary(url, content)))
    assert dcos("package", "install", "hello", "--cli", "--yes").code == 0
    elsewhere.files["/dcos-hello"] = content  # type: ignore[attr-defined]  # what its handler gives
    moved = binary(elsewhere.url + "/moved/dcos-hello", content)
    cluster.cosmos.packages.append(definition("hello", "1.1", resource=moved))
    assert dcos("package", "install", "hello", "--cli", "--yes").code == 0
    assert elsewhere.authorizations == [None, None]


def test_without_a_digest_somebody_has_to_say_yes(cluster: Cluster, elsewhere: Server, dcos: Dcos, lab: Path) -> None:
    elsewhere.files["/dcos-hello"] = PROGRAM.encode()  # type: ignore[attr-defined]  # what its handler gives
    resource = binary(elsewhere.url + "/dcos-hello", None)
    cluster.cosmos.packages.append(definition("hello", "1.0", resource=resource))
    done = dcos("package", "install", "hello", "--yes")
    assert done.code == 1 and "without a digest" in done.err and not (lab / "subcommands/hello").exists()
    assert dcos("package", "install", "hello", stdin="yes\nno\n").code == 1
    assert not cluster.cosmos.installed, "the app neither"
    assert dcos("package", "install", "hello", stdin="yes\nyes\n").code == 0
    cluster.cosmos.packages.append(definition("hello", "1.1", resource=binary(elsewhere.url + "/dcos-hello", None)))
    assert dcos("package", "upgrade", "hello", "--yes").code == 1
    assert not [one for one in cluster.cosmos.asked if one.path == "/service/update"]
    assert dcos("package", "upgrade", "hello", stdin="yes\nyes\n").code == 0


def test_a_wheel_has_an_environment_of_its_own(cluster: Cluster, elsewhere: Server, dcos: Dcos, lab: Path) -> None:
    helper = wheel("helper", scripts="")
    main = wheel(needs="Requires-Dist: helper >= 1.0\nRequires-Dist: pytest; extra == 'test'\n")
    files = {"/dcos_hello-1.0-py2.py3-none-any.whl": main, "/helper-1.0-py3-none-any.whl": helper}
    elsewhere.files.update(files)  # type: ignore[attr-defined]  # what its handler gives
    urls = [f"{elsewhere.url}{path}#sha256={hashlib.sha256(content).hexdigest()}" for path, content in files.items()]
    cluster.cosmos.packages.append(definition("hello", "1.0", command={"pip": urls}))
    done = dcos("package", "install", "hello", "--cli", "--yes")
    assert done.code == 0, done.err
    ran = called("hello", "a", "b")
    assert ran.returncode == 3, ran.stderr
    assert ran.stdout.strip() == f"from a wheel ['hello', 'a', 'b'] {lab}/subcommands/hello/env"
    assert (lab / "subcommands/hello/env/pyvenv.cfg").is_file()
    alone = [url for url in urls if "dcos_hello" in url]
    cluster.cosmos.packages.append(definition("hello", "1.1", command={"pip": alone}))
    done = dcos("package", "install", "hello", "--cli", "--yes")
    assert done.code == 1 and "needs helper" in done.err


def test_a_plugin_that_nobody_made_for_this_machine_is_refused_before_anything_is_done(
    cluster: Cluster, dcos: Dcos, lab: Path
) -> None:
    one = {"cli": {"binaries": {"windows": {"x86-64": {"kind": "executable", "url": "https://x.test/x.exe"}}}}}
    cluster.cosmos.packages.append(definition("hello", "1.0", resource=one))
    done = dcos("package", "install", "hello", "--yes")
    assert done.code == 1 and "windows x86-64" in done.err and not cluster.cosmos.installed
    assert dcos("package", "install", "hello", "--app", "--yes").code == 0
    cluster.cosmos.packages.append(definition("bare", "1.0"))
    assert "no command-line plugin" in dcos("package", "install", "bare", "--cli", "--yes").err


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ({"pip": ["dcos==0.4.0"]}, "not an address"),
        ({"pip": ["https://x.test/dcos-1.0.tar.gz"]}, "not a wheel"),
        ({"pip": ["ftp://x.test/dcos_x-1.0-py3-none-any.whl"]}, "not an address"),
        ({"pip": ["https://[x.test/dcos_x-1.0-py3-none-any.whl"]}, "not an address"),
        ({"pip": ["https://x.test:99999/dcos_x-1.0-py3-none-any.whl"]}, "not an address"),
        ({"pip": ["https://user@x.test/dcos_x-1.0-py3-none-any.whl"]}, "not an address"),
        ({"pip": ["https://x.test/dcos_x-1.0-py3-none-any.whl#sha256=abc"]}, "not a SHA-256"),
    ],
)
def test_what_is_no_wheel_at_an_address_is_refused(command: dict[str, Any], why: str) -> None:
    with pytest.raises(CliError, match=why):
        sources({"name": "x", "command": command})


def test_a_digest_that_cannot_be_checked_is_no_digest() -> None:
    one = binary("https://x.test/x", b"", algo="md5")
    with pytest.raises(CliError, match="no digest that can be checked"):
        sources({"name": "x", "resource": one})
    assert sources({"name": "x", "resource": binary("https://x.test/x", None)}) == [
        PluginSource("https://x.test/x", None)
    ]


BAD_ZIPS = {
    "outside": (zipped({"../out": "x"}), "outside"),
    "absolute": (zipped({"/etc/out": "x"}), "outside"),
    "backslashes": (zipped({"..\\out": "x"}), "outside"),
    "drive": (zipped({"C:/out": "x"}), "outside"),
    "link": (zipped({"bin/x": "/etc/passwd"}, mode=stat.S_IFLNK | 0o777), "link or device"),
    "device": (zipped({"bin/x": ""}, mode=stat.S_IFCHR | 0o666), "link or device"),
    "file and folder": (zipped({"bin": "x", "bin/x": "y"}), "as a file and as a folder"),
    "no archive": (b"PK\x03\x04 nothing else", "not a zip"),
}


@pytest.mark.parametrize("name", BAD_ZIPS)
def test_an_archive_that_would_write_elsewhere_is_not_unpacked(tmp_path: Path, name: str) -> None:
    content, why = BAD_ZIPS[name]
    with pytest.raises(CliError, match=why):
        unpack(content, tmp_path / "in", "the plugin")
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_an_archive_that_grows_without_bounds_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcos_runtime.cli.plugins.archives.MAX_BYTES", 1 << 20)
    with pytest.raises(CliError, match="too large"):
        unpack(zipped({"bin/x": b"\0" * (1 << 21)}), tmp_path / "in", "the plugin")
    # One that says less of a file than is in it.
    content = bytearray(zipped({"bin/x": b"\0" * (1 << 18)}))
    for at in (found.start() for found in re.finditer(re.escape((1 << 18).to_bytes(4, "little")), bytes(content))):
        content[at : at + 4] = (1 << 10).to_bytes(4, "little")
    with pytest.raises(CliError, match=r"larger than|damaged"):
        unpack(bytes(content), tmp_path / "out", "the plugin")
    with pytest.raises(CliError, match="too large"):
        monkeypatch.setattr("dcos_runtime.cli.plugins.archives.MAX_FILES", 3)
        unpack(zipped({f"bin/{one}": "" for one in range(4)}), tmp_path / "many", "the plugin")


PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize(
    ("needs", "missing"),
    [
        ("helper; python_version >= '3'", "helper"),
        (f"helper; python_version == '{PYTHON}'", "helper"),
        ("helper; python_version < '3'", ""),
        ("helper (>=1.0); sys_platform != 'nowhere'", "helper>=1.0"),
        ("helper; sys_platform == 'nowhere'", ""),
        ("helper; extra == 'test'", ""),
        ("helper>=2; platform_system != 'Nowhere' and extra == ''", "helper>=2"),
        ("there>=1.0", ""),
        ("There[more]", "more-of-it"),
        ("there[other]", ""),
        ("there>=2", "there>=2"),
        ("there @ https://far.example/there-1.0-py3-none-any.whl", ""),
    ],
)
def test_requirements_count_where_their_markers_hold_here(tmp_path: Path, needs: str, missing: str) -> None:
    there = wheel("there", scripts="", needs="Requires-Dist: more-of-it; extra == 'more'\n")
    main = wheel(needs=f"Requires-Dist: {needs}\n")
    wheels = [("dcos_hello-1.0-py3-none-any.whl", main), ("there-1.0-py3-none-any.whl", there)]
    if not missing:
        build(tmp_path / "env", tmp_path / "home", wheels)
        return
    with pytest.raises(CliError, match=f"needs {re.escape(missing)}, which the package does not bring"):
        build(tmp_path / "env", tmp_path / "home", wheels)
    assert not (tmp_path / "env").exists()


@pytest.mark.parametrize("needs", ["helper ;; x", "=1", "helper; python_version is 3"])
def test_a_requirement_that_cannot_be_read_is_told(tmp_path: Path, needs: str) -> None:
    with pytest.raises(CliError, match="cannot be read"):
        build(tmp_path, tmp_path, [("dcos_hello-1.0-py3-none-any.whl", wheel(needs=f"Requires-Dist: {needs}\n"))])


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("dcos_hello-1.0-py3-none-any.whl", wheel(spoil="dcos_hello/cli.py"), "RECORD"),
        ("dcos_hello-1.0-py3-none-any.whl", wheel(wheel_version="2.0"), "format 2.0"),
        ("dcos_hello-1.0-py3-none-any.whl", wheel(scripts="../dcos-x = a:b"), "is not valid"),
        ("dcos_hello-1.0-py3-none-any.whl", wheel(scripts="dcos-x = os; import x"), "is not valid"),
        ("dcos_hello-1.0-py2-none-any.whl", wheel(), "not made for this machine"),
        ("dcos_hello-1.0-py3-none-win_amd64.whl", wheel(), "not made for this machine"),
        ("dcos_hello.whl", wheel(), "not the name of a wheel"),
        ("dcos_hello-1.0-py3-none-any.whl", zipped({"x": "y"}), "not a wheel"),
        ("dcos_hello-1.0-py3-none-any.whl", wheel(files={"dcos_hello-1.0.data/scripts/../../x": "y"}), "outside"),
    ],
)
def test_a_wheel_that_is_not_what_it_says_is_refused(tmp_path: Path, file: str, content: bytes, why: str) -> None:
    (tmp_path / "bin").mkdir()
    with pytest.raises(CliError, match=why):
        Wheel(file, content).lay_down(tmp_path, tmp_path / "site", tmp_path / "bin/python3")


def test_a_zip_may_hold_a_name_once_only(tmp_path: Path) -> None:
    import io

    out = io.BytesIO()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "w") as archive:
        archive.writestr("bin/x", "1")
        archive.writestr("bin/x", "2")
    with pytest.raises(CliError, match="twice"):
        unpack(out.getvalue(), tmp_path / "in", "the plugin")
