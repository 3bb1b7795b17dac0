"""Users in a file, who they are by password and token, and what nginx and services are told of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from dcos_runtime.auth import passwords
from dcos_runtime.auth.directory import (
    AdministratorUnusable,
    LastUser,
    LocalDirectory,
    User,
    UserExists,
    UsersUnavailable,
    UserUnknown,
    administrator,
)
from dcos_runtime.auth.logins import Hasher, Logins, Rejected, Reserved, Tokens
from dcos_runtime.auth.signing import Signer
from dcos_runtime.gateway import auth_request
from dcos_runtime.gateway.routing import ServiceEndpoint
from dcos_runtime.gateway.targets import address_of, frameworks_of, services_of
from dcos_runtime.guard.tokens import TokenRefused, Verifier
from dcos_runtime.store import StoreError
from tests.support.daemons.cheap_passwords import cheap_passwords, cheaply_hashed

PASSWORD = "correct horse"
pytestmark = pytest.mark.usefixtures(cheap_passwords.__name__)
ADMIN = User("admin", cheaply_hashed(PASSWORD))
_KEY = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
SIGNER = Signer(_KEY, "cluster")
VERIFIER = Verifier(SIGNER.public_key, "cluster")


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[LocalDirectory]:
    made = LocalDirectory(tmp_path / "auth.db")
    await made.open(ADMIN)
    yield made
    await made.close()


async def test_users_and_revoked_tokens_outlive_the_daemon(tmp_path: Path) -> None:
    first = LocalDirectory(tmp_path / "auth.db")
    await first.open(ADMIN)
    await first.add(User("ann", "hash", "Ann"))
    await first.change("ann", lambda user: msgspec.structs.replace(user, description="Anna"))
    await first.revoke("token/..", 9e9)
    await first.remove("admin")
    await first.close()
    second = LocalDirectory(tmp_path / "auth.db")
    await second.open(ADMIN)
    assert [(user.uid, user.description) for user in second.users()] == [
        ("ann", "Anna")
    ]  # the administrator stays away
    assert second.is_revoked("token/..")
    assert second.expired(9e9 - 1) == []
    assert second.expired(9e9 + 1000) == ["token/.."]
    await second.forget(["token/.."])
    assert not second.is_revoked("token/..")
    await second.close()


async def test_a_change_that_cannot_be_written_is_told_and_changes_nothing(directory: LocalDirectory) -> None:
    await directory.add(User("ann", "hash"))
    real = directory._store.write

    async def full(changes: Any) -> None:
        raise StoreError("database or disk is full")

    before = directory.users()
    directory._store.write = full  # type: ignore[method-assign]  # a double takes its place
    for work in (
        directory.add(User("bob", "hash")),
        directory.change("ann", lambda user: msgspec.structs.replace(user, description="x")),
        directory.remove("ann"),
        directory.revoke("token", 9e9),
    ):
        with pytest.raises(UsersUnavailable, match=r"nothing was changed.*full"):
            await work
    directory._store.write = real  # type: ignore[method-assign]  # a double takes its place
    assert directory.users() == before and not directory.is_revoked("token")
    with pytest.raises(UsersUnavailable, match="524288"):
        await directory.add(User("large", "hash", "x" * 600_000))
    # Two at the same time see each other.
    await directory.remove("ann")
    added = await asyncio.gather(*(directory.add(User("cid", "h")) for _ in range(2)), return_exceptions=True)
    assert sorted(map(type, added), key=str) == [type(None), UserExists]


async def test_what_cannot_be_changed_says_why(directory: LocalDirectory) -> None:
    with pytest.raises(UserExists):
        await directory.add(ADMIN)
    with pytest.raises(UserUnknown):
        await directory.remove("nobody")
    with pytest.raises(UserUnknown):
        await directory.change("nobody", lambda user: user)
    with pytest.raises(LastUser):
        await directory.remove("admin")


async def test_a_record_under_a_reserved_name_opens_nothing(directory: LocalDirectory) -> None:
    hasher, reserved = Hasher(1), Reserved(frozenset({"spark"}))
    logins, known = Logins(directory, hasher, reserved=reserved), Tokens(directory, SIGNER, VERIFIER, reserved)
    for uid in ("spark", "dcos_marathon", "Dcos_Agent"):
        user = User(uid, ADMIN.hash)
        await directory.add(user)
        with pytest.raises(Rejected):
            await logins.log_in(uid, PASSWORD, "198.18.0.1")
        with pytest.raises(Rejected):
            await logins.recognise(uid, PASSWORD)
        with pytest.raises(TokenRefused):
            known.claims(SIGNER.issue(uid))
    await directory.add(User("sparky", ADMIN.hash))
    assert (await logins.log_in("sparky", PASSWORD, "198.18.0.1")).uid == "sparky"
    hasher.close()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"uid":"admin"}', b'{"uid":"a b","hash":"x"}', b"\xff"])
def test_an_administrator_that_cannot_be_read_is_not_quoted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "administrator.json"
    path.write_bytes(content)
    with pytest.raises(AdministratorUnusable, match=r"administrator\.json"):
        administrator(path)
    with pytest.raises(AdministratorUnusable, match="cannot be read"):
        administrator(tmp_path / "absent")


async def test_passwords_are_told_from_wrong_ones(directory: LocalDirectory) -> None:
    hasher = Hasher(1)
    logins = Logins(directory, hasher)
    assert (await logins.log_in("admin", PASSWORD, "198.18.0.1")).uid == "admin"
    assert (await logins.recognise("admin", PASSWORD)).uid == "admin"
    for uid, password in (("admin", "wrong"), ("nobody", PASSWORD), ("admin", ""), ("admin", PASSWORD * 200)):
        with pytest.raises(Rejected):
            await logins.log_in(uid, password, "198.18.0.1")
        with pytest.raises(Rejected):
            await logins.recognise(uid, password)
    other = passwords.hashed("another one")
    await directory.change("admin", lambda user: msgspec.structs.replace(user, hash=other))
    with pytest.raises(Rejected):
        await logins.recognise("admin", PASSWORD)  # though it was remembered
    hasher.close()


async def test_a_token_dies_with_its_user_with_its_password_and_by_itself(directory: LocalDirectory) -> None:
    tokens = Tokens(directory, SIGNER, VERIFIER)
    await directory.add(User("ann", "hash", since=time.time()))
    token = tokens.issue(directory.users()[1])
    claims = tokens.claims(token)
    assert claims.uid == "ann"
    await tokens.revoke(claims)
    with pytest.raises(TokenRefused, match="revoked"):
        tokens.claims(token)
    token = tokens.issue(directory.users()[1])
    await directory.change("ann", lambda user: msgspec.structs.replace(user, since=time.time()))
    with pytest.raises(TokenRefused, match="older"):
        tokens.claims(token)
    token = tokens.issue(directory.users()[1])
    assert tokens.claims(token).uid == "ann"
    await directory.remove("ann")
    with pytest.raises(TokenRefused, match="does not exist"):
        tokens.claims(token)
    await directory.add(User("ann", "hash", since=time.time()))
    with pytest.raises(TokenRefused, match="older"):
        tokens.claims(token)


async def test_a_user_made_by_a_clock_ahead_of_ours_can_log_in(directory: LocalDirectory) -> None:
    tokens = Tokens(directory, SIGNER, VERIFIER)
    await directory.add(User("ann", "hash", since=time.time() + 20))
    assert tokens.claims(tokens.issue(directory.users()[1])).uid == "ann"


# --- nginx' questions ---


async def _asked(path: Path, chunks: list[bytes], answers: int) -> bytes:
    async def later(headers: Any) -> auth_request.Answer:
        await asyncio.sleep(0.01)
        return 200, {"X-Dcos-Path": headers["x-dcos-uri"]}

    def decide(headers: Any) -> Any:
        uri = headers.get("x-dcos-uri", "")
        if uri == "/later":
            return later(headers)
        if uri == "/fault":
            raise RuntimeError("a fault")
        if uri == "/split":
            return 200, {"X-Dcos-Path": "a\r\nX-Dcos-User: root"}
        return 200, {"X-Dcos-Path": uri, "X-Dcos-Cookie": headers.get("cookie", "")}

    async with auth_request.listening(decide, ("X-Dcos-Uri", "Cookie"), path, 0o600):
        reader, writer = await asyncio.open_unix_connection(str(path))
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)
        received = b""
        while received.count(b"\r\n\r\n") < answers and (chunk := await asyncio.wait_for(reader.read(4096), 240)):
            received += chunk
        writer.close()
        return received


def _question(uri: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: x\r\nX-Dcos-Uri: " + uri + b"\r\nCookie:  \xff=1 \r\n\r\n"


async def test_questions_are_answered_in_order_however_they_arrive(tmp_path: Path) -> None:
    data = _question(b"/a:b") + _question(b"/later") + _question(b"/c")
    for chunks in ([data], [data[i : i + 1] for i in range(len(data))]):
        received = await _asked(tmp_path / "s", chunks, 3)
        assert [line for line in received.split(b"\r\n") if line.startswith(b"X-Dcos-Path")] == [
            b"X-Dcos-Path: /a:b",
            b"X-Dcos-Path: /later",
            b"X-Dcos-Path: /c",
        ]
        assert b"X-Dcos-Cookie: \xff=1\r\n" in received
    assert not (tmp_path / "s").exists()


async def test_every_value_of_a_header_that_is_there_several_times_is_told(tmp_path: Path) -> None:
    told: list[list[tuple[str, str]]] = []

    def decide(headers: auth_request.Headers) -> auth_request.Answer:
        told.append(list(headers.items()))
        return 200, {}

    async with auth_request.listening(decide, ("Origin", "Cookie"), tmp_path / "s", 0o600):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        writer.write(
            b"GET /?Origin:x HTTP/1.1\r\norigin: a\r\nX-Origin: b\r\nORIGIN:\r\nCookie: c:d\r\nOrigin:e \r\n\r\n"
        )
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 240)
        writer.close()
    assert told == [[("origin", "a"), ("ORIGIN", ""), ("Cookie", "c:d"), ("Origin", "e")]]


async def test_a_fault_is_500_and_no_answer_can_be_split(tmp_path: Path) -> None:
    for uri in (b"/fault", b"/split"):
        received = await _asked(tmp_path / "s", [_question(uri)], 1)
        assert received.startswith(b"HTTP/1.1 500 ")
        assert b"root" not in received


@pytest.mark.parametrize("data", [b"POST / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"x\r\n\r\n", b"a" * 200_000])
async def test_what_nginx_does_not_say_ends_the_connection(tmp_path: Path, data: bytes) -> None:
    received = b""
    with contextlib.suppress(ConnectionError):  # it is closed with bytes unread
        received = await _asked(tmp_path / "s", [data], 1)
    assert received == b""


# --- where things are ---


def _app(app_id: str, labels: dict[str, str], **task: Any) -> dict[str, Any]:
    whole = {"id": "t", "state": "TASK_RUNNING", "host": "h", "ports": [1, 2], **task}
    return {"id": app_id, "labels": labels, "tasks": [whole]}


def test_services_are_where_their_labels_say() -> None:
    labels = {"DCOS_SERVICE_NAME": "/web/", "DCOS_SERVICE_SCHEME": "HTTPS", "DCOS_SERVICE_PORT_INDEX": "1"}
    assert services_of([_app("/a", labels)])["web"].endpoint == ServiceEndpoint("https", "h", 2)
    for wrong in (
        {**labels, "DCOS_SERVICE_SCHEME": "gopher"},
        {**labels, "DCOS_SERVICE_PORT_INDEX": "2"},
        {**labels, "DCOS_SERVICE_PORT_INDEX": "-1"},
    ):
        found = services_of([_app("/a", wrong)])["web"]
        assert found.endpoint is None and found.why
    assert services_of([_app("/a", {}), {"id": "/b"}]) == {}


def test_of_several_tasks_a_healthy_one_is_taken_and_of_several_apps_the_first() -> None:
    app = _app("/b", {"DCOS_SERVICE_NAME": "web"}, startedAt="1", healthCheckResults=[{"alive": False}])
    well = {"id": "u", "state": "TASK_RUNNING", "host": "well", "ports": [3], "startedAt": "2"}
    app["tasks"].append({**well, "healthCheckResults": [{"alive": True}, None]})
    assert services_of([app])["web"].endpoint == ServiceEndpoint("http", "well", 3)
    assert services_of([app, _app("/a", {"DCOS_SERVICE_NAME": "web"})])["web"].endpoint == ServiceEndpoint(
        "http", "h", 1
    )


def test_agents_and_frameworks_say_where_they_are() -> None:
    assert address_of({"pid": "slave(1)@198.18.0.21:5051"}) == "198.18.0.21"
    assert address_of({"pid": "slave(1)@[fd00::1]:5051"}) == "fd00::1"
    for pid in ("", "slave(1)@name:5051", "slave(1)", None):
        assert address_of({"pid": pid}) is None
    told: list[dict[str, Any]] = [
        {"name": "chronos", "webui_url": "http://old:1"},
        {"name": "chronos", "webui_url": "http://new:2", "active": True},
        {"name": "bad", "webui_url": "ftp://x"},
        {"name": "none"},
    ]
    found = frameworks_of(told)
    assert found["chronos"].endpoint == ServiceEndpoint("http", "new", 2)
    assert found["bad"].endpoint is None
    assert "none" not in found
