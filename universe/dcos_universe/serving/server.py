"""The server: answers requests from a tree that may be switched at any time, and ends gracefully."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from dcos_runtime.listening.handshakes import Handshakes
from dcos_universe.errors import UniverseError
from dcos_universe.serving import registry, responses
from dcos_universe.serving.connections import Bounds, House
from dcos_universe.serving.registry import ImageLayout, RegistryRefused, RegistryRequest
from dcos_universe.serving.responses import Answer, WantedFile
from dcos_universe.serving.sending import Reply
from dcos_universe.serving.tree import Content, Contents, Identity, Nothing, NoTree, Served, ServedTree

_MEMORY = 32 << 20
_GOODBYE_SECONDS = 5.0
_BACKLOG = 1024


@dataclass(frozen=True)
class Address:
    """Where to listen; with a TLS context, for HTTPS."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


def context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """A TLS context for a server. Raises `UniverseError` if the files cannot be used."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    try:
        made.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise UniverseError(
            f"{certificate} cannot be shown to clients",
            why=str(getattr(error, "strerror", None) or error),
            hint="name a PEM file with the certificate and its chain, and one with its key, without a password",
        ) from error
    return made


def _no_password() -> str:
    raise ValueError("the key has a password, and there is no terminal to ask for it")


class Repository:
    """Answers requests from one tree."""

    def __init__(self, root: Path) -> None:
        self._tree = ServedTree(root)
        self._contents = Contents(_MEMORY)
        self._reading: dict[object, asyncio.Task[Content]] = {}
        self._layout: tuple[Identity, ImageLayout] | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers any request."""
        path = request.raw_path
        if not path.startswith("/"):
            path = "/" + path.partition("://")[2].partition("/")[2]
        if registry.is_registry(path):
            return Reply(await self._images(path, request))
        if request.method not in ("GET", "HEAD"):
            return Reply(responses.sentence(405, "only GET and HEAD are answered here", Allow="GET, HEAD"))
        if path == "/health":
            return Reply(self._health())
        try:
            made = await self._answer(path, request)
        except Nothing:
            made = responses.sentence(404, "this repository has no such file")
        except NoTree:
            made = responses.sentence(503, "there is no repository here yet", **{"Retry-After": "5"})
        except OSError as error:
            made = responses.sentence(503, f"the file cannot be read now: {error.strerror}", **{"Retry-After": "1"})
        return Reply(made)

    def _health(self) -> Answer:
        try:
            self._tree.snapshot()
        except NoTree:
            return responses.sentence(200, "well; there is no repository here yet")
        return responses.sentence(200, "well")

    async def _answer(self, path: str, request: web.BaseRequest) -> Answer:
        asked = responses.wanted(path, request.headers.get("User-Agent", ""))
        if asked is None:
            raise Nothing(path)
        served, content = await self._content(asked, request)
        return responses.answer(asked, served, content, request.headers)

    async def _content(self, asked: WantedFile, request: web.BaseRequest | None = None) -> tuple[Served, Content]:
        for attempt in range(5):
            served = responses.found(self._tree, asked, {} if request is None else request.headers)
            try:
                return served, self._contents.get(served.identity) or await self._read(served)
            except Nothing:
                # The tree was switched after the file was found: look in the new one.
                if attempt == 4:
                    raise
        raise Nothing(asked.name)

    async def _read(self, served: Served) -> Content:
        """Reads a file once, however many requests ask for it at the same time."""
        task = self._reading.get(served.identity)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._contents.read, served))
            self._reading[served.identity] = task
            task.add_done_callback(lambda _: self._reading.pop(served.identity, None))
        return await asyncio.shield(task)

    # --- images --------------------------------------------------------------------------------------------------

    async def _images(self, path: str, request: web.BaseRequest) -> Answer:
        """The response to a request for images, as a registry gives it."""
        try:
            asked = registry.asked(request.method, path)
            if asked.kind == "base":
                return registry.base()
            layout = await self._read_layout()
            layout.repository(asked.name)
            if asked.kind == "tags":
                return registry.tag_list(asked, layout)
            if asked.kind == "referrers":
                return registry.referrers()
            return await self._blob(asked, layout, request)
        except RegistryRefused as refused:
            return registry.problem(refused)
        except NoTree:
            return registry.problem(
                RegistryRefused(503, "UNKNOWN", "there is no mirror here yet", **{"Retry-After": "5"})
            )
        except OSError as error:
            what = f"it cannot be read now: {error.strerror}"
            return registry.problem(RegistryRefused(503, "UNKNOWN", what, **{"Retry-After": "1"}))

    async def _read_layout(self) -> ImageLayout:
        """The layout of images in the present tree; kept until its file is another one."""
        try:
            served, content = await self._content(WantedFile(registry.INDEX))
            if self._layout is None or self._layout[0] != served.identity:
                if content.held is None:
                    raise ValueError("it is too large")
                self._layout = (served.identity, ImageLayout(content.held))
        except Nothing:
            raise RegistryRefused(404, "NAME_UNKNOWN", "this repository has no images") from None
        except (ValueError, RecursionError) as error:
            raise RegistryRefused(500, "UNKNOWN", f"the list of images is damaged: {error}") from None
        return self._layout[1]

    async def _blob(self, asked: RegistryRequest, layout: ImageLayout, request: web.BaseRequest) -> Answer:
        manifest = asked.kind == "manifests"
        if manifest:
            accept = ", ".join(request.headers.getall("Accept", ()))
            found = layout.manifest(asked.name, asked.of, accept)
            digest, media_type, code = found.digest, found.media_type, "MANIFEST_UNKNOWN"
        else:
            digest, media_type, code = asked.of, "application/octet-stream", "BLOB_UNKNOWN"
        wanted = WantedFile(f"{registry.BLOBS}/{digest.removeprefix('sha256:')}")
        try:
            served, content = await self._content(wanted)
        except Nothing:
            raise RegistryRefused(404, code, "the mirror has none of this digest") from None
        if f"sha256:{content.digest}" != digest:
            raise RegistryRefused(500, code, "what the mirror has under this digest is damaged: have it mirrored again")
        made = responses.answer(wanted, served, content, request.headers)
        return registry.of_content(made, digest, media_type, immutable=asked.of == digest)


class Serving:
    """A running server. ``addresses`` are those at which it listens, with the ports that it got."""

    def __init__(self, root: Path, bounds: Bounds) -> None:
        self._house = House(Repository(root).handle, bounds)
        self._servers: list[asyncio.Server] = []
        self._shaking: list[Handshakes] = []
        self._watch: asyncio.Task[None] | None = None
        self.addresses: list[tuple[str, int, bool]] = []

    @property
    def open(self) -> int:
        """The number of open connections."""
        return len(self._house.open)

    async def start(self, addresses: Sequence[Address]) -> None:
        """Begins to listen. Raises `UniverseError` if an address cannot be used."""
        loop = asyncio.get_running_loop()
        for one in addresses:
            try:
                listeners = await _listeners(one)
            except OSError as error:
                await self.end()
                raise UniverseError(
                    f"the server cannot listen at {one.host}:{one.port}",
                    why=os.strerror(error.errno) if error.errno and error.errno > 0 else str(error),
                    hint="choose another address with --listen, or end what has this one",
                ) from error
            for listener in listeners:
                host, port = listener.getsockname()[:2]
                self.addresses.append((str(host), int(port), one.tls is not None))
                if one.tls is None:
                    self._servers.append(await loop.create_server(self._house, sock=listener, backlog=_BACKLOG))
                else:
                    self._shaking.append(Handshakes(listener, one.tls, self._house, shutdown_seconds=_GOODBYE_SECONDS))
        self._watch = asyncio.create_task(self._house.watch())

    async def end(self) -> None:
        """Takes no more connections, waits for responses under way, and ends."""
        for server in self._servers:
            server.close()
        for shaking in self._shaking:
            await shaking.close()
        if self._watch is not None:
            self._watch.cancel()
        await self._house.end()


async def _listeners(address: Address) -> list[socket.socket]:
    """Sockets that listen at the address; a name may have several. Raises ``OSError``."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    with contextlib.ExitStack() as made:
        listeners = [
            made.enter_context(socket.create_server(place[:2], family=family, backlog=_BACKLOG))
            for family, place in dict.fromkeys((family, place) for family, *_, place in found)
        ]
        made.pop_all()
        return listeners
