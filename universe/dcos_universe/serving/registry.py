"""The images of a mirror as a registry offers them: the OCI Distribution API, for reading only. It says what paths and
methods mean, and what the layout of images holds. Pure: the layout's bytes are given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from dcos_universe.index.mirror_names import DIGEST, NAME, TAG, image_name
from dcos_universe.serving import negotiation
from dcos_universe.serving.responses import SERVER, Answer

INDEX, BLOBS = "images/index.json", "images/blobs/sha256"
REFERENCES = ("io.dcos.image.original", "org.opencontainers.image.ref.name", "io.dcos.image.listed")
"""Annotations of the layout that hold an image's reference: to the form that its registry has, to the one of OCI, and
to the list that it was taken from. A client that accepts several gets the first."""
_MOST_TAGS = 1000
_LIST = "application/vnd.oci.image.index.v1+json"


class RegistryRefused(Exception):
    """A request is answered by an error of the protocol; ``code`` is one of the specification's."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


@dataclass(frozen=True, slots=True)
class RegistryRequest:
    """``kind``: ``base``, ``tags``, ``manifests``, ``blobs`` or ``referrers``; ``of``: a tag or a digest."""

    kind: str
    name: str = ""
    of: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest. Its bytes are among the blobs, by its digest."""

    digest: str
    media_type: str


@dataclass
class _Repository:
    tags: dict[str, list[Manifest]] = field(default_factory=dict)
    digests: dict[str, Manifest] = field(default_factory=dict)


def is_registry(path: str) -> bool:
    return path == "/v2" or path.startswith(("/v2/", "/v2?"))


def asked(method: str, raw_path: str) -> RegistryRequest:
    """What a request asks for. Raises `RegistryRefused`."""
    if method not in ("GET", "HEAD"):
        what = "this registry is for reading only: images come into it with dcos-universe mirror"
        raise RegistryRefused(405, "UNSUPPORTED", what, Allow="GET, HEAD")
    raw, _, query = raw_path.partition("#")[0].partition("?")
    if len(raw) > 2000 or len(query) > 2000:
        raise RegistryRefused(400, "NAME_INVALID", "the path is longer than any that means something")
    try:
        path = unquote_to_bytes(raw).decode("ascii")
    except UnicodeDecodeError:
        raise RegistryRefused(400, "NAME_INVALID", "names are ASCII") from None
    rest = path.removeprefix("/v2").removeprefix("/")
    if not rest:
        return RegistryRequest("base")
    for kind, mark in (("manifests", "/manifests/"), ("blobs", "/blobs/"), ("referrers", "/referrers/")):
        name, found, of = rest.rpartition(mark)
        if found:
            return RegistryRequest(kind, _named(name), _referred(kind, of))
    if rest.endswith("/tags/list"):
        return RegistryRequest("tags", _named(rest.removesuffix("/tags/list")), query=query)
    raise RegistryRefused(404, "NAME_UNKNOWN", "this is no path of the protocol")


def _named(name: str) -> str:
    if len(name) > 255 or not NAME.fullmatch(name):
        raise RegistryRefused(
            400, "NAME_INVALID", "names of images are small letters, digits, and . _ - / between them"
        )
    return name


def _referred(kind: str, of: str) -> str:
    if kind == "manifests" and TAG.fullmatch(of):
        return of
    if DIGEST.fullmatch(of):
        return of
    if kind == "manifests" and ":" not in of:
        raise RegistryRefused(400, "MANIFEST_INVALID", "a tag is letters, digits and . _ -, 128 at most")
    raise RegistryRefused(400, "DIGEST_INVALID", "a digest is sha256: and 64 hexadecimal digits, in small letters")


class ImageLayout:
    """The images in a layout, read from its index."""

    def __init__(self, index: bytes) -> None:
        """Raises ``ValueError`` if ``index`` is no index of a layout."""
        self._names: dict[str, _Repository] = {}
        parsed = json.loads(index)
        listed = parsed.get("manifests") if isinstance(parsed, Mapping) else None
        if not isinstance(listed, list):
            raise ValueError("it lists no manifests")
        order = {annotation: at for at, annotation in enumerate(REFERENCES)}
        found: list[tuple[int, str, Manifest]] = []
        for one in listed:
            described, annotations = _described(one)
            for annotation, at in order.items():
                if isinstance(reference := annotations.get(annotation), str):
                    found.append((at, reference, described))
        for _, reference, described in sorted(found, key=lambda each: (each[1], each[0])):
            self._add(reference, described)

    def _add(self, reference: str, described: Manifest) -> None:
        called = image_name(reference)
        # Docker also uses the images of its own library by their bare names.
        for name in {called.name, called.name.removeprefix("library/")}:
            repository = self._names.setdefault(name, _Repository())
            repository.digests[described.digest] = described
            # A list has no tag here: only one of the images in it was brought.
            if described.media_type not in _LISTS and (called.tag or not called.digest):
                repository.tags.setdefault(f"{called.tag or 'latest'}\0{reference}", []).append(described)

    def repository(self, name: str) -> _Repository:
        """Raises `RegistryRefused`."""
        if name not in self._names:
            raise RegistryRefused(404, "NAME_UNKNOWN", "the mirror has no image of this name")
        return self._names[name]

    def tags(self, name: str) -> list[str]:
        return sorted({key.partition("\0")[0] for key in self.repository(name).tags})

    def manifest(self, name: str, of: str, accept: str | None) -> Manifest:
        """The manifest of a tag in a form that the client accepts, or of a digest. Raises `RegistryRefused`."""
        repository = self.repository(name)
        if DIGEST.fullmatch(of):
            if of not in repository.digests:
                raise RegistryRefused(
                    404, "MANIFEST_UNKNOWN", "the mirror has no manifest of this digest under this name"
                )
            return repository.digests[of]
        forms = [listed for key, listed in repository.tags.items() if key.partition("\0")[0] == of]
        if not forms:
            raise RegistryRefused(404, "MANIFEST_UNKNOWN", "the mirror has no image of this tag")
        if len({listed[0].digest for listed in forms}) > 1:
            what = "several registries have other images of this name and tag: ask by digest"
            raise RegistryRefused(404, "MANIFEST_UNKNOWN", what)
        for described in forms[0]:
            if _accepted(described.media_type, accept):
                return described
        there = " and ".join(dict.fromkeys(described.media_type for described in forms[0]))
        raise RegistryRefused(
            404, "MANIFEST_UNKNOWN", f"the manifest is there as {there}, which the request does not accept"
        )


_LISTS = (_LIST, "application/vnd.docker.distribution.manifest.list.v2+json")


def _described(one: Any) -> tuple[Manifest, Mapping[str, Any]]:
    if not isinstance(one, Mapping):
        raise ValueError("a manifest is no object")
    digest, kind, annotations = one.get("digest"), one.get("mediaType"), one.get("annotations")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest) or not isinstance(kind, str):
        raise ValueError("a manifest has no digest or no type")
    return Manifest(digest, kind), annotations if isinstance(annotations, Mapping) else {}


def _accepted(media_type: str, accept: str | None) -> bool:
    if accept is None or not accept.strip():
        return True
    return negotiation.accepts(accept, media_type)


# --- answers ---------------------------------------------------------------------------------------------------------

_OURS = {"Server": SERVER, "X-Content-Type-Options": "nosniff", "Docker-Distribution-API-Version": "registry/2.0"}


def problem(refused: RegistryRefused) -> Answer:
    """An error body as the specification has it."""
    body = {"errors": [{"code": refused.code, "message": refused.message, "detail": None}]}
    return _json(refused.status, body, "application/json", refused.headers)


def base() -> Answer:
    return _json(200, {}, "application/json", {})


def referrers() -> Answer:
    """The list of what refers to an image: in a mirror it is always empty."""
    return _json(200, {"schemaVersion": 2, "mediaType": _LIST, "manifests": []}, _LIST, {})


def tag_list(wanted: RegistryRequest, layout: ImageLayout) -> Answer:
    """All tags, or ``n`` of them after ``last``. Raises `RegistryRefused`."""
    query = dict(parse_qsl(wanted.query, keep_blank_values=True))
    tags = [tag for tag in layout.tags(wanted.name) if tag > query.get("last", "")]
    limit = _MOST_TAGS
    if "n" in query:
        if not query["n"].isascii() or not query["n"].isdecimal() or len(query["n"]) > 9:
            raise RegistryRefused(400, "PAGINATION_NUMBER_INVALID", "n is a whole number")
        limit = min(int(query["n"]), _MOST_TAGS)
    page = tags[:limit]
    headers = {}
    if len(tags) > limit and page:
        headers["Link"] = f'</v2/{wanted.name}/tags/list?n={limit}&last={quote(page[-1], safe="")}>; rel="next"'
    return _json(200, {"name": wanted.name, "tags": page}, "application/json", headers)


def of_content(made: Answer, digest: str, media_type: str, *, immutable: bool) -> Answer:
    """A response with the bytes of a blob or a manifest, and with the headers of a registry."""
    headers = {**made.headers, **_OURS, "Docker-Content-Digest": digest}
    if made.status in (200, 206):
        headers["Content-Type"] = media_type
    if made.status in (200, 206, 304):
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
    return Answer(made.status, headers, made.text, made.served, made.content, made.span)


def _json(status: int, value: Any, kind: str, more: Mapping[str, str]) -> Answer:
    body = json.dumps(value).encode("ascii")
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store", **_OURS, **more}
    return Answer(status, headers, body)
