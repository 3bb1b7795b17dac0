"""`/teardown`: an operator ends a framework of any principal by naming its id in a form.

Every principal that may write may do that, as in Mesos without ACLs; a framework ends itself by the scheduler API's
TEARDOWN.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from aiohttp import web

from dcos_runtime import bodies, tls, urls
from dcos_runtime.daemon import not_allowed, text_response
from dcos_runtime.master.core.events import TeardownAsked
from dcos_runtime.master.scheduler_api import answered
from dcos_runtime.master.shell import MasterShell

_LARGEST = 64 * 1024
_LONGEST_SHOWN = 100


async def handle(request: web.Request, shell: MasterShell, principal: str | None) -> web.StreamResponse:
    if request.method != "POST":
        return not_allowed(request, "POST")
    if not tls.is_tls(request) and _of_another_site(request):
        return text_response("Another site's page sends this; a framework is not ended on its behalf", 403)
    try:
        form = parse(await bodies.read(request, _LARGEST))
    except bodies.BodyRefused as refusal:
        return text_response(refusal.text, refusal.status, refusal.headers)
    except ValueError as error:
        return text_response(f"Unable to decode query string: {error}", 400)
    framework_id = form.get("frameworkId")
    if framework_id is None:
        return text_response("Missing 'frameworkId' query parameter in the request body", 400)
    by = f"{principal or 'somebody'} at {request.remote}"
    return answered(await shell.ask(lambda number: TeardownAsked(number, framework_id, by)))


def parse(data: bytes) -> dict[str, str]:
    """Reads a form as Mesos does: its content type is ignored, and the last of several values counts. Raises
    ``ValueError`` for a ``%`` without two hexadecimal digits.
    """
    form = {}
    for part in re.split(rb"[;&]+", data):
        name, _, value = part.partition(b"=")
        if part:
            form[_decoded(name)] = _decoded(value)
    return form


def _decoded(text: bytes) -> str:
    if (wrong := re.search(rb"%(?![0-9A-Fa-f]{2})", text)) is not None:
        shown = text[:_LONGEST_SHOWN].decode("ascii", "backslashreplace")
        escape = text[wrong.start() : wrong.start() + 3].decode("ascii", "backslashreplace")
        raise ValueError(f"Malformed % escape in '{shown}': '{escape}'")
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", "replace")


def _of_another_site(request: web.Request) -> bool:
    """A browser also sends forms of other sites, with the Basic credentials that its user once gave here."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("none", "same-origin"):
        return True
    if origin is None:
        return False
    try:
        return urls.parse(origin).netloc.lower() != request.headers.get("Host", "").lower()
    except ValueError:
        return True
