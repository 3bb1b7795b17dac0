"""Commands of tasks that tests install as services: schedulers that uninstall themselves, and managers of packages."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

_PLAN = """
import http.server, os, pathlib
class Plan(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        done = os.environ.get("SDK_UNINSTALL") == "true" and (not SIGN or pathlib.Path(SIGN).exists())
        self.send_response(200 if done and self.path == "/v1/plans/deploy" else 202)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT0"])), Plan).serve_forever()
"""

_MANAGER = """
import http.server, json, os
class Manager(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wanted = (body.get("options") or {}).get("answer")
        kinds = {name: self.headers[name] for name in ("Content-Type", "Accept")}
        asked = {"path": self.path, "body": body, **kinds}
        told = {"results": [asked]} if self.path == "/package/uninstall" else asked
        content = b"no JSON" if wanted == "no JSON" else json.dumps(told).encode()
        if wanted == "nothing":
            return
        self.send_response(wanted if isinstance(wanted, int) else 200)
        self.end_headers()
        self.wfile.write(content)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT0"])), Manager).serve_forever()
"""


def program(source: str) -> str:
    """The command that runs this Python, in letters that need no quotes in a template."""
    code = base64.b64encode(source.encode()).decode()
    return f"exec {sys.executable} -S -c \"import base64; exec(base64.b64decode('{code}'))\""


def taken_down(sign: Path | None = None, *, at_once: bool = False) -> str:
    """A scheduler whose plan is complete after the request to uninstall: at once, or when the file ``sign`` exists."""
    assert at_once == (sign is None)
    return program(f"SIGN = {str(sign) if sign is not None else ''!r}\n{_PLAN}")


def manager() -> str:
    """A manager of packages: it answers with the request, or with ``options.answer``: a status, or text that is not
    JSON.
    """
    return program(_MANAGER)
