"""`/api/v1/explain`: why a framework, a role or a task gets no offer (`wire.explain`). A read, for all who may read."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from aiohttp import web

from dcos_runtime import bodies
from dcos_runtime.core.frozen import Now
from dcos_runtime.daemon import not_allowed, text_response
from dcos_runtime.master.answering import json_response
from dcos_runtime.master.core import explain
from dcos_runtime.master.core.explain import Unexplained
from dcos_runtime.master.core.state import State
from dcos_runtime.master.position import MasterPosition
from dcos_runtime.wire import codec
from dcos_runtime.wire.explain import TaskAsked

LARGEST = 64 * 1024
"""Bytes of a task, in a body or in a query."""

_ASKED = (
    "Expecting one of 'framework=ID' (with 'role=NAME', if that is meant), 'role=NAME' and 'task=JSON' in the query"
)

Made = Generator[None, None, Any]


async def handle(request: web.Request, position: MasterPosition) -> web.StreamResponse:
    try:
        match request.method:
            case "GET" | "HEAD":
                return await _answer(request, position, dict(request.query))
            case "POST":
                body = await bodies.read(request, LARGEST)
                return await _answer(request, position, {"task": body})
        return not_allowed(request, "GET, POST")
    except Unexplained as error:
        return text_response(error.text, error.status)
    except codec.DecodeError as error:
        return text_response(str(error), 400)
    except bodies.BodyRefused as refusal:
        return text_response(refusal.text, refusal.status, refusal.headers)


async def _answer(request: web.Request, position: MasterPosition, query: dict[str, Any]) -> web.StreamResponse:
    """Raises `Unexplained`, `codec.DecodeError`."""
    shell = position.leading_shell
    made, key = _made(shell.state, query, shell.now())
    return json_response(await position.shared(f"explain {key}", lambda: _pieces(made)), request)


def _made(state: State, query: dict[str, Any], now: Now) -> tuple[Made, str]:
    """The answer to be made, and a key of the question. Raises `Unexplained`, `codec.DecodeError`."""
    match query:
        case {"task": text} if not query.keys() & {"framework", "role"}:
            asked = codec.decode(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"), TaskAsked)
            return explain.task(state, asked, now), repr(asked)
        case {"framework": framework_id} if "task" not in query:
            role = query.get("role")
            return explain.framework(state, framework_id, role, now), repr((framework_id, role))
        case {"role": role} if "task" not in query:
            return explain.role(state, role, now), repr(role)
    raise Unexplained(400, _ASKED)


def _pieces(made: Made) -> Iterator[bytes]:
    """Empty ones between the steps, then the answer."""
    answer = yield from _steps(made)
    yield codec.encode(answer)


def _steps(made: Made) -> Generator[bytes, None, Any]:
    while True:
        try:
            next(made)
        except StopIteration as done:
            return done.value
        yield b""
