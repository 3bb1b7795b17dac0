"""``/package/resource``: passes on files that an index names, and nothing else, from addresses that are allowed."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from aiohttp import hdrs, web

from dcos_runtime import urls
from dcos_runtime.cosmos.core import errors
from dcos_runtime.cosmos.fetching import Downloader, DownloadError
from dcos_runtime.cosmos.mirroring import Mirror
from dcos_runtime.cosmos.shell import CosmosShell

SECONDS = 3600.0
_CHUNK = 256 * 1024
_PASSED = (hdrs.CONTENT_TYPE, hdrs.CONTENT_LENGTH, hdrs.CONTENT_ENCODING, hdrs.ETAG, hdrs.LAST_MODIFIED)


class PackageResources:
    """The handler of ``/package/resource``."""

    def __init__(self, fetcher: Downloader, largest: int, mirror: Mirror | None = None) -> None:
        self._fetcher, self._largest, self._mirror = fetcher, largest, mirror

    async def answer(self, request: web.Request, shell: CosmosShell) -> web.StreamResponse:
        catalog = await shell.repositories.catalog()
        raw = request.rel_url.raw_query_string
        wanted = request.query.get("url")
        if wanted is None:
            raise errors.not_present("param", "url")
        # Some clients send the URL as it is, others percent-encode it.
        as_sent = raw.partition("url=")[2]
        url = next((one for one in (wanted, as_sent) if catalog.names_url(one)), None)
        if url is None:
            raise errors.forbidden(wanted, "no repository names it")
        source = url
        if self._mirror is not None:
            package = catalog.package_of_url(url)
            source = await self._mirror.url(package, url)
        # What comes packed is passed on packed, so only as the client can unpack it.
        packed = {"Accept-Encoding": request.headers.get(hdrs.ACCEPT_ENCODING, "identity")}
        try:
            async with asyncio.timeout(SECONDS), self._fetcher.opened(source, headers=packed) as upstream:
                if upstream.status != 200:
                    raise errors.unreachable(url, f"it answers with status {upstream.status}")
                length = upstream.content_length
                if length is not None and length > self._largest:
                    raise errors.too_large(url, self._largest)
                response = web.StreamResponse()
                for name in _PASSED:
                    if name in upstream.headers:
                        response.headers[name] = upstream.headers[name]
                # No browser may show a repository's file as a page of this cluster.
                response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{_name(url)}"
                response.headers["X-Content-Type-Options"] = "nosniff"
                response.headers["Content-Security-Policy"] = "sandbox"
                await response.prepare(request)
                taken = 0
                try:
                    async for chunk in upstream.content.iter_chunked(_CHUNK):
                        taken += len(chunk)
                        if taken > self._largest:
                            raise DownloadError(f"it is larger than {self._largest} bytes")
                        await response.write(chunk)
                    await response.write_eof()
                except BaseException:
                    if request.transport is not None:
                        request.transport.abort()  # a part of the file must not look like the whole
                    raise
                return response
        except DownloadError as error:
            if error.refused:
                raise errors.forbidden(url, str(error)) from error
            raise errors.unreachable(url, str(error)) from error
        except TimeoutError:
            raise errors.unreachable(url, f"it took longer than {SECONDS:g} s") from None


def _name(url: str) -> str:
    return quote(urls.last_name(url) or "resource", safe="%")
