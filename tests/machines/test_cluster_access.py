"""What a deployed cluster answers to requests without credentials, from anywhere, and to forged credentials."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import shlex
import ssl
import subprocess
import time
import tomllib
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError

from tests.support.daemons.byhand import wait_for
from tests.support.machines import scan
from tests.support.machines.deployed import Deployed
from tests.support.machines.scan import Found, answered

pytestmark = pytest.mark.machines

# What is open, to whom, and what it says to somebody without credentials. Everything else has to be 401.
MASTER_TO_MEMBERS = {22, 80, 443, 2181, 5049, 5050, 7070, 7071, 7075, 7076, 8080, 8443}
AGENT_TO_MEMBERS = {22, 5051, 5052}
TO_ALL = {"master": {22, 80, 443}, "agent": {22}}
PEERS_ONLY = (5049, 5052, 7071, 8443)
"""They want a certificate of the cluster before anything else."""

WITHOUT_CREDENTIALS = {
    5050: {"GET /health": 200, "GET /version": 200, "GET /redirect": 307, "GET /master/redirect": 307},
    5051: {
        "GET /health": 200,
        "GET /version": 200,
        "GET /slave(1)/health": 200,
    },
    7070: {"GET /ping": 200, "GET //ping/": 200},
    8080: {"GET /ping": 200, "GET //ping/": 200},
    443: {
        "GET /": 200,
        "GET /health": 200,
        "GET /acs/api/v1/auth/providers": 200,
        "GET /acs/api/v1/auth/jwks": 200,
        "GET /metadata": 200,
        "GET /dcos-metadata/dcos-version.json": 200,
        "GET /dcos-metadata/ui-config.json": 200,
        "GET /ca/dcos-ca.crt": 200,
    },
}
PUBLISHED = (7075, 7076)
"""The repository's files are for everybody who reaches it, and may only be read; here nothing is published."""
NO_SUCH_METHOD = {400, 401, 403, 405, 411, 415, 422, 429}
"""What a write to something that may be read by all gets, and a login without a name."""


CAP_NET_RAW = 13


@pytest.fixture(scope="module")
def seen(cluster: Deployed) -> dict[str, Found]:
    """Every port of every machine, from a task, from the host, and from a network namespace outside the cluster."""
    everything: dict[str, Sequence[int] | str] = dict.fromkeys(cluster.addresses.values(), "all")
    with scan.outsider(cluster) as inside, ThreadPoolExecutor() as pool:
        outsider = pool.submit(scan.from_here, everything, inside)
        operator = pool.submit(scan.from_here, everything)
        return {"task": _from_task(cluster, everything), "outsider": outsider.result(), "operator": operator.result()}


def _from_task(cluster: Deployed, ports: dict[str, Sequence[int] | str]) -> Found:
    definition = {"id": "/scan", "cmd": f"{scan.one_liner(ports)}; sleep 1000", "cpus": 0.5, "mem": 128}
    definition["cmd"] = str(definition["cmd"]).removeprefix("exec ")
    added = cluster.dcos("marathon", "app", "add", stdin=json.dumps(definition))
    assert added.returncode == 0, added.stdout + added.stderr
    try:

        def output() -> str:
            told = cluster.dcos("task", "log", "--lines", "5", "scan").stdout
            return told if "SCAN " in told else ""

        return scan.read(wait_for(output, 240, "the scan of a task"))
    finally:
        removed = cluster.dcos("marathon", "app", "remove", "--force", "/scan")
        assert removed.returncode == 0, removed.stderr


def _kind(cluster: Deployed, address: str) -> str:
    return "master" if cluster.host_at(address) in cluster.masters else "agent"


def _members_see(kind: str) -> set[int]:
    return MASTER_TO_MEMBERS if kind == "master" else AGENT_TO_MEMBERS


@pytest.mark.parametrize("place", ["outsider", "operator", "task"])
def test_only_the_ports_of_the_table_are_open(cluster: Deployed, seen: dict[str, Found], place: str) -> None:
    for address, ports in seen[place].items():
        kind = _kind(cluster, address)
        expected = TO_ALL[kind] if place == "outsider" else _members_see(kind)
        assert set(ports) == expected, f"{place} at {address}"


def test_no_machine_listens_for_more_than_the_table_says(cluster: Deployed) -> None:
    """What listens on loopback only is not reached from outside; a datagram socket would be one that no scan sees."""
    for name, address in cluster.addresses.items():
        told = cluster.ssh(name, "ss -Hlntu")
        sockets = [line.split() for line in told.splitlines()]
        outside = {(part[0], part[4]) for part in sockets if not re.match(r"(127\.|\[::1\]|.*%lo)", part[4])}
        ports = {int(local.rpartition(":")[2]) for kind, local in outside if kind == "tcp"}
        peers = {2888, 3888} if name in cluster.masters else set()
        assert ports - peers == _members_see(_kind(cluster, address)), f"{name}: {outside}"
        assert not [local for kind, local in outside if kind == "udp"], f"{name}: {outside}"


@pytest.mark.parametrize("place", ["outsider", "operator", "task"])
def test_without_credentials_only_the_table_answers(cluster: Deployed, seen: dict[str, Found], place: str) -> None:
    wrong = []
    for address, ports in seen[place].items():
        for port, said in ports.items():
            if port in WITHOUT_CREDENTIALS:
                table = WITHOUT_CREDENTIALS[port]
                got = answered(said, "tls" if port == 443 else "plain")
                assert len(got) == 2 * len(scan.PATHS), f"{address}:{port} did not answer everything: {said}"
                for request, status in got.items():
                    path = request.partition(" ")[2]
                    open_ = f"GET {path}" in table or path == "/acs/api/v1/auth/login"
                    if port == 5050:  # Mesos' reads take any method
                        request = f"GET {path}"
                    if request in table:
                        fine = status == table[request]
                    else:
                        fine = status in NO_SUCH_METHOD if open_ else status in (400, 401)
                    if not fine:
                        wrong.append(f"{address}:{port} {request}: {status}")
            elif port == 80:
                wrong += [
                    f"{address}:80 {request}: {status}"
                    for request, status in answered(said, "plain").items()
                    if status not in (308, 400)
                ]
            else:
                for way in ("plain", "tls"):
                    wrong += [
                        f"{address}:{port} {way} {request}: {status}"
                        for request, status in answered(said, way).items()
                        if status < 400 and not (port in PUBLISHED and request == "GET /health")
                    ]
            if port in PEERS_ONLY:
                assert not answered(said, "tls"), f"{address}:{port} spoke to somebody without a certificate"
    assert not wrong, "\n".join(wrong)


def test_an_anonymous_client_reads_who_leads_and_nothing_else_of_zookeeper(cluster: Deployed) -> None:
    client = KazooClient(hosts=f"{cluster.address(cluster.masters[0])}:2181", timeout=60)
    client.start(timeout=240)
    try:
        leaders = client.get_children("/mesos")
        assert len(leaders) == len(cluster.masters)
        assert b"hostname" in client.get(f"/mesos/{leaders[0]}")[0]
        for path in ("/", "/dcos", "/dcos/mesos", "/dcos/auth", "/dcos/marathon", "/zookeeper", "/zookeeper/quota"):
            with pytest.raises(NoAuthError):
                client.create(f"{path.rstrip('/')}/intruder", b"")
        with pytest.raises(NoAuthError):
            client.create("/mesos/json.info_", b"{}", ephemeral=True, sequence=True)
        for path in ("/dcos", "/dcos/mesos", "/dcos/auth", "/dcos/marathon"):
            with pytest.raises(NoAuthError):
                client.get_children(path)
        with pytest.raises(NoAuthError):
            client.set(f"/mesos/{leaders[0]}", b"{}")
        with pytest.raises(NoAuthError):
            client.delete(f"/mesos/{leaders[0]}")
        with pytest.raises(NoAuthError):
            # Itself once more: anything that is no quorum would be refused before anybody asks who wants it.
            own = f"server.1={cluster.address(cluster.masters[0])}:2888:3888:participant;2181"
            client.reconfig(joining=own, leaving=None, new_members=None)
    finally:
        client.stop()
        client.close()


# --- tokens ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secrets(cluster: Deployed) -> Path:
    return cluster.state_folder.root / "secrets"


def _ask(
    cluster: Deployed,
    port: int,
    path: str,
    authorization: str = "",
    host: str = "",
    method: str = "GET",
    body: Any = None,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in small letters) and body. 443 is TLS, held to the cluster's CA.

    Asked again while it is 503: on a busy host nobody leads, or nobody says who asks, for a moment.
    """
    for _ in range(60):
        answer = _ask_once(cluster, port, path, authorization, host, method, body)
        if answer[0] != 503:
            break
        time.sleep(1)
    return answer


def _ask_once(
    cluster: Deployed, port: int, path: str, authorization: str, host: str, method: str, body: Any
) -> tuple[int, dict[str, str], bytes]:
    address = cluster.address(host or cluster.masters[0])
    if port == 443:
        context = ssl.create_default_context(cafile=str(cluster.state_folder.root / "secrets" / "ca.crt"))
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            address, port, timeout=240, context=context
        )
    else:
        connection = http.client.HTTPConnection(address, port, timeout=240)
    try:
        headers = {"Authorization": authorization} if authorization else {}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body)
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def _login(cluster: Deployed, secrets: Path) -> str:
    administrator = json.loads((secrets / "administrator.json").read_text())
    status, _, body = _ask(cluster, 443, "/acs/api/v1/auth/login", method="POST", body=administrator)
    assert status == 200, body
    return str(json.loads(body)["token"])


def _listeners(cluster: Deployed) -> Iterator[tuple[str, int, str]]:
    """Every port that takes a token: host, port, something that wants one."""
    yield cluster.masters[0], 443, "/mesos/state-summary"
    yield cluster.masters[0], 443, "/service/marathon/v2/apps"
    yield cluster.masters[0], 5050, "/state-summary"
    yield cluster.masters[0], 8080, "/v2/apps"
    yield cluster.agents[0], 5051, "/state"


def test_a_good_token_is_accepted_at_every_port(cluster: Deployed, secrets: Path) -> None:
    token = _login(cluster, secrets)
    for host, port, path in _listeners(cluster):
        for form in (f"token={token}", f"Bearer {token}"):
            status, _, body = _ask(cluster, port, path, form, host)
            assert status == 200, (host, port, path, body[:200])


def _forged(cluster: Deployed, secrets: Path) -> dict[str, str]:
    key: Any = load_pem_private_key((secrets / "token-key.pem").read_bytes(), None)
    public = base64.b64encode(b"x")
    issuer = cluster.state_folder.cluster_id
    now = int(time.time())
    good = {"uid": "admin", "iss": issuer, "iat": now, "exp": now + 600, "jti": str(uuid.uuid4())}

    def by_hand(header: dict[str, str], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
        body = b".".join(parts)
        return (body + b"." + base64.urlsafe_b64encode(sign(body)).rstrip(b"=")).decode()

    _, _, public = _ask(cluster, 443, "/acs/api/v1/auth/jwks")
    pem = cluster.ssh(cluster.masters[0], "cat /opt/dcos/active/etc/auth/token.pub").encode() + b"\n"
    stranger = rsa.generate_private_key(65537, 2048)
    return {
        "expired": jwt.encode({**good, "exp": now - 1, "iat": now - 60}, key, "RS256"),
        "of another cluster's issuer": jwt.encode({**good, "iss": str(uuid.uuid4())}, key, "RS256"),
        "of another cluster's key": jwt.encode(good, stranger, "RS256"),
        "without algorithm": by_hand({"alg": "none", "typ": "JWT"}, good, lambda body: b""),
        "with the public key as a password": by_hand(
            {"alg": "HS256", "typ": "JWT"}, good, lambda body: hmac.digest(pem, body, hashlib.sha256)
        ),
        "of a user that does not exist": jwt.encode({**good, "uid": "nobody-here"}, key, "RS256"),
        "without expiry": jwt.encode({name: value for name, value in good.items() if name != "exp"}, key, "RS256"),
        "that is none": public.decode()[:100].replace("\n", ""),
    }


def test_forged_tokens_are_refused_at_every_port(cluster: Deployed, secrets: Path) -> None:
    for what, token in _forged(cluster, secrets).items():
        for host, port, path in _listeners(cluster):
            status, headers, body = _ask(cluster, port, path, f"token={token}", host)
            assert status == 401, f"a token {what} at {host}:{port}{path}: {status} {body[:200]!r}"
            assert headers["www-authenticate"].split()[0] == ("acsjwt" if port == 443 else "Basic")


def test_a_token_is_good_for_nothing_after_logout(cluster: Deployed, secrets: Path) -> None:
    token = _login(cluster, secrets)
    other = _login(cluster, secrets)
    for host, port, path in _listeners(cluster):
        assert _ask(cluster, port, path, f"token={token}", host)[0] == 200
    assert _ask(cluster, 443, "/acs/api/v1/auth/logout", f"token={token}")[0] in (200, 204)
    assert _ask(cluster, 443, "/mesos/state-summary", f"token={token}")[0] == 401
    for host, port, path in _listeners(cluster):
        wait_for(
            lambda host=host, port=port, path=path: _ask(cluster, port, path, f"token={token}", host)[0] == 401,  # type: ignore[misc]  # mypy infers no lambda with a default
            30,
            f"the end of the token at {host}:{port}",
        )
        assert _ask(cluster, port, path, f"token={other}", host)[0] == 200


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(cluster: Deployed) -> None:
    answers = [
        _ask(cluster, 443, "/acs/api/v1/auth/login", method="POST", body={"uid": uid, "password": "wrong"})
        for uid in ("admin", "nobody-here")
    ]
    assert [status for status, _, _ in answers] == [401, 401]
    assert answers[0][2] == answers[1][2]


def test_nobody_becomes_somebody_by_a_header(cluster: Deployed) -> None:
    address = cluster.address(cluster.masters[0])
    context = ssl.create_default_context(cafile=str(cluster.state_folder.root / "secrets" / "ca.crt"))
    for port, path in ((443, "/mesos/state-summary"), (5050, "/state-summary"), (8080, "/v2/apps")):
        connection = (
            http.client.HTTPSConnection(address, port, timeout=240, context=context)
            if port == 443
            else http.client.HTTPConnection(address, port, timeout=240)
        )
        connection.request("GET", path, headers={"X-Dcos-User": "admin"})
        assert connection.getresponse().status == 401
        connection.close()


# --- secrets ---------------------------------------------------------------------------------------------------------


_SEARCH = r"""
import json, os, subprocess, sys
secrets = {name: text.encode() for name, text in json.load(sys.stdin).items()}
found = []
def look(where, data):
    for name, text in secrets.items():
        if text in data:
            found.append(f'{name} in {where}')
look('ps', subprocess.run(['ps', '-eww', '-o', 'args'], capture_output=True).stdout)
look('the journal', subprocess.run(['journalctl', '--no-pager', '-o', 'export'], capture_output=True).stdout)
look('systemctl show', subprocess.run(['systemctl', 'show', 'dcos-*'], capture_output=True).stdout)
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        with open(f'/proc/{pid}/environ', 'rb') as file:
            look(f'the environment of {pid}', file.read())
    except OSError:
        pass
for top in ('/etc', '/opt', '/var', '/run', '/tmp', '/root', '/home'):
    for folder, folders, files in os.walk(top):
        if folder == '/etc/dcos-secrets':
            folders.clear()
            continue
        for name in files:
            path = os.path.join(folder, name)
            try:
                if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path) < 200 << 20:
                    with open(path, 'rb') as file:
                        look(path, file.read())
            except FileNotFoundError:  # it has gone meanwhile
                pass
print(json.dumps(found))
"""


def _texts(secrets: Path, cluster: Deployed) -> dict[str, str]:
    """What must not be seen anywhere: passwords, and a line out of each private key."""
    texts: dict[str, str] = {}

    def add(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                add(f"{name} {key}", inner)
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                add(f"{name} {number}", inner)
        elif isinstance(value, str) and len(value) >= 16 and not re.fullmatch(r"[0-9a-f-]{36}", value):
            texts[name] = value

    for path in sorted(secrets.rglob("*")):
        if path.suffix == ".json":
            # A password's hash is kept in ZooKeeper, as every user's is.
            add(path.name, {**json.loads(path.read_text()), "hash": None})
        elif path.is_file():
            inside = re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)-----END", path.read_text(), re.DOTALL)
            if inside:
                texts[str(path.relative_to(secrets))] = inside[1].split("\n")[1 if "\n" in inside[1].strip() else 0]
    folder = next((cluster.home / "client" / "clusters").glob("*/attached")).parent
    texts["the operator's token"] = tomllib.loads((folder / "dcos.toml").read_text())["core"]["dcos_acs_token"]
    return texts


def test_no_secret_is_seen_on_any_machine_but_in_its_own_file(cluster: Deployed, secrets: Path) -> None:
    texts = _texts(secrets, cluster)
    assert {"administrator.json password", "ca.key", "token-key.pem", "operator.pem"} <= set(texts), sorted(texts)
    for name in cluster.hosts:
        done = cluster.run(
            "dcos-installer",
            *("ssh", str(cluster.inventory), name, "--", f"python3 -c {shlex.quote(_SEARCH)}"),
            stdin=json.dumps(texts),
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == [], name


def test_secrets_on_machines_are_for_their_daemons_alone(cluster: Deployed) -> None:
    for name in cluster.hosts:
        listed = cluster.ssh(name, "stat -c '%a %U %n' /etc/dcos-secrets/*").splitlines()
        assert listed
        for line in listed:
            mode, owner, path = line.split()
            assert mode in ("400", "600"), line
            daemon = re.search(r"(?:tls-|zk-|credentials-)(master|marathon|auth|gateway|cosmos|repository)\b", path)
            expected = f"dcos-{daemon[1]}" if daemon else "dcos-zookeeper" if "zookeeper" in path else "dcos-auth"
            assert owner == ("root" if "agent" in path else expected), line


def test_the_operator_keeps_secrets_in_one_place(cluster: Deployed, secrets: Path) -> None:
    texts = _texts(secrets, cluster)
    del texts["the operator's token"]
    root = cluster.state_folder.root
    for path in root.rglob("*"):
        assert (
            path.stat().st_mode & 0o077 == 0 or path.is_symlink() or "ssh" in path.parts or secrets not in path.parents
        ), path
        if path.is_file() and secrets not in path.parents:
            data = path.read_bytes()
            for name, text in texts.items():
                assert text.encode() not in data, f"{name} in {path}"
    for path in (secrets, *secrets.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_password_is_printed_once(cluster: Deployed, secrets: Path) -> None:
    password = json.loads((secrets / "administrator.json").read_text())["password"]
    assert cluster.output.count(password) == 1
    again = cluster.installer("deploy")
    assert again.returncode == 0, again.stdout + again.stderr
    assert password not in again.stdout + again.stderr


def test_a_task_reaches_no_secret_of_its_machine(cluster: Deployed) -> None:
    look = (
        "ls -la /etc/dcos-secrets /proc/1/root/etc/dcos-secrets /var/lib/dcos /run/dcos-auth 2>&1; "
        "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/environ; ls $p/root/etc/dcos-secrets; done 2>&1; "
        "echo LOOKED; sleep 1000"
    )
    added = cluster.dcos(
        "marathon", "app", "add", stdin=json.dumps({"id": "/look", "cmd": look, "cpus": 0.1, "mem": 64})
    )
    assert added.returncode == 0, added.stderr
    try:

        def output() -> str:
            told = cluster.dcos("task", "log", "--lines", "200", "look").stdout
            return told if "LOOKED" in told else ""

        told = wait_for(output, 60, "what the task saw")
        assert "tls-agent.pem" not in told
        assert "credentials-agent" not in told
        assert "dcos-agent" not in told
    finally:
        cluster.dcos("marathon", "app", "remove", "--force", "/look")


def test_a_task_reaches_little_of_its_machines_kernel(cluster: Deployed) -> None:
    """In a machine that is a container itself, the runtime still lays its filter and its init in front of a task."""
    look = (
        "grep -E '^(Seccomp|NoNewPrivs|CapBnd):' /proc/self/status; "
        "tr '\\0' '\\n' </proc/$$/environ | grep '^odd[.]name='; "
        "unshare --user true 2>&1; echo LOOKED; sleep 1000"
    )
    definition = {"id": "/kernel", "cmd": look, "cpus": 0.1, "mem": 64, "env": {"odd.name": "kept"}}
    added = cluster.dcos("marathon", "app", "add", stdin=json.dumps(definition))
    assert added.returncode == 0, added.stderr
    try:

        def output() -> str:
            told = cluster.dcos("task", "log", "--lines", "200", "kernel").stdout
            return told if "LOOKED" in told else ""

        told = wait_for(output, 60, "what the task saw")
        values = {line.partition(":")[0]: line.partition(":")[2].strip() for line in told.splitlines()}
        assert (values["Seccomp"], values["NoNewPrivs"]) == ("2", "1")
        assert not int(values["CapBnd"], 16) & (1 << CAP_NET_RAW)
        assert "odd.name=kept" in told
        assert "Operation not permitted" in told
    finally:
        cluster.dcos("marathon", "app", "remove", "--force", "/kernel")


# --- reads that the inventory opens ----------------------------------------------------------------------------------


def test_a_read_that_the_inventory_opens_wants_no_credentials_and_no_other_does(cluster: Deployed) -> None:
    before = cluster.inventory.read_text()
    master, agent = cluster.masters[0], cluster.agents[0]
    try:
        cluster.inventory.write_text(before + "dcos_anonymous_reads=/state-summary,/metrics/snapshot\n")
        done = cluster.installer("deploy")
        assert done.returncode == 0, done.stdout + done.stderr
        assert wait_for(lambda: _ask(cluster, 5050, "/state-summary")[0] == 200, 60, "the open read")
        assert _ask(cluster, 5050, "/master/state-summary")[0] == 200
        assert _ask(cluster, 5051, "/metrics/snapshot", host=agent)[0] == 200
        assert _ask(cluster, 5050, "/state")[0] == 401
        assert _ask(cluster, 5051, "/state", host=agent)[0] == 401
        assert _ask(cluster, 5050, "/state-summary", method="POST", body={})[0] in (401, 405)
        assert _ask(cluster, 443, "/mesos/state-summary", host=master)[0] == 401
    finally:
        cluster.inventory.write_text(before)
        done = cluster.installer("deploy")
        assert done.returncode == 0, done.stdout + done.stderr
    assert wait_for(lambda: _ask(cluster, 5050, "/state-summary")[0] == 401, 60, "the port to be closed again")


def test_the_firewall_is_the_same_for_a_namespace_that_takes_a_members_name(cluster: Deployed) -> None:
    """What counts is where a packet comes from, not what a client says of itself."""
    with scan.outsider(cluster, 251) as inside:
        done = subprocess.run(
            [
                *inside,
                *("python3", "-c"),
                "import socket,sys\n"
                "try:\n"
                "    socket.create_connection((sys.argv[1], 5050), 60)\n"
                "except OSError as error:\n"
                "    print(type(error).__name__)",
                cluster.address(cluster.masters[0]),
            ],
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert done.stdout.strip() == "ConnectionRefusedError", done
