"""Command-line plugins of packages on their whole way: a repository, the package manager, the gateway, `dcos NAME`."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from tests.support.cli.plugin_files import PROGRAM, binary, zipped
from tests.support.cosmos.packages import entry
from tests.support.cosmos.served import Served
from tests.support.daemons.byhand import wait_for
from tests.support.daemons.fronted import Fronted, fronted

_binary = functools.partial(binary, machines=("x86-64",))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    one = Served()
    program, archive = PROGRAM.encode(), zipped({"bin/dcos-packed": PROGRAM})
    one.files |= {"/dcos-hello": program, "/packed.zip": archive, "/moved": (302, {"Location": "/dcos-hello"}, b"")}
    one.publish(
        entry("hello", resource=_binary(f"{one.url}/moved", program)),
        entry("packed", template=None, config=None, resource=_binary(f"{one.url}/packed.zip", archive, kind="zip")),
        entry("wrong", resource=_binary(f"{one.url}/dcos-hello", program + b"# other")),
        entry("missing", resource=_binary(f"{one.url}/nothing", program)),
    )
    yield one
    one.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, served: Served) -> Iterator[Fronted]:
    flags = (f"--repositories=Tests={served.repo}", "--allowed_networks=127.0.0.0/8", "--repository_interval=2secs")
    with fronted(tmp_path_factory.mktemp("plugins"), cosmos=flags) as one:
        wait_for(lambda: one.dcos("package", "search", "hello").returncode == 0, 60, "the package manager")
        yield one


def test_a_package_brings_its_command(made: Fronted, served: Served) -> None:
    made.good("package", "install", "hello", "--yes")
    assert made.good("hello", "pods", "--x").splitlines()[0] == "called: hello pods --x"
    assert made.good("package", "list").splitlines()[1].split()[3:5] == ["/hello-world", "hello"]
    # The masters have asked for it, redirects and all, and nobody else.
    asked = [headers["user-agent"] for path, headers in served.asked if path in ("/moved", "/dcos-hello")]
    assert len(asked) == 2 and all(agent.startswith("cosmos/") for agent in asked)
    made.good("package", "uninstall", "hello", "--yes")
    assert made.dcos("hello", "pods").returncode == 2
    assert "/hello-world" not in made.good("marathon", "app", "list")


def test_an_archive_is_a_command_as_well(made: Fronted) -> None:
    made.good("package", "install", "packed", "--yes")
    assert made.good("packed").splitlines()[0] == "called: packed"
    made.good("package", "uninstall", "packed", "--yes")


@pytest.mark.parametrize(
    ("name", "why"), [("wrong", "is not the file that the package means"), ("missing", "cannot bring")]
)
def test_what_the_package_does_not_mean_is_not_run(made: Fronted, name: str, why: str) -> None:
    assert why in made.bad("package", "install", name, "--cli", "--yes")
    assert made.dcos(name).returncode == 2
    assert made.good("package", "list", "--cli").splitlines()[1:] == []


def test_a_command_stays_as_it_was_when_its_file_is_another_by_now(made: Fronted, served: Served) -> None:
    made.good("package", "install", "hello", "--cli", "--yes")
    former = served.files["/dcos-hello"]
    served.files["/dcos-hello"] = b"#!/bin/sh\necho evil\n"
    try:
        assert "is not the file that the package means" in made.bad("package", "install", "hello", "--cli", "--yes")
        assert made.good("hello").splitlines()[0] == "called: hello"
    finally:
        served.files["/dcos-hello"] = former
        made.good("package", "uninstall", "hello", "--cli")


def test_without_a_login_nothing_is_handed_out(made: Fronted, served: Served) -> None:
    answer = made.gateways[0].get(f"/package/resource?url={served.url}/dcos-hello")
    assert answer.status == 401
    known = made.gateways[0].get(f"/package/resource?url={served.url}/dcos-hello", made.gateways[0].token())
    assert (known.status, known.text) == (200, PROGRAM)
