"""Sends requests to a Cosmos like DC/OS' command line, header by header."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from dataclasses import dataclass
from typing import Any

from tests.support.daemons.byhand import PATIENCE


@dataclass(frozen=True)
class Answer:
    status: int
    type: str
    body: Any
    headers: dict[str, str]


def media(name: str, version: int = 1) -> str:
    return f"application/vnd.dcos.{name}+json;charset=utf-8;version=v{version}"


def refused(answer: Answer, status: int, type: str) -> Any:
    """The ``data`` of the expected error."""
    assert (answer.status, answer.type) == (status, media("package.error")), answer
    assert answer.body["type"] == type, answer
    return answer.body.get("data")


@dataclass(frozen=True)
class Client:
    url: str

    def raw(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        parts = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120 * PATIENCE)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        answer_headers = {name.lower(): value for name, value in response.getheaders()}
        kind = answer_headers.get("content-type", "")
        value: Any = content
        if "json" in kind:
            value = json.loads(content)
        return Answer(response.status, kind, value, answer_headers)

    def post(self, path: str, name: str, body: Any = None, version: int = 1) -> Answer:
        """``name`` is the one in the media types: ``package.search``."""
        headers = {"Content-Type": media(f"{name}-request"), "Accept": media(f"{name}-response", version)}
        return self.raw("POST", path, json.dumps(body or {}).encode(), headers)

    def package(self, what: str, body: Any = None, version: int = 1) -> Answer:
        return self.post(f"/package/{what}", f"package.{what.replace('/', '.')}", body, version)

    def service(self, what: str, body: Any = None) -> Answer:
        return self.post(f"/service/{what}", f"service.{what}", body)

    def install(self, name: str, **body: Any) -> Answer:
        return self.package("install", {"packageName": name, **body}, 2)

    def uninstall(self, name: str, **body: Any) -> Answer:
        return self.package("uninstall", {"packageName": name, **body})
