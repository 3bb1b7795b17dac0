"""The response to a request for a file of a tree: status, headers, and the bytes to send. Pure, but looks at files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from dcos_universe import layout
from dcos_universe.index.files import RELEASES
from dcos_universe.serving import negotiation
from dcos_universe.serving.negotiation import Span
from dcos_universe.serving.tree import Content, Served, ServedTree

SERVER = "dcos-universe"
_NEGOTIATED = "Accept, Accept-Encoding, User-Agent"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. Its body is the ``span`` of the file ``served`` (held by ``content``, or read from the file), or
    ``text`` if there is no span.
    """

    status: int
    headers: dict[str, str]
    text: bytes = b""
    served: Served | None = None
    content: Content | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class WantedFile:
    """The name of a file in the tree. ``negotiated``: name and content type depend on the client's headers."""

    name: str
    negotiated: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@lru_cache(1024)
def wanted(path: str, user_agent: str) -> WantedFile | None:
    """The file that a request's path names; None if it cannot name one."""
    parts = negotiation.segments(path)
    if parts is None:
        return None
    if parts in (("repo",), ("repo", "index.html")):
        return WantedFile(f"repo-up-to-{negotiation.release(user_agent, RELEASES)}.json", negotiated=True)
    if len(parts) == 2 and parts[0] == "package":
        release = negotiation.release(user_agent, RELEASES)
        return WantedFile(f"{release}/package/{parts[1]}.json", negotiated=True)
    return WantedFile("/".join(parts))


def found(tree: ServedTree, asked: WantedFile, headers: Mapping[str, str]) -> Served:
    """Raises `Nothing`, `NoTree`."""
    return tree.find(asked.name, negotiation.encodings(headers.get("Accept-Encoding")))


def answer(asked: WantedFile, served: Served, content: Content, headers: Mapping[str, str]) -> Answer:
    """The response with the file or a part of it, or one that says that the client has it already."""
    if served.encoding is None and layout.named_digest(served.name) not in (None, content.digest):
        return sentence(500, "the file is not what its name says: have it mirrored again")
    content_type = served.content_type
    if asked.negotiated:
        try:
            content_type = negotiation.repository_type(headers.get("Accept"), content_type)
        except negotiation.NotAcceptable as error:
            return sentence(406, str(error), Vary=_NEGOTIATED)
    modified = served.modified
    said = {
        "Content-Type": content_type,
        "ETag": content.tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "public, max-age=31536000, immutable" if layout.immutable(served.name) else "no-cache",
        "Server": SERVER,
        "X-Content-Type-Options": "nosniff",
    }
    if modified is not None:
        said["Last-Modified"] = modified
    if asked.negotiated:
        said["Vary"] = _NEGOTIATED
    elif served.twins:
        said["Vary"] = "Accept-Encoding"
    if served.encoding is not None:
        said["Content-Encoding"] = served.encoding
    if negotiation.failed(headers, content.tag, modified):
        return sentence(412, "the file is not in the state that the request requires")
    if negotiation.unchanged(headers, content.tag, modified):
        for name in ("Content-Encoding", "Accept-Ranges"):
            said.pop(name, None)
        return Answer(304, said)
    wanted_range = headers.get("Range")
    if wanted_range is not None and negotiation.goes_on(headers, content.tag, modified):
        try:
            part = negotiation.span(wanted_range, content.size)
        except negotiation.Unsatisfiable:
            beyond = sentence(416, f"the file has {content.size} bytes")
            return Answer(416, {**beyond.headers, "Content-Range": f"bytes */{content.size}"}, beyond.text)
        if part is not None:
            said["Content-Range"] = f"bytes {part.first}-{part.last}/{content.size}"
            said["Content-Length"] = str(part.size)
            return Answer(206, said, served=served, content=content, span=part)
    said["Content-Length"] = str(content.size)
    return Answer(200, said, served=served, content=content, span=Span(0, content.size - 1))


def sentence(status: int, text: str, **more: str) -> Answer:
    """A response with a sentence for people."""
    body = f"{text}\n".encode("ascii", "replace")
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Server": SERVER,
        "X-Content-Type-Options": "nosniff",
        **more,
    }
    return Answer(status, headers, body)
