"""One HTTP request, plain or over TLS, with its path exactly as given."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any


def ask(
    port: int,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: Any = None,
    context: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> tuple[int, dict[str, str], Any]:
    """Status, headers by lower-case name, and decoded JSON (or text). With ``context`` over TLS."""
    connection: http.client.HTTPConnection
    if context is None:
        connection = http.client.HTTPConnection(host, port, timeout=240)
    else:
        connection = http.client.HTTPSConnection(host, port, timeout=240, context=context)
    try:
        data = None if body is None else json.dumps(body).encode()
        sent = {**(headers or {}), **({"Content-Type": "application/json"} if data else {})}
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.headers.items()}
        # An event stream has no end: it is recognized by its type.
        text = b"" if told.get("content-type", "").startswith("text/event-stream") else answer.read()
    finally:
        connection.close()
    try:
        return answer.status, told, json.loads(text)
    except ValueError:
        return answer.status, told, text.decode()
