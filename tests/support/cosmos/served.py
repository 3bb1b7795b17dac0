"""A repository on loopback, and other files for a test."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.cosmos.packages import REPO, index


class Served:
    """``files``: the responses by path: bytes, or (status, headers, bytes). ``asked``: (path, headers) so far."""

    def __init__(self, *entries: Mapping[str, Any]) -> None:
        self.files: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path
                served.asked.append((path, {name.lower(): value for name, value in self.headers.items()}))
                found = served.files.get(path)
                if found is None:
                    found = (404, {}, b"nothing here")
                status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.repo = f"{self.url}/repo"
        self.publish(*entries)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def publish(self, *entries: Mapping[str, Any]) -> None:
        self.files["/repo"] = (200, {"Content-Type": REPO}, index(*entries))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
