"""One rule for the texts of every request body: a body is refused whose texts, keys among them, are not whole Unicode.

Half of a surrogate pair can be written in JSON (``"\\ud800"``), but not as UTF-8: nobody could store or answer it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

import dcos_runtime
from dcos_runtime import bodies, call_bodies
from dcos_runtime.auth.accounts import _Credentials, _Question, _read, _Wanted
from dcos_runtime.cosmos.core import errors
from dcos_runtime.cosmos.http import dialect, routes
from dcos_runtime.cosmos.http.dialect import CosmosDialect
from dcos_runtime.cosmos.packages import Packages
from dcos_runtime.gateway.responses import ErrorResponse
from dcos_runtime.leading.routes import Patterns
from dcos_runtime.marathon.core import requests
from dcos_runtime.master import scheduler_api
from dcos_runtime.stalls import Stalls
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.agent import Call as AgentCall
from dcos_runtime.wire.executor import Call as ExecutorCall
from dcos_runtime.wire.explain import TaskAsked
from dcos_runtime.wire.master import Call as MasterCall

PACKAGE = Path(dcos_runtime.__file__).parent

NOT_WHOLE = {
    "a value": (rb'{"packageName": "\ud800"}', "packageName"),
    "a second half": (rb'{"appId": "a\udc00b"}', "appId"),
    "halves in the wrong order": (rb'{"appId": "\udc00\ud800"}', "appId"),
    "two first halves": (rb'{"appId": "\ud800\ud800"}', "appId"),
    "a key": (rb'{"\ud800": 1}', ""),
    "nested": (rb'{"packageName": "x", "options": {"a/b": [1, {"c": "\ud83d"}]}}', "options/a~1b/1/c"),
    "a nested key": (rb'{"packageName": "x", "options": {"service": {"\udfff": null}}}', "options/service"),
    "a field that nobody reads": (rb'{"packageName": "x", "unknown": "\ud800"}', "unknown"),
    "a value that another replaces": (rb'{"packageName": "\ud800", "packageName": "x"}', ""),
    "beside a huge number": (rb'{"n": 123456789012345678901234567890, "a": "\ud800"}', "a"),
    "a half in UTF-8": (b'{"packageName": "\xed\xa0\x80"}', ""),
    "a half in UTF-8 that nobody reads": (b'{"unknown": "\xed\xa0\x80"}', ""),
    "no UTF-8": (b'{"unknown": "\xff"}', ""),
    "a key that is no UTF-8": (b'{"unknown": {"\xff": 1}}', ""),
}
WHOLE = (
    rb'{"uid": "u", "password": "\ud83d\ude00 \\ud800", "\ud83d\ude00": {"a": "\u00e9"}}',
    "{}".encode("utf-8-sig"),
)


# --- the decoders -----------------------------------------------------------------------------------------------------


def _wire(kind: Any) -> Callable[[bytes], object]:
    return lambda data: codec.decode(data, kind)


DECODERS: dict[str, Callable[[bytes], object]] = {
    "master, scheduler API": scheduler_api.decode,
    "master, an agent connects": internal.connect,
    "master, an agent's messages": _wire(internal.Batch),
    "master, a token": _wire(internal.Token),
    "agent, the master's messages": _wire(internal.Down),
    "master, operator API": lambda data: call_bodies.decode(data, MasterCall),
    "master, a task to explain": _wire(TaskAsked),
    "agent, operator API": lambda data: call_bodies.decode(data, AgentCall),
    "agent, executor API": lambda data: call_bodies.decode(data, ExecutorCall),
    "init": requests._json,
    "package manager": routes._object,
}
READERS = {
    *(
        "master/agents_http.py",
        "master/explain_api.py",
        "master/scheduler_api.py",
        "auth/accounts.py",
        "marathon/http/requests.py",
    ),
    *("cosmos/http/routes.py", "agent/operator_api/api.py", "agent/executor_api.py"),
    "master/operator_api/api.py",
}
OTHERS = {
    "master/forms.py": "a form: what is not UTF-8 in it becomes U+FFFD, as in Mesos",
    "master/operator_api/quotas.py": "read as JSON by `call_bodies.decode_plain`",
    "master/operator_api/weights.py": "the same",
    "master/machine_pages.py": "the same",
    "leading/standby.py": "passes the body on to the leader",
}


@pytest.mark.parametrize("data", [data for data, _ in NOT_WHOLE.values()], ids=NOT_WHOLE)
@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
def test_every_decoder_refuses_a_text_that_is_not_whole(decode: Callable[[bytes], object], data: bytes) -> None:
    with pytest.raises((codec.DecodeError, requests.BadRequest, errors.CosmosError)) as refused:
        decode(data)
    json.dumps(str(refused.value), ensure_ascii=False).encode()


def test_every_module_that_reads_a_body_is_looked_at_here() -> None:
    text = {str(path.relative_to(PACKAGE)): path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
    assert {name for name, code in text.items() if "bodies.read(" in code} == READERS | set(OTHERS)
    others = {name for name, code in text.items() if re.search(r"\brequest\.(read|json|text|post)\(", code)}
    assert others == {"bodies.py"}, "bodies are read by `bodies.read`"


async def _posted(
    handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], path: str, data: bytes, **headers: str
) -> tuple[int, str, bytes]:
    server = RawTestServer(handle)
    await server.start_server(auto_decompress=False)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        async with aiohttp.ClientSession() as http, http.post(server.make_url(path), data=data, headers=sent) as answer:
            return answer.status, answer.headers.get("Content-Type", ""), await answer.read()
    finally:
        await server.close()


@pytest.mark.parametrize("form", [_Credentials, _Question, _Wanted], ids=lambda form: form.__name__)
async def test_dcos_auth_refuses_it(form: type) -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            await _read(request, form, "it is to be {…}")
        except ErrorResponse as refused:
            return refused.response()
        return web.Response(text="taken")

    for name, (data, _) in NOT_WHOLE.items():
        fields = b'{"uid": "u", "password": "p", ' if form is not _Wanted else b'{"password": "p", '
        assert (await _posted(handle, "/", fields + data[1:]))[0] == 400, name
    if form is not _Wanted:
        assert (await _posted(handle, "/", WHOLE[0]))[0] == 200


# --- the package manager ----------------------------------------------------------------------------------------------

ENDPOINTS = routes.endpoints(Packages(cast(Any, None), cast(Any, None)))


async def _cosmos(request: web.BaseRequest) -> web.StreamResponse:
    said = CosmosDialect()
    made = routes.Routes(
        cast(Any, SimpleNamespace(lead=None)), Packages(cast(Any, None), cast(Any, None)), cast(Any, None), Stalls()
    )
    asked = cast(web.Request, request)
    found, parts = Patterns(made.patterns(), said.error).find(asked)
    try:
        return await found.handler(asked, parts)
    except Exception as fault:
        return said.failure(asked, fault)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
async def test_each_endpoint_names_the_field(endpoint: routes.Endpoint) -> None:
    kind = "application/vnd.dcos.{};charset=utf-8;version=v1"
    headers = {"Content-Type": kind.format(f"{endpoint.name}-request+json"), "Accept": "*/*"}
    for name, (data, field) in NOT_WHOLE.items():
        status, said, body = await _posted(_cosmos, endpoint.path, data, **headers)
        reply = json.loads(body)
        assert (status, reply["type"]) == (400, "not_valid"), name
        assert "error" in said and not re.search(rb"\\u[dD][89a-fA-F]", body.replace(b"\\\\", b"")), name
        assert reply["data"]["invalidItem"] == {"type": "body", **({"name": field} if field else {})}, name
        assert re.search("surrogate pair|UTF-8", reply["data"]["specifics"]), name


@pytest.mark.parametrize("data", WHOLE)
def test_whole_texts_are_taken(data: bytes) -> None:
    assert routes._object(data) == json.loads(data)


def test_what_a_package_holds_is_shown_in_an_error_as_it_is_there() -> None:
    answer = dialect.error_response(errors.no_template("hello", "1\ud800"))
    assert answer.status == 400
    assert isinstance(answer.body, bytes)
    reply = json.loads(answer.body)
    assert reply["data"] == {"packageName": "hello", "packageVersion": "1\ud800"}
    assert r"[1\ud800]" in reply["message"]
    refused = bodies.BodyRefused(413, "too large", {"A": "b"})
    assert CosmosDialect().failure(cast(Any, None), refused).headers["A"] == "b"
