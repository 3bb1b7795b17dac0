"""How the installer asks daemons: as the operator, nobody but the cluster's own, and without telling what it sent."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dcos_installer import secrets
from dcos_installer.daemon_client import Asker, CannotAsk, NotWell
from dcos_installer.phases.checks.login import login
from dcos_installer.phases.kit.health import what_is_wrong
from dcos_installer.secrets import Vault
from dcos_installer.services import installed
from dcos_installer.state import ClusterState
from dcos_runtime.tls import identity_of
from tests.support.installer.folder_hosts import a_spec

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClusterState, Vault]:
    """A cluster whose master m1 is this machine."""
    spec = a_spec()
    master = spec.host("m1").model_copy(update={"address": HERE})
    state = ClusterState(tmp_path_factory.mktemp("state"))
    return state, secrets.make(state, spec.model_copy(update={"hosts": (master, spec.host("a1"))}))


class Handler(http.server.BaseHTTPRequestHandler):
    """Says who asked; some paths answer otherwise."""

    def do_GET(self) -> None:
        certificate = self.connection.getpeercert()
        who = identity_of(certificate)
        status = {"/away": 307, "/no": 401}.get(self.path, 200)
        body = b"" if self.path == "/empty" else json.dumps({"kind": who.kind if who else None}).encode()
        self.send_response(status)
        self.send_header("Location", "https://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(length))
        answer = {"token": "t"} if asked.get("password") == "right" else {"said": "no"}
        body = json.dumps(answer).encode()
        self.send_response(200 if "token" in answer or asked.get("uid") == "odd" else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(made: tuple[ClusterState, Vault], tmp_path: Path, address: str = HERE) -> Iterator[str]:
    """A server that has the master's certificate and wants one of the cluster."""
    state, vault = made
    leaf = tmp_path / "leaf.pem"
    leaf.write_text(vault.made("m1")["tls-master.pem"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(state.secrets / "ca.crt")
    context.load_cert_chain(leaf)
    with http.server.ThreadingHTTPServer((address, 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"https://{address}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_daemon_of_the_cluster_is_asked_with_the_operators_certificate(
    made: tuple[ClusterState, Vault], tmp_path: Path
) -> None:
    ask = Asker(made[0].secrets)
    with serving(made, tmp_path) as url:
        assert ask(f"{url}/who") == {"kind": "operator"}
        assert ask(f"{url}/empty") is None
        with pytest.raises(NotWell) as caught:
            ask(f"{url}/no")
        assert caught.value.status == 401


def test_a_redirect_is_an_answer_and_is_not_followed(made: tuple[ClusterState, Vault], tmp_path: Path) -> None:
    with serving(made, tmp_path) as url, pytest.raises(NotWell) as caught:
        Asker(made[0].secrets)(f"{url}/away")
    assert caught.value.status == 307


def test_a_certificate_for_another_address_is_not_believed(made: tuple[ClusterState, Vault], tmp_path: Path) -> None:
    with serving(made, tmp_path, ELSEWHERE) as url, pytest.raises(NotWell) as caught:
        Asker(made[0].secrets)(f"{url}/who")
    assert caught.value.status == 0 and "certificate is not valid for '127.0.0.2'" in caught.value.why


@pytest.mark.parametrize("kind", ["agent", "gateway", "marathon"])
def test_another_kind_of_daemon_at_the_right_address_is_not_believed(
    made: tuple[ClusterState, Vault], tmp_path: Path, kind: str
) -> None:
    with serving(made, tmp_path) as url:
        port = int(url.rpartition(":")[2])
        assert Asker(made[0].secrets, {port: "master"})(f"{url}/who") == {"kind": "operator"}
        with pytest.raises(NotWell) as caught:
            Asker(made[0].secrets, {port: kind})(f"{url}/who")
        assert caught.value.status == 0 and f"the other side is the master of m1, not a {kind}" in caught.value.why


def test_a_server_of_another_cluster_is_not_believed(made: tuple[ClusterState, Vault], tmp_path: Path) -> None:
    other = ClusterState(tmp_path / "other")
    secrets.make(other, a_spec())
    with serving(made, tmp_path) as url, pytest.raises(NotWell) as caught:
        Asker(other.secrets)(f"{url}/who")
    assert caught.value.status == 0 and "its certificate is not trusted" in caught.value.why


def test_without_the_operators_certificate_nobody_is_asked_and_it_says_why(tmp_path: Path) -> None:
    with pytest.raises(CannotAsk) as caught:
        Asker(tmp_path)("https://127.0.0.1:1/health")
    assert "ca.crt cannot be used" in caught.value.what and "deploy makes it" in caught.value.hint
    for name in ("ca.key", "ca.crt", "operator.pem"):
        (tmp_path / name).write_text("damaged")
    with pytest.raises(CannotAsk, match=r"ca\.crt cannot be used") as caught:
        Asker(tmp_path)("https://127.0.0.1:1/health")
    assert "from a backup" in caught.value.hint


def test_a_certificate_that_was_issued_anew_is_the_next_one_used(tmp_path: Path) -> None:
    spec = a_spec()
    master = spec.host("m1").model_copy(update={"address": HERE})
    spec = spec.model_copy(update={"hosts": (master, spec.host("a1"))})
    state = ClusterState(tmp_path / "state")
    made = secrets.make(state, spec)
    ask = Asker(state.secrets)
    with serving((state, made), tmp_path) as url:
        assert ask(f"{url}/who") == {"kind": "operator"}
        whole = (state.secrets / "operator.pem").read_text()
        (state.secrets / "operator.pem").write_text("damaged")
        with pytest.raises(CannotAsk, match=r"operator\.pem"):
            ask(f"{url}/who")
        (state.secrets / "operator.pem").write_text(whole)
        assert ask(f"{url}/who") == {"kind": "operator"}


def test_a_login_gives_a_token_or_says_why_not_and_never_what_was_sent(
    made: tuple[ClusterState, Vault], tmp_path: Path
) -> None:
    ask = Asker(made[0].secrets)
    with serving(made, tmp_path) as url:
        assert login(ask, url, "admin", "right") == "t"
        for uid, status in (("admin", 401), ("odd", 0)):
            with pytest.raises(NotWell) as caught:
                login(ask, url, uid, "wrong-secret-word")
            assert caught.value.status == status
            assert "wrong-secret-word" not in str(caught.value)


def test_zookeeper_is_asked_by_its_four_letter_words() -> None:
    with socket.create_server((HERE, 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"This is " + connection.recv(16))

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        place = f"{HERE}:{server.getsockname()[1]}"
        assert Asker(Path("/nowhere"))(f"zookeeper://{place}/srvr") == "This is srvr"
        thread.join()
    with pytest.raises(NotWell, match="was not answered"):
        Asker(Path("/nowhere"))(f"zookeeper://{place}/srvr")


def test_a_zookeeper_is_well_when_it_serves_in_some_mode() -> None:
    spec = a_spec()

    def asked(srvr: str) -> str:
        return what_is_wrong(lambda url: srvr, installed()["zookeeper"], spec.host("m1"))

    assert asked("Zookeeper version: 3.8\nMode: leader\n") == ""
    assert "not currently serving" in asked("This ZooKeeper instance is not currently serving requests\n")
    assert "it says nothing" in asked("")
