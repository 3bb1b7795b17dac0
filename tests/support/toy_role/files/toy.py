"""The toy's daemon: HTTPS with the cluster's certificates on both sides, three pages."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import socket
import ssl
from pathlib import Path


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        word = Path(os.environ["TOY_WORD"]).read_bytes()
        pages = {
            "/health": {"healthy": True},
            "/metrics": {"toy/asked": 1},
            "/word": {"sha256": hashlib.sha256(word).hexdigest(), "user": self.headers.get("X-Dcos-User", "")},
        }
        body = json.dumps(pages.get(self.path, {"error": "no such page"})).encode()
        self.send_response(200 if self.path in pages else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    address = os.environ["TOY_ADDRESS"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(os.environ["TOY_CA"])
    context.load_cert_chain(os.environ["TOY_IDENTITY"])
    Path(os.environ["STATE_DIRECTORY"], "started").touch()
    with socket.create_server((address, int(os.environ["TOY_PEER_PORT"]))):
        server = http.server.ThreadingHTTPServer((address, int(os.environ["TOY_PORT"])), Pages)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
