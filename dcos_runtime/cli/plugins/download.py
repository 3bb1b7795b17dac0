"""Downloads a plugin's file: from the cluster itself with its token, from elsewhere without any credential."""

from __future__ import annotations

import hashlib
import http.client
import logging
import ssl
from collections.abc import Callable

from dcos_runtime import urls
from dcos_runtime.cli.connection.gateway import Gateways
from dcos_runtime.cli.connection.http import Http, NoResponse, no_connection, origin
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.plugins.sources import PluginSource, web_address
from dcos_runtime.network_errors import cause

log = logging.getLogger("dcos.plugins")

TIMEOUT_SECONDS = 60.0
MAX_BYTES = 256 * 1024 * 1024
MAX_REDIRECTS = 5
_CHUNK = 256 * 1024

Progress = Callable[[str], None]


def download(
    source: PluginSource, http_to_cluster: Http | Gateways, own: Callable[[str], str | None], tell: Progress
) -> bytes:
    """The file, its digest checked if the package names one. ``own`` returns the URL at the gateway for a URL of the
    cluster, and None for any other. Raises `CliError`.
    """
    inside = own(source.url)
    content = _from_cluster(http_to_cluster, inside) if inside else _from_elsewhere(source, tell)
    found = hashlib.sha256(content).hexdigest()
    if source.sha256 is not None and found != source.sha256:
        raise CliError(
            f"{source.url} is not the file that the package means",
            details=[f"its SHA-256 is {found}", f"the package says    {source.sha256}"],
            hints=["nothing of it was run or kept"],
        )
    return content


def _from_cluster(http_to_cluster: Http | Gateways, url: str) -> bytes:
    try:
        response = http_to_cluster.request("GET", url, headers={"Accept": "*/*"}, timeout=TIMEOUT_SECONDS)
    except NoResponse as error:
        raise CliError(f"cannot bring {url}: {error}") from error
    if response.status != 200:
        raise CliError(f"cannot bring {url}: it answered {response.status}: {response.complaint() or 'nothing'}")
    return response.body


def _from_elsewhere(source: PluginSource, tell: Progress) -> bytes:
    """Redirects are followed, but never from https to http."""
    url = source.url
    for _ in range(MAX_REDIRECTS):
        try:
            content, target = _read(url, tell, known=source.sha256 is not None)
        except NoResponse as error:
            raise CliError(f"cannot bring {url}: {error}", hints=["this machine itself asks for it"]) from error
        except (OSError, http.client.HTTPException) as error:
            raise CliError(f"cannot bring {url}: {cause(error)}") from error
        if target is None:
            return content
        try:
            target = urls.join(url, target)
            urls.parse_web(target)
        except urls.BadUrl as error:
            raise CliError(f"{url} leads to {target!r}, which is not an address of the web") from error
        if url.lower().startswith("https:") and not target.lower().startswith("https:"):
            raise CliError(f"{url} leads to {origin(target)}, which is not https: not followed")
        log.debug("%s leads to %s", url, target)
        url = target
    raise CliError(f"cannot bring {url}: redirected too often")


def _read(url: str, tell: Progress, *, known: bool) -> tuple[bytes, str | None]:
    """``known``: whether there is a digest to check it by."""
    parts = web_address(url)
    if parts is None or not parts.hostname:
        raise CliError(f"{url!r} is not an address of the web")
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise no_connection(url, error, TIMEOUT_SECONDS) from error
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"Accept": "*/*", "Accept-Encoding": "identity"})
        answer = connection.getresponse()
        if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("Location"):
            return b"", answer.headers["Location"]
        if answer.status != 200:
            raise CliError(f"cannot bring {url}: it answered {answer.status}")
        coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("", "identity"):
            raise CliError(f"cannot bring {url}: it comes packed as {coding[:40]}, which was not asked for")
        if not known and answer.length is None and not answer.chunked:
            raise CliError(
                f"cannot bring {url}: its server reports neither its length nor its end",
                details=["and the package names no digest: a part of it would look like the whole"],
            )
        return _body(answer, url, tell), None
    finally:
        connection.close()


def _body(answer: http.client.HTTPResponse, url: str, tell: Progress) -> bytes:
    whole = answer.length or 0
    content = bytearray()
    while chunk := answer.read(_CHUNK):
        content += chunk
        if len(content) > MAX_BYTES:
            raise CliError(f"{url} is larger than {MAX_BYTES >> 20} MiB: not brought")
        tell(f"{len(content) >> 10} KiB" + (f" of {whole >> 10}" if whole else ""))
    if len(content) < whole:
        raise CliError(f"cannot bring {url}: it broke off after {len(content)} of {whole} bytes")
    return bytes(content)
