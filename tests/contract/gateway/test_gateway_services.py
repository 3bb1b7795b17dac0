"""The gateway with a real nginx and a real dcos-auth: services are found and reached, and get no credentials."""

from __future__ import annotations

import base64
import hashlib
import json
import socket

import pytest

from tests.support.daemons.byhand import wait_for
from tests.support.daemons.gateway_backends import Made, headers_of, until


def test_a_service_is_found_by_its_apps_labels(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("web"), made.app("group/web")]
    until(made, "/service/web/", admin, 200)
    for path, target in (
        ("/service/web/", "/"),
        ("/service/web/a//b%2Fc?d=e", "/a//b%2Fc?d=e"),
        ("/service/group/web/x", "/x"),
    ):
        assert made.gateway.get(path, admin).status == 200
        assert made.task.last["target"] == target
    moved = made.gateway.get("/service/web", admin)
    assert moved.status == 308
    assert moved.headers["Location"].endswith("/service/web/")


def test_a_service_gets_nothing_that_proves_who_asks(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("web")]
    until(made, "/service/web/", admin, 200)
    headers = headers_of(made.task.last)
    assert not made.task.last["certificate"]
    assert not {"authorization", "cookie", "x-dcos-user"} & headers.keys()
    token = admin["Authorization"].removeprefix("token=")
    cookie = {"Cookie": f"a=b; dcos-acs-auth-cookie={token}; c=d; dcos-acs-auth-cookie={token}"}
    assert made.gateway.get("/service/web/", {**cookie, "Authorization": "Basic eDp5"}).status == 200
    headers = headers_of(made.task.last)
    assert headers["cookie"] == "a=b; c=d"
    assert headers["authorization"] == "Basic eDp5"
    assert token not in json.dumps(made.task.last)
    assert headers["x-forwarded-proto"] == "https"


def test_a_service_commands_the_gateway_nothing(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("web")]
    until(made, "/service/web/", admin, 200)
    answer = made.gateway.get("/service/web/accelerate", admin)
    assert answer.status == 200
    # X-Accel-Redirect was not followed. (dcos-auth may have asked the master for agents meanwhile.)
    assert not [seen for seen in made.master.seen if seen["target"] == "/secret"]
    assert answer.headers["Set-Cookie"] == "own=1; Path=/service/web/"
    away = made.gateway.get("/service/web/away", admin)
    assert away.headers["Location"] == "/service/web/there"
    elsewhere = made.gateway.get("/service/web/elsewhere", admin)
    assert elsewhere.headers["Location"] == "https://elsewhere.example/there"


def test_a_web_socket_is_upgraded(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("web")]
    until(made, "/service/web/", admin, 200)
    key = base64.b64encode(b"0123456789abcdef").decode()
    with (
        socket.create_connection(("127.0.0.1", made.gateway.port), timeout=240) as plain,
        made.gateway.tls.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(
            f"GET /service/web/socket HTTP/1.1\r\nHost: x\r\nAuthorization: {admin['Authorization']}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(4096)
        accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
        assert received.startswith(b"HTTP/1.1 101") and accept in received
        received = received.partition(b"\r\n\r\n")[2]
        connection.sendall(b"\x81\x82\0\0\0\0hi")
        while b"heard hi" not in received:
            received += connection.recv(4096)


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", 8443, "own machine"),
        ("localhost", 80, "own machine"),
        ("0.0.0.0", 80, "own machine"),
        ("169.254.169.254", 80, "not one of a machine"),
        ("::ffff:127.0.0.1", 80, "own machine"),
        ("::1", 80, "own machine"),
        ("2130706433", 80, "own machine"),
        ("0x7f.1", 80, "own machine"),
        ("0177.0.0.1", 80, "own machine"),
        ("198.19.255.1", 31000, "not the address of an agent"),
        ("192.0.2.7", 80, "not the address of an agent"),
        ("TASK", 22, "the port 22"),
        ("TASK", 443, "the port 443"),
        ("TASK", 6051, "the port 6051"),
        ("198.19.254.9", 5051, "5051"),
        ("no.such.name.invalid", 80, "leads nowhere"),
    ],
)
def test_services_are_not_looked_for_where_only_we_live(
    made: Made, admin: dict[str, str], host: str, port: int, words: str
) -> None:
    host = made.task_host if host == "TASK" else host
    name = f"inside-{port}-" + "".join(sign if sign.isalnum() else "-" for sign in host)
    made.apps = [made.app(name, host=host, port=port)]
    answer = until(made, f"/service/{name}/x", admin, 502)
    assert words in answer.json["description"]


ASTRAY = [
    ("http://127.0.0.1:{port}/", "own machine"),
    ("http://{task}@127.0.0.1:{port}/", "not an http or https address"),
    ("http://{task}:{port}@127.0.0.1/", "not an http or https address"),
    ("http://127.0.0.1:{port}#@{task}/", "own machine"),
    ("http://localhost:{port}/", "own machine"),
    ("http://[::ffff:7f00:1]:{port}/", "own machine"),
    ("http://[fe80::1]/", "not one of a machine"),
    ("http://169.254.169.254/latest", "not one of a machine"),
    ("http://198.19.255.1/", "not the address of an agent"),
    ("http://{task}:22/", "the port 22"),
    ("http://{task}:5052/", "the port 5052"),
    ("gopher://{task}:{port}/", "not an http or https address"),
    ("http://{task}:{port}0000/", "not an http or https address"),
]


def test_a_web_page_leads_to_agents_and_nowhere_else(made: Made, admin: dict[str, str]) -> None:
    made.apps = []
    urls = {
        f"page{number}": (url.format(task=made.task_host, port=made.task.port), words)
        for number, (url, words) in enumerate(ASTRAY)
    }
    made.frameworks = [{"name": name, "webui_url": url, "active": True} for name, (url, _) in urls.items()]
    wait_for(lambda: made.gateway.get("/service/page0/x", admin).status == 502, 60, "the pages being known")
    count = made.task.count
    for name, (url, words) in urls.items():
        answer = made.gateway.get(f"/service/{name}/x", admin)
        assert answer.status in (502, 503), url
        assert words in answer.json["description"], url
    assert made.task.count == count


def test_a_service_whose_tasks_do_not_run_is_told_so(made: Made, admin: dict[str, str]) -> None:
    made.apps = [
        made.app("waiting", state="TASK_STAGING"),
        made.app("odd", labels={"DCOS_SERVICE_PORT_INDEX": "3"}),
    ]
    assert "none of its tasks runs" in until(made, "/service/waiting/", admin, 503).json["description"]
    assert "has 1 ports" in made.gateway.get("/service/odd/", admin).json["description"]


def test_a_service_that_does_not_answer_is_named(made: Made, admin: dict[str, str]) -> None:
    made.apps = [made.app("gone", port=1)]
    assert "the service gone does not answer" in until(made, "/service/gone/", admin, 502).json["description"]


def test_a_framework_is_found_by_its_web_page(made: Made, admin: dict[str, str]) -> None:
    made.apps = []
    url = f"http://{made.task_host}:{made.task.port}"
    made.frameworks = [{"name": "chronos", "webui_url": url, "active": True}]
    until(made, "/service/chronos/x?y", admin, 200)
    assert made.task.last["target"] == "/x?y"
