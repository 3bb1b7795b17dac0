"""No request body ends an init or is applied in part, with state in a real ZooKeeper and in SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import Daemon, ask, free_port, told, wait_for
from tests.support.daemons.zookeeper_server import ZooKeeperServer

APP = {"id": "/x", "cmd": "x", "instances": 0}


def many(count: int, size: int) -> list[dict[str, Any]]:
    return [{**APP, "id": f"/many/a{n}", "labels": {"L": "x" * size}} for n in range(count)]


REFUSED = {
    "a label of 900 kB": ("POST", "", {**APP, "labels": {"A": "x" * 900_000}}, 422),
    "a variable of 5 MB": ("POST", "", {**APP, "env": {"A": "x" * 5_000_000}}, 422),
    "an environment of 5 MB": ("POST", "", {**APP, "env": {f"A{n}": "x" * 100_000 for n in range(50)}}, 422),
    "a change to 900 kB": ("PUT", "/base", {"labels": {"A": "x" * 900_000}}, 422),
    "a patch to 900 kB": ("PATCH", "/base", {"cmd": "x" * 900_000}, 422),
    "one large among small ones": ("PUT", "", [*many(5, 10), *many(1, 900_000)], 422),
    "15 MB in small ones": ("PUT", "", many(150, 100_000), 422),
    "very many apps": ("PUT", "", many(20_000, 1), 422),
    "an id of 10 MB": ("POST", "", {**APP, "id": "/" + "x" * 10_000_000}, 422),
    "a key of 10 MB": ("POST", "", {**APP, "x" * 10_000_000: 1}, 422),
    "very many keys": ("POST", "", {**APP, **{f"k{n}": 1 for n in range(100_000)}}, 422),
    "very many constraints": ("POST", "", {**APP, "constraints": [["hostname", "LIKE", "x"]] * 10_000}, 422),
    "17 MB": ("POST", "", {**APP, "cmd": "x" * 17_000_000}, 413),
}


@pytest.fixture(params=["zookeeper", "sqlite"])
def init(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Daemon]:
    stores, zookeeper = [f"--work_dir={tmp_path / 'work'}"], None
    if request.param == "zookeeper":
        zookeeper = ZooKeeperServer(tmp_path / "zookeeper")
        zookeeper.start()
        stores.append(f"--zk=zk://{zookeeper.hosts}/marathon")
    port = free_port()
    flags = (
        "--master=127.0.0.1:1",
        f"--http_port={port}",
        "--hostname=127.0.0.1",
        "--zk_session_timeout=60000",
        *stores,
    )
    daemon = Daemon("init", ("dcos-marathon", *flags), tmp_path / "log")
    try:
        lead(daemon.start())
        yield daemon
        assert daemon.process is not None and daemon.process.poll() is None, "the init has ended"
        assert zookeeper is None or zookeeper.serves()
    finally:
        daemon.stop()
        if zookeeper is not None:
            zookeeper.kill()


def lead(daemon: Daemon) -> None:
    wait_for(lambda: ask(daemon.url + "/v2/leader")[0] == 200, 60, "the init leads")


def apps(daemon: Daemon) -> dict[str, Any]:
    found = wait_for(lambda: told(f"{daemon.url}/v2/apps"), 60, "its apps")
    return {app["id"]: app for app in found["apps"]}


def test_what_is_too_large_is_refused_and_what_fits_is_kept(init: Daemon) -> None:
    assert ask(f"{init.url}/v2/apps", "POST", {**APP, "id": "/base"})[0] == 201
    before = apps(init)
    for name, (method, path, body, wanted) in REFUSED.items():
        status, answer = ask(f"{init.url}/v2/apps{path}", method, body)
        assert status == wanted, (name, status, str(answer)[:300])
        assert len(str(answer)) < 100_000, name
        assert apps(init) == before, name
    assert ask(f"{init.url}/v2/apps", "PUT", many(200, 10_000))[0] == 200
    definition = "x" * (159_000 * 4 // 3)
    package = {**APP, "id": "/package", "labels": {"DCOS_PACKAGE_DEFINITION": definition}}
    assert ask(f"{init.url}/v2/apps", "POST", package)[0] == 201
    # Far more in all than ZooKeeper has memory for.
    for number in range(120):
        change = {"labels": {"L": str(number % 10) * 450_000}}
        assert ask(f"{init.url}/v2/apps/many/a{number % 5}?force=true", "PUT", change)[0] == 200
    kept = apps(init)
    assert len(kept) == 202 and kept["/package"]["labels"]["DCOS_PACKAGE_DEFINITION"] == definition
    init.kill()
    lead(init.start())
    assert apps(init) == kept
